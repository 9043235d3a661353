"""From what users pass as data to rows of floats; what cannot be trained on is refused here."""

import math
import operator
from collections.abc import Iterable, Mapping, Set
from typing import Any

from valor.exceptions import DataError, InvalidArgumentError, InvalidNumberError, shown
from valor.functions import number

Rows = list[list[float]]


def at_least_one(value: Any, argument: str) -> int:
    """Return a count as an int.

    Raises:
        InvalidArgumentError: it is not an int of at least 1.
    """
    try:
        count = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        count = 0
    if count < 1:
        raise InvalidArgumentError(f"{argument} must be an int of at least 1, not {shown(value)}")
    return count


def as_rows(values: Any, argument: str) -> Rows:
    """Return one row of floats a sample.

    Args:
        values: a list, tuple, generator or array; each sample a number or a row of numbers.
        argument: what to call it in an error.

    Raises:
        DataError: there is no sample, the rows differ in length, or a number is not finite.

    >>> as_rows([1, 0.5], "y"), as_rows(((1, 2), (3, 4)), "x")
    ([[1.0], [0.5]], [[1.0, 2.0], [3.0, 4.0]])
    """
    if hasattr(values, "tolist"):  # an array of NumPy's kind
        values = values.tolist()
    if not isinstance(values, Iterable) or isinstance(values, (str, bytes, Mapping, Set)):
        raise DataError(
            f"{argument} must be a list, tuple, generator or array with one entry a sample, "
            f"not {type(values).__name__} {shown(values)}"
        )
    rows = [_row(sample, f"{argument}[{index}]") for index, sample in enumerate(values)]
    if not rows:
        raise DataError(f"{argument} must hold at least one sample, but is empty")
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise DataError(
                f"{argument}[{index}] has {len(row)} values, but {argument}[0] has {len(rows[0])}; "
                "every sample needs as many"
            )
    return rows


def as_samples(x: Any, y: Any) -> tuple[Rows, Rows]:
    """Return the inputs and the targets as rows, as many of the one as of the other."""
    inputs, targets = as_rows(x, "x"), as_rows(y, "y")
    if len(inputs) != len(targets):
        raise DataError(
            f"x and y must have as many samples, but x has {len(inputs)} and y has {len(targets)}"
        )
    return inputs, targets


def _row(sample: Any, place: str) -> list[float]:
    if hasattr(sample, "tolist"):
        sample = sample.tolist()
    if isinstance(sample, Iterable) and not isinstance(sample, (str, bytes, Mapping, Set)):
        row = [_finite(value, f"{place}[{index}]") for index, value in enumerate(sample)]
        if not row:
            raise DataError(f"{place} must hold at least one number, but is empty")
        return row
    return [_finite(sample, place)]


def _finite(value: Any, place: str) -> float:
    try:
        result = float(number(value, place))
    except InvalidNumberError as error:
        raise DataError(str(error)) from None
    if not math.isfinite(result):
        raise DataError(f"{place} must be a finite number, not {result}")
    return result
