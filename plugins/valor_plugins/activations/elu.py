"""Exponential linear unit: Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network
Learning by Exponential Linear Units (ELUs)", ICLR 2016.
"""

from collections.abc import Iterator

import attrs

from valor import Activation, Valor, hookimpl
from valor.functions import expm1, where


def elu(v: Valor, *, alpha: float = 1.0) -> Valor:
    """Return `v` where it is positive and alpha (e**v - 1) elsewhere.

    The derivative at 0 is that of the left half, `alpha`, as in PyTorch and JAX.

    Args:
        v: the weighted sum.
        alpha: how far below 0 it goes, greater than 0.

    >>> elu(Valor(3.0)), elu(Valor(-40.0), alpha=0.5)
    (Valor(data=3.0), Valor(data=-0.5))
    """
    negative = where(v > 0, 0, v)  # whose exponential cannot overflow
    result: Valor = where(v > 0, v, alpha * expm1(negative))
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="elu", call=elu, validators={"alpha": attrs.validators.gt(0)})
