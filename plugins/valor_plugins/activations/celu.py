"""Continuously differentiable exponential linear unit: Barron, "Continuously Differentiable
Exponential Linear Units", arXiv:1704.07483, 2017.
"""

from collections.abc import Iterator

import attrs

from valor import Activation, Valor, hookimpl
from valor.functions import expm1, where


def celu(v: Valor, *, alpha: float = 1.0) -> Valor:
    """Return `v` where it is positive and alpha (e**(v / alpha) - 1) elsewhere.

    Unlike that of `elu`, its derivative has no jump at 0, whatever `alpha` is.

    Args:
        v: the weighted sum.
        alpha: how far below 0 it goes, and how slowly it gets there; greater than 0.

    >>> celu(Valor(3.0)), celu(Valor(-40.0), alpha=0.5)
    (Valor(data=3.0), Valor(data=-0.5))
    """
    negative = where(v > 0, 0, v)  # whose exponential cannot overflow
    result: Valor = where(v > 0, v, alpha * expm1(negative / alpha))
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="celu", call=celu, validators={"alpha": attrs.validators.gt(0)})
