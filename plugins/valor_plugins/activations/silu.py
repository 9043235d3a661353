"""Sigmoid linear unit, or swish: Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units for
Neural Network Function Approximation in Reinforcement Learning", Neural Networks 107, 2018.
"""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import absolute, exp, where


def silu(v: Valor) -> Valor:
    """Return `v` times its sigmoid, v / (1 + e**-v).

    >>> silu(Valor(0.0)), silu(Valor(40.0)), silu(Valor(-1.0))
    (Valor(data=0.0), Valor(data=40.0), Valor(data=-0.2689414213699951))
    """
    # e**-|v| is root * root; multiplied by v one after the other, even numbers as small as those
    # below v = -708 keep the digits that they can have.
    root = exp(absolute(v) / -2)
    result: Valor = where(v < 0, v * root * root, v) / (1 + root * root)
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="silu", call=silu)
