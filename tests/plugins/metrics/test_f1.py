"""f1: the harmonic mean of precision and recall."""

from statistics import harmonic_mean

import pytest

from valor import metric
from valor.exceptions import HyperparameterError
from valor_plugins.metrics.f1 import f1

Rows = list[list[float]]
Data = tuple[Rows, Rows]


def test_two_classes(two: Data) -> None:
    predicted, target = two
    assert f1(*two) == 3 / 4
    # Two more of class 1 that are not found: of four predicted three are hits, of six actual ones.
    more = [*predicted, [0.0], [0.0]], [*target, [1.0], [1.0]]
    assert f1(*more) == pytest.approx(harmonic_mean([3 / 4, 3 / 6]), rel=1e-15)
    of_0 = harmonic_mean([5 / 8, 5 / 6])
    macro = (of_0 + harmonic_mean([3 / 4, 3 / 6])) / 2
    assert f1(*more, average="macro") == pytest.approx(macro, rel=1e-15)


def test_three_classes(three: Data) -> None:
    of_each = (3 / 4, 1 / 2, 1 / 2)  # precision and recall are the same of each
    assert f1(*three) == pytest.approx(sum(of_each) / 3, rel=1e-15)
    assert f1(*three, average="weighted") == pytest.approx(
        (4 * of_each[0] + 2 * of_each[1] + 2 * of_each[2]) / 8, rel=1e-15
    )


def test_nothing_to_find_or_nothing_found() -> None:
    assert f1([[0.9]], [[0.0]]) == f1([[0.1]], [[1.0]]) == f1([[0.1]], [[0.0]]) == 0.0
    assert f1([[0.9]], [[1.0]]) == 1.0


def test_the_threshold(two: Data) -> None:
    assert f1(*two, threshold=0.15) == harmonic_mean([0.5, 1.0])


def test_hyperparameters() -> None:
    assert metric("f1").hyperparameters == {"average": "auto", "threshold": 0.5}
    with pytest.raises(HyperparameterError, match=r"metric 'f1'.*average"):
        metric("f1", average="")
