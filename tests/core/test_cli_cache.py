"""`valor cache`: what it tells, and what it removes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from valor.files import cache_folder, write_atomically


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VALOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_absent_and_an_empty_cache_have_no_files(run: Any, root: Path) -> None:
    for arguments, told in ((), "0 files, 0 B"), (("--clear",), "removed 0 files, 0 B"):
        assert run("cache", *arguments) == (0, f"{root}: {told}\n", "")
        assert not root.exists()
    cache_folder("programs")
    assert run("cache") == (0, f"{root}: 0 files, 0 B\n", "")


def test_files_are_counted_and_removed(run: Any, root: Path) -> None:
    one, two = cache_folder("one"), cache_folder("two")
    write_atomically(f"{one}/a", "1" * 1000)
    assert run("cache") == (0, f"{root}: 1 file, 1.0 kB\n", "")
    write_atomically(f"{two}/b", "1" * 234_567)
    (root / "mine.txt").write_text("kept")
    assert run("cache") == (0, f"{root}: 2 files, 235.6 kB\n", "")
    assert run("cache", "--clear") == (0, f"{root}: removed 2 files, 235.6 kB\n", "")
    assert run("cache") == (0, f"{root}: 0 files, 0 B\n", "")
    assert (root / "mine.txt").read_text() == "kept"
    write_atomically(f"{one}/a", "again")
    assert run("cache") == (0, f"{root}: 1 file, 5 B\n", "")


def test_a_file_that_somebody_else_removes_is_not_counted(
    run: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cache_folder("programs")
    for name in "abc":
        write_atomically(f"{folder}/{name}", "1")
    remove = os.remove

    def race(path: str) -> None:
        if path.endswith("b"):
            remove(path)
        remove(path)

    monkeypatch.setattr(os, "remove", race)
    assert run("cache", "--clear") == (0, f"{root}: removed 2 files, 2 B\n", "")


def test_clearing_while_another_process_writes_harms_neither(run: Any, root: Path) -> None:
    script = (
        "from valor.files import cache_folder, write_atomically\n"
        "print('ready', flush=True)\n"
        "for i in range(300):\n"
        "    write_atomically(cache_folder('programs') + f'/{i % 3}', 'whole')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        while process.poll() is None:
            assert run("cache", "--clear")[0] == 0
    assert process.returncode == 0
    assert run("cache", "--clear")[0] == 0
    assert os.listdir(root / "programs") == ["CACHEDIR.TAG"]


def test_it_runs_as_a_process(root: Path) -> None:
    write_atomically(f"{cache_folder('programs')}/a", "1")
    command = [sys.executable, "-m", "valor", "cache", "--clear"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == (f"{root}: removed 1 file, 1 B\n", "")
