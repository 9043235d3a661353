"""selu: an elu whose two constants keep mean 0 and variance 1 from layer to layer."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor_plugins.activations.selu import SCALE, SCALE_ALPHA, selu

from .oracle import PROMISED, assert_as_published, exp, value_and_slope, worst_errors


def constants() -> tuple[Any, Any]:
    """Return the paper's lambda and alpha for mean 0 and variance 1, from its appendix."""
    root2, e, pi = mpmath.sqrt(2), mpmath.e, mpmath.pi
    half = mpmath.erfc(1 / root2)
    alpha = -mpmath.sqrt(2 / pi) / (half * mpmath.sqrt(e) - 1)
    scale = (1 - half * mpmath.sqrt(e)) * mpmath.sqrt(2 * pi)
    square = 2 * mpmath.erfc(root2) * e**2 + pi * half**2 * e
    square += -2 * (2 + pi) * half * mpmath.sqrt(e) + pi + 2
    return scale / mpmath.sqrt(square), alpha


def test_the_constants_are_those_of_the_paper_to_the_last_digit() -> None:
    with mpmath.workdps(50):
        scale, alpha = constants()
        assert (float(scale), float(scale * alpha)) == (SCALE, SCALE_ALPHA)


def test_a_normal_sum_keeps_its_mean_and_variance() -> None:
    # Simpson's rule over ±12 standard deviations.
    count, width = 4000, 24.0
    mean = square = 0.0
    for k in range(count + 1):
        x = -12.0 + width * k / count
        weight = (1 if k in (0, count) else 4 if k % 2 else 2) * width / count / 3
        density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        y = value_and_slope(selu, x)[0]
        mean += weight * density * y
        square += weight * density * y * y
    assert (mean, square) == pytest.approx((0.0, 1.0), abs=1e-5)


def test_against_mpmath() -> None:
    with mpmath.workprec(250):
        scale, alpha = constants()

    def exact(x: Any) -> Any:
        return scale * (x if x > 0 else alpha * mpmath.expm1(max(x, -(10**5))))

    def slope(x: Any) -> Any:
        return scale * (mpf(1) if x > 0 else alpha * exp(x))

    errors = worst_errors(selu, exact, slope)
    assert max(errors) <= PROMISED
    assert_as_published("selu", errors)


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (1.0, 1.0507009873554805, 1.0507009873554805),
        (0.0, 0.0, 1.7580993408473768),
        (-math.log(2), -0.8790496704236884, 0.8790496704236884),
        (-1e6, -1.7580993408473768, 0.0),
        (-math.inf, -1.7580993408473768, 0.0),
    ],
)
def test_values_worked_out_on_paper(x: float, value: float, slope: float) -> None:
    assert value_and_slope(selu, x) == pytest.approx((value, slope), rel=1e-15, abs=0)


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(selu, math.nan)[0])
