"""Accuracy: Kohavi and Provost, "Glossary of Terms", Machine Learning 30, 1998."""

from collections.abc import Iterator, Sequence

from valor import Metric, hookimpl
from valor_plugins.metrics.classes import classes


def accuracy(
    predicted: Sequence[Sequence[float]],
    target: Sequence[Sequence[float]],
    *,
    threshold: float = 0.5,
) -> float:
    """Return the share of samples whose class is predicted rightly.

    Args:
        predicted, target: one row a sample; of several outputs the largest is the class.
        threshold: what one output must exceed to mean class 1; 0 where it is a logit or a margin.

    >>> accuracy([[0.9], [0.6], [0.2], [0.1]], [[1.0], [0.0], [0.0], [0.0]])
    0.75
    """
    guesses, truths = classes(predicted, target, threshold)
    hits = [guess == truth for guess, truth in zip(guesses, truths, strict=True)]
    return hits.count(True) / len(hits)


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    yield Metric(name="accuracy", call=accuracy)
