"""Sigmoid linear unit, or swish: Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units for
Neural Network Function Approximation in Reinforcement Learning", Neural Networks 107, 2018.
"""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import absolute, exp, where


def silu(v: Valor) -> Valor:
    """Return `v` times its sigmoid, v / (1 + e**-v).

    >>> silu(Valor(0.0)), silu(Valor(40.0)), silu(Valor(-40.0))
    (Valor(data=0.0), Valor(data=40.0), Valor(data=-1.6993417021166355e-16))
    """
    # Far left, e**v has lost digits before v e**v has: there, e is its root, beside 1 nothing.
    e = exp(where(v < -700, v / 2, -absolute(v)))
    left = where(v < -700, v * e * e, v * e)
    result: Valor = where(v < 0, left, v) / (1 + e)
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="silu", call=silu)
