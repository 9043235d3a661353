"""On which line of a TOML file each key stands, for errors to say so.

`tomllib` reads the values, but does not tell where they were. Here nothing is read but keys: the
text is known to be TOML.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from valor.config._values import Keys

# What a text consists of, as far as it matters for where a key, a header or a value ends. Of three
# quotes that end a text, up to two more belong to the text.
_PIECES = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\n=\[\]{}]"
    r"|[^\n=\[\]{}\"'\#]+",
    re.DOTALL,
)


def lines_of(text: str) -> dict[Keys, int]:
    """Return the line, counted from 1, of each table and each key.

    Args:
        text: a TOML document.

    >>> lines_of("[model]\\nlayers = [\\n  3,\\n]\\n\\n[[callbacks]]\\nname = 'csv_log'")
    {('model',): 1, ('model', 'layers'): 2, ('callbacks', 0): 6, ('callbacks', 0, 'name'): 7}
    """
    found: dict[Keys, int] = {}
    table: Keys = ()
    counts: dict[Keys, int] = {}
    for number, beginning in _beginnings(text):
        if not beginning.startswith("["):
            found[(*table, *_keys(f"{beginning} = 0"))] = number
            continue
        keys = _keys(beginning)
        table = ()
        for position, key in enumerate(keys):
            table = (*table, key)
            last = position == len(keys) - 1
            if last and beginning.startswith("[["):
                counts[table] = counts.get(table, -1) + 1
            if table in counts:
                table = (*table, counts[table])
        found[table] = number
    return found


def _beginnings(text: str) -> Iterator[tuple[int, str]]:
    """Yield each header, and of each assignment what stands before its value, with its line."""
    number, depth, beginning, in_value = 1, 0, "", False
    for match in _PIECES.finditer(text):
        piece = match[0]
        if in_value:
            depth += (piece in ("[", "{")) - (piece in ("]", "}"))
            in_value = piece != "\n" or depth > 0
        elif piece == "=":
            yield number, beginning.strip()
            beginning, in_value = "", True
        elif piece == "\n":
            if beginning.strip():
                yield number, beginning.strip()
            beginning = ""
        elif not piece.startswith("#"):
            beginning += piece
        number += piece.count("\n")
    if beginning.strip():
        yield number, beginning.strip()


def _keys(line: str) -> list[str]:
    """Return the keys of a header, or of what stands before an equals sign."""
    keys: list[str] = []
    value: Any = tomllib.loads(line)
    while isinstance(value, (dict, list)) and value:
        if isinstance(value, list):
            (value,) = value
        else:
            ((key, value),) = value.items()
            keys.append(key)
    return keys
