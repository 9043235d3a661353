"""What the values of a column are: numbers, or categories; and what is none of both."""

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from valor._frames import is_missing
from valor._rows import LARGEST_EXACT_INT
from valor.exceptions import DataError, InvalidNumberError, shown
from valor.functions import number

Category: TypeAlias = int | float | str

MOST_CATEGORIES = 1000
MOST_NAMED = 8  # categories in an error


def categories_fault(values: Any, targets: bool) -> str:
    """Return what is wrong with the categories of a column, or ""."""
    real = [
        value
        for value in values
        if (type(value) is float and math.isfinite(value))
        or (type(value) is int and abs(value) <= LARGEST_EXACT_INT)
    ]
    texts = [value for value in values if isinstance(value, str) and value]
    if len(values) not in (len(real), len(texts)):
        return f"must be all finite numbers or all texts, not {shown(list(values))}"
    if len(set(values)) < len(values):
        return f"must differ from each other, not {shown(list(values))}"
    least = 2 if targets else 1
    return "" if len(values) >= least else f"must be at least {least}, not {shown(list(values))}"


def _unlikely(values: Sequence[Category], samples: int, targets: bool) -> str:
    """Return why values are taken for no categories, or ""."""
    if targets and len(values) == 1:
        return f"has only one value, {values[0]!r}: there is nothing to predict"
    if len(values) > MOST_CATEGORIES:
        return (
            f"has {len(values)} different values, more than the {MOST_CATEGORIES} that categories "
            "may be; give it as a number, or leave it out"
        )
    if len(values) == samples > 1:
        return (
            f"has a different value in each of the {samples} samples, so that they are no "
            "categories; give it as a number, or leave it out"
        )
    return ""


def categories_of(
    table: Sequence[Mapping[str, Any]], name: str, source: str, targets: bool
) -> tuple[Category, ...]:
    """Return the different values of a column: numbers in their order, or else texts in theirs.

    Args:
        table: one dict a sample.
        name: the column.
        source: what to call the table in an error.
        targets: whether the column is a target.

    Raises:
        DataError: a value is missing, or the values are taken for something else than categories.
    """
    read = dict.fromkeys(
        read_value(row.get(name), Place(source, position, name))
        for position, row in enumerate(table)
    )
    said = {said for _, said in read if said is not None}
    values: tuple[Category, ...]
    if all(said is not None for _, said in read):
        values = tuple(sorted(said))
    else:
        values = tuple(sorted({text for text, _ in read}))
    fault = _unlikely(values, len(table), targets)
    if fault:
        raise DataError(f"{source}: column {name!r} {fault}")
    return values


class Place(NamedTuple):
    """Where a value stands, for an error."""

    source: str
    position: int
    name: str

    def __str__(self) -> str:
        return f"{self.source}: sample {self.position + 1}, column {self.name!r}"


def read_value(value: Any, place: Place) -> tuple[str, int | float | None]:
    """Return a value as a text, and the number that it is or says, if it does.

    A text says a number if it is what Python would write for it: "007" and "3.10" are names.

    Raises:
        DataError: it is missing.

    >>> [read_value(value, Place("t", 0, "c")) for value in ("3.0", 3.0, "007", True)]
    [('3.0', 3), ('3', 3), ('007', None), ('True', None)]
    """
    if isinstance(value, str):
        text = value.strip()
        if not text:
            raise _missing(value, place)
        return text, _said(text)
    if is_missing(value):
        raise _missing(value, place)
    try:
        number(value)
    except InvalidNumberError:  # a bool, a date, an int larger than any float
        return str(value), None
    text = str(int(value)) if isinstance(value, numbers.Integral) else repr(float(value))
    said = _said(text)
    return text if said is None else str(said), said


def _said(text: str) -> int | float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) <= LARGEST_EXACT_INT:
        return int(value) if text in (str(int(value)), repr(value)) else None
    return value if text == repr(value) else None


def read_number(value: Any, place: Place) -> float:
    """Return the number that a value is.

    Raises:
        DataError: it is missing, or no finite number.
    """
    if is_missing(value) or value == "":
        raise _missing(value, place)
    try:
        result = float(number(value))
    except InvalidNumberError:
        raise DataError(
            f"{place}: expected a number, not {shown(value)}", text_column=place.name
        ) from None
    if not math.isfinite(result):
        raise DataError(f"{place}: expected a finite number, not {result}")
    return result


def _missing(value: Any, place: Place) -> DataError:
    return DataError(f"{place}: the value is missing ({value!r})")


def told(categories: Sequence[Category]) -> str:
    """Return categories as an error names them: not more than a few."""
    text = ", ".join(map(shown, categories[:MOST_NAMED]))
    more = len(categories) - MOST_NAMED
    return f"{text} and {more} more" if more > 0 else text
