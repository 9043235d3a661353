"""Machine code and its cache: what is kept, what is refused, and several at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from valor_plugins.engines.native import machine

DOUBLING = """
define i64 @run(ptr %context, i64 %steps) {
entry:
  %twice = add i64 %steps, %steps
  ret i64 %twice
}
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own; the folder that the engine's files are in."""
    monkeypatch.setenv("VALOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "native"


def objects(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.o"))


def test_what_was_compiled_comes_from_the_cache(cache: Path) -> None:
    first, second = machine.compiled(DOUBLING), machine.compiled(DOUBLING)
    assert (first.cached, second.cached) == (False, True)
    assert [code.run(0, 21) for code in (first, second)] == [42, 42]
    assert len(objects(cache)) == 1


def test_another_program_has_a_file_of_its_own(cache: Path) -> None:
    machine.compiled(DOUBLING)
    assert machine.compiled(DOUBLING.replace("add", "mul")).run(0, 3) == 9
    assert len(objects(cache)) == 2


def test_another_processor_has_a_file_of_its_own(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.compiled(DOUBLING)
    monkeypatch.setattr(machine, "_identity", lambda: b"another processor")
    assert not machine.compiled(DOUBLING).cached


@pytest.mark.parametrize("where", [0, 20, 60, -1])
def test_a_changed_byte_is_refused_and_compiled_anew(cache: Path, where: int) -> None:
    machine.compiled(DOUBLING)
    (file,) = objects(cache)
    content = bytearray(file.read_bytes())
    content[where] ^= 1
    file.write_bytes(content)
    again = machine.compiled(DOUBLING)
    assert (again.cached, again.run(0, 4)) == (False, 8)
    assert machine.compiled(DOUBLING).cached  # the file is whole again


@pytest.mark.parametrize("content", [b"", b"valor native 1\n", b"\x7fELF" + bytes(500)])
def test_a_foreign_file_is_refused(cache: Path, content: bytes) -> None:
    machine.compiled(DOUBLING)
    (file,) = objects(cache)
    file.write_bytes(content)
    assert not machine.compiled(DOUBLING).cached


def test_a_file_under_the_name_of_another_program_is_refused(cache: Path) -> None:
    machine.compiled(DOUBLING)
    (file,) = objects(cache)
    mine = file.read_bytes()
    squaring = DOUBLING.replace("add", "mul")
    machine.compiled(squaring)
    (other,) = set(objects(cache)) - {file}
    other.write_bytes(mine)
    again = machine.compiled(squaring)
    assert (again.cached, again.run(0, 3)) == (False, 9)


def test_without_a_place_for_a_cache_it_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a file"
    file.write_text("not a folder")
    monkeypatch.setenv("VALOR_CACHE", str(file))
    assert machine.compiled(DOUBLING).run(0, 1) == 2
    assert not machine.compiled(DOUBLING).cached


def test_several_processes_at_once(cache: Path) -> None:
    script = (
        "from valor_plugins.engines.native import machine\n"
        f"code = machine.compiled({DOUBLING!r})\n"
        "print(code.run(0, 8))\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["16\n"] * 4
    assert len(objects(cache)) == 1
    assert sorted(os.listdir(cache)) == sorted([objects(cache)[0].name, "CACHEDIR.TAG"])
