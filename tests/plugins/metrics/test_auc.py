"""auc: how often a sample of class 1 is given a larger output than one of class 0."""

import itertools
import math
import random

import pytest

from valor import metric
from valor_plugins.metrics.auc import auc

Rows = list[list[float]]
Data = tuple[Rows, Rows]


def by_pairs(scores: list[float], positive: list[bool]) -> float:
    """Compare every positive sample with every negative one."""
    pairs = [
        (a > b) + (a == b) / 2
        for a, b in itertools.product(
            [s for s, sign in zip(scores, positive, strict=True) if sign],
            [s for s, sign in zip(scores, positive, strict=True) if not sign],
        )
    ]
    return sum(pairs) / len(pairs)


@pytest.mark.parametrize(
    ("scores", "targets", "value"),
    [
        ([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1], 1.0),
        ([0.4, 0.3, 0.2, 0.1], [0, 0, 1, 1], 0.0),
        ([0.5, 0.5, 0.5, 0.5], [0, 0, 1, 1], 0.5),
        ([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1], 0.875),
        ([0.9, 0.1, 0.5], [1, 0, 1], 1.0),
        ([-math.inf, -5.0, 3.0, 1e300], [-1, 1, -1, 1], 0.75),
    ],
)
def test_two_classes(scores: list[float], targets: list[float], value: float) -> None:
    predicted, target = [[s] for s in scores], [[float(t)] for t in targets]
    assert auc(predicted, target) == auc(predicted[::-1], target[::-1]) == value


def test_the_example_of_two_classes(two: Data) -> None:
    # Of 4 · 6 pairs, the sample at 0.2 loses four and the others win all.
    assert auc(*two) == pytest.approx(20 / 24, rel=1e-15)


def test_many_ties_beside_all_pairs() -> None:
    generator = random.Random(11)
    for size in range(2, 40):
        scores = [generator.randrange(6) / 4 for _ in range(size)]
        positive = [True, False, *(generator.random() < 0.4 for _ in range(size - 2))]
        found = auc([[s] for s in scores], [[float(sign)] for sign in positive])
        assert found == pytest.approx(by_pairs(scores, positive), rel=1e-15)


def test_three_classes_each_against_the_rest(three: Data) -> None:
    predicted, target = three
    of_each = [
        by_pairs([row[k] for row in predicted], [row[k] == 1 for row in target]) for k in range(3)
    ]
    assert len(set(of_each)) == 3
    assert auc(predicted, target) == pytest.approx(sum(of_each) / 3, rel=1e-15)
    # Without class 2, the mean over the two that are left.
    some = [row[:2] + row[2:] for row in predicted[:6]]
    of_two = [
        by_pairs([row[k] for row in some], [row[k] == 1 for row in target[:6]]) for k in range(2)
    ]
    assert auc(some, target[:6]) == pytest.approx(sum(of_two) / 2, rel=1e-15)


def test_two_outputs_are_judged_by_that_of_class_1() -> None:
    predicted, target = [[0.9, 0.3], [0.1, 0.2], [0.2, 0.6]], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    assert auc(predicted, target) == 1.0
    assert auc([[0.0, -p] for _, p in predicted], target) == 0.0


def test_logits_are_made_probabilities_first() -> None:
    logits = [[5.0, 4.0, -900.0], [0.0, 1.0, 900.0], [-3.0, -1.0, -2.0], [1.0, 0.0, 0.5]]
    target = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    probabilities = [
        [math.exp(v - max(row)) / sum(math.exp(w - max(row)) for w in row) for v in row]
        for row in logits
    ]
    expected = auc(probabilities, target)
    assert auc(logits, target, logits=True) == expected
    assert auc(logits, target) != expected
    assert auc([[3.0], [-2.0]], [[1.0], [0.0]], logits=True) == 1.0  # one output has no softmax


def test_one_class_alone_is_no_contest() -> None:
    assert auc([[0.9]], [[1.0]]) == auc([[0.9], [0.1]], [[0.0], [0.0]]) == 0.5
    assert auc([[0.9, 0.1, 0.0]] * 2, [[1.0, 0.0, 0.0]] * 2) == 0.5


def test_hyperparameters() -> None:
    assert metric("auc").hyperparameters == {"logits": False}
