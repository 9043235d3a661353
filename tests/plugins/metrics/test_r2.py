"""r2: how much of the targets' spread is predicted; 1 is all, 0 is what their mean would do."""

import pytest

from valor import metric
from valor_plugins.metrics.r2 import r2

Rows = list[list[float]]


@pytest.mark.parametrize(
    ("predicted", "target", "value"),
    [
        ([[1.0], [2.0], [3.0]], [[1.0], [2.0], [3.0]], 1.0),
        ([[2.0], [2.0], [2.0]], [[1.0], [2.0], [3.0]], 0.0),
        ([[3.0], [2.0], [1.0]], [[1.0], [2.0], [3.0]], -3.0),
        ([[1.0], [2.0], [4.0]], [[1.0], [2.0], [3.0]], 0.5),
        # Outputs count alike, whatever their spread: (1 + 0) / 2.
        ([[1.0, 300.0], [3.0, 300.0]], [[1.0, 200.0], [3.0, 400.0]], 0.5),
        # Targets that are all the same: met, or not.
        ([[2.0], [2.0]], [[2.0], [2.0]], 1.0),
        ([[2.0], [2.5]], [[2.0], [2.0]], 0.0),
        ([[0.0]], [[1.0]], 0.0),
        ([[1.0]], [[1.0]], 1.0),
        # The squares of their spread are 0, or infinite.
        ([[0.0], [0.0]], [[0.0], [1e-200]], 1.0),
        ([[1.0], [0.0]], [[0.0], [1e-200]], 0.0),
        ([[1e200], [-1e200]], [[1e200], [-1e200]], 1.0),
    ],
)
def test_value(predicted: Rows, target: Rows, value: float) -> None:
    assert r2(predicted, target) == value


def test_equal_targets_whose_mean_is_rounded() -> None:
    wrong = [
        (n, t) for t in (0.1, 0.7, 1 / 3) for n in range(2, 60) if r2([[t]] * n, [[t]] * n) != 1
    ]
    assert wrong == []
    assert {r2([[0.0]] * n, [[0.1]] * n) for n in range(2, 60)} == {0.0}


def test_a_shift_of_everything_changes_nothing() -> None:
    predicted, target = [1.0, 2.5, 2.0, 4.0], [1.5, 2.0, 2.5, 4.5]
    far = 2.0**30
    assert r2([[p + far] for p in predicted], [[t + far] for t in target]) == pytest.approx(
        r2([[p] for p in predicted], [[t] for t in target]), rel=1e-12
    )


def test_it_is_found_by_name() -> None:
    assert metric("r2").formula([[1.0], [2.0], [4.0]], [[1.0], [2.0], [3.0]]) == 0.5
