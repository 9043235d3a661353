"""mean_absolute_error: |p - t| averaged over all outputs of all samples."""

import math

import pytest

from valor_plugins.metrics.absolute_error import mean_absolute_error


@pytest.mark.parametrize(
    ("predicted", "target", "value"),
    [
        ([[3.0]], [[1.0]], 2.0),
        ([[1.0], [2.0]], [[2.0], [0.0]], 1.5),
        ([[1.0, 5.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 0.0]], 1.5),
        ([[0.25, -1.0]], [[0.25, -1.0]], 0.0),
        ([[1.7e308], [1.7e308]], [[0.0], [0.0]], math.inf),
    ],
)
def test_value(predicted: list[list[float]], target: list[list[float]], value: float) -> None:
    assert mean_absolute_error(predicted, target) == value


def test_the_sum_is_rounded_once() -> None:
    errors = [1e16, *[1.0] * 1000]
    found = mean_absolute_error([[e] for e in errors], [[0.0]] * 1001)
    assert found == (10**16 + 1000) / 1001


def test_rows_of_unequal_lengths_are_refused() -> None:
    for predicted, target in (([[1.0]], [[1.0], [2.0]]), ([[1.0, 2.0]], [[1.0]])):
        with pytest.raises(ValueError, match="zip"):
            mean_absolute_error(predicted, target)
