"""Reading the code blocks of a page, so that the tests can do what the page says.

A block that means more than Python to be executed has a comment above it: `<!-- file: NAME -->` is
a file to write, `<!-- run: -->` commands for a shell, `<!-- shows: -->` what the block before
it prints (with `...` for what differs from machine to machine).
"""

import doctest
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^(?:<!-- (?P<kind>\w+):(?P<name>[^>]*) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """A code block: what its comment says it is ("" without one), and its text."""

    kind: str
    name: str
    language: str
    text: str
    line: int


def blocks_of(page: str) -> Iterator[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("text")) + 1
        kind, name = match["kind"] or "", (match["name"] or "").strip()
        yield Block(kind, name, match["language"], match["text"], line)


def check_shown(wanted: str, printed: str) -> None:
    """Check that a page shows what was printed."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(wanted, printed, flags), (
        f"the page shows:\n{wanted}\nbut this was printed:\n{printed}"
    )


@pytest.fixture
def read_blocks() -> Callable[[str], list[Block]]:
    """Return a function that reads the code blocks of a page of the repository, in order."""
    return lambda page: list(blocks_of(page))


@pytest.fixture
def shown() -> Callable[[str, str], None]:
    """Return a function that compares what a page shows with what was printed."""
    return check_shown
