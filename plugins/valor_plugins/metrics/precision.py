"""Precision: Kent, Berry, Luehrs and Perry, "Machine literature searching VIII", American
Documentation 6, 1955.
"""

from collections.abc import Iterator, Sequence

import attrs

from valor import Metric, hookimpl
from valor_plugins.metrics.classes import AVERAGES, Tally, averaged, tallies


def precision(
    predicted: Sequence[Sequence[float]],
    target: Sequence[Sequence[float]],
    *,
    average: str = "auto",
    threshold: float = 0.5,
) -> float:
    """Return the share of those predicted to be of a class that are; 0 if none is predicted.

    Args:
        predicted, target: one row a sample; of several outputs the largest is the class.
        average: which class: "macro" for the mean over those that occur, "weighted" for the mean
            weighted by how many samples are of each; "auto" for class 1 where there are two
            classes, and otherwise "macro".
        threshold: what one output must exceed to mean class 1; 0 where it is a logit or a margin.

    >>> precision([[0.9], [0.6], [0.2], [0.1]], [[1.0], [0.0], [0.0], [0.0]])
    0.5
    """
    return averaged(_of_class, tallies(predicted, target, threshold), average)


def _of_class(tally: Tally) -> float:
    return tally.hits / tally.predicted if tally.predicted else 0.0


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    yield Metric(
        name="precision", call=precision, validators={"average": attrs.validators.in_(AVERAGES)}
    )
