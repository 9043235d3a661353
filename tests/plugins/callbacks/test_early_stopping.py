"""The callback "early_stopping": when it votes, and whose parameters are there at the end."""

import math
import os
import signal
import threading
from typing import Any

import pytest

from valor import callback, hookimpl
from valor.exceptions import CheckpointError, HyperparameterError, InvalidArgumentError
from valor_plugins.callbacks.early_stopping import EarlyStopping

VALUES = [5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 3.0, 2.9, 9.0, 9.0]  # best: epoch 3, then 8


def stopping(**more: Any) -> EarlyStopping:
    return EarlyStopping(**{"monitor": "score", "mode": "min", **more})


# When it votes


@pytest.mark.parametrize(
    ("patience", "stops", "best_epoch"), [(1, 4, 3), (4, 7, 3), (5, None, 8), (10, None, 8)]
)
def test_it_votes_after_as_many_epochs_without_an_improvement(
    trainer: Any, fit: Any, column: Any, patience: int, stops: int | None, best_epoch: int
) -> None:
    watching = stopping(patience=patience)
    run = fit(trainer(column("score", VALUES), watching), 10)
    assert run.completed_epochs == (stops or 10)
    assert run.stopped_by == ("EarlyStopping" if stops else "epochs")
    assert (watching.best_epoch, watching.best) == (best_epoch, VALUES[best_epoch - 1])
    assert watching.waited == run.completed_epochs - best_epoch


def test_more_is_better_where_that_is_said(trainer: Any, fit: Any, column: Any) -> None:
    watching = stopping(mode="max", patience=2)
    run = fit(trainer(column("score", [1.0, 3.0, 2.0, 3.0, 4.0]), watching), 5)
    assert (run.completed_epochs, watching.best_epoch) == (4, 2)


def test_a_smaller_improvement_does_not_count(trainer: Any, fit: Any, column: Any) -> None:
    watching = stopping(min_delta=0.5, patience=3)
    run = fit(trainer(column("score", [4.0, 3.75, 3.5, 3.25, 1.0]), watching), 5)
    # 3.5 is better by just the delta, which is not more than it; 3.25 is.
    assert (run.completed_epochs, watching.best_epoch, watching.best) == (5, 5, 1.0)
    watching = stopping(min_delta=1.0, patience=3)
    run = fit(trainer(column("score", [4.0, 3.75, 3.5, 3.25, 1.0]), watching), 5)
    assert (run.completed_epochs, watching.best_epoch, watching.best) == (4, 1, 4.0)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_better(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any, wrong: float
) -> None:
    watching = stopping(patience=3)
    chosen = trainer(recorder, column("score", [wrong, 2.0, wrong, wrong, wrong, 0.0]), watching)
    run = fit(chosen, 6)
    assert (run.completed_epochs, watching.best_epoch, watching.best) == (5, 2, 2.0)
    assert numbers(run.model) == recorder.epochs[2]


def test_where_nothing_is_ever_finite_it_stops_and_leaves_the_parameters(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    watching = stopping(patience=4)
    run = fit(trainer(recorder, column("score", [math.nan] * 9), watching), 9)
    assert (run.completed_epochs, watching.best, watching.best_epoch) == (4, None, 0)
    assert numbers(run.model) == recorder.epochs[4]


def test_it_watches_the_validation_loss_if_there_is_one(trainer: Any, fit: Any) -> None:
    watching = EarlyStopping(patience=50)
    run = fit(trainer(watching), 5)
    assert watching.best == min(run.history["loss"])
    run = fit(trainer(watching), 5, validation=([[1.0, 1.0]], [0.25]))
    assert watching.best == min(run.history["validation_loss"])
    assert watching.best != min(run.history["loss"])


def test_a_column_that_others_add_in_the_same_epoch_is_there(
    trainer: Any, fit: Any, column: Any
) -> None:
    for place in (0, 1):
        callbacks = [column("score", [1.0, 2.0]), stopping(patience=1)]
        run = fit(trainer(callbacks[place], callbacks[1 - place]), 2)
        assert run.stopped_by == "EarlyStopping"


# The best parameters


class Votes:
    @hookimpl
    def valor_should_stop(self, report: Any) -> bool:
        return bool(report.epoch == 5)


class Interrupts:
    """Presses Ctrl-C, once or twice, after the fifth epoch."""

    def __init__(self, times: int) -> None:
        self.times = times

    @hookimpl
    def valor_before_epoch(self, run: Any) -> None:
        if run.completed_epochs == 5:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("engine", ["eager", "native"])
@pytest.mark.parametrize("end", ["its vote", "epochs", "a vote", "interrupt", "error", "limit"])
def test_however_the_run_ends_the_best_parameters_are_there(
    trainer: Any,
    fit: Any,
    column: Any,
    recorder: Any,
    fails: Any,
    numbers: Any,
    engine: str,
    end: str,
) -> None:
    class Limit:
        @hookimpl
        def valor_after_steps(self, run: Any) -> None:
            if run.completed_steps == 5:
                run.stopped_by = "limit"

    ends: dict[str, list[Any]] = {
        "a vote": [Votes()],
        "interrupt": [Interrupts(1)],
        "error": [fails(5)],
        "limit": [Limit()],
    }
    watching = stopping(patience=2 if end == "its vote" else 100)
    chosen = trainer(recorder, column("score", VALUES), watching, *ends.get(end, []), engine=engine)
    if end == "error":
        with pytest.raises(RuntimeError, match="enough"):
            fit(chosen, 7)
    else:
        fit(chosen, 7)
    run = chosen.run
    assert run.completed_epochs == {"epochs": 7, "interrupt": 6}.get(end, 5)
    assert watching.best_epoch == 3
    assert numbers(run.model) == recorder.epochs[3]
    assert numbers(run.model) != recorder.epochs[run.completed_epochs]


def test_after_a_second_interrupt_too(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    assert threading.current_thread() is threading.main_thread()
    watching = stopping(patience=100)
    chosen = trainer(recorder, column("score", VALUES), watching, Interrupts(2))
    with pytest.raises(KeyboardInterrupt):
        fit(chosen, 7)
    assert chosen.run.stopped_by == "error"
    assert numbers(chosen.model) == recorder.epochs[3]


def test_another_callback_that_fails_at_the_end_does_not_prevent_it(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    class FailsAtTheEnd:
        @hookimpl
        def valor_after_training(self) -> None:
            raise RuntimeError("no room")

    chosen = trainer(recorder, column("score", VALUES), stopping(), FailsAtTheEnd())
    with pytest.raises(RuntimeError, match="no room"):
        fit(chosen, 7)
    assert numbers(chosen.model) == recorder.epochs[3]


def test_it_can_be_told_not_to(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    watching = stopping(restore_best=False)
    run = fit(trainer(recorder, column("score", VALUES), watching), 7)
    assert watching.best_epoch == 3
    assert numbers(run.model) == recorder.epochs[7]


def test_frozen_parameters_stay_as_they_are(trainer: Any, fit: Any, column: Any) -> None:
    chosen = trainer(column("score", VALUES), stopping())
    first = chosen.model.parametros()[0]
    first.trainable = False
    before = first.data
    fit(chosen, 7)
    assert first.data == before


# Two of them


@pytest.mark.parametrize("first", ["a", "b"])
def test_of_two_the_one_that_voted_decides(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any, first: str
) -> None:
    a = EarlyStopping(monitor="a", mode="min", patience=3)
    b = EarlyStopping(monitor="b", mode="max", patience=100)
    columns = [column("a", [1, 0, 2, 2, 2, 2]), column("b", [1, 2, 3, 2, 2, 2])]
    run = fit(trainer(recorder, *columns, *((a, b) if first == "a" else (b, a))), 6)
    assert run.completed_epochs == 5
    assert (a.best_epoch, b.best_epoch) == (2, 3)
    assert run.stopped_by == ("EarlyStopping" if first == "a" else "EarlyStopping#2")
    assert numbers(run.model) == recorder.epochs[2]


@pytest.mark.parametrize("patience", [3, 100])
def test_of_two_the_first_decides_where_none_voted_or_both(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any, patience: int
) -> None:
    a = EarlyStopping(monitor="a", mode="min", patience=patience)
    b = EarlyStopping(monitor="b", mode="max", patience=patience - 1)
    columns = [column("a", [1, 0, 2, 2, 2, 2]), column("b", [1, 2, 3, 2, 2, 2])]
    run = fit(trainer(recorder, *columns, a, b), 6)
    assert run.completed_epochs == (5 if patience == 3 else 6)
    assert numbers(run.model) == recorder.epochs[2]
    recorder.epochs.clear()
    fit(trainer(recorder, *columns, b, a), 6)
    assert numbers(run.model) != recorder.epochs[3]


def test_another_plugin_that_votes_changes_nothing_of_that(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    a = EarlyStopping(monitor="a", mode="min")
    b = EarlyStopping(monitor="b", mode="max")
    columns = [column("a", [1, 0, 2, 2, 2, 2]), column("b", [1, 2, 3, 2, 2, 2])]
    run = fit(trainer(recorder, *columns, a, b, Votes()), 6)
    assert run.stopped_by == "Votes"
    assert numbers(run.model) == recorder.epochs[2]


# Resumed


def test_a_resumed_run_counts_on(
    trainer: Any, fit: Any, column: Any, saves: Any, numbers: Any, tmp_path: Any
) -> None:
    whole = stopping(patience=4)
    expected = fit(trainer(column("score", VALUES), whole), 10)
    assert expected.completed_epochs == 7
    for epoch in range(1, 8):
        path = tmp_path / f"{epoch}.valor"
        fit(trainer(column("score", VALUES), stopping(patience=4), saves(path, epoch)), 10)
        again = stopping(patience=4)
        run = fit(trainer(column("score", VALUES), again), 10, resume_from=path)
        assert run.stopped_by == "EarlyStopping"
        assert run.completed_epochs == 7
        assert (again.best, again.best_epoch, again.waited) == (3.0, 3, 4)
        assert numbers(run.model) == numbers(expected.model)


def test_two_of_them_are_kept_apart(
    trainer: Any, fit: Any, column: Any, saves: Any, tmp_path: Any
) -> None:
    def both() -> tuple[EarlyStopping, EarlyStopping]:
        return (
            EarlyStopping(monitor="a", mode="min"),
            EarlyStopping(monitor="b", mode="max"),
        )

    columns = [column("a", [1, 0, 2, 2, 2, 2]), column("b", [1, 2, 3, 2, 2, 2])]
    fit(trainer(*columns, *both(), saves(tmp_path / "run", 4)), 6)
    a, b = both()
    fit(trainer(*columns, a, b), 6, resume_from=tmp_path / "run")
    assert (a.best_epoch, a.best, b.best_epoch, b.best) == (2, 0.0, 3, 3.0)
    with pytest.raises(CheckpointError, match="monitor is 'a', but 'b' in the checkpoint"):
        fit(trainer(*columns, b, a), 6, resume_from=tmp_path / "run")


def test_an_epoch_that_is_told_twice_counts_once(
    trainer: Any, fit: Any, column: Any, tmp_path: Any
) -> None:
    class FailsVoting:
        """Fails after the first vote on an epoch, and writes a checkpoint of that."""

        @hookimpl(trylast=True)
        def valor_should_stop(self, run: Any) -> None:
            if run.completed_epochs == 5:
                raise RuntimeError("enough")

        @hookimpl
        def valor_on_training_error(self, run: Any) -> None:
            run.save_checkpoint(tmp_path / "run")

    watching = stopping(patience=3)
    with pytest.raises(RuntimeError):
        fit(trainer(column("score", VALUES), watching, FailsVoting()), 10)
    again = stopping(patience=3)
    run = fit(trainer(column("score", VALUES), again), 10, resume_from=tmp_path / "run")
    assert (run.completed_epochs, again.best_epoch) == (6, 3)


@pytest.mark.parametrize(
    "state",
    [
        None,
        {},
        {"best": 1},
        {"parameters": [1.0] * 3},
        {"parameters": ["1.0"] * 13},
        {"parameters": [math.nan] * 13},
        {"best": "1.0"},
        {"voted": 1},
        {"more": 1},
    ],
)
def test_a_checkpoint_that_says_something_else_is_refused(
    trainer: Any, fit: Any, state: Any
) -> None:
    watching = EarlyStopping()
    chosen = trainer(watching)
    run = fit(chosen, 2)
    kept = watching.valor_save_checkpoint()
    assert len(kept["parameters"]) == 13
    watching.valor_load_checkpoint(run, kept)
    with pytest.raises(CheckpointError, match="early_stopping: the checkpoint"):
        watching.valor_load_checkpoint(run, {**kept, **state} if state else state)


# The object


def test_an_object_begins_anew_with_each_run(
    trainer: Any, fit: Any, column: Any, fails: Any, numbers: Any
) -> None:
    watching = stopping(patience=3)
    fit(trainer(column("score", [1.0, 0.0, 2.0, 2.0, 2.0]), watching), 5)
    run = fit(trainer(column("score", [9.0, 8.0, 7.0]), watching), 3)
    assert (run.stopped_by, watching.best, watching.best_epoch) == ("epochs", 7.0, 3)

    class FailsAtOnce:
        @hookimpl
        def valor_before_training(self) -> None:
            raise RuntimeError("not today")

    chosen = trainer(watching, FailsAtOnce())
    before = numbers(chosen.model)
    with pytest.raises(RuntimeError):
        fit(chosen, 3)
    assert numbers(chosen.model) == before


def test_a_column_that_is_not_there_is_an_error_after_the_first_epoch(
    trainer: Any, fit: Any
) -> None:
    chosen = trainer(EarlyStopping(monitor="validation_los"))
    with pytest.raises(InvalidArgumentError) as caught:
        fit(chosen, 100, validation=([[1.0, 1.0]], [0.25]))
    assert str(caught.value) == (
        "early_stopping: monitor must be a column of the history, loss, validation_loss, "
        "not 'validation_los', did you mean 'validation_loss'?"
    )
    assert chosen.run.completed_epochs == 1


def test_hyperparameters_are_checked(bundled: Any) -> None:
    for wrong in ({"patience": 0}, {"min_delta": -1.0}, {"mode": "least"}):
        with pytest.raises(HyperparameterError, match=next(iter(wrong))):
            callback("early_stopping", plugins=bundled, **wrong)
        with pytest.raises(InvalidArgumentError, match=next(iter(wrong))):
            EarlyStopping(**wrong)
    with pytest.raises(InvalidArgumentError, match="patience"):
        EarlyStopping(patience=2.5)  # type: ignore[arg-type]


def test_it_is_found_by_name(trainer: Any, fit: Any, column: Any, bundled: Any) -> None:
    named = callback("early_stopping", plugins=bundled, patience=2, monitor="score", mode="min")
    run = fit(trainer(column("score", VALUES), named), 10)
    assert (run.stopped_by, run.completed_epochs) == ("early_stopping", 5)
