"""Metrics beside those of scikit-learn; where the two differ, it is said and shown here."""

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as peer

from valor_plugins.metrics.absolute_error import mean_absolute_error
from valor_plugins.metrics.accuracy import accuracy
from valor_plugins.metrics.auc import auc
from valor_plugins.metrics.balanced_accuracy import balanced_accuracy
from valor_plugins.metrics.confusion_matrix import confusion_matrix
from valor_plugins.metrics.f1 import f1
from valor_plugins.metrics.precision import precision
from valor_plugins.metrics.r2 import r2
from valor_plugins.metrics.recall import recall
from valor_plugins.metrics.squared_error import mean_squared_error

Metric = Callable[..., Any]

# Ours and theirs.
REGRESSION: dict[str, tuple[Metric, Metric]] = {
    "mean_squared_error": (mean_squared_error, peer.mean_squared_error),
    "mean_absolute_error": (mean_absolute_error, peer.mean_absolute_error),
    "r2": (r2, peer.r2_score),
}
AVERAGED: dict[str, tuple[Metric, Metric]] = {
    "precision": (precision, peer.precision_score),
    "recall": (recall, peer.recall_score),
    "f1": (f1, peer.f1_score),
}
SIZES = (1, 2, 3, 10, 200)
SEEDS = range(10)
WIDTHS = (1, 2, 3, 6)


def theirs(metric: Metric, *arguments: Any, **options: Any) -> Any:
    """Call a metric of scikit-learn, which warns where it takes 0 or nan for want of samples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric(*arguments, **options)


def close_to(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-12)


def sample(seed: int, size: int, width: int) -> tuple[Any, Any]:
    """Return outputs with ties among them, and classes, of which some may be missing."""
    generator = np.random.default_rng(seed)
    outputs = generator.integers(1, 9, (size, width)) / 8
    if width > 1:
        outputs = outputs / outputs.sum(axis=1, keepdims=True)
    return outputs, generator.integers(0, max(2, width), size)


def as_lists(outputs: Any, classes: Any) -> tuple[list[list[float]], list[list[float]]]:
    width = outputs.shape[1]
    target = classes[:, None] if width == 1 else np.eye(width)[classes]
    return outputs.tolist(), target.astype(float).tolist()


def predicted_classes(outputs: Any, threshold: float = 0.5) -> Any:
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > threshold).astype(int)
    return outputs.argmax(axis=1)


SETS = list(itertools.product(SIZES, WIDTHS))


@pytest.mark.parametrize("name", REGRESSION)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("width", [1, 4])
def test_regression(name: str, width: int, size: int) -> None:
    formula, metric = REGRESSION[name]
    for seed in SEEDS:
        generator = np.random.default_rng(seed)
        scales = 10.0 ** generator.integers(-3, 4, width)
        target = generator.normal(1, 1, (size, width)) * scales
        predicted = target + generator.normal(0.1, 1, (size, width)) * scales
        expected = theirs(metric, target, predicted)
        if name == "r2" and size == 1:
            # A single sample has no spread: nan there; here as where all targets are the same.
            assert math.isnan(expected)
            expected = 0.0
        assert formula(predicted.tolist(), target.tolist()) == close_to(expected)


def test_r2_of_targets_that_are_all_the_same() -> None:
    for predicted in ([2.0, 2.0, 2.0], [2.0, 2.0, 3.0]):
        expected = theirs(peer.r2_score, [2.0] * 3, predicted)
        assert r2([[p] for p in predicted], [[2.0]] * 3) == expected
    # Where their mean is rounded, scikit-learn divides by the square of that rounding.
    assert theirs(peer.r2_score, [0.1] * 3, [0.2] * 3) < -1e20
    assert r2([[0.2]] * 3, [[0.1]] * 3) == 0.0


@pytest.mark.parametrize(("size", "width"), SETS)
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_accuracy_and_the_confusion_matrix(size: int, width: int, threshold: float) -> None:
    for seed in SEEDS:
        outputs, classes = sample(seed, size, width)
        rows, guesses = as_lists(outputs, classes), predicted_classes(outputs, threshold)
        assert accuracy(*rows, threshold=threshold) == close_to(
            theirs(peer.accuracy_score, classes, guesses)
        )
        assert balanced_accuracy(*rows, threshold=threshold) == close_to(
            theirs(peer.balanced_accuracy_score, classes, guesses)
        )
        expected = theirs(peer.confusion_matrix, classes, guesses, labels=range(max(2, width)))
        assert confusion_matrix(*rows, threshold=threshold) == expected.tolist()


@pytest.mark.parametrize("name", AVERAGED)
@pytest.mark.parametrize(("size", "width"), SETS)
@pytest.mark.parametrize("average", ["auto", "macro", "weighted"])
def test_precision_recall_and_f1(name: str, size: int, width: int, average: str) -> None:
    formula, metric = AVERAGED[name]
    options = {"auto": "binary" if width <= 2 else "macro"}
    for seed in SEEDS:
        outputs, classes = sample(seed, size, width)
        expected = theirs(
            metric,
            classes,
            predicted_classes(outputs),
            average=options.get(average, average),
        )
        assert formula(*as_lists(outputs, classes), average=average) == close_to(expected)


@pytest.mark.parametrize(("size", "width"), SETS)
def test_auc(size: int, width: int) -> None:
    compared = 0
    for seed in SEEDS:
        outputs, classes = sample(seed, size, width)
        known = sorted(set(classes.tolist()))
        found = auc(*as_lists(outputs, classes))
        if len(known) == 1:
            # There is nothing to compare: nan there, and an error of several classes.
            assert found == 0.5
        elif width <= 2:
            assert found == close_to(theirs(peer.roc_auc_score, classes, outputs[:, -1]))
        elif len(known) == width:
            assert found == close_to(
                theirs(peer.roc_auc_score, classes, outputs, multi_class="ovr")
            )
        else:
            # A class is missing: an error there; here the mean over the others.
            each = [theirs(peer.roc_auc_score, classes == k, outputs[:, k]) for k in known]
            assert found == close_to(np.mean(each))
        compared += len(known) > 1
    assert compared or size == 1


def test_auc_of_logits() -> None:
    for seed in SEEDS:
        generator = np.random.default_rng(seed)
        logits, classes = generator.normal(0, 5, (60, 4)), np.arange(60) % 4
        powers = np.exp(logits)
        outputs = powers / powers.sum(axis=1, keepdims=True)
        expected = theirs(peer.roc_auc_score, classes, outputs, multi_class="ovr")
        assert auc(*as_lists(logits, classes), logits=True) == close_to(expected)
