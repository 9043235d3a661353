"""On which line of a TOML file each key stands, for errors to say so.

`tomllib` reads the values, but does not tell where they were. Here nothing is read but keys: the
text is known to be TOML.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from valor.config._tables import Keys

# What a value consists of, as far as it matters for where it ends.
_PIECES = re.compile(r'"""|' r"'''" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'" r"|#.*|[\[\]{}]", re.ASCII)
_KEY = re.compile(r"""\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|[^="'#\[])+?)\s*=""")


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
    for number, line in _beginnings(text):
        stripped = line.strip()
        if stripped.startswith("["):
            keys = _keys(stripped)
            table = ()
            for position, key in enumerate(keys):
                table = (*table, key)
                last = position == len(keys) - 1
                if last and stripped.startswith("[["):
                    counts[table] = counts.get(table, -1) + 1
                if table in counts:
                    table = (*table, counts[table])
            found[table] = number
        else:
            match = _KEY.match(line)
            if match:
                found[(*table, *_keys(f"{match[1]} = 0"))] = number
    return found


def _beginnings(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line on which no value of a line before it goes on, with its number."""
    quotes, depth = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        begins = not quotes and not depth
        if begins:
            yield number, line
        start = 0
        if begins and line.strip().startswith("["):
            continue  # a header: its brackets are closed
        while start < len(line):
            if quotes:
                end = line.find(quotes, start)
                if end < 0:
                    break
                start, quotes = end + 3, ""
                continue
            piece = _PIECES.search(line, start)
            if piece is None:
                break
            start = piece.end()
            if piece[0] in ('"""', "'''"):
                quotes = piece[0]
            elif piece[0] in "[{":
                depth += 1
            elif piece[0] in "]}":
                depth -= 1


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
