"""Mish: Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020."""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import absolute, exp, where


def mish(v: Valor) -> Valor:
    """Return `v` times the hyperbolic tangent of its softplus, log(1 + e**v).

    >>> mish(Valor(0.0)), mish(Valor(40.0)), mish(Valor(-40.0))
    (Valor(data=0.0), Valor(data=40.0), Valor(data=-1.6993417021166355e-16))
    """
    # tanh(log t) is (t**2 - 1) / (t**2 + 1). From e = e**-|v|, which cannot overflow, that is
    # e / (1 + e (1 + e) / (2 + e)) on the left and 1 / (1 + 2 e**2 / (1 + 2 e)) on the right.
    # Far left, e**v has lost digits before v e**v has: there, e is its root, beside 1 nothing.
    e = exp(where(v < -700, v / 2, -absolute(v)))
    left = where(v < -700, v * e * e, v * e)
    share = where(v < 0, e * (1 + e) / (2 + e), 2 * e * e / (1 + 2 * e))
    result: Valor = where(v < 0, left, v) / (1 + share)
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="mish", call=mish)
