"""The callback "learning_rate_log": the rate of every epoch, for whoever looks at the history."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from valor import Schedule, hookimpl, optimizer
from valor_plugins.callbacks.checkpoint import checkpoint
from valor_plugins.callbacks.json_log import JsonLog
from valor_plugins.callbacks.learning_rate_log import LearningRateLog


def descent(rate: Any, bundled: Any) -> Any:
    return optimizer("gradient_descent", learning_rate=rate, plugins=bundled)


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_it_is_the_rate_of_the_last_step_of_each_epoch(
    trainer: Any, fit: Any, bundled: Any, engine: str
) -> None:
    steps = Schedule("steps", lambda step, total_steps: step / 1000)
    chosen = trainer("learning_rate_log", optimizer=descent(steps, bundled), engine=engine)
    run = fit(chosen, 4, batch_size=1)
    assert list(run.history["learning_rate"]) == [0.003, 0.006, 0.009, 0.012]


def test_a_schedule_that_remembers_is_told_as_it_was_in_the_epoch(
    trainer: Any, fit: Any, bundled: Any
) -> None:
    def halve(step: int, total_steps: int, state: Any) -> Any:
        return state[0], (state[0] / 2,)

    halving = Schedule("halving", halve, state={"rate": 0.5})
    run = fit(trainer(LearningRateLog(), optimizer=descent(halving, bundled)), 4)
    assert list(run.history["learning_rate"]) == [0.5, 0.25, 0.125, 0.0625]


@pytest.mark.parametrize("first", [True, False])
def test_others_know_it_in_the_same_epoch(trainer: Any, fit: Any, first: bool) -> None:
    known = []

    class Looks:
        @hookimpl
        def valor_after_epoch(self, run: Any) -> None:
            known.append(run.history["learning_rate"][-1])

    callbacks = [LearningRateLog(), Looks()]
    fit(trainer(*(callbacks if first else reversed(callbacks))), 3)
    assert known == [0.01] * 3


def test_what_writes_the_history_has_it(trainer: Any, fit: Any, tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    fit(trainer(JsonLog(path), LearningRateLog()), 2)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["learning_rate"] for line in lines] == [0.01, 0.01]


def test_of_epochs_that_were_done_without_it_nobody_knows_the_rate(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "run.valor")
    fit(trainer(checkpoint(path=path)), 3)
    run = fit(trainer(LearningRateLog(), checkpoint(path=path)), 5, resume_from=path)
    rates = list(run.history["learning_rate"])
    assert all(map(math.isnan, rates[:3]))
    assert rates[3:] == [0.01, 0.01]
    again = fit(trainer(LearningRateLog()), 6, resume_from=path)
    assert list(again.history["learning_rate"])[3:] == [0.01] * 3
