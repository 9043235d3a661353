"""From rows of numbers to classes, and to the counts that metrics of classification begin with."""

from collections.abc import Callable, Sequence

import attrs

from valor.exceptions import InvalidArgumentError

AVERAGES = ("auto", "macro", "weighted")
LARGEST = 1 + 1e-9  # of what is a class of one output; 1 may have been scaled there and back


def classes(
    predicted: Sequence[Sequence[float]],
    target: Sequence[Sequence[float]],
    threshold: float = 0.5,
) -> tuple[list[int], list[int]]:
    """Return the class that each sample was predicted to be of, and the one that it is of.

    Of several outputs the place of the largest is the class, and of equal ones the first. One
    output means class 1 above `threshold`, else class 0; its target means class 1 above 0.5,
    whether targets are 0 and 1 or -1 and 1.

    Raises:
        InvalidArgumentError: predictions and targets are not equally many, or equally wide; or a
            target of one output is above 1 or below -1.

    >>> classes([[0.9], [0.2]], [[1.0], [1.0]])
    ([1, 0], [1, 1])
    >>> classes([[0.1, 0.7, 0.2]], [[0.0, 0.0, 1.0]])
    ([1], [2])
    """
    for what, one, other in (
        ("samples", predicted, target),
        ("values a sample", predicted[0], target[0]),
    ):
        if len(one) != len(other):
            raise InvalidArgumentError(
                f"predicted has {len(one)} {what}, but target has {len(other)}"
            )
    if len(predicted[0]) == 1:
        for position, (t,) in enumerate(target):
            if abs(t) > LARGEST:
                raise InvalidArgumentError(
                    f"target[{position}] is {t:g}, but the classes of one output are 0 and 1, or "
                    "-1 and 1; more classes need an output each, and numbers that are no classes "
                    "another metric, such as r2"
                )
        return [int(p > threshold) for (p,) in predicted], [int(t > 0.5) for (t,) in target]
    first, second = ([row.index(max(row)) for row in rows] for rows in (predicted, target))
    return first, second


@attrs.frozen
class Tally:
    """The counts of one class.

    Attributes:
        predicted: how many samples were predicted to be of it.
        actual: how many are of it.
        hits: how many are both.
    """

    predicted: int
    actual: int
    hits: int


def tallies(
    predicted: Sequence[Sequence[float]], target: Sequence[Sequence[float]], threshold: float
) -> list[Tally]:
    """Return the counts of every class, in order.

    >>> tallies([[0.9], [0.2]], [[1.0], [1.0]], 0.5)[1]
    Tally(predicted=1, actual=2, hits=1)
    """
    guesses, truths = classes(predicted, target, threshold)
    known = range(max(2, len(target[0])))
    hits = [guess for guess, truth in zip(guesses, truths, strict=True) if guess == truth]
    return [Tally(guesses.count(each), truths.count(each), hits.count(each)) for each in known]


def averaged(of_class: Callable[[Tally], float], found: Sequence[Tally], average: str) -> float:
    """Return a number that each class has, as one for all of them.

    Args:
        of_class: what to compute for a class.
        found: the classes.
        average: "macro" for the mean over the classes that occur, "weighted" for the mean weighted
            by how many samples are of each, "auto" for class 1 alone where there are but two
            classes, and otherwise the first.

    >>> averaged(lambda tally: tally.hits / tally.actual, [Tally(3, 4, 3), Tally(1, 2, 0)], "macro")
    0.375
    """
    if average == "auto" and len(found) == 2:
        return of_class(found[1])
    occurring = [tally for tally in found if tally.predicted or tally.actual]
    weights = [tally.actual if average == "weighted" else 1 for tally in occurring]
    total = 0.0
    for weight, tally in zip(weights, occurring, strict=True):
        total += weight * of_class(tally)
    return total / sum(weights)
