"""hard_sigmoid: (x + 3) / 6 between its bounds, flat from them on."""

import math

import pytest

from valor_plugins.activations.hard_sigmoid import hard_sigmoid

from .oracle import PROMISED, assert_as_published, value_and_slope, worst_errors


def test_against_mpmath() -> None:
    errors = worst_errors(
        hard_sigmoid,
        lambda x: min(max(x + 3, 0), 6) / 6,
        lambda x: (x / x if -3 < x < 3 else 0 * x) / 6,
    )
    assert max(errors) <= PROMISED
    assert_as_published("hard_sigmoid", errors)


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (0.0, 0.5, 1 / 6),
        (1.5, 0.75, 1 / 6),
        (-1.5, 0.25, 1 / 6),
        (3.0, 1.0, 0.0),
        (-3.0, 0.0, 0.0),
        (1e-300, 0.5, 1 / 6),
        (-37.0, 0.0, 0.0),
        (710.0, 1.0, 0.0),
        (1e6, 1.0, 0.0),
        (-1e6, 0.0, 0.0),
        (math.inf, 1.0, 0.0),
        (-math.inf, 0.0, 0.0),
    ],
)
def test_value_and_slope(x: float, value: float, slope: float) -> None:
    assert value_and_slope(hard_sigmoid, x) == (value, slope)


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(hard_sigmoid, math.nan)[0])
