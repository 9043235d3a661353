"""Room 5, emit: from a program in families to LLVM's assembly.

`step` is the whole function, and `writer` how it is written. What is computed for each sample comes
from one of three emitters:

* `straight`: every scalar in a register;
* `loops`: `frames` say what lies where, `kernels` go forward and back, `collect` sums gradients;
* `blas`: products of matrices by `dgemm`, after `aligned` has put scalars in order, and `rows`
  between them.

All of them share `operations` (one operation in lanes), `evaluate` (short programs, written out),
`update` (the optimizer) and `team` (threads).
"""
