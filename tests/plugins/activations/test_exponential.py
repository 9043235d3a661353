"""exponential: e**x, which is its own slope."""

import math

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Trainer, activation
from valor.exceptions import ValorError

from .oracle import PROMISED, points, ulps, value_and_slope

FORMULA = activation("exponential").formula


def test_against_mpmath() -> None:
    for x in points("exponential", ()):
        if x < 709.7:
            value, slope = value_and_slope(FORMULA, x)
            with mpmath.workprec(250):
                assert ulps(value, mpmath.exp(max(mpf(x), -(10**5)))) <= PROMISED
            assert slope == value


@pytest.mark.parametrize(
    ("x", "value"),
    [(0.0, 1.0), (1.0, math.e), (math.log(3), 3.0), (-745.2, 0.0), (-1e6, 0.0), (710.0, math.inf)],
)
def test_values_worked_out_on_paper(x: float, value: float) -> None:
    assert value_and_slope(FORMULA, x)[0] == pytest.approx(value, rel=1e-15, abs=0)


def test_a_rate_can_be_learnt() -> None:
    model = MLP(1, [1], activation="exponential", seed=0)
    x = [0.0, 0.5, 1.0]
    Trainer(model).fit(x, [3.0 * math.exp(-2.0 * each) for each in x], epochs=5000)
    weight, bias = model.parametros()
    assert (weight.data, bias.data) == pytest.approx((-2.0, math.log(3.0)), rel=1e-3)


def test_training_stops_where_it_is_infinite() -> None:
    model = MLP(1, [1], activation="exponential", seed=0)
    with pytest.raises(ValorError, match="exp"):
        Trainer(model).fit([1e6 * (1 if model.parametros()[0].data > 0 else -1)], [1.0], epochs=1)
