"""The plan that every engine follows: batches, their order, and how steps are counted."""

import os
import subprocess
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from valor import Plan


def plan(samples: int, **arguments: Any) -> Plan:
    rows = [[float(i)] for i in range(samples)]
    return Plan(rows, rows, **{"batch_size": samples, "epochs": 1, **arguments})


@given(st.integers(1, 40), st.integers(1, 45), st.booleans(), st.integers(0, 5))
def test_an_epoch_takes_every_row_once(size: int, batch: int, shuffle: bool, epoch: int) -> None:
    whole = plan(size, batch_size=batch, shuffle=shuffle, epochs=3)
    batches = [list(rows) for rows in whole.batches(epoch)]
    assert sorted(row for rows in batches for row in rows) == list(range(size))
    assert len(batches) == whole.steps_per_epoch
    assert all(len(rows) == batch for rows in batches[:-1])
    assert 1 <= len(batches[-1]) <= batch


def test_rows_come_in_order_unless_they_are_shuffled() -> None:
    for epoch in range(3):
        batches = [list(rows) for rows in plan(5, batch_size=2).batches(epoch)]
        assert batches == [[0, 1], [2, 3], [4]]


def test_steps_are_counted_over_all_runs() -> None:
    assert plan(5, batch_size=2, epochs=4).total_steps == 12
    assert plan(5, batch_size=2, epochs=4, first_step=30, first_epoch=10).total_steps == 42


def order(epoch: int, **arguments: Any) -> list[int]:
    return [row for rows in plan(20, shuffle=True, **arguments).batches(epoch) for row in rows]


def test_the_order_follows_from_the_seed_and_the_epoch_only() -> None:
    assert order(3, seed=1) == order(3, seed=1)
    assert order(3, seed=1) == order(3, seed=1, first_epoch=2, first_step=8, epochs=9)
    assert order(3, seed=1) == order(3, seed=1, batch_size=7)
    assert len({tuple(order(epoch, seed=seed)) for epoch in range(20) for seed in range(20)}) == 400


def test_the_order_is_the_same_in_every_process() -> None:
    script = (
        "from valor import Plan\n"
        "plan = Plan([[0.0]] * 20, [[0.0]] * 20, batch_size=20, epochs=1, shuffle=True, seed=1)\n"
        "print([row for rows in plan.batches(3) for row in rows])"
    )
    for seed in ("0", "1"):
        result = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout == f"{order(3, seed=1)}\n"


def test_shuffling_leaves_the_global_generator_alone() -> None:
    import random

    before = random.getstate()
    order(0)
    assert random.getstate() == before
