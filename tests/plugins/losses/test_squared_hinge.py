"""squared_hinge: max(0, 1 - t p)² for classes of 1 and -1, averaged over outputs and samples."""

import math
from typing import Any

import pytest
from mpmath import mpf

from valor import MLP, Trainer, Valor
from valor_plugins.losses.squared_hinge import squared_hinge

PREDICTIONS = [
    *(-1e150, -1e6, -1.5, -1.0, -0.9999999999999999, -0.1, -1e-300, 0.0),
    *(1e-300, 1e-9, 0.1, 0.9999999999999999, 1.0, 1.0000000000000002, 1.5, 1e6, 1e150),
]


@pytest.mark.parametrize("t", [1.0, -1.0])
@pytest.mark.parametrize("p", PREDICTIONS)
def test_value_and_slope_against_mpmath(
    p: float, t: float, value_and_slopes: Any, ulps: Any
) -> None:
    room = max(mpf(0), 1 - mpf(t) * mpf(p))
    found, (gradient,) = value_and_slopes(squared_hinge, [p], [t])
    assert ulps(found, room**2) <= 1.5
    assert ulps(gradient, -2 * mpf(t) * room) <= 0.5


@pytest.mark.parametrize(
    ("predicted", "target", "value", "slopes"),
    [
        ([0.5], [1.0], 0.25, [-1.0]),
        ([0.5], [-1.0], 2.25, [3.0]),
        ([1.0], [1.0], 0.0, [0.0]),
        ([0.5, 2.0, 2.0, -3.0], [1.0, 1.0, -1.0, 1.0], 6.3125, [-0.25, 0.0, 1.5, -2.0]),
    ],
)
def test_values_worked_out_on_paper(
    predicted: list[float],
    target: list[float],
    value: float,
    slopes: list[float],
    value_and_slopes: Any,
) -> None:
    assert value_and_slopes(squared_hinge, predicted, target) == (value, slopes)


@pytest.mark.parametrize("p", [-2.0, -1.0, -0.25, 0.0, 0.25, 1.0, 2.0])
def test_a_target_of_0_counts_as_minus_1(p: float, value_and_slopes: Any) -> None:
    expected = value_and_slopes(squared_hinge, [p], [-1.0])
    assert value_and_slopes(squared_hinge, [p], [0.0]) == expected


def test_nan_is_not_hidden() -> None:
    for t in (1.0, -1.0):
        assert math.isnan(squared_hinge([Valor(math.nan)], [t]).data)


def test_samples_are_averaged() -> None:
    model = MLP(1, [1], activation="identity")
    for parameter in model.parametros():
        parameter.data = 1.0
    # Outputs are x + 1: 0.5, 1.5 and 2.
    trainer = Trainer(model, loss="squared_hinge")
    found = trainer.evaluate([-0.5, 0.5, 1.0], [1.0, 1.0, -1.0])
    assert found == {"loss": (0.25 + 0.0 + 9.0) / 3}


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        squared_hinge([Valor(1.0), Valor(2.0)], [1.0])
