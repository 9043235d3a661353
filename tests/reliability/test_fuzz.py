"""Damaged files, read under a guard: each is used, or refused by an error of `valor.exceptions`.

What reading one may do is look at it: not import, compile or run anything, start a program, open a
socket or another file, take long, or take much memory. See `children/guard.py`.
"""

import json
from collections.abc import Callable

import pytest

# By the kind of file: how many are read, and what becomes of some of them all the same.
KINDS = {
    "configuration": (800, {"prepared"}),
    "model": (400, {"loaded"}),
    "checkpoint": (400, set()),
    "document": (400, {"resumed"}),  # of a checkpoint whose digest fits
}
REFUSALS = {
    "configuration": {"ConfigurationError"},
    "model": {"ModelFileError"},
    "checkpoint": {"CheckpointError"},
    "document": {"CheckpointError"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_used_or_refused_and_nothing_else_happens(
    kind: str, scale: int, told: Callable[..., str]
) -> None:
    cases, uses = KINDS[kind]
    found = json.loads(told("fuzz.py", kind, 0, cases * scale))
    print(found)
    assert found["faults"] == []
    assert sum(found["outcomes"].values()) == cases * scale
    # Neither is everything refused, nor nothing.
    assert found["outcomes"].keys() >= uses | REFUSALS[kind]


@pytest.mark.parametrize(
    ("what", "noted"),
    [
        ("imports", "Forbidden import"),
        ("compiles", "Forbidden compile"),
        ("opens another file", "Forbidden open"),
        ("writes", "Forbidden open"),
        ("removes", "Forbidden os.remove"),
        ("starts a program", "Forbidden"),
        ("connects", "Forbidden socket"),
        ("loops", "Forbidden it took longer"),
        ("takes memory", "MemoryError"),
        ("reads the file", "nothing"),
    ],
)
def test_the_guard_sees_it(what: str, noted: str, told: Callable[..., str]) -> None:
    assert told("careless.py", what).startswith(noted)
