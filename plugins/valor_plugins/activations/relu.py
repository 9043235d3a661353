"""Rectified linear unit: Nair and Hinton, "Rectified Linear Units Improve RBMs", ICML 2010."""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import where


def relu(v: Valor) -> Valor:
    """Return `v` where it is positive and 0 elsewhere; the derivative at 0 is 0, and nan stays nan.

    >>> relu(Valor(3.0)), relu(Valor(-3.0))
    (Valor(data=3.0), Valor(data=0))
    """
    result: Valor = where(v <= 0, 0, v)
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="relu", call=relu)
