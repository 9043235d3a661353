"""Balanced accuracy: Brodersen, Ong, Stephan and Buhmann, "The Balanced Accuracy and Its Posterior
Distribution", ICPR 2010.
"""

from collections.abc import Iterator, Sequence

from valor import Metric, hookimpl
from valor_plugins.metrics.classes import tallies
from valor_plugins.metrics.differences import total


def balanced_accuracy(
    predicted: Sequence[Sequence[float]],
    target: Sequence[Sequence[float]],
    *,
    threshold: float = 0.5,
) -> float:
    """Return the share of each class that is predicted rightly, averaged over the classes.

    A class of which there is no sample does not count.

    Args:
        predicted, target: one row a sample; of several outputs the largest is the class.
        threshold: what one output must exceed to mean class 1; 0 where it is a logit or a margin.

    >>> balanced_accuracy([[0.9], [0.6], [0.2], [0.1]], [[1.0], [0.0], [0.0], [1.0]])
    0.5
    """
    found = [t.hits / t.actual for t in tallies(predicted, target, threshold) if t.actual]
    return total(found) / len(found)


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    yield Metric(name="balanced_accuracy", call=balanced_accuracy)
