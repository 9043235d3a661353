"""Gaussian error linear unit: Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)",
arXiv:1606.08415, 2016.
"""

import math
from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import erfc, sig


def gelu(v: Valor, *, tanh_approximation: bool = False) -> Valor:
    """Return `v` times the normal distribution's cumulative probability of `v`.

    Args:
        v: the weighted sum.
        tanh_approximation: whether to compute v (1 + tanh u) / 2 instead, with
            u = sqrt(2 / pi) (v + 0.044715 v**3), which differs by up to 0.0005.

    >>> gelu(Valor(0.0)), gelu(Valor(10.0)), gelu(Valor(-1.0))
    (Valor(data=0.0), Valor(data=10.0), Valor(data=-0.15865525393145702))
    >>> gelu(Valor(-1.0)) > gelu(Valor(-1.0), tanh_approximation=True)
    True
    """
    # Neither 1 + erf nor 1 + tanh: on the left, nothing but rounding would be left of them.
    if tanh_approximation:
        twice = math.sqrt(8 / math.pi) * v * (1 + 0.044715 * v * v)
        result: Valor = v * sig(twice)  # (1 + tanh u) / 2 is the sigmoid of 2 u
    else:
        result = 0.5 * v * erfc(v * -math.sqrt(0.5))
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="gelu", call=gelu)
