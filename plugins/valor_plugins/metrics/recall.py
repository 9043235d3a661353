"""Recall: Kent, Berry, Luehrs and Perry, "Machine literature searching VIII", American
Documentation 6, 1955.
"""

from collections.abc import Iterator, Sequence

import attrs

from valor import Metric, hookimpl
from valor_plugins.metrics.classes import AVERAGES, Tally, averaged, tallies


def recall(
    predicted: Sequence[Sequence[float]],
    target: Sequence[Sequence[float]],
    *,
    average: str = "auto",
    threshold: float = 0.5,
) -> float:
    """Return the share of those of a class that are predicted to be; 0 if there is none.

    Args:
        predicted, target: one row a sample; of several outputs the largest is the class.
        average: which class: "macro" for the mean over those that occur, "weighted" for the mean
            weighted by how many samples are of each; "auto" for class 1 where there are two
            classes, and otherwise "macro".
        threshold: what one output must exceed to mean class 1; 0 where it is a logit or a margin.

    >>> recall([[0.9], [0.2], [0.2], [0.1]], [[1.0], [1.0], [0.0], [0.0]])
    0.5
    """
    return averaged(_of_class, tallies(predicted, target, threshold), average)


def _of_class(tally: Tally) -> float:
    return tally.hits / tally.actual if tally.actual else 0.0


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    yield Metric(name="recall", call=recall, validators={"average": attrs.validators.in_(AVERAGES)})
