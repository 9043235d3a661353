"""Softsign: Turian, Bergstra and Bengio, "Quadratic Features and Deep Architectures for Chunking",
NAACL 2009.
"""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import absolute, where


def softsign(v: Valor) -> Valor:
    """Return v / (1 + |v|), which is between -1 and 1.

    >>> softsign(Valor(3.0)), softsign(Valor(-1.0))
    (Valor(data=0.75), Valor(data=-0.5))
    """
    size = absolute(v)
    rest = 1 / (1 + size)
    # v * rest has a derivative of rest - rest * size / (1 + size), which far out loses its digits;
    # 1 - rest, which is the same number, has rest**2, but near 0 would lose those of the value.
    result: Valor = where(size < 1, v * rest, where(v < 0, rest - 1, 1 - rest))
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="softsign", call=softsign)
