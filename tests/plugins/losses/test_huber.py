"""huber: e²/2 up to delta, linear beyond, averaged over outputs and samples."""

import math
from typing import Any

import pytest
from mpmath import mpf

from valor import MLP, Trainer, Valor, loss
from valor.exceptions import HyperparameterError
from valor_plugins.losses.huber import huber

ERRORS = [
    *(0.0, 5e-324, 1e-300, 1e-160, 1e-9, 0.1, 0.25, 0.9999999999999999, 1.0),
    *(1.0000000000000002, 1.5, 37.0, 1e6, 1e160, 1e306),
]


@pytest.mark.parametrize("delta", [1e-3, 0.25, 1.0, 40.0])
@pytest.mark.parametrize("size", ERRORS)
def test_value_and_slope_against_mpmath(
    size: float, delta: float, value_and_slopes: Any, ulps: Any
) -> None:
    for error in (size, -size):
        exact, edge = mpf(error), mpf(delta)
        if abs(exact) <= edge:
            value, slope = exact**2 / 2, exact
        else:
            value, slope = edge * (abs(exact) - edge / 2), math.copysign(edge, exact)
        found, (gradient,) = value_and_slopes(huber, [error], [0.0], delta=delta)
        assert ulps(found, value) <= 2
        assert ulps(gradient, slope) <= 1


@pytest.mark.parametrize(
    ("predicted", "target", "value", "slopes"),
    [
        ([1.5], [1.0], 0.125, [0.5]),
        ([1.0], [4.0], 2.5, [-1.0]),
        ([1.5, 5.0], [1.0, 2.0], 1.3125, [0.25, 0.5]),
        ([0.0, 0.0, 2.0, 2.0], [0.5, -2.0, 2.0, 0.0], 0.78125, [-0.125, 0.25, 0.0, 0.25]),
    ],
)
def test_values_worked_out_on_paper(
    predicted: list[float],
    target: list[float],
    value: float,
    slopes: list[float],
    value_and_slopes: Any,
) -> None:
    assert value_and_slopes(huber, predicted, target) == (value, slopes)


def test_the_default_of_delta_is_1(value_and_slopes: Any) -> None:
    assert loss("huber").hyperparameters == {"delta": 1.0}
    assert value_and_slopes(huber, [5.0], [2.0]) == value_and_slopes(huber, [5.0], [2.0], delta=1)


def test_between_squares_and_absolute_errors(value_and_slopes: Any) -> None:
    error = [3.0, -0.5], [0.0, 0.0]
    assert value_and_slopes(huber, *error, delta=1e6) == (4.625 / 2, [1.5, -0.25])
    value, slopes = value_and_slopes(huber, *error, delta=1e-9)
    assert value / 1e-9 == pytest.approx(3.5 / 2, rel=1e-8)
    assert slopes == [1e-9 / 2, -1e-9 / 2]


@pytest.mark.parametrize("delta", [0.0, -1.0, math.nan])
def test_delta_must_be_positive(delta: float) -> None:
    with pytest.raises(HyperparameterError, match="delta"):
        loss("huber", delta=delta)


def test_nan_is_not_hidden() -> None:
    assert math.isnan(huber([Valor(math.nan)], [1.0]).data)


def test_samples_are_averaged() -> None:
    model = MLP(1, [1], activation="identity")
    for parameter in model.parametros():
        parameter.data = 1.0
    # Outputs are x + 1: errors of 0.5, 1 and 3.
    trainer = Trainer(model, loss="huber")
    expected = (0.125 + 0.5 + 2.5) / 3
    assert trainer.evaluate([-0.5, 0.0, 2.0], [0.0, 0.0, 0.0]) == {"loss": expected}


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        huber([Valor(1.0), Valor(2.0)], [1.0])
