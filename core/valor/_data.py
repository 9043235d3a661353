"""From what users pass as data to rows of floats; what cannot be trained on is refused here."""

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, TypeAlias, overload

from valor._arguments import whole
from valor._frames import is_frame, numbers_of
from valor.exceptions import DataError, InvalidArgumentError, InvalidNumberError, shown
from valor.functions import number

Rows: TypeAlias = Sequence[list[float]]

CHUNK = 65_536  # numbers looked at together


class Table(Sequence[list[float]]):
    """The rows of a NumPy array that is not copied: it may be larger than memory, on a disk.

    Attributes:
        array: the array, with two axes; a view of the given one where that has one axis.
    """

    def __init__(self, array: Any) -> None:
        self.array = array if array.ndim == 2 else array.reshape(-1, 1)

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, index: int) -> list[float]: ...
    @overload
    def __getitem__(self, index: slice) -> "Table": ...
    def __getitem__(self, index: int | slice) -> "list[float] | Table":
        rows = self.array[index]
        return Table(rows) if isinstance(index, slice) else list(map(float, rows.tolist()))

    def __iter__(self) -> Iterator[list[float]]:
        return map(self.__getitem__, range(len(self)))


def at_least_one(value: Any, argument: str) -> int:
    """Return a count as an int.

    Raises:
        InvalidArgumentError: it is not an int of at least 1, or too large to count anything.
    """
    expected = "an int of at least 1"
    count = whole(value, argument, expected)
    if count < 1:
        raise InvalidArgumentError(f"{argument} must be {expected}, not {shown(value)}")
    if count > sys.maxsize:  # nothing there could be so many of
        raise InvalidArgumentError(f"{argument} must be at most {sys.maxsize}, not {shown(value)}")
    return count


def truth(value: Any, argument: str) -> bool:
    """Return a flag as a bool.

    Raises:
        InvalidArgumentError: it is neither True nor False.
    """
    if type(value).__name__ not in ("bool", "bool_"):  # Python's and NumPy's
        raise InvalidArgumentError(f"{argument} must be True or False, not {shown(value)}")
    return bool(value)


def as_rows(values: Any, argument: str) -> Rows:
    """Return one row of floats a sample: arrays and data frames as a `Table`, all else as lists.

    Args:
        values: a list, tuple, generator, array or data frame; each sample a number or a row of
            numbers.
        argument: what to call it in an error.

    Raises:
        DataError: there is no sample, the rows differ in length, or a number is not finite.

    >>> as_rows([1, 0.5], "y"), as_rows(((1, 2), (3, 4)), "x")
    ([[1.0], [0.5]], [[1.0, 2.0], [3.0, 4.0]])
    """
    if is_frame(values):
        numbers = numbers_of(values, argument)
        return numbers if isinstance(numbers, list) else Table(numbers)
    if _has_columns(values):
        raise DataError(
            f"{argument} is a data frame of {type(values).__module__}; give its numbers as an "
            "array, or as a data frame of pandas, polars or PyArrow"
        )
    if _stays_an_array(values):
        return _checked_table(values, argument)
    if hasattr(values, "tolist"):  # another array of NumPy's kind
        values = values.tolist()
    if not _is_plural(values):
        raise DataError(
            f"{argument} must be a list, tuple, generator, array or data frame with one entry a "
            f"sample, not {type(values).__name__} {shown(values)}"
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


def batches_as_samples(batches: Any) -> tuple[Rows, Rows, int]:
    """Return the inputs, the targets and the batch size of an iterator of batches.

    It is gone through once.

    Args:
        batches: gives pairs (x, y), each as for `as_samples`; all as large as the first one, but
            for the last, which may be smaller.

    Raises:
        DataError: there is no batch, one is no pair or not as large or wide as the first, or its
            data cannot be used. The batch is named; batches count from 1.

    >>> batches_as_samples(iter([([[1, 2], [3, 4]], [0, 1]), ([[5, 6]], [1])]))
    ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[0.0], [1.0], [1.0]], 2)
    """
    if not _is_plural(batches) or is_frame(batches):
        raise DataError(
            "without y, x must be an iterator of batches, each a pair (x, y), not "
            f"{type(batches).__name__} {shown(batches)}"
        )
    parts: list[tuple[Rows, Rows]] = []
    for position, batch in enumerate(batches, start=1):
        pair = isinstance(batch, (list, tuple)) and len(batch) == 2
        if not pair or not all(is_frame(part) or _is_plural(part) for part in batch):
            raise DataError(
                f"batch {position}: without y, x must give batches, each a pair (x, y) of samples "
                f"and targets, not {shown(batch)}"
            )
        try:
            parts.append(as_samples(*batch))
        except DataError as error:
            raise DataError(f"batch {position}: {error}") from error
        _check_batch(parts, position)
    if not parts:
        raise DataError("without y, x must give at least one batch, but it gives none")
    inputs, targets = (_joined([part[side] for part in parts]) for side in (0, 1))
    return inputs, targets, len(parts[0][0])


def _check_batch(parts: list[tuple[Rows, Rows]], position: int) -> None:
    """Check that the last of some batches goes with those before it."""
    first, last = parts[0], parts[-1]
    if len(parts) > 1 and len(parts[-2][0]) < len(first[0]):
        raise DataError(
            f"batch {position - 1} has {len(parts[-2][0])} samples, but batch 1 has "
            f"{len(first[0])}; only the last batch may be smaller"
        )
    if len(last[0]) > len(first[0]):
        raise DataError(
            f"batch {position} has {len(last[0])} samples, but batch 1 has {len(first[0])}; none "
            "may be larger"
        )
    for argument, rows, others in zip("xy", last, first, strict=True):
        if len(rows[0]) != len(others[0]):
            raise DataError(
                f"batch {position}: {argument} has {len(rows[0])} values a sample, but that of "
                f"batch 1 has {len(others[0])}"
            )


def _joined(parts: list[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, Table) for part in parts):
        import numpy as np

        return Table(np.concatenate([part.array for part in parts if isinstance(part, Table)]))
    return [row for part in parts for row in part]


def _has_columns(values: Any) -> bool:
    """Tell whether values are a data frame: gone through, it would give its columns' names."""
    return not isinstance(values, (list, tuple)) and hasattr(type(values), "columns")


def _is_plural(values: Any) -> bool:
    return isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping, Set))


def _stays_an_array(values: Any) -> bool:
    """Tell whether values are an array of NumPy whose numbers are all ints or floats.

    Its name tells, for nobody who trains on lists has to have NumPy. Relatives (masked arrays,
    matrices) and other numbers (bools, objects, long doubles) are left to the look at each number.
    """
    kind = type(values)
    if kind.__module__.partition(".")[0] != "numpy" or kind.__name__ not in ("ndarray", "memmap"):
        return False
    return values.ndim in (1, 2) and values.dtype.kind in "iuf" and values.dtype.itemsize <= 8


def _checked_table(array: Any, argument: str) -> Table:
    """Return an array as a table, after a look at its numbers that copies none of them."""
    table = Table(array)
    samples, width = table.array.shape
    if not samples:
        raise DataError(f"{argument} must hold at least one sample, but is empty")
    if not width:
        raise DataError(f"{argument}[0] must hold at least one number, but is empty")
    if table.array.dtype.kind != "f":  # every int of eight bytes is finite
        return table
    step = max(1, CHUNK // width)
    for first in range(0, samples, step):
        chunk = table.array[first : first + step]
        # Both are nan if one number is; that one is then looked for as in a list.
        if not (math.isfinite(chunk.min()) and math.isfinite(chunk.max())):
            for index, sample in enumerate(array[first : first + step].tolist(), start=first):
                _row(sample, f"{argument}[{index}]")
    return table


def _row(sample: Any, place: str) -> list[float]:
    if _has_columns(sample):
        raise DataError(f"{place} must be a number or a row of numbers, not a data frame")
    if hasattr(sample, "tolist"):
        sample = sample.tolist()
    if _is_plural(sample):
        row = [_finite(value, f"{place}[{index}]") for index, value in enumerate(sample)]
        if not row:
            raise DataError(f"{place} must hold at least one number, but is empty")
        return row
    return [_finite(sample, place)]


def _finite(value: Any, place: str) -> float:
    try:
        result = float(number(value, place))
    except InvalidNumberError as error:
        raise DataError(f"{error}{_remedy(value)}") from None
    if not math.isfinite(result):
        raise DataError(f"{place} must be a finite number, not {result}")
    return result


def _remedy(value: Any) -> str:
    """Return what to do about a value that is no number, where that can be told; else ""."""
    if isinstance(value, str):
        return "; turn texts into numbers first: for categories, valor.files.Columns does"
    if type(value).__name__ in ("bool", "bool_"):
        return "; give 1 for True and 0 for False: of an array, array.astype(float)"
    return ""
