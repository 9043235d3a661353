"""hard_tanh: x between -1 and 1, flat from the bounds on."""

import math

import pytest

from valor_plugins.activations.hard_tanh import hard_tanh

from .oracle import value_and_slope


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (0.0, 0.0, 1.0),
        (1e-300, 1e-300, 1.0),
        (-1e-300, -1e-300, 1.0),
        (0.999, 0.999, 1.0),
        (-0.999, -0.999, 1.0),
        (1.0, 1.0, 0.0),
        (-1.0, -1.0, 0.0),
        (37.0, 1.0, 0.0),
        (-710.0, -1.0, 0.0),
        (1e6, 1.0, 0.0),
        (-1e6, -1.0, 0.0),
        (math.inf, 1.0, 0.0),
        (-math.inf, -1.0, 0.0),
        (2, 1.0, 0.0),
    ],
)
def test_value_and_slope(x: float, value: float, slope: float) -> None:
    assert value_and_slope(hard_tanh, x) == (value, slope)


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(hard_tanh, math.nan)[0])
