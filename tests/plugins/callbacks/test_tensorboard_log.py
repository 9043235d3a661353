"""The callback "tensorboard_log": which steps are in which file.

That TensorBoard itself reads them is tested in `tests/oracles`.
"""

from pathlib import Path
from typing import Any

import pytest

from valor import callback
from valor.exceptions import CheckpointError, HyperparameterError, InvalidArgumentError
from valor_plugins.callbacks import event_file as module
from valor_plugins.callbacks.checkpoint import checkpoint
from valor_plugins.callbacks.tensorboard_log import TensorboardLog, tensorboard_log


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is given to event files: where each begins, and what it is told of each step."""
    taken: list[Any] = []
    begin, add = module.EventFile.begin, module.EventFile.add

    def noted_begin(self: Any, step: int) -> None:
        taken.append(("begin", step))
        begin(self, step)

    def noted_add(self: Any, step: int, scalars: Any, histograms: Any = ()) -> None:
        taken.append((step, dict(scalars), [name for name, _ in histograms]))
        add(self, step, scalars, histograms)

    monkeypatch.setattr(module.EventFile, "begin", noted_begin)
    monkeypatch.setattr(module.EventFile, "add", noted_add)
    return taken


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_every_epoch_is_a_step_with_every_column(
    trainer: Any, fit: Any, tmp_path: Path, events: list[Any], engine: str
) -> None:
    log = tensorboard_log(path=str(tmp_path))
    run = fit(trainer(log, "learning_rate_log", engine=engine), 4, validation=([[1, 1]], [0]))
    assert events[0] == ("begin", 1)
    assert events[1:] == [(epoch, run.history.row(epoch - 1), []) for epoch in (1, 2, 3, 4)]
    assert [path.name for path in tmp_path.iterdir()] == ["events.out.tfevents.000001"]


def test_nobody_has_to_listen_to_epochs_for_numbers(bundled: Any) -> None:
    plain = bundled.fork([callback("tensorboard_log", plugins=bundled)])
    assert not plain.listens("valor_before_epoch", "valor_after_epoch", "valor_should_stop")
    looking = bundled.fork([callback("tensorboard_log", plugins=bundled, histograms_every=5)])
    assert looking.listens("valor_after_epoch")


def test_histograms_of_weights_and_gradients_if_asked_for(
    trainer: Any, fit: Any, tmp_path: Path, events: list[Any]
) -> None:
    fit(trainer(tensorboard_log(path=str(tmp_path), histograms_every=2)), 5)
    names = [(step, names) for step, _, names in events[1:] if names]
    assert {step for step, _ in names} == {2, 4}
    assert ["weights/camadas[0].pesos", "gradients/camadas[0].pesos"] in [each for _, each in names]
    assert len(names) == 2 * 4


def test_a_resumed_run_goes_on_after_what_an_older_file_has(
    trainer: Any, fit: Any, fails: Any, saves: Any, tmp_path: Path, events: list[Any]
) -> None:
    folder, saved = str(tmp_path / "tb"), tmp_path / "run.valor"
    with pytest.raises(RuntimeError):
        fit(trainer(tensorboard_log(path=folder), saves(saved, 3), fails(5)), 8)
    assert [event[0] for event in events] == ["begin", 1, 2, 3, 4, 5]
    events.clear()
    fit(trainer(tensorboard_log(path=folder)), 8, resume_from=saved)
    assert events[0] == ("begin", 4)
    assert [event[0] for event in events[1:]] == [4, 5, 6, 7, 8]
    events.clear()
    fit(trainer(tensorboard_log(path=str(tmp_path / "other"))), 8, resume_from=saved)
    assert events[0] == ("begin", 1)
    assert [event[0] for event in events[1:]] == list(range(1, 9))


def test_an_epoch_that_an_error_cut_short_is_told_again(
    trainer: Any, fit: Any, tmp_path: Path, events: list[Any]
) -> None:
    from valor import hookimpl

    class FailsMeasuring:
        @hookimpl
        def valor_before_validation(self, run: Any) -> None:
            if run.completed_epochs == 3:
                raise RuntimeError("enough")

    folder, saved = str(tmp_path / "tb"), str(tmp_path / "run.valor")
    more = {"validation": ([[1, 1]], [0])}
    callbacks = [tensorboard_log(path=folder), checkpoint(path=saved)]
    with pytest.raises(RuntimeError):
        fit(trainer(*callbacks, FailsMeasuring()), 5, **more)
    assert sorted(events[-1][1]) == ["loss"]
    events.clear()
    fit(trainer(*callbacks), 5, resume_from=saved, **more)
    assert events[0] == ("begin", 3)
    assert [event[0] for event in events[1:]] == [3, 4, 5]
    assert all(sorted(event[1]) == ["loss", "validation_loss"] for event in events[1:])


def test_a_run_that_fails_at_once_takes_nothing_away(
    trainer: Any, fit: Any, fails: Any, tmp_path: Path, events: list[Any]
) -> None:
    fit(trainer(tensorboard_log(path=str(tmp_path))), 2)
    events.clear()
    with pytest.raises(RuntimeError):
        fit(trainer(tensorboard_log(path=str(tmp_path)), fails(0)), 2)
    assert events == []


def test_a_path_that_cannot_be_a_folder_is_told_before_the_first_step(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    chosen = trainer(tensorboard_log(path=str(tmp_path / "file")))
    with pytest.raises(OSError, match="file"):
        fit(chosen, 2)
    assert chosen.run.completed_steps == 0


def test_hyperparameters_are_checked(bundled: Any) -> None:
    with pytest.raises(HyperparameterError, match="histograms_every"):
        callback("tensorboard_log", plugins=bundled, histograms_every=-1)
    with pytest.raises(InvalidArgumentError, match="histograms_every"):
        TensorboardLog("tb", -1)
    with pytest.raises(CheckpointError, match="tensorboard_log: the checkpoint"):
        TensorboardLog("tb").valor_load_checkpoint({"epochs": 3})
