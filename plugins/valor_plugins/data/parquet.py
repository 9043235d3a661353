"""Parquet, a table in columns that Arrow, pandas, polars and databases write.

PyArrow reads it, which comes with the extra `parquet`. What is missing, or not a finite number, is
refused with its row and its column.
"""

import math
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from valor import Reader, hookimpl
from valor.exceptions import (
    DataError,
    InvalidNumberError,
    MissingExtraError,
    nearest,
    several,
    shown,
)
from valor.files import path_of
from valor.functions import number

TEXTS = attrs.validators.optional(
    attrs.validators.deep_iterable(
        attrs.validators.instance_of(str), attrs.validators.instance_of((list, tuple))
    )
)
# What pandas calls the labels of its rows where they have no name: no column of the user's.
LABELS = re.compile(r"__index_level_[0-9]+__")

Path = str | os.PathLike[str]


def read_parquet(
    path: Path, *, columns: Sequence[str] | None = None, texts: Sequence[str] | None = None
) -> list[dict[str, float | str]]:
    """Read a table.

    Args:
        path: the file.
        columns: which columns to read, so that the others may hold anything; all of them if None,
            without what pandas keeps there of its own.
        texts: which of them to return as texts, instead of numbers; none if None.

    Returns:
        One dict a sample, from the column's name to its number or text.

    Raises:
        DataError: the file cannot be read, names a column twice, lacks a column or a value, has no
            samples, or something that is not a finite number.
        MissingExtraError: PyArrow is not installed.

    >>> import tempfile
    >>> import pyarrow, pyarrow.parquet
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pyarrow.table({"a": [1, 1], "b": [1, 0], "both": ["yes", "no"]})
    ...     pyarrow.parquet.write_table(table, f"{folder}/and.parquet")
    ...     read_parquet(f"{folder}/and.parquet", columns=["a", "both"], texts=["both"])
    [{'a': 1.0, 'both': 'yes'}, {'a': 1.0, 'both': 'no'}]
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError(
            "reader 'parquet' needs PyArrow; install the extra 'parquet' with "
            "pip install 'valor-framework[parquet]'"
        ) from None
    name = path_of(path)
    try:
        # Opened by us: given a path, PyArrow would take a folder for a table in parts.
        with open(name, "rb") as stream, pyarrow.parquet.ParquetFile(stream) as file:
            wanted = _wanted(name, list(file.schema_arrow.names), columns, texts or ())
            table = file.read(columns=wanted)
            values = [table.column(column).to_pylist() for column in wanted]
    except (OSError, UnicodeDecodeError, pyarrow.ArrowException) as error:
        reason = getattr(error, "strerror", None)  # of the system; Arrow's own have none
        if reason is None:
            reason = f"it cannot be read as Parquet: {' '.join(str(error).split())}"
        raise DataError(f"{name}: {reason}") from error
    if not table.num_rows:
        raise DataError(f"{name}: it must hold at least one sample")
    read = [
        _checked(name, column, each, column in (texts or ()))
        for column, each in zip(wanted, values, strict=True)
    ]
    return [dict(zip(wanted, row, strict=True)) for row in zip(*read, strict=True)]


def _wanted(
    path: str, names: list[str], columns: Sequence[str] | None, texts: Sequence[str]
) -> list[str]:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path}: two columns are named {twice!r}")
    wanted = [name for name in names if not LABELS.fullmatch(name)]
    wanted = wanted if columns is None else list(columns)
    for column in (*wanted, *texts):
        if column not in names:
            raise DataError(
                f"{path}: no column is named {column!r}{nearest(column, names)}; "
                f"there are: {several(names)}",
                missing_column=column,
            )
    if not wanted:
        raise DataError(f"{path}: it must hold at least one column")
    return wanted


def _checked(path: str, column: str, values: list[Any], is_text: bool) -> list[float | str]:
    result: list[float | str] = []
    for row, value in enumerate(values, start=1):
        if value is None or value != value or value == "":
            raise DataError(
                f"{path}, row {row}, column {column}: the value is missing ({value!r}); fill it "
                "in, or leave out the row"
            )
        result.append(str(value) if is_text else _number(path, row, column, value))
    return result


def _number(path: str, row: int, column: str, value: Any) -> float:
    try:
        result = float(number(value))
    except InvalidNumberError:
        result = math.nan
    if not math.isfinite(result):
        raise DataError(
            f"{path}, row {row}, column {column}: expected a finite number, not {shown(value)}",
            text_column=column,
        )
    return result


@hookimpl
def valor_register_readers() -> Iterator[Reader]:
    yield Reader(
        name="parquet",
        call=read_parquet,
        suffixes=(".parquet", ".pq"),
        validators={"columns": TEXTS, "texts": TEXTS},
    )
