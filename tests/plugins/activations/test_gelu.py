"""gelu: x times the normal distribution's cumulative probability, exact or by tanh."""

import math
from typing import Any

import mpmath
import pytest

from valor import Valor, activation
from valor_plugins.activations.gelu import gelu

from .oracle import assert_as_published, exp, logistic, value_and_slope, worst_errors

HARD = (-36.22720784662206, -33.505167934914226, -20.88889985751142)


def probability(x: Any) -> Any:
    """Return the probability that a standard normal number is below x."""
    return mpmath.erfc(-max(-1000, min(1000, x)) / mpmath.sqrt(2)) / 2


def density(x: Any) -> Any:
    return exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)


def test_against_mpmath() -> None:
    errors = worst_errors(
        gelu,
        lambda x: x * probability(x),
        lambda x: probability(x) + x * density(x),
        factor=probability,
        hard=HARD,
    )
    assert_as_published("gelu", errors)


def test_the_approximation_against_mpmath() -> None:
    def half(x: Any) -> Any:  # (1 + tanh u) / 2 is 1 / (1 + e**(-2 u))
        return logistic(mpmath.sqrt(8 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3))

    def slope(x: Any) -> Any:
        inner = mpmath.sqrt(8 / mpmath.pi) * (1 + mpmath.mpf("0.134145") * x**2)
        return half(x) + x * half(x) * half(-x) * inner

    formula = activation("gelu", tanh_approximation=True).formula
    errors = worst_errors(formula, lambda x: x * half(x), slope, factor=half, hard=HARD)
    assert_as_published("gelu with tanh_approximation", errors)


@pytest.mark.parametrize("approximate", [False, True])
@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (0.0, 0.0, 0.5),
        (1e-300, 5e-301, 0.5),
        (-1e-300, -5e-301, 0.5),
        (37.0, 37.0, 1.0),
        (1e6, 1e6, 1.0),
        (-1e6, 0.0, 0.0),
        (math.inf, math.inf, 1.0),
    ],
)
def test_values_known_to_the_last_digit(
    x: float, value: float, slope: float, approximate: bool
) -> None:
    formula = activation("gelu", tanh_approximation=approximate).formula
    assert value_and_slope(formula, x) == (value, slope)


def test_values_of_the_tables() -> None:
    # The normal distribution's table: below 1 and below 2 are 84.134474606854… and 97.7249868… %.
    assert value_and_slope(gelu, 1.0)[0] == pytest.approx(0.8413447460685429, rel=1e-15)
    assert value_and_slope(gelu, -2.0)[0] == pytest.approx(-0.0455002638963584, rel=1e-14)
    assert value_and_slope(gelu, -10.0)[0] == pytest.approx(-7.619853024160527e-23, rel=1e-14)


def test_the_approximation_is_near_and_another_function() -> None:
    near = activation("gelu", tanh_approximation=True).formula
    gaps = [abs(gelu(v) - near(v)).data for v in (Valor(x / 100) for x in range(-600, 601))]
    assert 4e-4 < max(gaps) < 5e-4


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(gelu, math.nan)[0])
