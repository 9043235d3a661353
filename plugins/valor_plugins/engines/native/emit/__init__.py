"""Room 5, emit: from a program in families to LLVM's assembly.

`step` is the whole function of a run, `forward` that of outputs and losses without training, and
`writer` how they are written. What is computed for each sample comes from one of three emitters, in
`forward` always from the second:

* `straight`: every scalar in a register;
* `loops`: `frames` say what lies where, `kernels` go forward and back, `collect` sums gradients;
* `blas`: products of matrices by `dgemm`, after `aligned` has put scalars in order, and `rows`
  between them.

All of them share `operations` (one operation in lanes), `evaluate` (short programs, written out),
`update` (the optimizer) and `team` (threads).
"""
