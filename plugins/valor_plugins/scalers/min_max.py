"""Min-max scaling: Han, Kamber and Pei, "Data Mining: Concepts and Techniques", third edition,
2011, section 3.5.2.
"""

import math
from collections.abc import Iterator, Sequence

from valor import Scaler, hookimpl
from valor.exceptions import DataError, HyperparameterError


def min_max(values: Sequence[float], *, low: float = 0.0, high: float = 1.0) -> tuple[float, float]:
    """Return what takes the smallest number of a column to `low` and the largest to `high`.

    A column that never changes is taken to `low`, and scaled as if it had the width 1. With a `low`
    other than 0, all this is as exact as a shift near the smallest number can be.

    Raises:
        HyperparameterError: `low` is not below `high`.
        DataError: no factor that a float can hold does it.

    >>> min_max([2.0, 6.0, 4.0])
    (2.0, 0.25)
    """
    if not low < high:
        raise HyperparameterError(f"low must be below high, but low is {low} and high is {high}")
    smallest, largest = min(values), max(values)
    factor = (high - low) / (largest - smallest or 1.0)
    if not 0 < factor < math.inf:
        raise DataError(
            f"the values from {smallest} to {largest} cannot be scaled to {low} … {high}: no float "
            "can hold the factor"
        )
    return smallest - low / factor, factor


@hookimpl
def valor_register_scalers() -> Iterator[Scaler]:
    yield Scaler(name="min_max", call=min_max)
