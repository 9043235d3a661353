"""The callback "histograms": what each line says, how often there is one, and after a resume."""

import json
from pathlib import Path
from typing import Any

import pytest

from valor import callback, hookimpl
from valor.checkpoint import read_snapshot
from valor.exceptions import CheckpointError, HyperparameterError, InvalidArgumentError
from valor_plugins.callbacks.checkpoint import checkpoint
from valor_plugins.callbacks.histograms import Histograms

GROUPS = ["camadas[0].pesos", "camadas[0].vies", "camadas[1].pesos", "camadas[1].vies"]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_a_line_has_the_weights_and_the_gradients_of_a_group(
    trainer: Any, fit: Any, tmp_path: Path, engine: str
) -> None:
    path = tmp_path / "h.jsonl"
    chosen = trainer(Histograms(path, bins=4), engine=engine)
    run = fit(chosen, 3)
    assert [(line["epoch"], line["group"]) for line in lines(path)] == [
        (epoch, group) for epoch in (1, 2, 3) for group in GROUPS
    ]
    first = run.model.camadas[0].neuronios
    weights = [peso for neuron in first for peso in neuron.pesos]
    for line, parameters in (
        (lines(path)[-4], weights),
        (lines(path)[-3], [neuron.vies for neuron in first]),
    ):
        for what, numbers in (
            ("weights", [p.data for p in parameters]),
            ("gradients", [p.grad for p in parameters]),
        ):
            assert line[what]["low"] == min(numbers)
            assert line[what]["high"] == max(numbers)
            assert sum(line[what]["counts"]) == len(numbers)
            assert len(line[what]["counts"]) == 4
            assert line[what]["not_finite"] == 0


def test_there_is_one_every_so_many_epochs(trainer: Any, fit: Any, tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    path.write_text("older\n" * 1000)
    fit(trainer(Histograms(path, every_epochs=3)), 10)
    assert sorted({line["epoch"] for line in lines(path)}) == [3, 6, 9]


@pytest.mark.parametrize("epochs", [4, 5])
def test_a_resumed_run_goes_on_and_has_no_epoch_twice(
    trainer: Any, fit: Any, fails: Any, saves: Any, tmp_path: Path, epochs: int
) -> None:
    path, saved = tmp_path / "h.jsonl", tmp_path / "run.valor"
    whole = tmp_path / "whole.jsonl"
    fit(trainer(Histograms(whole, 2)), 12)
    with pytest.raises(RuntimeError):
        fit(trainer(Histograms(path, 2), saves(saved, epochs), fails(9)), 12)
    assert lines(path)[-1]["epoch"] == 8
    with open(path, "a") as file:
        file.write('{"epoch": 9')
    fit(trainer(Histograms(path, 2)), 12, resume_from=saved)
    assert path.read_text() == whole.read_text()


def test_an_epoch_that_is_told_of_again_is_not_written_again(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    class FailsLast:
        @hookimpl
        def valor_should_stop(self, report: Any) -> None:
            if report.epoch == 4:
                raise RuntimeError

    path, whole, saved = (tmp_path / name for name in ("h.jsonl", "whole.jsonl", "run.valor"))
    fit(trainer(Histograms(whole, 2)), 6)
    with pytest.raises(RuntimeError):
        fit(trainer(Histograms(path, 2), checkpoint(path=str(saved)), FailsLast()), 6)
    assert read_snapshot(saved).closed_epochs == 3
    fit(trainer(Histograms(path, 2)), 6, resume_from=saved)
    assert path.read_text() == whole.read_text()


def test_without_the_file_of_then_a_resumed_run_begins_it_anew(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    saved = str(tmp_path / "run.valor")
    fit(trainer(Histograms(tmp_path / "a.jsonl"), checkpoint(path=saved)), 3)
    path = tmp_path / "b.jsonl"
    path.write_text("short\n")
    fit(trainer(Histograms(path)), 5, resume_from=saved)
    assert [line["epoch"] for line in lines(path)] == [4] * 4 + [5] * 4


def test_a_folder_that_is_missing_is_told_before_the_first_step(
    trainer: Any, fit: Any, tmp_path: Path
) -> None:
    chosen = trainer(Histograms(tmp_path / "nowhere" / "h.jsonl"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fit(chosen, 1)
    assert chosen.run.completed_steps == 0


def test_hyperparameters_are_checked(bundled: Any, tmp_path: Path) -> None:
    for wrong in ({"every_epochs": 0}, {"bins": 0}):
        with pytest.raises(HyperparameterError, match=next(iter(wrong))):
            callback("histograms", plugins=bundled, **wrong)
        with pytest.raises(InvalidArgumentError, match=next(iter(wrong))):
            Histograms(tmp_path / "h", **wrong)
    with pytest.raises(CheckpointError, match="histograms: the checkpoint"):
        Histograms(tmp_path / "h").valor_load_checkpoint({"size": "0"})


def test_it_is_found_by_name(
    trainer: Any, fit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fit(trainer("histograms"), 1)
    assert len(lines(tmp_path / "histograms.jsonl")) == 4
