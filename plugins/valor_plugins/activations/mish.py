"""Mish: Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020."""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import absolute, exp, where


def mish(v: Valor) -> Valor:
    """Return `v` times the hyperbolic tangent of its softplus, log(1 + e**v).

    >>> mish(Valor(0.0)), mish(Valor(40.0)), mish(Valor(-1.0))
    (Valor(data=0.0), Valor(data=40.0), Valor(data=-0.3034014613741089))
    """
    # tanh(log t) is (t**2 - 1) / (t**2 + 1). With e = e**-|v|, so that nothing overflows, that is
    # e (2 + e) / (e (2 + e) + 2) on the left and (1 + 2 e) / (1 + 2 e + 2 e**2) on the right.
    # e is root * root; multiplied by v one after the other, even numbers as small as those below
    # v = -708 keep the digits that they can have.
    root = exp(absolute(v) / -2)
    e = root * root
    left = v * root * root * (2 + e) / (e * (2 + e) + 2)
    right = v * (1 + 2 * e) / (1 + 2 * e * (1 + e))
    result: Valor = where(v < 0, left, right)
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="mish", call=mish)
