"""accuracy: the share of samples whose class is predicted rightly."""

import pytest

from valor import MLP, Trainer, metric
from valor.exceptions import HyperparameterError
from valor_plugins.metrics.accuracy import accuracy

Rows = list[list[float]]
Data = tuple[Rows, Rows]


def test_two_classes(two: Data) -> None:
    assert accuracy(*two) == 0.8


def test_three_classes(three: Data) -> None:
    assert accuracy(*three) == 5 / 8


def test_what_the_threshold_decides(two: Data) -> None:
    # Above 0.15 are all of class 1, and four of class 0; above 0.65 three of class 1 and no other.
    assert accuracy(*two, threshold=0.15) == 0.6
    assert accuracy(*two, threshold=0.65) == 0.9
    assert accuracy([[0.5]], [[0.0]]) == 1.0  # what only equals the threshold is below it


def test_logits_and_margins() -> None:
    predicted, zero_one, minus_one = (
        [[3.0], [-0.5], [0.25], [-2.0]],
        [[1.0], [1.0], [0.0], [0.0]],
        [[1.0], [1.0], [-1.0], [-1.0]],
    )
    assert accuracy(predicted, zero_one, threshold=0.0) == 0.5
    assert accuracy(predicted, minus_one, threshold=0.0) == 0.5
    assert accuracy([[3.0], [0.25]], [[1.0], [0.0]], threshold=2.0) == 1.0


def test_a_trainer_measures_it_by_name() -> None:
    model = MLP(1, [1], seed=0)
    for parameter, value in zip(model.parametros(), (10.0, 0.0), strict=True):
        parameter.data = value
    found = Trainer(model).evaluate([-2.0, -1.0, 1.0, 2.0], [0, 1, 1, 1], metrics=["accuracy"])
    assert found["accuracy"] == 0.75


def test_hyperparameters() -> None:
    assert metric("accuracy").hyperparameters == {"threshold": 0.5}
    with pytest.raises(HyperparameterError, match=r"metric 'accuracy'.*threshold"):
        metric("accuracy", threshold="high")
