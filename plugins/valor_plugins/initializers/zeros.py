"""Zeros: what biases often begin at. Neurons whose weights all are 0 never come to differ."""

from collections.abc import Iterator
from random import Random

from valor import Initializer, hookimpl


def zeros(random: Random, fan_in: int, fan_out: int) -> float:
    """Return 0, and draw nothing.

    >>> zeros(Random(0), 3, 2)
    0.0
    """
    return 0.0


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(name="zeros", call=zeros)
