"""The callback "time_limit": a run ends in time, wherever it is, and can be resumed."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from valor import callback, hookimpl
from valor.exceptions import HyperparameterError, InvalidArgumentError
from valor_plugins.callbacks import time_limit as module
from valor_plugins.callbacks.checkpoint import checkpoint
from valor_plugins.callbacks.early_stopping import EarlyStopping
from valor_plugins.callbacks.time_limit import TimeLimit


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock of the callback's own, which passes a second a step while `Passes` listens."""
    fake = SimpleNamespace(now=100.0)
    fake.monotonic = lambda: fake.now

    class Passes:
        @hookimpl
        def valor_after_batch(self) -> None:
            fake.now += 1.0

    fake.passes = Passes
    monkeypatch.setattr(module, "time", fake)
    return fake


@pytest.mark.parametrize(("seconds", "steps"), [(0.5, 1), (4.0, 4), (4.5, 5), (6.0, 6)])
def test_it_ends_the_run_within_an_epoch(
    trainer: Any, fit: Any, clock: Any, seconds: float, steps: int
) -> None:
    run = fit(trainer(TimeLimit(seconds), clock.passes()), 5, batch_size=1)
    assert (run.completed_steps, run.stopped_by) == (steps, "time_limit")
    assert len(run.history) == steps // 3


@pytest.mark.parametrize("seconds", [15.0, 14.5])
def test_a_run_that_is_done_is_not_ended_by_it(
    trainer: Any, fit: Any, clock: Any, seconds: float
) -> None:
    run = fit(trainer(TimeLimit(seconds), clock.passes()), 5, batch_size=1)
    assert (run.completed_steps, run.stopped_by) == (15, "epochs")


def test_a_vote_comes_before_it(trainer: Any, fit: Any, clock: Any) -> None:
    class Stops:
        @hookimpl
        def valor_should_stop(self) -> bool:
            return True

    run = fit(trainer(TimeLimit(3.0), clock.passes(), Stops()), 5, batch_size=1)
    assert (run.completed_steps, run.stopped_by) == (3, "Stops")


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_nobody_has_to_listen_to_epochs_for_it(trainer: Any, fit: Any, engine: str) -> None:
    chosen = trainer(TimeLimit(0.3), engine=engine)
    start = time.monotonic()
    run = fit(chosen, 100_000_000)
    # The compile counts too; then it takes half a second at most until somebody looks.
    assert time.monotonic() - start < 30
    assert run.stopped_by == "time_limit"
    assert 0 < run.completed_epochs < 100_000_000
    assert [use.hook for use in run.hooks] == ["valor_before_training", "valor_after_steps"]


def test_the_run_can_be_resumed_and_has_as_much_time_again(
    trainer: Any, fit: Any, clock: Any, numbers: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "run.valor")
    steps = []
    for more in ({}, {"resume_from": path}, {"resume_from": path}):
        chosen = trainer(TimeLimit(4.0), clock.passes(), checkpoint(path=path))
        steps.append(fit(chosen, 3, batch_size=1, **more).completed_steps)
    assert steps == [4, 8, 9]
    assert chosen.run.stopped_by == "epochs"
    whole = fit(trainer(), 3, batch_size=1)
    assert list(chosen.run.history["loss"]) == list(whole.history["loss"])
    assert numbers(chosen.model) == numbers(whole.model)


def test_the_best_parameters_are_there_when_it_ends_a_run(
    trainer: Any, fit: Any, clock: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    watching = EarlyStopping(monitor="score", mode="min")
    scores = column("score", [2.0, 1.0, 3.0, 3.0])
    chosen = trainer(recorder, scores, watching, TimeLimit(10.0), clock.passes())
    run = fit(chosen, 5, batch_size=1)
    assert run.stopped_by == "time_limit"
    assert numbers(run.model) == recorder.epochs[2]


def test_hyperparameters_are_checked(bundled: Any) -> None:
    with pytest.raises(HyperparameterError, match="seconds"):
        callback("time_limit", plugins=bundled, seconds=0.0)
    with pytest.raises(InvalidArgumentError, match="seconds"):
        TimeLimit(-1.0)
