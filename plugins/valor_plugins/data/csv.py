"""Comma-separated values: a first line that names the columns, then one sample a line.

The format is that of RFC 4180, which the standard library reads. What is missing, or not a finite
number, is refused with its line and its column, so that the place can be found in an editor.
"""

import csv
import math
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from valor import Reader, hookimpl
from valor.exceptions import DataError, nearest, several, shown
from valor.files import path_of

# Narrower than float(), which takes "1_000", "nan" and digits of every script.
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

# What stands for a value that is not there, beside nothing at all: what R, NumPy, pandas and
# databases write.
MISSING = ("NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NULL", "Null", "null", "None")

TEXTS = attrs.validators.optional(
    attrs.validators.deep_iterable(
        attrs.validators.instance_of(str), attrs.validators.instance_of((list, tuple))
    )
)

Path = str | os.PathLike[str]


def read_csv(
    path: Path,
    *,
    delimiter: str = ",",
    columns: Sequence[str] | None = None,
    texts: Sequence[str] | None = None,
    missing: Sequence[str] | None = None,
) -> list[dict[str, float | str]]:
    """Read a table.

    A byte order mark and blank lines are skipped, as are blanks around a value.

    Args:
        path: the file, in UTF-8.
        delimiter: what stands between two values, such as ``;``.
        columns: which columns to read, so that the others may hold anything; all of them if None.
        texts: which of them to return as texts, instead of numbers; none if None.
        missing: what stands for a value that is not there; `MISSING` if None. An empty one always
            does.

    Returns:
        One dict a sample, from the column's name to its number or text.

    Raises:
        DataError: the file cannot be read, names a column twice or not at all, lacks a column or a
            value, has a line of another length, no samples, or something that is not a finite
            number.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(f"{folder}/and.csv", "w") as file:
    ...         _ = file.write("a,b,both\\n1,1,yes\\n1,0,no\\n")
    ...     read_csv(f"{folder}/and.csv", columns=["a", "both"], texts=["both"])
    [{'a': 1.0, 'both': 'yes'}, {'a': 1.0, 'both': 'no'}]
    """
    name = path_of(path)
    gaps = frozenset(("", *(MISSING if missing is None else missing)))
    try:
        with open(name, encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, delimiter=delimiter, strict=True)
            try:
                return _samples(name, lines, columns, texts or (), gaps)
            except csv.Error as error:
                raise DataError(f"{name}, line {lines.line_num}: {error}") from error
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: it must be UTF-8 text, but {error}") from error


def _samples(
    path: str,
    lines: Any,
    columns: Sequence[str] | None,
    texts: Sequence[str],
    gaps: frozenset[str],
) -> list[dict[str, float | str]]:
    rows = _filled(lines)
    number_of_line, header = next(rows, (1, []))
    names = _names(f"{path}, line {number_of_line}", header)
    wanted = names if columns is None else list(columns)
    for column in (*wanted, *texts):
        if column not in names:
            raise DataError(
                f"{path}: no column is named {column!r}{nearest(column, names)}; "
                f"there are: {several(names)}"
                f"{_other_delimiter(names)}",
                missing_column=column,
            )
    places = [(column, names.index(column), column in texts) for column in wanted]
    samples = []
    for number_of_line, row in rows:
        if len(row) != len(names):
            raise DataError(
                f"{path}, line {number_of_line}: it has {len(row)} values, but the first line "
                f"names {len(names)} columns"
            )
        sample: dict[str, float | str] = {}
        for column, position, is_text in places:
            text = row[position].strip()
            value = text if is_text else _number(text)
            if text in gaps or value is None:
                raise _refusal(f"{path}, line {number_of_line}", column, text, text in gaps)
            sample[column] = value
        samples.append(sample)
    if not samples:
        raise DataError(f"{path}: it must hold at least one sample below the names of the columns")
    return samples


def _filled(lines: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield every line that is not blank, with the number of its first line in the file."""
    first = 1
    for row in lines:
        if any(text.strip() for text in row):
            yield first, row
        first = lines.line_num + 1


def _other_delimiter(names: Sequence[str]) -> str:
    """Return a hint where one name holds what may have been meant to be between several."""
    found = next((each for each in ";\t|" if len(names) == 1 and each in names[0]), "")
    return (
        f"; to read what {found!r} separates, give reader csv delimiter={found!r}" if found else ""
    )


def _names(place: str, header: list[str]) -> list[str]:
    names = [text.strip() for text in header]
    if not names:
        raise DataError(f"{place}: the first line must name the columns, but the file is empty")
    if all(NUMBER.fullmatch(name) for name in names):
        raise DataError(f"{place}: the first line must name the columns, not hold numbers")
    for position, name in enumerate(names, start=1):
        if not name:
            raise DataError(f"{place}: column {position} has no name")
        if names.index(name) != position - 1:
            raise DataError(f"{place}: two columns are named {name!r}")
    return names


def _number(text: str) -> float | None:
    """Return the number that a text is, or None."""
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def _refusal(place: str, column: str, text: str, is_missing: bool) -> DataError:
    place = f"{place}, column {column}"
    if is_missing:
        written = f" ({text!r})" if text else ""
        return DataError(
            f"{place}: the value is missing{written}; fill it in, or leave out the line"
        )
    return DataError(f"{place}: expected a finite number, not {shown(text)}", text_column=column)


@hookimpl
def valor_register_readers() -> Iterator[Reader]:
    yield Reader(
        name="csv",
        call=read_csv,
        suffixes=(".csv",),
        validators={
            "delimiter": attrs.validators.matches_re(r"[^\s\w\"+.-]|\t"),
            "columns": TEXTS,
            "texts": TEXTS,
            "missing": TEXTS,
        },
    )
