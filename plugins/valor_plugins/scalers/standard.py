"""Standardizing: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.3.

The variance in two passes, corrected: Chan, Golub and LeVeque, "Algorithms for Computing the Sample
Variance: Analysis and Recommendations", The American Statistician 37, 1983.
"""

import math
import sys
from collections.abc import Iterator, Sequence

from valor import Scaler, hookimpl

EPSILON, SMALLEST = sys.float_info.epsilon, sys.float_info.min


def standard(values: Sequence[float]) -> tuple[float, float]:
    """Return what gives a column the mean 0 and the (population) standard deviation 1.

    A column is only shifted where it never changes, or by no more than the mean is rounded.

    >>> standard([1.0, 3.0])
    (2.0, 1.0)
    """
    # Divided by a power of two, which changes no digit: no square of theirs can be too large.
    _, exponent = math.frexp(max(map(abs, values)))
    scaled = [math.ldexp(value, -exponent) for value in values]
    mean = _mean(scaled)
    distances = [value - mean for value in scaled]
    rest = _mean(distances)  # what the rounding of the mean left
    variance = _mean([(distance - rest) * (distance - rest) for distance in distances])
    shift = math.ldexp(mean + rest, exponent)
    deviation = math.ldexp(math.sqrt(variance), exponent)
    return shift, 1 / deviation if deviation > max(EPSILON * abs(shift), SMALLEST) else 1.0


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers)


@hookimpl
def valor_register_scalers() -> Iterator[Scaler]:
    yield Scaler(name="standard", call=standard)
