"""recall: the share of those of a class that are predicted to be."""

import pytest

from valor import metric
from valor.exceptions import HyperparameterError
from valor_plugins.metrics.recall import recall

Rows = list[list[float]]
Data = tuple[Rows, Rows]


def test_two_classes(two: Data) -> None:
    predicted, target = two
    assert recall(predicted, target) == 3 / 4
    # Of class 0 alone it is 5/6; weighted by 4 and 6 samples, it is the accuracy.
    assert recall(*two, average="macro") == pytest.approx((3 / 4 + 5 / 6) / 2, rel=1e-15)
    assert recall(*two, average="weighted") == pytest.approx(0.8, rel=1e-15)
    # One more of class 1 that is not found tells it from precision.
    assert recall([*predicted, [0.0]], [*target, [1.0]]) == 3 / 5


def test_three_classes(three: Data) -> None:
    assert recall(*three) == pytest.approx((3 / 4 + 1 / 2 + 1 / 2) / 3, rel=1e-15)
    assert recall(*three, average="weighted") == pytest.approx(5 / 8, rel=1e-15)


def test_nothing_to_find(three: Data) -> None:
    assert recall([[0.9], [0.2]], [[0.0], [0.0]]) == 0.0
    predicted, target = three
    assert recall(predicted[:3], target[:3]) == 1.0
    # Of class 1 there is no sample among the first four, but one is taken for it.
    assert recall(predicted[:4], target[:4]) == 3 / 8
    assert recall(predicted[:4], target[:4], average="weighted") == 3 / 4


def test_the_threshold(two: Data) -> None:
    assert recall(*two, threshold=0.15) == 1.0
    assert recall(*two, threshold=0.75) == 0.5


def test_hyperparameters() -> None:
    assert metric("recall").hyperparameters == {"average": "auto", "threshold": 0.5}
    with pytest.raises(HyperparameterError, match=r"metric 'recall'.*average"):
        metric("recall", average="binary")
