"""balanced_accuracy: the share of each class that is found, averaged over the classes."""

import pytest

from valor import metric
from valor_plugins.metrics.balanced_accuracy import balanced_accuracy

Rows = list[list[float]]
Data = tuple[Rows, Rows]


def test_two_classes(two: Data) -> None:
    assert balanced_accuracy(*two) == pytest.approx((3 / 4 + 5 / 6) / 2, rel=1e-15)


def test_three_classes(three: Data) -> None:
    assert balanced_accuracy(*three) == pytest.approx((3 / 4 + 1 / 2 + 1 / 2) / 3, rel=1e-15)


def test_how_many_there_are_of_a_class_does_not_count() -> None:
    predicted, target = [[0.0]] * 100, [[0.0]] * 99 + [[1.0]]
    assert balanced_accuracy(predicted, target) == 0.5


def test_a_class_without_a_sample_does_not_count(three: Data) -> None:
    predicted, target = three
    # Without the last two samples: 3 of 4, and 1 of 2; what is taken for class 2 is no hit.
    assert balanced_accuracy(predicted[:6], target[:6]) == (3 / 4 + 1 / 2) / 2
    assert balanced_accuracy([[0.9], [0.1]], [[1.0], [1.0]]) == 0.5


def test_the_threshold(two: Data) -> None:
    assert balanced_accuracy(*two, threshold=0.65) == (3 / 4 + 1) / 2
    assert metric("balanced_accuracy").hyperparameters == {"threshold": 0.5}
