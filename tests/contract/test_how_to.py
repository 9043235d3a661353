"""Every how-to guide and explanation is followed: files written, Python and commands executed."""

import contextlib
import io
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from valor.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("how-to", "explanation")
    for path in (ROOT / "docs" / folder).rglob("*.md")
    if any(block in path.read_text(encoding="utf-8") for block in ("```python\n", "<!-- run:"))
)


@pytest.fixture
def own_modules(tmp_path: Path) -> Iterator[None]:
    """Forget the modules that a page wrote, so that the next page can use their names."""
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def test_there_are_pages() -> None:
    assert "docs/how-to/write-a-loss.md" in PAGES
    assert "docs/how-to/train-from-the-command-line.md" in PAGES
    assert "docs/explanation/graph.md" in PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(
    page: str,
    read_blocks: Callable[[str], list[Any]],
    shown: Callable[[str, str], None],
    own_modules: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    names: dict[str, Any] = {"__name__": "page"}
    printed = ""
    for block in read_blocks(page):
        if block.kind == "file":
            (tmp_path / block.name).write_text(block.text, encoding="utf-8")
        elif block.kind == "shows":
            shown(block.text, printed)
        elif block.kind == "run":
            output = io.StringIO()
            for line in block.text.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "valor"
                with contextlib.redirect_stdout(output):
                    assert main(arguments) == 0, line
            printed = output.getvalue()
        elif block.language == "python":
            output = io.StringIO()
            code = compile("\n" * (block.line - 1) + block.text, page, "exec")
            with contextlib.redirect_stdout(output):
                exec(code, names)
            printed = output.getvalue()
