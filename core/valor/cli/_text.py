"""Texts of a command: tables for people, tables and documents for programs."""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def aligned(cells: Sequence[Sequence[str]], justify: Callable[[str, int], str]) -> list[str]:
    """Return the lines of a table, its columns as wide as they need to be.

    >>> aligned([["a", "bc"], ["def", "g"]], str.ljust)
    ['a    bc', 'def  g']
    """
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(justify(text, width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def visible(text: str) -> str:
    """Return a text in which names from files cannot steer the terminal.

    >>> print(visible("a\\x1b[31m"))
    a\\x1b[31m
    """
    return "".join(
        char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text
    )


def csv_text(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table as comma-separated values, numbers to the last bit."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    # The writer of Python gives floats all their digits.
    table.writerows(rows)
    return text.getvalue()


def json_text(value: Any) -> str:
    """Return a value as a document of JSON, which knows no nan and no infinity: null stands there.

    >>> print(json_text({"loss": math.nan}), end="")
    {
      "loss": null
    }
    """
    return json.dumps(_finite(value), indent=2, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
