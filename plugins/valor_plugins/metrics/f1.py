"""F1: van Rijsbergen, "Information Retrieval", second edition, 1979, chapter 7."""

from collections.abc import Iterator, Sequence

import attrs

from valor import Metric, hookimpl
from valor_plugins.metrics.classes import AVERAGES, Tally, averaged, tallies


def f1(
    predicted: Sequence[Sequence[float]],
    target: Sequence[Sequence[float]],
    *,
    average: str = "auto",
    threshold: float = 0.5,
) -> float:
    """Return the harmonic mean of precision and recall; 0 if there is nothing to find or found.

    Args:
        predicted, target: one row a sample; of several outputs the largest is the class.
        average: which class: "macro" for the mean over those that occur, "weighted" for the mean
            weighted by how many samples are of each; "auto" for class 1 where there are two
            classes, and otherwise "macro".
        threshold: what one output must exceed to mean class 1; 0 where it is a logit or a margin.

    >>> f1([[0.9], [0.6], [0.7], [0.1]], [[1.0], [0.0], [0.0], [0.0]])
    0.5
    """
    return averaged(_of_class, tallies(predicted, target, threshold), average)


def _of_class(tally: Tally) -> float:
    either = tally.predicted + tally.actual
    return 2 * tally.hits / either if either else 0.0


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    yield Metric(name="f1", call=f1, validators={"average": attrs.validators.in_(AVERAGES)})
