"""The callback "checkpoint": when it writes, what a resumed run makes of it, and who else may."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from valor import Engine, callback, hookimpl
from valor.checkpoint import read_snapshot
from valor.exceptions import HyperparameterError, InvalidArgumentError, LockedError
from valor.files import Lock
from valor_plugins.callbacks import checkpoint as module
from valor_plugins.callbacks.checkpoint import checkpoint
from valor_plugins.callbacks.early_stopping import EarlyStopping


class Writes:
    """Notes after how many steps there was something new in the file."""

    def __init__(self, path: Path) -> None:
        self.path, self.steps = path, [0]

    def look(self) -> None:
        if self.path.exists() and read_snapshot(self.path).completed_steps != self.steps[-1]:
            self.steps.append(read_snapshot(self.path).completed_steps)

    @hookimpl(trylast=True)
    def valor_after_steps(self) -> None:
        self.look()

    @hookimpl(trylast=True)
    def valor_after_training(self) -> None:
        self.look()

    @hookimpl(trylast=True)
    def valor_on_training_error(self) -> None:
        self.look()


@pytest.mark.parametrize("engine", ["eager", "native"])
@pytest.mark.parametrize(
    ("every", "steps"),
    [
        ({}, [3, 6, 9, 12, 15]),
        ({"every_epochs": 2}, [6, 12, 15]),
        ({"every_epochs": 9}, [15]),
        ({"every_epochs": 0}, [15]),
        ({"every_epochs": 0, "every_steps": 4}, [4, 8, 12, 15]),
        ({"every_epochs": 3, "every_steps": 5}, [5, 9, 10, 15]),
    ],
)
def test_it_writes_after_so_many_epochs_or_steps_and_at_the_end(
    trainer: Any, fit: Any, tmp_path: Path, every: dict[str, int], steps: list[int], engine: str
) -> None:
    path = tmp_path / "run.valor"
    writes = Writes(path)
    chosen = trainer(checkpoint(path=str(path), **every), writes, engine=engine)
    fit(chosen, 5, batch_size=1)
    assert writes.steps[1:] == steps


def test_it_writes_after_so_many_seconds(
    trainer: Any, fit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now

    class Passes:
        @hookimpl
        def valor_after_batch(self) -> None:
            clock.now += 1.0

    monkeypatch.setattr(module, "time", clock)
    writes = Writes(tmp_path / "run.valor")
    timed = checkpoint(path=str(writes.path), every_epochs=0, every_seconds=4.0)
    fit(trainer(timed, writes, Passes()), 5, batch_size=1)
    assert writes.steps[1:] == [4, 8, 12, 15]


@pytest.mark.parametrize(
    ("every", "epochs", "batches"),
    [
        ({"every_epochs": 0, "every_seconds": 1.0}, False, False),
        ({"every_epochs": 0}, False, False),
        ({}, True, False),
        ({"every_epochs": 0, "every_steps": 7}, False, True),
    ],
)
def test_the_trainer_stops_no_more_often_than_is_needed(
    bundled: Any, every: dict[str, Any], epochs: bool, batches: bool
) -> None:
    forked = bundled.fork([callback("checkpoint", plugins=bundled, **every)])
    assert forked.listens("valor_before_epoch", "valor_after_epoch", "valor_should_stop") is epochs
    assert forked.listens("valor_before_batch", "valor_after_batch") is batches


@pytest.mark.parametrize("engine", ["eager", "native"])
@pytest.mark.parametrize("given_first", [True, False])
def test_what_others_made_of_the_epoch_is_in_it(
    trainer: Any, fit: Any, tmp_path: Path, given_first: bool, engine: str
) -> None:
    class Counts:
        count = 0

        @hookimpl(trylast=True)
        def valor_after_epoch(self) -> None:
            self.count += 1

        @hookimpl
        def valor_save_checkpoint(self) -> int:
            return self.count

        @hookimpl
        def valor_after_training(self) -> None:
            self.count = -1  # what it knew is gone

    path = tmp_path / "run.valor"
    callbacks = [checkpoint(path=str(path)), Counts()]
    chosen = trainer(*(callbacks if given_first else reversed(callbacks)), engine=engine)
    fit(chosen, 4)
    assert read_snapshot(path).plugins == {"Counts": 4}
    assert read_snapshot(f"{path}.previous").plugins == {"Counts": 3}


@pytest.mark.parametrize("end", ["error", "vote", "limit", "epochs"])
def test_however_it_ends_a_resumed_run_has_the_same_bits(
    trainer: Any, fit: Any, fails: Any, numbers: Any, tmp_path: Path, end: str
) -> None:
    class Limit:
        @hookimpl
        def valor_after_batch(self, run: Any) -> None:
            if end == "limit" and run.completed_steps == 10:
                run.stopped_by = "limit"

    def callbacks() -> list[Any]:
        patience = 4 if end == "vote" else 100
        return [EarlyStopping(patience=patience, min_delta=0.05), Limit()]

    more: dict[str, Any] = {"batch_size": 1, "shuffle": True}
    path = str(tmp_path / "run.valor")
    ending = [fails(4)] if end == "error" else []
    first = trainer(checkpoint(path=path, every_epochs=3), *callbacks(), *ending, seed=5)
    if end == "error":
        with pytest.raises(RuntimeError):
            fit(first, 12, **more)
    else:
        fit(first, 12, **more)
    done = {"error": 12, "limit": 10, "epochs": 36}.get(end)
    assert done is None or first.run.completed_steps == done
    assert read_snapshot(path).completed_steps == first.run.completed_steps
    if end == "limit":
        end = "epochs"  # so that what is compared with is not limited, nor what goes on
    whole = fit(trainer(*callbacks(), seed=5), 12, **more)
    again = trainer(*callbacks(), seed=5)
    run = fit(again, 12, resume_from=path, **more)
    assert list(run.history["loss"]) == list(whole.history["loss"])
    assert run.stopped_by == whole.stopped_by
    assert numbers(run.model) == numbers(whole.model)


def test_it_holds_the_last_step_not_the_best_parameters(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "run.valor")
    watching = EarlyStopping(monitor="score", mode="min", patience=2)
    for place in (0, 1):
        scores = column("score", [0.0, 1.0, 2.0, 3.0])
        callbacks = [checkpoint(path=path), watching]
        run = fit(trainer(recorder, scores, callbacks[place], callbacks[1 - place]), 4)
        assert numbers(run.model) == recorder.epochs[1]
        assert list(read_snapshot(path).parameters) == recorder.epochs[3]


# A file that is there already


def failing_start() -> Any:
    class FailsAtOnce:
        @hookimpl
        def valor_before_training(self) -> None:
            raise RuntimeError("not today")

    return FailsAtOnce()


@pytest.mark.parametrize("given_first", [True, False])
def test_a_run_that_cannot_begin_leaves_it_alone(
    trainer: Any, fit: Any, tmp_path: Path, given_first: bool
) -> None:
    path = str(tmp_path / "run.valor")
    fit(trainer(checkpoint(path=path)), 3)
    before = Path(path).read_bytes()
    callbacks = [checkpoint(path=path), failing_start()]
    chosen = trainer(*(callbacks if given_first else reversed(callbacks)))
    for more in ({}, {"resume_from": path}):
        with pytest.raises(RuntimeError, match="not today"):
            fit(chosen, 5, **more)
        assert Path(path).read_bytes() == before
    fit(trainer(checkpoint(path=path)), 5, resume_from=path)  # and it is not locked


def test_a_run_that_cannot_be_compiled_leaves_it_alone(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    def compile(*given: Any) -> Any:
        raise RuntimeError("not for this engine")

    path = str(tmp_path / "run.valor")
    fit(trainer(checkpoint(path=path)), 3)
    before = Path(path).read_bytes()
    chosen = trainer(checkpoint(path=path), engine=Engine("broken", compile))
    with pytest.raises(RuntimeError, match="not for this engine"):
        fit(chosen, 5, resume_from=path)
    assert Path(path).read_bytes() == before


def test_a_disk_that_is_full_is_told_and_what_was_there_stays(
    trainer: Any, fit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "run.valor")
    fit(trainer(checkpoint(path=path)), 3)
    before = Path(path).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    chosen = trainer(checkpoint(path=path))
    with pytest.raises(OSError, match="No space left") as caught:
        fit(chosen, 5)
    assert caught.value.filename == path
    assert "Checkpoint' in its hook valor_after_steps" in caught.value.__notes__[0]
    assert chosen.run.completed_epochs == 1
    assert Path(path).read_bytes() == before
    monkeypatch.undo()
    fit(trainer(checkpoint(path=path)), 5, resume_from=path)


def test_a_folder_that_is_missing_is_told_before_the_first_step(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    chosen = trainer(checkpoint(path=str(tmp_path / "nowhere" / "run.valor")))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fit(chosen, 5)
    assert chosen.run.completed_steps == 0


def test_what_a_killed_run_left_beside_it_is_cleared_away(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    path, left = tmp_path / "run.valor", tmp_path / ".run.valor.12-34.tmp"
    left.touch()
    with Lock(path), pytest.raises(LockedError):  # whoever writes may be about to rename it
        fit(trainer(checkpoint(path=str(path))), 3)
    assert left.exists()
    fit(trainer(checkpoint(path=str(path))), 3)
    assert sorted(os.listdir(tmp_path)) == ["run.valor", "run.valor.lock", "run.valor.previous"]


# The lock


def test_another_run_in_this_process_is_refused_and_told_of_the_owner(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "run.valor")
    errors: list[LockedError] = []

    class Another:
        @hookimpl
        def valor_after_epoch(self, report: Any) -> None:
            if report.epoch == 2:
                before = Path(path).read_bytes()
                other = trainer(checkpoint(path=path))
                with pytest.raises(LockedError) as caught:
                    fit(other, 3)
                errors.append(caught.value)
                assert other.run.completed_steps == 0
                assert Path(path).read_bytes() == before

    run = fit(trainer(checkpoint(path=path), Another()), 4)
    assert run.completed_epochs == 4
    assert f"{path} is in use by process {os.getpid()} on " in str(errors[0])
    fit(trainer(checkpoint(path=path)), 3)  # it was given back


SCRIPT = """
import sys, time, valor
from valor import hookimpl
from valor_plugins.callbacks.checkpoint import checkpoint

class Waits:
    @hookimpl
    def valor_after_steps(self, run):
        print("here", flush=True)
        time.sleep(60)

callbacks = [Waits(), checkpoint(path=sys.argv[1])]
trainer = valor.Trainer(valor.MLP(1, [1], seed=0), callbacks=callbacks)
trainer.fit([0.5], [1.0], epochs=3)
"""


def test_another_process_is_named_and_its_lock_ends_with_it(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "run.valor")
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "here\n"
            with pytest.raises(LockedError, match=f"in use by process {process.pid} on "):
                fit(trainer(checkpoint(path=path)), 3)
        finally:
            process.kill()
            process.wait()
    fit(trainer(checkpoint(path=path)), 3)


def test_hyperparameters_are_checked(bundled: Any) -> None:
    for wrong in ({"every_epochs": -1}, {"every_steps": -1}, {"every_seconds": -0.5}):
        with pytest.raises(HyperparameterError, match=next(iter(wrong))):
            callback("checkpoint", plugins=bundled, **wrong)
        with pytest.raises(InvalidArgumentError, match=next(iter(wrong))):
            checkpoint(**wrong)
