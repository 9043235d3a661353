"""Every public argument with every hostile value: it works, or an error of ours says why not.

Neither Python's own errors pass, nor those of NumPy, nor `AssertionError`; and with ``python -O``,
which leaves assertions out, everything ends as without.
"""

import collections
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

STRIDE = 25  # of so many pairs of an argument and a value, one is tried among other tests
LEAST = 20_000  # pairs


def outcomes(options: list[str], stride: int, path: Path) -> Any:
    """Return what becomes of each pair in a Python of its own."""
    program = Path(__file__).with_name("children") / "hostile.py"
    command: list[str | Path] = [
        sys.executable,
        "-W",
        "error",
        *options,
        program,
        str(stride),
        path,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_public_argument_works_or_is_refused_by_an_error_of_ours(
    scale: int, tmp_path: Path
) -> None:
    stride = max(1, STRIDE // scale)
    found, optimized = (outcomes(options, stride, tmp_path / "found") for options in ([], ["-O"]))
    # What is public is found by `inspect`; what has no example is named here.
    assert found["uncovered"] == []
    assert {name: end for name, end in found["usual"].items() if end != "ok"} == {}
    ends = found["outcomes"]
    print(collections.Counter(ends.values()))
    assert len(ends) >= LEAST // stride
    assert {pair: end for pair, end in ends.items() if end.startswith("FAULT")} == {}
    # Neither is everything refused, nor nothing.
    assert {"ok", "InvalidArgumentError", "HyperparameterError"} <= set(ends.values())
    others = optimized["outcomes"]
    assert {pair: (ends[pair], end) for pair, end in others.items() if ends[pair] != end} == {}
