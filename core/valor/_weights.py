"""Weights of samples and classes.

A weight is one more number of a sample's target, by which the sample's loss is multiplied. So every
engine, and every loss, knows of weights without knowing it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from valor._data import Rows, as_rows
from valor.contracts import Loss
from valor.exceptions import DataError, InvalidArgumentError, InvalidNumberError, shown
from valor.functions import number


def weighted(loss: Loss) -> Loss:
    """Return a loss whose targets have one number more: the weight of the sample.

    >>> from valor.contracts import Loss
    >>> error = Loss("error", lambda predicted, target: predicted[0] - target[0])
    >>> weighted(error).formula([3.0], [1.0, 10.0])
    20.0
    """
    formula = loss.formula

    def call(predicted: Sequence[Any], target: Sequence[Any]) -> Any:
        return formula(predicted, target[:-1]) * target[-1]

    return attrs.evolve(loss, call=call, validators={}, bound={})


def sample_weights(given: Any, samples: int) -> list[float] | None:
    """Return the weights of samples as floats; None for None.

    Raises:
        DataError: they are not one finite number a sample, or one is negative.

    >>> sample_weights([1, 0.5], 2)
    [1.0, 0.5]
    """
    if given is None:
        return None
    rows = as_rows(given, "sample_weight")
    if len(rows) != samples or len(rows[0]) != 1:
        raise DataError(
            f"sample_weight must be {samples} numbers, one a sample, not {len(rows)} rows of "
            f"{len(rows[0])}"
        )
    weights = [row[0] for row in rows]
    for position, weight in enumerate(weights):
        if weight < 0:
            raise DataError(f"sample_weight[{position}] must not be negative, but is {weight}")
    return weights


def weights_of(targets: Rows, own: Sequence[float] | None, class_weight: Any) -> list[float] | None:
    """Return the weight of each sample: the product of its own and of its class's.

    Args:
        targets: one row a sample.
        own: one number a sample, or None.
        class_weight: the weight of each class, "balanced", or None. See `class_of`.

    Returns:
        The weights; None where there are none.

    Raises:
        DataError: targets are no classes; or all weights are 0.
        InvalidArgumentError: `class_weight` is something else, or lacks a class.

    >>> weights_of([[0.0], [0.0], [0.0], [1.0]], None, "balanced")
    [0.6666666666666666, 0.6666666666666666, 0.6666666666666666, 2.0]
    """
    if own is None and class_weight is None:
        return None
    weights = list(own) if own is not None else [1.0] * len(targets)
    if class_weight is not None:
        classes = [class_of(row, f"y[{position}]") for position, row in enumerate(targets)]
        if len(targets[0]) == 1 and len(set(classes)) == len(classes) > 2:
            raise DataError(
                "y has another value in each sample, so that there are no classes; do without "
                "class_weight"
            )
        of_class = _class_weights(classes, class_weight)
        weights = [weight * of_class[each] for weight, each in zip(weights, classes, strict=True)]
    if not any(weights):
        raise DataError("the weights of all samples are 0, so that there is nothing to train on")
    return weights


def class_of(target: Sequence[float], place: str = "y") -> float:
    """Return a sample's class: the number of a single target, or the place of the largest.

    Args:
        target: the targets of the sample.
        place: what to call them in an error.

    Raises:
        DataError: more than one is the largest.

    >>> class_of([1.0]), class_of([0.0, 0.0, 1.0])
    (1.0, 2.0)
    """
    if len(target) == 1:
        return target[0]
    largest = max(target)
    if target.count(largest) > 1:
        raise DataError(
            f"{place} is no class: {largest} is its largest number, and is there more than once; "
            "do without class_weight"
        )
    return float(target.index(largest))


def _class_weights(classes: Sequence[float], given: Any) -> dict[float, float]:
    counts: dict[float, int] = {}
    for each in classes:
        counts[each] = counts.get(each, 0) + 1
    if isinstance(given, str) and given == "balanced":
        return {each: len(classes) / (len(counts) * count) for each, count in counts.items()}
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(
            f'class_weight must be "balanced" or a dict from class to weight, not {shown(given)}'
        )
    weights: dict[float, float] = {}
    for each, weight in given.items():
        try:
            key, value = float(number(each)), float(number(weight))
        except InvalidNumberError:
            key = value = math.nan
        if not (value >= 0 and math.isfinite(value)):
            raise InvalidArgumentError(
                "class_weight must map classes (numbers) to finite weights that are not negative, "
                f"not {shown(each)} to {shown(weight)}"
            )
        weights[key] = value
    for each in counts:
        if each not in weights:
            raise InvalidArgumentError(
                f"class_weight lacks class {each:g}; it has: {', '.join(f'{w:g}' for w in weights)}"
            )
    return weights
