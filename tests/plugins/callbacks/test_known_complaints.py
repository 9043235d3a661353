"""What users of other frameworks ran into, as tests that it does not happen here.

Each test names the complaint it is about, by the project and the number of the issue there.
"""

import contextlib
import io
import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from valor import hookimpl
from valor.checkpoint import load, read_snapshot
from valor.exceptions import InvalidArgumentError
from valor_plugins.callbacks.best_model import BestModel
from valor_plugins.callbacks.checkpoint import checkpoint
from valor_plugins.callbacks.csv_log import CsvLog
from valor_plugins.callbacks.early_stopping import EarlyStopping
from valor_plugins.callbacks.event_file import EventFile
from valor_plugins.callbacks.json_log import JsonLog
from valor_plugins.callbacks.learning_rate_log import LearningRateLog
from valor_plugins.callbacks.progress import Progress
from valor_plugins.callbacks.tensorboard_log import tensorboard_log

SCORES = [5.0, 3.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]  # the third is the best


def watching(patience: int = 100, **more: Any) -> EarlyStopping:
    return EarlyStopping(**{"monitor": "score", "mode": "min", "patience": patience, **more})


# The best parameters


def test_the_best_parameters_are_restored_where_patience_is_never_reached(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    """Keras 12511: the best weights are restored only where early stopping stops the training."""
    run = fit(trainer(recorder, column("score", SCORES), watching()), 6)
    assert run.stopped_by == "epochs"
    assert numbers(run.model) == recorder.epochs[3]


def test_the_best_parameters_are_restored_where_another_callback_stops_the_run(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    """TensorFlow 35634: nor does it where training stops for another reason."""

    class Stops:
        @hookimpl
        def valor_should_stop(self, report: Any) -> bool:
            return bool(report.epoch == 5)

    run = fit(trainer(recorder, column("score", SCORES), watching(), Stops()), 8)
    assert (run.stopped_by, numbers(run.model)) == ("Stops", recorder.epochs[3])


def test_the_best_parameters_are_restored_after_ctrl_c_and_the_run_can_be_resumed(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any, tmp_path: Path
) -> None:
    """Lightning 2095: no checkpoint on Ctrl-C. skorch 387: the epoch that it cut is incomplete."""

    class Presses:
        @hookimpl
        def valor_after_batch(self, run: Any) -> None:
            if run.completed_steps == 17:
                os.kill(os.getpid(), signal.SIGINT)

    path = str(tmp_path / "run.valor")
    more: dict[str, Any] = {"batch_size": 1, "shuffle": True}
    scores = column("score", SCORES)
    chosen = trainer(recorder, scores, watching(), checkpoint(path=path), Presses(), seed=3)
    run = fit(chosen, 8, **more)
    assert (run.stopped_by, run.completed_steps) == ("interrupt", 17)
    assert numbers(run.model) == recorder.epochs[3]
    whole = fit(trainer(scores, watching(), seed=3), 8, **more)
    again = fit(trainer(scores, watching(), seed=3), 8, resume_from=path, **more)
    assert list(again.history["loss"]) == list(whole.history["loss"])
    assert numbers(again.model) == numbers(whole.model)


def test_restoring_is_what_happens_unless_it_is_turned_off(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    """skorch 808, Keras 11371: a model that was stopped early has not the best weights."""
    run = fit(trainer(recorder, column("score", SCORES), watching(patience=2)), 8)
    assert (run.completed_epochs, numbers(run.model)) == (5, recorder.epochs[3])


def test_a_number_that_is_nan_from_the_beginning_breaks_nothing(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any
) -> None:
    """Keras 13658: with no best epoch, restoring the best weights raises a TypeError."""
    scores = column("score", [math.nan] * 8)
    run = fit(trainer(recorder, scores, watching(patience=3)), 8)
    assert (run.completed_epochs, numbers(run.model)) == (3, recorder.epochs[3])


def test_more_is_better_of_what_is_to_be_large(trainer: Any, fit: Any) -> None:
    """Keras 18798, 15138: mode "auto" takes recall, F1 or AUC for something to be minimized."""
    values = {"auc": [0.5, 0.75], "recall": [0.25, 0.5], "f1": [0.1, 0.2], "r2": [-1.0, 0.5]}
    for name, (worse, better) in values.items():

        class Measured:
            def __init__(self, name: str, values: list[float]) -> None:
                self.name, self.values = name, values

            @hookimpl
            def valor_after_epoch(self, run: Any) -> None:
                run.history.extend(self.name, [self.values[len(run.history) - 1]])

        stopping = EarlyStopping(monitor=f"validation_{name}")
        fit(trainer(Measured(f"validation_{name}", [worse, better]), stopping), 2)
        assert (stopping.best_epoch, stopping.best) == (2, better)


def test_a_name_that_tells_nothing_is_not_guessed_at(trainer: Any, fit: Any, column: Any) -> None:
    """Keras 17593: mode "auto" minimizes whatever it does not know."""
    chosen = trainer(column("ndcg", [0.5, 0.75]), EarlyStopping(monitor="ndcg"))
    with pytest.raises(InvalidArgumentError, match=r"mode must be 'min' or 'max'.*'ndcg'"):
        fit(chosen, 2)


@pytest.mark.parametrize("watch", [EarlyStopping, lambda monitor: BestModel("b.json", monitor)])
def test_a_monitor_that_is_misspelt_is_an_error_at_once(
    trainer: Any, fit: Any, watch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras 21109, 2159: a metric that is not there is warned of at most, and nothing is saved."""
    monkeypatch.chdir(tmp_path)
    chosen = trainer(watch(monitor="value_loss"))
    with pytest.raises(InvalidArgumentError, match="loss, validation_loss, not 'value_loss', did"):
        fit(chosen, 100, validation=([[1.0, 1.0]], [0.25]))
    assert chosen.run.completed_epochs == 1


def test_an_object_can_be_used_again(trainer: Any, fit: Any, column: Any) -> None:
    """Keras 20521: an early stopper compares with the best of the run before."""
    stopping = watching(patience=2)
    fit(trainer(column("score", [0.0, 1.0, 1.0]), stopping), 3)
    run = fit(trainer(column("score", [9.0, 8.0, 7.0, 6.0]), stopping), 4)
    assert (run.completed_epochs, stopping.best, stopping.best_epoch) == (4, 6.0, 4)


# Several that stop


def test_two_early_stoppers_have_a_state_each(
    trainer: Any, fit: Any, column: Any, tmp_path: Path
) -> None:
    """Lightning 16848: two of one kind cannot be saved, because their states have one key."""
    path = str(tmp_path / "run.valor")
    columns = [column("a", [3, 2, 1, 4, 4, 4]), column("b", [1, 5, 1, 1, 1, 1])]

    def both() -> tuple[EarlyStopping, EarlyStopping]:
        return (
            EarlyStopping(monitor="a", mode="min", patience=50),
            EarlyStopping(monitor="b", mode="max", patience=60),
        )

    fit(trainer(*columns, *both(), checkpoint(path=path)), 4)
    a, b = both()
    fit(trainer(*columns, a, b), 6, resume_from=path)
    assert (a.best_epoch, a.best, b.best_epoch, b.best) == (3, 1.0, 2, 5.0)


@pytest.mark.parametrize("place", [0, 1])
def test_any_of_several_that_stop_can_stop(trainer: Any, fit: Any, column: Any, place: int) -> None:
    """Lightning 6194: of several callbacks that can stop, only the last one's decision counts."""

    class Stops:
        @hookimpl
        def valor_should_stop(self, report: Any) -> bool:
            return bool(report.epoch == 3)

    callbacks = [Stops(), watching()]
    run = fit(trainer(column("score", SCORES), callbacks[place], callbacks[1 - place]), 8)
    assert (run.completed_epochs, run.stopped_by) == (3, "Stops")


def test_the_run_says_who_stopped_it(trainer: Any, fit: Any, column: Any) -> None:
    """Keras 12052: with several early stoppers, nothing tells which one stopped the training."""
    stopping = [
        EarlyStopping(monitor="a", mode="min", patience=3),
        EarlyStopping(monitor="b", mode="min", patience=2),
    ]
    columns = [column("a", [1, 2, 3, 4]), column("b", [1, 2, 3, 4])]
    assert fit(trainer(*columns, *stopping), 4).stopped_by == "EarlyStopping#2"


# Checkpoints and resuming


@pytest.mark.parametrize("place", [0, 1])
def test_a_checkpoint_has_what_others_made_of_the_same_epoch(
    trainer: Any, fit: Any, column: Any, tmp_path: Path, place: int
) -> None:
    """Lightning 1464: what a checkpoint has of early stopping lags one epoch behind."""
    path = str(tmp_path / "run.valor")
    callbacks = [checkpoint(path=path), watching()]
    fit(trainer(column("score", SCORES), callbacks[place], callbacks[1 - place]), 5)
    for epoch, name in ((5, path), (4, f"{path}.previous")):
        state = read_snapshot(name).plugins["EarlyStopping"]
        assert (state["epoch"], state["best_epoch"]) == (epoch, 3)


@pytest.mark.parametrize("epochs", range(1, 7))
def test_patience_goes_on_after_a_resume(
    trainer: Any, fit: Any, column: Any, saves: Any, tmp_path: Path, epochs: int
) -> None:
    """Lightning 1463, 18727: early stopping begins to wait, and to compare, anew after a resume."""
    path = tmp_path / "run.valor"
    fit(trainer(column("score", SCORES), watching(), saves(path, epochs)), epochs)
    stopping = watching(patience=4)
    run = fit(trainer(column("score", SCORES), stopping), 8, resume_from=path)
    assert (run.completed_epochs, stopping.best_epoch, stopping.best) == (7, 3, 1.0)


def test_after_a_resume_a_worse_model_does_not_replace_the_best(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any, tmp_path: Path
) -> None:
    """Keras 17012, skorch 267: the first epoch after a resume counts as the best there ever was."""
    path, best = str(tmp_path / "run.valor"), tmp_path / "best.json"
    scores = column("score", SCORES)

    def callbacks() -> list[Any]:
        return [scores, recorder, BestModel(best, "score", "min"), checkpoint(path=path)]

    fit(trainer(*callbacks()), 4)
    fit(trainer(*callbacks()), 8, resume_from=path)
    assert numbers(load(best)) == recorder.epochs[3]


def test_a_run_is_resumed_in_the_middle_of_an_epoch(
    trainer: Any, fit: Any, numbers: Any, tmp_path: Path
) -> None:
    """Lightning 4111: a run that was interrupted within an epoch is resumed with the next one."""
    path = str(tmp_path / "run.valor")

    class Ends:
        @hookimpl
        def valor_after_steps(self, run: Any) -> None:
            if run.completed_steps == 8:
                run.stopped_by = "job"

    more: dict[str, Any] = {"batch_size": 1, "shuffle": True}
    ended = trainer(checkpoint(path=path, every_steps=1), Ends(), seed=1)
    assert fit(ended, 4, **more).completed_steps == 8
    whole = fit(trainer(seed=1), 4, **more)
    again = fit(trainer(seed=1), 4, resume_from=path, **more)
    assert again.completed_steps == 12
    assert list(again.history["loss"]) == list(whole.history["loss"])
    assert numbers(again.model) == numbers(whole.model)


def test_a_write_that_fails_leaves_the_checkpoint_before_it(
    trainer: Any, fit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lightning 688: a checkpoint that is cut off while it is written is lost."""
    path = tmp_path / "run.valor"
    fit(trainer(checkpoint(path=str(path))), 2)
    before = path.read_bytes()

    def killed(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with contextlib.suppress(KeyboardInterrupt):
        fit(trainer(checkpoint(path=str(path))), 4, resume_from=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("end", ["epochs", "error"])
def test_the_end_of_a_run_is_always_in_the_checkpoint(
    trainer: Any, fit: Any, fails: Any, tmp_path: Path, end: str
) -> None:
    """Lightning 8126: when training ends, the last checkpoint may be hours old."""
    path = str(tmp_path / "run.valor")
    chosen = trainer(checkpoint(path=path, every_epochs=1000), fails(7 if end == "error" else 99))
    with contextlib.suppress(RuntimeError):
        fit(chosen, 9)
    assert (
        read_snapshot(path).completed_steps
        == chosen.run.completed_steps
        == (7 if end == "error" else 9)
    )


# Logs


def test_the_history_is_there_after_an_error(
    trainer: Any, fit: Any, fails: Any, tmp_path: Path
) -> None:
    """rstudio/keras3 637, TensorFlow 50516: an interrupted training gives no history back."""
    path = tmp_path / "h.csv"
    chosen = trainer(CsvLog(path), fails(5))
    with pytest.raises(RuntimeError):
        fit(chosen, 9)
    assert len(chosen.run.history) == 5
    assert len(path.read_text().splitlines()) == 6


def test_a_resumed_run_does_not_lose_the_epochs_before(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    """rf-detr 1321 (Lightning's CSV logger): a resume deletes the metrics of the epochs before."""
    path, saved = tmp_path / "h.csv", str(tmp_path / "run.valor")
    fit(trainer(CsvLog(path), checkpoint(path=saved)), 3)
    fit(trainer(CsvLog(path)), 6, resume_from=saved)
    epochs = [line.partition(",")[0] for line in path.read_text().splitlines()]
    assert epochs == ["epoch", "1", "2", "3", "4", "5", "6"]


def test_a_column_that_comes_later_has_its_place(trainer: Any, fit: Any, tmp_path: Path) -> None:
    """Lightning 19432, TensorFlow 40216: a CSV log fails where epochs have not the same columns."""

    class Late:
        @hookimpl
        def valor_after_epoch(self, run: Any) -> None:
            epochs = len(run.history)
            if epochs == 3:
                run.history.extend("late", [0.0, 0.0, 3.0])
            elif epochs > 3:
                run.history.extend("late", [float(epochs)])

    path = tmp_path / "h.jsonl"
    fit(trainer(JsonLog(path), Late()), 5)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["late"] for line in lines] == [0.0, 0.0, 3.0, 4.0, 5.0]


def test_the_learning_rate_can_be_logged_whatever_sets_it(
    trainer: Any, fit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras 11973: TensorBoard gets the learning rate of some schedules, and not of others."""
    written: list[Any] = []
    monkeypatch.setattr(EventFile, "add", lambda self, step, scalars, _=(): written.append(scalars))
    for place in (0, 1):
        written.clear()
        callbacks = [tensorboard_log(path=str(tmp_path)), LearningRateLog()]
        fit(trainer(callbacks[place], callbacks[1 - place]), 2)
        assert [dict(scalars)["learning_rate"] for scalars in written] == [0.01, 0.01]


def test_steps_that_are_done_once_more_take_the_place_of_the_older_ones(
    trainer: Any, fit: Any, fails: Any, saves: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorBoard 3732, tensorboardX 185: after a resume a curve jumps back and crosses itself."""
    begun: list[int] = []
    monkeypatch.setattr(EventFile, "begin", lambda self, step: begun.append(step))
    folder, path = str(tmp_path / "tb"), tmp_path / "run.valor"
    with pytest.raises(RuntimeError):
        fit(trainer(tensorboard_log(path=folder), saves(path, 3), fails(6)), 9)
    fit(trainer(tensorboard_log(path=folder)), 9, resume_from=path)
    assert begun == [1, 4]


def test_a_log_of_the_output_has_no_control_characters(trainer: Any, fit: Any) -> None:
    """Keras 8171, 1007: in a log, a progress bar leaves backspaces and carriage returns."""
    stream = io.StringIO()
    fit(trainer(Progress(stream=stream)), 50, validation=([[1.0, 1.0]], [0.25]))
    text = stream.getvalue()
    assert all(char.isprintable() or char == "\n" for char in text)
    assert len(text.splitlines()) == 11


# Order


def test_the_order_of_callbacks_is_told(trainer: Any, fit: Any, column: Any) -> None:
    """Lightning 10260, 15026: in which order callbacks are called is nowhere to be seen."""
    calls: list[str] = []

    class Notes:
        def __init__(self, name: str) -> None:
            self.name = name

        @hookimpl
        def valor_after_epoch(self) -> None:
            calls.append(self.name)

    class First(Notes):
        @hookimpl(tryfirst=True)
        def valor_after_epoch(self) -> None:
            calls.append(self.name)

    run = fit(trainer(Notes("a"), First("b"), Notes("c")), 1)
    told = [use for use in run.hooks if use.hook == "valor_after_epoch"]
    assert calls == ["b", "c", "a"]
    assert [use.plugin for use in told] == ["plugin 'First'", "plugin 'Notes#2'", "plugin 'Notes'"]
    assert [use.calls for use in told] == [1, 1, 1]
