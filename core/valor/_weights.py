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


def weights_of(targets: Rows, sample_weight: Any, class_weight: Any) -> list[float] | None:
    """Return the weight of each sample: the product of its own and of its class's.

    Args:
        targets: one row a sample.
        sample_weight: one number a sample, or None.
        class_weight: the weight of each class, "balanced", or None. See `class_of`.

    Returns:
        The weights; None where there are none.

    Raises:
        DataError: the weights are not one finite number a sample, or one is negative.
        InvalidArgumentError: `class_weight` is something else, or lacks a class.

    >>> weights_of([[0.0], [0.0], [0.0], [1.0]], None, "balanced")
    [0.6666666666666666, 0.6666666666666666, 0.6666666666666666, 2.0]
    """
    weights = None
    if sample_weight is not None:
        rows = as_rows(sample_weight, "sample_weight")
        if len(rows) != len(targets) or len(rows[0]) != 1:
            raise DataError(
                f"sample_weight must be {len(targets)} numbers, one a sample, not {len(rows)} "
                f"rows of {len(rows[0])}"
            )
        weights = [row[0] for row in rows]
        for position, weight in enumerate(weights):
            if weight < 0:
                raise DataError(f"sample_weight[{position}] must not be negative, but is {weight}")
    if class_weight is None:
        return weights
    classes = [class_of(row) for row in targets]
    of_class = _class_weights(classes, class_weight)
    found = [of_class[each] for each in classes]
    if weights is None:
        return found
    return [weight * other for weight, other in zip(weights, found, strict=True)]


def class_of(target: Sequence[float]) -> float:
    """Return a sample's class: the number of a single target, or the place of the largest.

    >>> class_of([1.0]), class_of([0.0, 0.0, 1.0])
    (1.0, 2.0)
    """
    return target[0] if len(target) == 1 else float(target.index(max(target)))


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
