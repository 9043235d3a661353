"""mean_squared_error: (p - t)² averaged over all outputs of all samples."""

import math
from fractions import Fraction

import pytest

from valor_plugins.metrics.squared_error import mean_squared_error


@pytest.mark.parametrize(
    ("predicted", "target", "value"),
    [
        ([[3.0]], [[1.0]], 4.0),
        ([[1.0], [2.0]], [[2.0], [4.0]], 2.5),
        ([[1.0, 5.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 0.0]], 3.5),
        ([[0.25, -1.0]], [[0.25, -1.0]], 0.0),
        ([[1e200]], [[-1e200]], math.inf),
        ([[1.3e154], [1.3e154]], [[0.0], [0.0]], math.inf),
    ],
)
def test_value(predicted: list[list[float]], target: list[list[float]], value: float) -> None:
    assert mean_squared_error(predicted, target) == value


def test_the_sum_is_rounded_once() -> None:
    errors = [1e8, *[1.0] * 1000]
    found = mean_squared_error([[e] for e in errors], [[0.0]] * 1001)
    assert found == float(Fraction(10**16 + 1000, 1001))


def test_rows_of_unequal_lengths_are_refused() -> None:
    for predicted, target in (([[1.0]], [[1.0], [2.0]]), ([[1.0, 2.0]], [[1.0]])):
        with pytest.raises(ValueError, match="zip"):
            mean_squared_error(predicted, target)
