"""celu: an elu that is smooth at 0 whatever alpha is."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import activation
from valor.exceptions import HyperparameterError
from valor_plugins.activations.celu import celu

from .oracle import PROMISED, assert_as_published, exp, value_and_slope, worst_errors


@pytest.mark.parametrize("alpha", [1.0, 0.5, 1.3])
def test_against_mpmath(alpha: float) -> None:
    def exact(x: Any) -> Any:
        return x if x > 0 else mpf(alpha) * mpmath.expm1(max(x / mpf(alpha), -(10**5)))

    def slope(x: Any) -> Any:
        return mpf(1) if x > 0 else exp(x / mpf(alpha))

    errors = worst_errors(activation("celu", alpha=alpha).formula, exact, slope)
    if alpha == 1.3:
        assert_as_published("celu with alpha 1.3", errors)
    else:
        assert max(errors) <= PROMISED
    if alpha == 1.0:
        assert_as_published("celu", errors)


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (2.0, 2.0, 1.0),
        (0.0, 0.0, 1.0),
        (-2 * math.log(2), -1.0, 0.5),
        (-1e-300, -1e-300, 1.0),
        (-1e6, -2.0, 0.0),
        (math.inf, math.inf, 1.0),
        (-math.inf, -2.0, 0.0),
    ],
)
def test_values_worked_out_on_paper(x: float, value: float, slope: float) -> None:
    formula = activation("celu", alpha=2.0).formula
    assert value_and_slope(formula, x) == pytest.approx((value, slope), rel=1e-15, abs=0)


def test_an_alpha_near_0_makes_it_relu() -> None:
    formula = activation("celu", alpha=1e-310).formula
    assert value_and_slope(formula, -1.0) == (-1e-310, 0.0)
    assert value_and_slope(formula, 1.0) == (1.0, 1.0)


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(celu, math.nan)[0])


@pytest.mark.parametrize("alpha", [0.0, -1.0])
def test_an_alpha_that_is_not_positive_is_refused(alpha: float) -> None:
    with pytest.raises(HyperparameterError, match="alpha"):
        activation("celu", alpha=alpha)
