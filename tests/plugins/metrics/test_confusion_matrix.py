"""confusion_matrix: how many samples of each class are taken for each; as a metric, one number."""

import pytest

from valor import metric
from valor.exceptions import HyperparameterError, InvalidArgumentError
from valor_plugins.metrics.confusion_matrix import confusion_matrix

Rows = list[list[float]]
Data = tuple[Rows, Rows]


def test_two_classes(two: Data) -> None:
    assert confusion_matrix(*two) == [[5, 1], [1, 3]]
    assert confusion_matrix(*two, threshold=0.65) == [[6, 0], [1, 3]]
    assert confusion_matrix(*two, threshold=0.15) == [[2, 4], [0, 4]]


def test_three_classes(three: Data) -> None:
    assert confusion_matrix(*three) == [[3, 1, 0], [0, 1, 1], [1, 0, 1]]


def test_classes_that_do_not_occur_have_their_place() -> None:
    assert confusion_matrix([[0.1]], [[0.0]]) == [[1, 0], [0, 0]]
    assert confusion_matrix([[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]) == [[0, 1, 0], [0] * 3, [0] * 3]


def test_the_metric_is_one_number_of_it(two: Data, three: Data) -> None:
    for data in (two, three):
        for i, row in enumerate(confusion_matrix(*data)):
            for j, count in enumerate(row):
                found = metric("confusion_matrix", row=i, column=j).formula(*data)
                assert isinstance(found, float)
                assert found == count
    assert metric("confusion_matrix").formula(*two) == 3.0
    assert metric("confusion_matrix", row=0, threshold=0.15).formula(*two) == 4.0


def test_a_class_that_does_not_exist_is_refused(two: Data, three: Data) -> None:
    with pytest.raises(InvalidArgumentError, match="row must be a class from 0 to 1, not 2"):
        metric("confusion_matrix", row=2).formula(*two)
    with pytest.raises(InvalidArgumentError, match="column must be a class from 0 to 2, not 3"):
        metric("confusion_matrix", column=3).formula(*three)
    for name in ("row", "column"):
        with pytest.raises(HyperparameterError, match=rf"'confusion_matrix'.*{name}"):
            metric("confusion_matrix", **{name: -1})
