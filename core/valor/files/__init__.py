"""Files: the plugin meant for one, tables of samples read through it, safe writing, the cache."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from valor._data import Rows
from valor._discovery import default_manager
from valor._manager import PluginManager
from valor._registry import left_out, providers
from valor.contracts import Exporter, Reader
from valor.exceptions import (
    DataError,
    FormulaError,
    InvalidNumberError,
    UnknownNameError,
    nearest,
    shown,
)
from valor.files._cache import cache_folder, cache_root, cached_files
from valor.files._writing import write_atomically
from valor.functions import number

__all__ = [
    "by_suffix",
    "cache_folder",
    "cache_root",
    "cached_files",
    "read_table",
    "selected",
    "write_atomically",
]

S = TypeVar("S", Reader, Exporter)


def by_suffix(kind: type[S], path: str, plugins: PluginManager | None = None) -> S:
    """Return the reader or exporter for a file; of several, the one that was loaded first.

    Args:
        kind: `Reader` or `Exporter`.
        path: the file.
        plugins: the manager to look in; the default one if None.

    Raises:
        UnknownNameError: none is meant for the file.

    >>> by_suffix(Reader, "data.csv").name
    'csv'
    """
    manager = plugins or default_manager()
    suffix = os.path.splitext(path)[1].lower()
    known = []
    for name, provided in providers(manager, kind).items():
        _, record = provided[0]
        if suffix in record.suffixes:
            return record
        known.append(f"{name} ({' '.join(record.suffixes)})")
    raise UnknownNameError(
        f"no {kind.kind} is meant for {path!r} by its suffix; there are: "
        f"{', '.join(known) or 'none'}{left_out(manager)}"
    )


def read_table(
    path: str, reader: Reader, columns: Sequence[str] | None = None
) -> list[Mapping[str, Any]]:
    """Return the rows of a file: one dict a sample, from the column's name to its value.

    Args:
        path: the file.
        reader: what reads it. If it has a hyperparameter `columns`, it is told which are wanted.
        columns: the columns that are wanted; all if None.

    Raises:
        DataError: the reader refuses the file.
        FormulaError: the reader returned something other than rows.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/and.csv", "a,b,both\\n1,1,1\\n1,0,0\\n")
    ...     read_table(f"{folder}/and.csv", by_suffix(Reader, "and.csv"), ["a", "both"])
    [{'a': 1.0, 'both': 1.0}, {'a': 1.0, 'both': 0.0}]
    """
    if columns is not None and "columns" in reader.hyperparameters:
        reader = reader.bind(columns=list(columns))
    rows = reader.formula(path)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise FormulaError(f"{reader} must return a list of dicts, one a sample, not {shown(rows)}")
    if not rows:
        raise DataError(f"{path}: it holds no samples")
    # Found out only when the model is saved, a column without a name would cost a training.
    if not all(isinstance(column, str) and column for column in rows[0]):
        raise FormulaError(
            f"{reader} must name every column by a text that is not empty, not {shown([*rows[0]])}"
        )
    return rows


def selected(path: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Rows:
    """Return some columns of a table, as rows of numbers.

    Raises:
        DataError: a column is missing, or does not hold numbers.

    >>> selected("and.csv", [{"a": 1, "b": 0, "both": 0}], ["b", "a"])
    [[0.0, 1.0]]
    """
    for column in columns:
        if column not in rows[0]:
            known = list(rows[0])
            raise DataError(
                f"{path} has no column {column!r}{nearest(column, known)}; "
                f"it has: {', '.join(known)}",
                missing_column=column,
            )
    return [
        [_number(path, position, column, row) for column in columns]
        for position, row in enumerate(rows, start=1)
    ]


def _number(path: str, position: int, column: str, row: Mapping[str, Any]) -> float:
    try:
        return float(number(row.get(column)))
    except InvalidNumberError:
        raise DataError(
            f"{path}: sample {position}, column {column!r}: expected a number, "
            f"not {shown(row.get(column))}"
        ) from None
