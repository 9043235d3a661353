"""Leaky ReLU: Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic
Models", ICML 2013.
"""

from collections.abc import Iterator

import attrs

from valor import Activation, Valor, hookimpl
from valor.functions import where


def leaky_relu(v: Valor, *, slope: float = 0.01) -> Valor:
    """Return `v` where it is positive and `slope` times `v` elsewhere.

    The derivative at 0 is `slope`, as in PyTorch; JAX has 1 there.

    Args:
        v: the weighted sum.
        slope: of the left half, 0 or more.

    >>> leaky_relu(Valor(3.0)), leaky_relu(Valor(-3.0), slope=0.5)
    (Valor(data=3.0), Valor(data=-1.5))
    """
    result: Valor = where(v > 0, v, slope * v)
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(
        name="leaky_relu", call=leaky_relu, validators={"slope": attrs.validators.ge(0)}
    )
