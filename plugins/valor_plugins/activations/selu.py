"""Scaled exponential linear unit: Klambauer, Unterthiner, Mayr and Hochreiter, "Self-Normalizing
Neural Networks", NeurIPS 2017.
"""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import expm1, where

# With these, sums of mean 0 and variance 1 keep both: the fixed point of the paper's equation 14.
SCALE = 1.0507009873554805
SCALE_ALPHA = 1.7580993408473768


def selu(v: Valor) -> Valor:
    """Return 1.0507… v where it is positive and 1.7581… (e**v - 1) elsewhere.

    The derivative at 0 is that of the left half, as in PyTorch and JAX.

    >>> selu(Valor(1.0)), selu(Valor(-40.0))
    (Valor(data=1.0507009873554805), Valor(data=-1.7580993408473768))
    """
    negative = where(v > 0, 0, v)  # whose exponential cannot overflow
    result: Valor = where(v > 0, SCALE * v, SCALE_ALPHA * expm1(negative))
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="selu", call=selu)
