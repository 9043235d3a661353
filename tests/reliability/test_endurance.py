"""Long runs, and many runs, leave memory as it was."""

import json
from collections.abc import Callable

import pytest

EPOCHS = 4000
RUNS = 40
# Neither depends on how long it goes on: blocks of memory, and objects that compiling leaves.
BLOCKS, CYCLES = 1000, 2000


def grown(looks: list[int]) -> int:
    after_a_tenth, at_the_end = looks
    return at_the_end - after_a_tenth


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_a_run_needs_no_collector_and_no_more_memory_than_its_history(
    engine: str, scale: int, told: Callable[..., str]
) -> None:
    epochs = EPOCHS * scale
    found = json.loads(told("endurance.py", "epochs", engine, epochs))
    print(engine, found)
    assert (found["heard"], found["epochs"]) == (epochs, epochs)
    assert grown(found["blocks"]) < BLOCKS
    assert found["cycles"] < CYCLES
    # A history has 8 bytes an epoch, and grows in strides.
    assert grown(found["kib"]) < 2048 + 3 * 8 * epochs / 1024


@pytest.mark.parametrize("engine", ["eager", "native", "auto"])
def test_a_run_leaves_nothing_behind(engine: str, scale: int, told: Callable[..., str]) -> None:
    found = json.loads(told("endurance.py", "runs", engine, RUNS * scale))
    print(engine, found)
    assert grown(found["blocks"]) < BLOCKS
    assert grown(found["kib"]) < 4096


@pytest.mark.parametrize("leak", ["keeps", "cycles"])
def test_a_leak_is_seen(leak: str, told: Callable[..., str]) -> None:
    epochs = 2500
    found = json.loads(told("endurance.py", "epochs", "eager", epochs, leak))
    assert grown(found["blocks"]) > BLOCKS if leak == "keeps" else found["cycles"] > CYCLES
