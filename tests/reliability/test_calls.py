"""A save that is killed at any of its calls leaves a whole checkpoint: the old one or the new."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from valor.checkpoint import read_snapshot

TRACER = Path(__file__).with_name("children") / "kill_calls.py"
OLDER, OLD, NEW = 5, 8, 11


def waits_in_system_calls() -> bool:
    """Tell whether this system lets a process be stopped at each of its system calls."""
    return sys.platform == "linux" and not subprocess.call([sys.executable, TRACER, "may I"])


WAYS = ["calls", *(["system calls"] if waits_in_system_calls() else [])]


def check(save: str, folder: Path) -> int:
    """See what a kill left, and return how many steps are done in the checkpoint; 0 for none."""
    path, previous = folder / "run.valor", folder / "run.valor.previous"
    there = [each for each in (path, previous) if each.exists()]
    done = {each: read_snapshot(each).completed_steps for each in there}
    before = {"first": 0, "second": OLD, "third": OLD}[save.partition(", ")[0]]
    assert done.get(path, 0) in (before, NEW)
    if previous in there:
        assert done[previous] in (OLDER, OLD)
    return done.get(path, 0)


@pytest.mark.parametrize("way", WAYS)
def test_whichever_call_is_the_last(
    told: Any, snapshots: dict[int, Path], tmp_path: Path, way: str
) -> None:
    said = told("kill_calls.py", tmp_path, *(snapshots[steps] for steps in (OLDER, OLD, NEW)), way)
    for save in sorted(path.name for path in tmp_path.iterdir()):
        found = [check(save, folder) for folder in (tmp_path / save).iterdir()]
        assert NEW in found
        assert {0, OLD} & set(found)
    print(f"{way}: {said.strip()} kills")
