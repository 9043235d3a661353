"""relu6: x between 0 and 6, flat from the bounds on."""

import math

import pytest

from valor_plugins.activations.relu6 import relu6

from .oracle import value_and_slope


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (3.0, 3.0, 1.0),
        (-3.0, 0.0, 0.0),
        (0.0, 0.0, 0.0),
        (-0.0, 0.0, 0.0),
        (1e-300, 1e-300, 1.0),
        (-1e-300, 0.0, 0.0),
        (5.999, 5.999, 1.0),
        (6.0, 6.0, 0.0),
        (37.0, 6.0, 0.0),
        (-710.0, 0.0, 0.0),
        (1e6, 6.0, 0.0),
        (-1e6, 0.0, 0.0),
        (math.inf, 6.0, 0.0),
        (-math.inf, 0.0, 0.0),
        (2, 2.0, 1.0),
    ],
)
def test_value_and_slope(x: float, value: float, slope: float) -> None:
    assert value_and_slope(relu6, x) == (value, slope)


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(relu6, math.nan)[0])
