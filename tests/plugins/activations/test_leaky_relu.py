"""leaky_relu: x where it is positive, a little of x elsewhere."""

import math

import pytest

from valor import activation
from valor.exceptions import HyperparameterError
from valor_plugins.activations.leaky_relu import leaky_relu

from .oracle import value_and_slope


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (3.0, 3.0, 1.0),
        (-3.0, -0.03, 0.01),
        (0.0, 0.0, 0.01),
        (-0.0, 0.0, 0.01),
        (1e-300, 1e-300, 1.0),
        (-1e-300, -1e-302, 0.01),
        (37.0, 37.0, 1.0),
        (-37.0, -0.37, 0.01),
        (710.0, 710.0, 1.0),
        (-710.0, -7.1, 0.01),
        (1e6, 1e6, 1.0),
        (-1e6, -1e4, 0.01),
        (math.inf, math.inf, 1.0),
        (-math.inf, -math.inf, 0.01),
        (-2, -0.02, 0.01),
    ],
)
def test_value_and_slope(x: float, value: float, slope: float) -> None:
    assert value_and_slope(leaky_relu, x) == pytest.approx((value, slope), rel=2.3e-16, abs=0)


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(leaky_relu, math.nan)[0])


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0, 3.0])
def test_the_left_half_is_as_steep_as_asked_for(slope: float) -> None:
    formula = activation("leaky_relu", slope=slope).formula
    assert value_and_slope(formula, -2.0) == (-2 * slope, slope)
    assert value_and_slope(formula, 2.0) == (2.0, 1.0)


def test_a_slope_below_0_is_refused() -> None:
    with pytest.raises(HyperparameterError, match="slope"):
        activation("leaky_relu", slope=-0.1)
