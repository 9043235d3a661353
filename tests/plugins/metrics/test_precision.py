"""precision: the share of those predicted to be of a class that are."""

import pytest

from valor import metric
from valor.exceptions import HyperparameterError
from valor_plugins.metrics.precision import precision

Rows = list[list[float]]
Data = tuple[Rows, Rows]


def test_two_classes(two: Data) -> None:
    assert precision(*two) == 3 / 4
    assert precision(*two, average="macro") == pytest.approx((3 / 4 + 5 / 6) / 2, rel=1e-15)
    assert precision(*two, average="weighted") == pytest.approx((4 * 3 / 4 + 6 * 5 / 6) / 10)


def test_three_classes(three: Data) -> None:
    # Four are taken for class 0, two for class 1, two for class 2.
    of_each = (3 / 4, 1 / 2, 1 / 2)
    assert precision(*three) == precision(*three, average="macro")
    assert precision(*three, average="macro") == pytest.approx(sum(of_each) / 3, rel=1e-15)
    weighted = (4 * of_each[0] + 2 * of_each[1] + 2 * of_each[2]) / 8
    assert precision(*three, average="weighted") == pytest.approx(weighted, rel=1e-15)


def test_two_outputs_are_two_classes() -> None:
    predicted = [[0.2, 0.8], [0.4, 0.6], [0.7, 0.3], [0.9, 0.1]]
    target = [[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]
    assert precision(predicted, target) == 0.5
    assert precision(predicted, target, average="macro") == 0.75


def test_nothing_found(three: Data) -> None:
    assert precision([[0.1], [0.2]], [[1.0], [0.0]]) == 0.0
    predicted, target = three
    # Of the first three samples, all of class 0 and found, the other classes do not occur.
    assert precision(predicted[:3], target[:3]) == 1.0
    # The fourth is of class 0 and taken for class 1, which then occurs, with a precision of 0.
    assert precision(predicted[:4], target[:4]) == 0.5
    assert precision(predicted[:4], target[:4], average="weighted") == 1.0


def test_the_threshold(two: Data) -> None:
    assert precision(*two, threshold=0.65) == 1.0
    assert precision(*two, threshold=0.15) == 0.5


def test_hyperparameters() -> None:
    assert metric("precision").hyperparameters == {"average": "auto", "threshold": 0.5}
    with pytest.raises(HyperparameterError, match=r"metric 'precision'.*average"):
        metric("precision", average="micro")
