"""Uniform first values, as the lesson has them."""

from collections.abc import Iterator
from random import Random

from valor import Initializer, hookimpl


def uniform(
    random: Random, fan_in: int, fan_out: int, *, low: float = -1.0, high: float = 1.0
) -> float:
    """Return a number drawn evenly between `low` and `high`.

    >>> -1 <= uniform(Random(0), 3, 2) <= 1
    True
    """
    return random.uniform(low, high)


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(name="uniform", call=uniform)
