"""Area under the ROC curve: Hanley and McNeil, "The Meaning and Use of the Area under a Receiver
Operating Characteristic (ROC) Curve", Radiology 143, 1982.

More than two classes: each against the rest, as in Fawcett, "An introduction to ROC analysis",
Pattern Recognition Letters 27, 2006, but with all classes alike.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from operator import itemgetter

from valor import Metric, hookimpl
from valor_plugins.metrics.classes import classes
from valor_plugins.metrics.differences import total


def auc(
    predicted: Sequence[Sequence[float]],
    target: Sequence[Sequence[float]],
    *,
    logits: bool = False,
) -> float:
    """Return how probably a sample of class 1 is given a larger output than one of class 0.

    A tie counts half. Of more than two classes each stands against the rest, and the mean over
    those that occur is taken. Where all samples are of one class there is nothing to compare:
    0.5, what guessing would reach.

    Args:
        predicted, target: one row a sample; several outputs are the classes' probabilities.
        logits: whether several outputs are logits, of which a softmax makes probabilities.

    >>> auc([[0.9], [0.4], [0.4], [0.1]], [[1.0], [1.0], [0.0], [0.0]])
    0.875
    """
    _, truths = classes(predicted, target)
    width = len(target[0])
    if logits and width > 1:
        predicted = [_softmax(row) for row in predicted]
    if width <= 2:
        wanted = {1: [row[-1] for row in predicted]}
    else:
        wanted = {each: [row[each] for row in predicted] for each in range(width)}
    found = [
        _area(scores, [truth == each for truth in truths])
        for each, scores in wanted.items()
        if 0 < truths.count(each) < len(truths)
    ]
    return total(found) / len(found) if found else 0.5


def _area(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Count, over all pairs, how often the positive one has the larger score."""
    halves = below = 0  # half pairs won, and negatives with a smaller score
    pairs = sorted(zip(scores, positive, strict=True), key=itemgetter(0))
    for _, tied in itertools.groupby(pairs, key=itemgetter(0)):
        signs = [sign for _, sign in tied]
        wins, losses = signs.count(True), signs.count(False)
        halves += wins * (2 * below + losses)
        below += losses
    return halves / (2 * below * (len(scores) - below))


def _softmax(row: Sequence[float]) -> list[float]:
    largest = max(row)
    powers = [math.exp(v - largest) for v in row]
    whole = total(powers)
    return [power / whole for power in powers]


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    yield Metric(name="auc", call=auc)
