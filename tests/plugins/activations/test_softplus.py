"""softplus: log(1 + e**x), a relu without a kink, with digits in both tails."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import activation
from valor.exceptions import HyperparameterError
from valor_plugins.activations.softplus import softplus

from .oracle import PROMISED, assert_as_published, exp, logistic, value_and_slope, worst_errors

HARD = (-2.017765509304583, -1.9991926805042914, -736.24887162344, -745.6412380327372)


@pytest.mark.parametrize("beta", [1.0, 0.5, 0.7])
def test_against_mpmath(beta: float) -> None:
    def exact(x: Any) -> Any:
        scaled = mpf(beta) * x
        return (max(scaled, 0) + mpmath.log1p(exp(-abs(scaled)))) / mpf(beta)

    def slope(x: Any) -> Any:
        return logistic(mpf(beta) * x)

    errors = worst_errors(activation("softplus", beta=beta).formula, exact, slope, hard=HARD)
    if beta == 0.7:
        assert_as_published("softplus with beta 0.7", errors)
    else:
        assert max(errors) <= PROMISED
    if beta == 1.0:
        assert_as_published("softplus", errors)


@pytest.mark.parametrize(
    ("x", "beta", "value", "slope"),
    [
        (0.0, 1.0, math.log(2), 0.5),
        (0.0, 4.0, math.log(2) / 4, 0.5),
        (math.log(3), 1.0, math.log(4), 0.75),
        (math.log(3) / 2, 2.0, math.log(2), 0.75),
        (1e6, 1.0, 1e6, 1.0),
        (-1e6, 1.0, 0.0, 0.0),
        (20.5, 1.0, 20.5 + 1.250152865866739e-9, 1 - 1.250152866e-9),
    ],
)
def test_values_worked_out_on_paper(x: float, beta: float, value: float, slope: float) -> None:
    formula = activation("softplus", beta=beta).formula
    assert value_and_slope(formula, x) == pytest.approx((value, slope), rel=1e-15, abs=0)


def test_the_larger_beta_the_nearer_it_is_to_relu() -> None:
    gaps = [activation("softplus", beta=beta).formula(0.25) - 0.25 for beta in (1.0, 4.0, 16.0)]
    assert gaps[0] > gaps[1] > gaps[2] > 0


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(softplus, math.nan)[0])


@pytest.mark.parametrize("beta", [0.0, -1.0])
def test_a_beta_that_is_not_positive_is_refused(beta: float) -> None:
    with pytest.raises(HyperparameterError, match="beta"):
        activation("softplus", beta=beta)
