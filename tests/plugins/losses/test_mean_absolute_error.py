"""mean_absolute_error: abs(p - t) averaged over outputs and over the samples of a batch."""

import math
from typing import Any

import pytest

from valor import MLP, Trainer, Valor, loss
from valor_plugins.losses.mean_absolute_error import mean_absolute_error


@pytest.mark.parametrize(
    ("predicted", "target", "value", "slopes"),
    [
        ([3.0], [1.0], 2.0, [1.0]),
        ([1.0], [3.0], 2.0, [-1.0]),
        ([2.5], [2.5], 0.0, [0.0]),
        ([-0.0], [0.0], 0.0, [0.0]),
        ([5e-324], [0.0], 5e-324, [1.0]),
        ([-1e308], [0.0], 1e308, [-1.0]),
        ([3.0, 1.0], [1.0, 2.0], 1.5, [0.5, -0.5]),
        ([0.5, -1.5, 2.0, 1.0], [1.0, 1.0, 2.0, 0.5], 0.875, [-0.25, -0.25, 0.0, 0.25]),
    ],
)
def test_value_and_slopes(
    predicted: list[float],
    target: list[float],
    value: float,
    slopes: list[float],
    value_and_slopes: Any,
) -> None:
    assert value_and_slopes(mean_absolute_error, predicted, target) == (value, slopes)


def test_an_infinite_or_missing_prediction_is_not_hidden() -> None:
    assert mean_absolute_error([Valor(math.inf)], [1.0]).data == math.inf
    assert math.isnan(mean_absolute_error([Valor(math.nan)], [1.0]).data)


def test_samples_are_averaged() -> None:
    model = MLP(1, [2], activation="identity")
    for parameter in model.parametros():
        parameter.data = 1.0
    # Outputs are (x + 1, x + 1): errors of (1, 2), (2, 3) and (3, 4).
    trainer = Trainer(model, loss="mean_absolute_error")
    expected = (1.0 + 2.0 + 2.0 + 3.0 + 3.0 + 4.0) / 6
    assert trainer.evaluate([1.0, 2.0, 3.0], [[1.0, 0.0]] * 3) == {"loss": expected}


def test_it_finds_the_median_where_squares_find_the_mean() -> None:
    y = [0.0, 1.0, 2.0, 3.0, 100.0]
    found = {}
    for name in ("mean_absolute_error", "mean_squared_error"):
        model = MLP(1, [1], activation="identity", seed=0)
        Trainer(model, loss=loss(name)).fit([0.0] * 5, y, epochs=3000)
        found[name] = model.parametros()[1].data
    assert found["mean_absolute_error"] == pytest.approx(2.0, abs=0.01)
    assert found["mean_squared_error"] == pytest.approx(21.2, rel=1e-6)


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        mean_absolute_error([Valor(1.0), Valor(2.0)], [1.0])
