"""silu: x times its sigmoid, down to the smallest numbers there are."""

import math
from typing import Any

import pytest

from valor_plugins.activations.silu import silu

from .oracle import PROMISED, assert_as_published, logistic, value_and_slope, worst_errors

HARD = (-1.9887569621663674, -4.792021333496529)


def slope(x: Any) -> Any:
    return logistic(x) * (1 + x * logistic(-x))


def test_against_mpmath() -> None:
    errors = worst_errors(silu, lambda x: x * logistic(x), slope, factor=logistic, hard=HARD)
    assert errors[0] <= PROMISED
    assert_as_published("silu", errors)


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (0.0, 0.0, 0.5),
        (math.log(3), 0.75 * math.log(3), 0.75 + 0.1875 * math.log(3)),
        (-math.log(3), -0.25 * math.log(3), 0.25 - 0.1875 * math.log(3)),
        (1e-300, 5e-301, 0.5),
        (1e6, 1e6, 1.0),
        (-1e6, 0.0, 0.0),
        (math.inf, math.inf, 1.0),
    ],
)
def test_values_worked_out_on_paper(x: float, value: float, slope: float) -> None:
    assert value_and_slope(silu, x) == pytest.approx((value, slope), rel=1e-15, abs=0)


def test_its_minimum_is_where_it_should_be() -> None:
    # Where 1 + x / (1 + e**x) is 0; the value there is 1 + x.
    low = -1.2784645427610738
    value, gradient = value_and_slope(silu, low)
    assert value == pytest.approx(1 + low, rel=1e-15)
    assert abs(gradient) < 1e-16
    assert value_and_slope(silu, low - 0.01)[1] < 0 < value_and_slope(silu, low + 0.01)[1]


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(silu, math.nan)[0])
