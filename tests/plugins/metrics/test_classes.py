"""Classes from rows, and their counts."""

import pytest

from valor.exceptions import InvalidArgumentError
from valor_plugins.metrics.classes import Tally, averaged, classes, tallies

Rows = list[list[float]]


def test_the_first_of_equal_outputs_is_the_class() -> None:
    assert classes([[0.5, 0.5, 0.1], [-1.0, -1.0, -1.0]], [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]) == (
        [0, 0],
        [2, 1],
    )


def test_targets_that_were_scaled_there_and_back() -> None:
    above = 1.0000000000000002
    assert classes([[0.9]] * 2, [[above], [-above]])[1] == [1, 0]


def test_smoothed_targets() -> None:
    assert classes([[0.9]] * 2, [[0.95], [0.05]])[1] == [1, 0]
    assert classes([[0.9, 0.1]] * 2, [[0.95, 0.05], [0.05, 0.95]])[1] == [0, 1]


@pytest.mark.parametrize(
    ("predicted", "target", "message"),
    [
        ([[0.1], [0.2]], [[1.0]], "predicted has 2 samples, but target has 1"),
        ([[0.1, 0.9]], [[1.0]], "predicted has 2 values a sample, but target has 1"),
        ([[0.1]], [[0.0, 1.0]], "predicted has 1 values a sample, but target has 2"),
        ([[0.1]] * 3, [[0.0], [2.0], [1.0]], r"target\[1\] is 2, .* an output each.* such as r2"),
        ([[0.1]], [[-1.5]], r"target\[0\] is -1.5, but the classes of one output are 0 and 1"),
    ],
)
def test_what_does_not_fit_together_is_refused(predicted: Rows, target: Rows, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        classes(predicted, target)


def test_counts(three: tuple[Rows, Rows]) -> None:
    assert tallies(*three, 0.5) == [Tally(4, 4, 3), Tally(2, 2, 1), Tally(2, 2, 1)]
    assert tallies([[0.1]], [[0.0]], 0.5) == [Tally(1, 1, 1), Tally(0, 0, 0)]


def test_averages() -> None:
    found = [Tally(3, 6, 0), Tally(3, 2, 0), Tally(2, 0, 0), Tally(0, 0, 0)]
    assert averaged(lambda tally: tally.predicted, found, "macro") == 8 / 3
    assert averaged(lambda tally: tally.predicted, found, "auto") == 8 / 3
    assert averaged(lambda tally: tally.predicted, found, "weighted") == (6 * 3 + 2 * 3) / 8
    assert averaged(lambda tally: tally.actual, found[:2], "auto") == 2
