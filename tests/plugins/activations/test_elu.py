"""elu: the identity on the right, an exponential that settles at -alpha on the left."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import activation
from valor.exceptions import HyperparameterError
from valor_plugins.activations.elu import elu

from .oracle import PROMISED, assert_as_published, exp, value_and_slope, worst_errors


@pytest.mark.parametrize("alpha", [1.0, 1.3, 0.5])
def test_against_mpmath(alpha: float) -> None:
    def exact(x: Any) -> Any:
        return x if x > 0 else mpf(alpha) * mpmath.expm1(max(x, -(10**5)))

    def slope(x: Any) -> Any:
        return mpf(1) if x > 0 else mpf(alpha) * exp(x)

    errors = worst_errors(activation("elu", alpha=alpha).formula, exact, slope)
    assert max(errors) <= PROMISED
    if alpha == 1.3:
        assert_as_published("elu", errors)


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (2.0, 2.0, 1.0),
        (0.0, 0.0, 1.0),
        (-math.log(2), -0.5, 0.5),
        (-1e-300, -1e-300, 1.0),
        (-1e6, -1.0, 0.0),
        (math.inf, math.inf, 1.0),
        (-math.inf, -1.0, 0.0),
    ],
)
def test_values_worked_out_on_paper(x: float, value: float, slope: float) -> None:
    assert value_and_slope(elu, x) == pytest.approx((value, slope), rel=1e-15, abs=0)


def test_alpha_scales_the_left_half_only() -> None:
    formula = activation("elu", alpha=4.0).formula
    assert value_and_slope(formula, -math.log(2)) == pytest.approx((-2.0, 2.0), rel=1e-15)
    assert value_and_slope(formula, 0.0) == (0.0, 4.0)
    assert value_and_slope(formula, 3.0) == (3.0, 1.0)


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(elu, math.nan)[0])


@pytest.mark.parametrize("alpha", [0.0, -1.0])
def test_an_alpha_that_is_not_positive_is_refused(alpha: float) -> None:
    with pytest.raises(HyperparameterError, match="alpha"):
        activation("elu", alpha=alpha)
