"""Normally distributed first values: Gauss, "Theoria motus corporum coelestium", 1809."""

from collections.abc import Iterator
from random import Random

import attrs

from valor import Initializer, hookimpl


def normal(
    random: Random, fan_in: int, fan_out: int, *, mean: float = 0.0, deviation: float = 1.0
) -> float:
    """Return a number drawn from the normal distribution of `mean` and standard `deviation`.

    >>> normal(Random(0), 3, 2, mean=0.5, deviation=0.0)
    0.5
    """
    return random.normalvariate(mean, deviation)


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(name="normal", call=normal, validators={"deviation": attrs.validators.ge(0)})
