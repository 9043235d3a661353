"""The callback "best_model": the file has the parameters of the best epoch, and no others."""

import os
from pathlib import Path
from typing import Any

import pytest

from valor import MLP, callback
from valor.checkpoint import load
from valor.exceptions import CheckpointError, HyperparameterError, InvalidArgumentError
from valor_plugins.callbacks.best_model import BestModel
from valor_plugins.callbacks.checkpoint import checkpoint

SCORES = [3.0, 1.0, 2.0, 0.5, 0.5, 4.0]


def best(path: Path, **more: Any) -> BestModel:
    return BestModel(path, **{"monitor": "score", "mode": "min", **more})


@pytest.mark.parametrize("engine", ["eager", "native"])
@pytest.mark.parametrize(
    ("epochs", "mode", "expected"), [(1, "min", 1), (3, "min", 2), (6, "min", 4), (6, "max", 6)]
)
def test_the_file_has_the_parameters_of_the_best_epoch(
    trainer: Any,
    fit: Any,
    column: Any,
    recorder: Any,
    numbers: Any,
    tmp_path: Path,
    engine: str,
    epochs: int,
    mode: str,
    expected: int,
) -> None:
    path = tmp_path / "best.json"
    watching = best(path, mode=mode)
    chosen = trainer(recorder, column("score", SCORES), watching, engine=engine)
    run = fit(chosen, epochs)
    assert (watching.best_epoch, watching.best) == (expected, SCORES[expected - 1])
    assert numbers(load(path)) == recorder.epochs[expected]
    assert numbers(run.model) == recorder.epochs[epochs]


def test_it_is_there_while_the_run_goes_on(
    trainer: Any, fit: Any, column: Any, recorder: Any, numbers: Any, fails: Any, tmp_path: Path
) -> None:
    path = tmp_path / "best.json"
    with pytest.raises(RuntimeError):
        fit(trainer(recorder, column("score", SCORES), best(path), fails(3)), 6)
    assert numbers(load(path)) == recorder.epochs[2]


def test_after_a_resume_a_worse_model_does_not_replace_it(
    trainer: Any, fit: Any, column: Any, fails: Any, tmp_path: Path
) -> None:
    path, saved = tmp_path / "best.json", str(tmp_path / "run.valor")
    scores = column("score", SCORES)
    with pytest.raises(RuntimeError):
        fit(trainer(scores, best(path), checkpoint(path=saved), fails(2)), 6)
    before = path.read_bytes()
    again = best(path)
    fit(trainer(scores, again), 3, resume_from=saved)
    assert (again.best_epoch, again.best) == (2, 1.0)
    assert path.read_bytes() == before
    fit(trainer(scores, again), 6, resume_from=saved)
    assert (again.best_epoch, again.best) == (4, 0.5)
    assert path.read_bytes() != before


def test_another_monitor_is_not_compared_with_what_was_best_by_this_one(
    trainer: Any, fit: Any, column: Any, tmp_path: Path
) -> None:
    saved = str(tmp_path / "run.valor")
    scores = column("score", SCORES)
    fit(trainer(scores, best(tmp_path / "b.json"), checkpoint(path=saved)), 2)
    with pytest.raises(CheckpointError, match="monitor is 'loss', but 'score'"):
        fit(trainer(BestModel(tmp_path / "b.json", "loss")), 4, resume_from=saved)
    with pytest.raises(CheckpointError, match="best_model: the checkpoint says something else"):
        BestModel(tmp_path / "b.json").valor_load_checkpoint({"best": 1.0})


def test_a_column_that_is_not_there_is_an_error_after_the_first_epoch(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    chosen = trainer(BestModel(tmp_path / "b.json", "accurcy"))
    with pytest.raises(InvalidArgumentError, match="history, loss, accuracy, not 'accurcy', did"):
        fit(chosen, 5, metrics=["accuracy"])
    assert chosen.run.completed_epochs == 1


def test_an_object_begins_anew_with_each_run(
    trainer: Any, fit: Any, column: Any, tmp_path: Path
) -> None:
    watching = best(tmp_path / "b.json")
    fit(trainer(column("score", [0.0]), watching), 1)
    fit(trainer(column("score", [9.0]), watching), 1)
    assert (watching.best, watching.best_epoch) == (9.0, 1)


def test_a_model_that_a_file_cannot_hold_is_told(trainer: Any, fit: Any, tmp_path: Path) -> None:
    from valor import MLP

    model = MLP(2, [1], activation=lambda v: v, seed=0)
    chosen = trainer(BestModel(tmp_path / "b.json"), model=model)
    with pytest.raises(InvalidArgumentError, match="cannot be saved"):
        fit(chosen, 5)


def test_it_is_found_by_name(
    trainer: Any, fit: Any, bundled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fit(trainer("best_model"), 2)
    assert (tmp_path / "best.json").exists()
    with pytest.raises(HyperparameterError, match="mode"):
        callback("best_model", plugins=bundled, mode="best")


def test_what_cannot_be_written_is_told_before_the_first_step(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    lost = trainer(BestModel(str(tmp_path / "nowhere" / "best.json")))
    with pytest.raises(FileNotFoundError, match=r"nowhere.best\.json"):
        fit(lost, 3)
    own = trainer(
        BestModel(str(tmp_path / "best.json")), model=MLP(2, [1], activation=lambda v: v, seed=0)
    )
    with pytest.raises(InvalidArgumentError, match="no plugin provides this one"):
        fit(own, 3)
    for chosen in (lost, own):
        assert chosen.run.completed_steps == 0
    assert not os.listdir(tmp_path)
