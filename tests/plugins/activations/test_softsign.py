"""softsign: x / (1 + |x|), with a slope that keeps its digits far out."""

import math

import pytest

from valor import Valor
from valor_plugins.activations.softsign import softsign

from .oracle import PROMISED, assert_as_published, value_and_slope, worst_errors


def test_against_mpmath() -> None:
    errors = worst_errors(softsign, lambda x: x / (1 + abs(x)), lambda x: (1 + abs(x)) ** -2)
    assert max(errors) <= PROMISED
    assert_as_published("softsign", errors)


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (0.0, 0.0, 1.0),
        (3.0, 0.75, 0.0625),
        (-3.0, -0.75, 0.0625),
        (1.0, 0.5, 0.25),
        (-1.0, -0.5, 0.25),
        (0.25, 0.2, 0.64),
        (999999.0, 1 - 1e-6, 1e-12),
        (1e-300, 1e-300, 1.0),
        (-1e-300, -1e-300, 1.0),
        (math.inf, 1.0, 0.0),
        (-math.inf, -1.0, 0.0),
    ],
)
def test_values_worked_out_on_paper(x: float, value: float, slope: float) -> None:
    assert value_and_slope(softsign, x) == pytest.approx((value, slope), rel=5e-16, abs=0)


def test_it_is_odd_to_the_last_bit() -> None:
    for x in (5e-324, 0.1, 0.7, 1.0, 2.5, 1e10):
        assert softsign(Valor(-x)).data == -softsign(Valor(x)).data
    assert math.copysign(1.0, value_and_slope(softsign, -0.0)[0]) == -1.0


def test_nan_stays_nan() -> None:
    assert math.isnan(value_and_slope(softsign, math.nan)[0])
