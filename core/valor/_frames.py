"""Data frames of pandas, polars and PyArrow: their numbers, and where one is missing or is none.

They are known by the names of their classes: nobody who trains on lists has to have them.
"""

import math
import numbers
import re
from typing import Any

from valor._rows import number
from valor.exceptions import DataError, InvalidNumberError, shown

LIBRARIES = ("pandas", "polars", "pyarrow")
FRAMES = ("DataFrame", "LazyFrame", "Table", "RecordBatch")
COLUMNS = ("Series", "ChunkedArray")
# The types of columns that hold nothing but numbers and gaps; of all others, each value is checked.
NUMBERS = re.compile(r"(u?int(8|16|32|64)|float(16|32|64)|halffloat|float|double)(\[pyarrow\])?")


def is_frame(values: Any) -> bool:
    """Tell whether values are a data frame, or one column of one."""
    return any(
        base.__name__ in FRAMES + COLUMNS and base.__module__.partition(".")[0] in LIBRARIES
        for base in type(values).__mro__
    )


def numbers_of(frame: Any, argument: str) -> Any:
    """Return the numbers of a data frame, a row a sample.

    Args:
        frame: a data frame, or one column of one.
        argument: what to call it in an error.

    Returns:
        An array of doubles with two axes; where NumPy is not installed, a list of lists.

    Raises:
        DataError: there is no row or no column, a value is missing, or something is not a finite
            number.
    """
    columns = _columns(frame)
    if not columns:
        raise DataError(f"{argument} must hold at least one column, but the data frame has none")
    if not len(columns[0][1]):
        raise DataError(f"{argument} must hold at least one sample, but is empty")
    try:
        import numpy as np
    except ImportError:
        lists = [_checked_list(column, _place(argument, name)) for name, column in columns]
        return [list(row) for row in zip(*lists, strict=True)]
    array = np.empty((len(columns[0][1]), len(columns)))
    for position, (name, column) in enumerate(columns):
        place = _place(argument, name)
        if NUMBERS.fullmatch(_type(column).lower()):
            array[:, position] = _array(column)
            gaps = ~np.isfinite(array[:, position])
            if gaps.any():
                row = int(gaps.argmax())
                _checked(float(array[row, position]), place, row)
        else:
            array[:, position] = _checked_list(column, place)
    return array


def _columns(frame: Any) -> list[tuple[Any, Any]]:
    """Return the columns of a data frame with their names; None is the name of one without."""
    # Of pandas first: its columns are attributes too, whatever they are called.
    if hasattr(frame, "iloc"):
        if frame.ndim == 1:
            return [(frame.name, frame)]
        # By position: two of its columns may have the same name.
        return [(name, frame.iloc[:, i]) for i, name in enumerate(frame.columns)]
    if hasattr(frame, "collect"):  # polars computes a lazy frame only when asked to
        frame = frame.collect()
    if hasattr(frame, "get_columns"):
        return list(zip(frame.columns, frame.get_columns(), strict=True))
    if hasattr(frame, "schema"):
        return list(zip(frame.schema.names, frame.columns, strict=True))
    return [(getattr(frame, "name", None) or None, frame)]


def _type(column: Any) -> str:
    return str(column.dtype if hasattr(column, "dtype") else column.type)


def _array(column: Any) -> Any:
    """Return a column of numbers as an array, with nan where one is missing."""
    if hasattr(column, "iloc"):
        return column.to_numpy(dtype="float64", na_value=math.nan)
    return column.to_numpy()


def _checked_list(column: Any, place: str) -> list[float]:
    for method in ("tolist", "to_list", "to_pylist"):
        if hasattr(column, method):
            values = getattr(column, method)()
            break
    return [_checked(value, place, row) for row, value in enumerate(values)]


def _place(argument: str, name: Any) -> str:
    return argument if name is None else f"{argument}, column {name!r}"


def _checked(value: Any, place: str, row: int) -> float:
    place = f"{place}, row {row} (counted from 0)"
    if is_missing(value):
        raise DataError(
            f"{place}: the value is missing ({value}); fill it in, or leave out the row"
        )
    try:
        result = float(number(value))
    except InvalidNumberError:
        raise DataError(
            f"{place}: expected a number, not {shown(value)} of type {type(value).__name__}; turn "
            "the column into numbers, or leave it out"
        ) from None
    if not math.isfinite(result):
        raise DataError(f"{place}: expected a finite number, not {result}")
    return result


def is_missing(value: Any) -> bool:
    """Tell whether a value stands for one that is not there: None, nan, or one of pandas' own.

    >>> [is_missing(value) for value in (None, float("nan"), 0, "", "nan")]
    [True, True, False, False, False]
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Real) and value != value
