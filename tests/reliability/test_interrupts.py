"""Ctrl-C at random moments leaves the state of a completed step, from which a run can go on."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("listened", ["listened", "unheard"])
@pytest.mark.parametrize("engine", ["eager", "native"])
def test_ctrl_c(told: Any, scale: int, tmp_path: Path, engine: str, listened: str) -> None:
    said = json.loads(told("interrupted.py", engine, listened, 2 * scale, tmp_path))
    assert said["faults"] == []
    assert said["locks"] <= 1 + 8 * scale / 50  # one, or two in a hundred
    ends = ", ".join(f"{count} {end}" for end, count in said["tally"].items())
    print(f"{engine}, {listened}: {ends}")
