"""How far predictions are from targets, and sums that are rounded once."""

import math
from collections.abc import Iterable, Sequence


def differences(
    predicted: Sequence[Sequence[float]], target: Sequence[Sequence[float]]
) -> list[float]:
    """Return prediction minus target for all outputs of all samples.

    >>> differences([[1.0, 2.0]], [[0.5, 4.0]])
    [0.5, -2.0]
    """
    return [
        p - t
        for outputs, targets in zip(predicted, target, strict=True)
        for p, t in zip(outputs, targets, strict=True)
    ]


def total(numbers: Iterable[float]) -> float:
    """Return the sum of numbers; infinite where it is too large for a float.

    >>> total([0.1] * 10), total([1e308, 1e308])
    (1.0, inf)
    """
    try:
        return math.fsum(numbers)
    except OverflowError:
        return math.inf
