"""Confusion matrix: Kohavi and Provost, "Glossary of Terms", Machine Learning 30, 1998."""

from collections.abc import Iterator, Sequence

import attrs

from valor import Metric, hookimpl
from valor.exceptions import InvalidArgumentError
from valor_plugins.metrics.classes import classes


def confusion_matrix(
    predicted: Sequence[Sequence[float]],
    target: Sequence[Sequence[float]],
    *,
    threshold: float = 0.5,
) -> list[list[int]]:
    """Return how many samples of each class (a row) were predicted to be of each (a column).

    Args:
        predicted, target: one row a sample; of several outputs the largest is the class.
        threshold: what one output must exceed to mean class 1; 0 where it is a logit or a margin.

    >>> confusion_matrix([[0.9], [0.6], [0.2], [0.1]], [[1.0], [0.0], [0.0], [0.0]])
    [[2, 1], [0, 1]]
    """
    guesses, truths = classes(predicted, target, threshold)
    known = range(max(2, len(target[0])))
    matrix = [[0 for _ in known] for _ in known]
    for guess, truth in zip(guesses, truths, strict=True):
        matrix[truth][guess] += 1
    return matrix


def cell(
    predicted: Sequence[Sequence[float]],
    target: Sequence[Sequence[float]],
    *,
    row: int = 1,
    column: int = 1,
    threshold: float = 0.5,
) -> float:
    """Return one number of the confusion matrix: how many of class `row` are taken for `column`.

    The defaults are the true positives; of one output, row 0 has the false positives in column 1,
    and row 1 the false negatives in column 0.

    Raises:
        InvalidArgumentError: there is no such class.

    >>> cell([[0.9], [0.6], [0.2], [0.1]], [[1.0], [0.0], [0.0], [0.0]], row=0)
    1.0
    """
    matrix = confusion_matrix(predicted, target, threshold=threshold)
    for name, place in (("row", row), ("column", column)):
        if place >= len(matrix):
            raise InvalidArgumentError(
                f"{name} must be a class from 0 to {len(matrix) - 1}, not {place}"
            )
    return float(matrix[row][column])


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    at_least_0 = attrs.validators.ge(0)
    yield Metric(
        name="confusion_matrix",
        call=cell,
        validators={"row": at_least_0, "column": at_least_0},
    )
