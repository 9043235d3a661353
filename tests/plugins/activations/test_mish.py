"""mish: x times the hyperbolic tangent of its softplus, down to the smallest numbers there are."""

import math
from typing import Any

import mpmath
import pytest

from valor_plugins.activations.mish import mish

from .oracle import PROMISED, assert_as_published, exp, logistic, value_and_slope, worst_errors

HARD = (-2.0409422191342905, -2.34507504766267)


def factor(x: Any) -> Any:
    return mpmath.tanh(mpmath.log1p(exp(min(x, 1000))))


def slope(x: Any) -> Any:
    return factor(x) + x * mpmath.sech(mpmath.log1p(exp(min(x, 1000)))) ** 2 * logistic(x)


def test_against_mpmath() -> None:
    errors = worst_errors(mish, lambda x: x * factor(x), slope, factor=factor, hard=HARD)
    assert errors[0] <= PROMISED
    assert_as_published("mish", errors)


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (0.0, 0.0, 0.6),  # tanh(log 2) is (4 - 1) / (4 + 1)
        (math.log(2), 0.8 * math.log(2), 0.8 + 0.24 * math.log(2)),  # tanh(log 3), and 1 - 0.8**2
        (-math.log(2), -5 / 13 * math.log(2), 5 / 13 - 48 / 169 * math.log(2)),
        (1e-300, 6e-301, 0.6),
        (1e6, 1e6, 1.0),
        (-1e6, 0.0, 0.0),
        (math.inf, math.inf, 1.0),
    ],
)
def test_values_worked_out_on_paper(x: float, value: float, slope: float) -> None:
    assert value_and_slope(mish, x) == pytest.approx((value, slope), rel=1e-15, abs=0)


def test_it_falls_and_rises_on_the_left() -> None:
    slopes = [value_and_slope(mish, x)[1] for x in (-3.0, -1.2, -1.19, -0.5)]
    assert slopes[0] < 0
    assert slopes[1] < 0 < slopes[2] < slopes[3]


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(mish, math.nan)[0])
