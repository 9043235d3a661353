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

import pytest

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


@pytest.fixture(scope="module")
def found(scale: int, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the outcomes, with and without assertions."""
    stride = max(1, STRIDE // scale)
    folder = tmp_path_factory.mktemp("hostile")
    both = [outcomes(options, stride, folder / "found") for options in ([], ["-O"])]
    assert len(both[0]["outcomes"]) >= LEAST // stride
    return both


def test_every_public_argument_is_tried(found: Any) -> None:
    """What is public is found by `inspect`; what has no example is named here."""
    assert found[0]["uncovered"] == []
    assert {name: end for name, end in found[0]["usual"].items() if end != "ok"} == {}


@pytest.mark.parametrize("optimized", [False, True])
def test_it_works_or_is_refused_by_an_error_of_ours(found: Any, optimized: bool) -> None:
    ends = found[optimized]["outcomes"]
    print(collections.Counter(ends.values()))
    assert {pair: end for pair, end in ends.items() if end.startswith("FAULT")} == {}
    # Neither is everything refused, nor nothing.
    assert {"ok", "InvalidArgumentError", "HyperparameterError"} <= set(ends.values())


def test_nothing_depends_on_assertions(found: Any) -> None:
    without, optimized = (each["outcomes"] for each in found)
    assert {
        pair: (end, optimized[pair]) for pair, end in without.items() if end != optimized[pair]
    } == {}
