"""The callback "csv_log": every completed epoch in a file, however the run ended."""

import csv
from pathlib import Path
from typing import Any

import pytest

from valor import MLP, PluginManager, Trainer, callback, hookimpl, plugin_manager
from valor.exceptions import NonFiniteError
from valor_plugins.callbacks.csv_log import CsvLog


@pytest.fixture(scope="module")
def manager() -> PluginManager:
    return plugin_manager(environment=False)


def trainer(manager: PluginManager, *callbacks: Any, **more: Any) -> Trainer:
    return Trainer(MLP(1, [2, 1], seed=0), callbacks=callbacks, plugins=manager, **more)


def rows(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_file_holds_every_loss_to_the_last_bit(manager: PluginManager, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    run = trainer(manager, CsvLog(path)).fit([0.5, 1.5], [1.0, 0.0], epochs=25, batch_size=1)
    header, *lines = rows(path)
    assert header == ["epoch", "loss"]
    assert [int(epoch) for epoch, _ in lines] == list(range(1, 26))
    assert [float(loss) for _, loss in lines] == list(run.history["loss"])
    assert path.read_bytes().endswith(b"\n")
    assert b"\r" not in path.read_bytes()


def test_it_is_found_by_name(
    manager: PluginManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trainer(manager, "csv_log").fit([0.5], [1.0], epochs=3)
    assert len(rows(tmp_path / "history.csv")) == 4
    named = callback("csv_log", plugins=manager, path="other.csv")
    trainer(manager, named).fit([0.5], [1.0], epochs=2)
    assert len(rows(tmp_path / "other.csv")) == 3


def test_a_folder_that_is_missing_is_told_by_the_path_that_was_given(
    manager: PluginManager, tmp_path: Path
) -> None:
    path = tmp_path / "none" / "history.csv"
    with pytest.raises(FileNotFoundError) as caught:
        trainer(manager, CsvLog(path)).fit([0.5], [1.0], epochs=1)
    assert caught.value.filename == str(path)
    assert ".tmp" not in str(caught.value)


class Fails:
    @hookimpl
    def valor_after_epoch(self, report: Any) -> None:
        if report.epoch == 3:
            raise RuntimeError("enough")


def test_after_an_error_it_holds_the_completed_epochs(
    manager: PluginManager, tmp_path: Path
) -> None:
    path = tmp_path / "history.csv"
    chosen = trainer(manager, Fails(), CsvLog(path))
    with pytest.raises(RuntimeError, match="enough"):
        chosen.fit([0.5], [1.0], epochs=10)
    assert chosen.run is not None
    assert [float(loss) for _, loss in rows(path)[1:]] == list(chosen.run.history["loss"])
    assert len(rows(path)) == 4


def test_a_run_that_fails_in_its_first_epoch_leaves_an_older_file(
    manager: PluginManager, tmp_path: Path
) -> None:
    path = tmp_path / "history.csv"
    path.write_text("older\n")
    chosen = Trainer(
        MLP(1, [1], activation="identity", seed=0, plugins=manager),
        callbacks=[CsvLog(path)],
        plugins=manager,
    )
    with pytest.raises(NonFiniteError):
        chosen.fit([1e200], [1.0], epochs=10)
    assert path.read_text() == "older\n"


def test_more_columns_are_written_beside(manager: PluginManager, tmp_path: Path) -> None:
    class Adds:
        @hookimpl
        def valor_after_epoch(self, run: Any, report: Any) -> None:
            run.history.extend("half, or so", [report.loss / 2])

    path = tmp_path / "history.csv"
    run = trainer(manager, CsvLog(path), Adds()).fit([0.5], [1.0], epochs=2)
    header, *lines = rows(path)
    assert header == ["epoch", "loss", "half, or so"]
    assert [float(line[2]) for line in lines] == [loss / 2 for loss in run.history["loss"]]


def test_an_older_file_is_replaced(manager: PluginManager, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("old\n" * 100)
    trainer(manager, CsvLog(path)).fit([0.5], [1.0], epochs=1)
    assert len(rows(path)) == 2


def test_a_folder_that_is_not_there_is_named(manager: PluginManager, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere") as caught:
        trainer(manager, CsvLog(tmp_path / "nowhere" / "h.csv")).fit([0.5], [1.0], epochs=1)
    assert any("valor_before_training" in note for note in caught.value.__notes__)


def test_the_file_grows_while_the_run_goes_on(manager: PluginManager, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    seen = []

    class Looks:
        @hookimpl(trylast=True)
        def valor_after_steps(self, run: Any) -> None:
            seen.append((run.completed_epochs, len(rows(path)) - 1))

        @hookimpl
        def valor_after_epoch(self) -> None: ...

    trainer(manager, CsvLog(path), Looks()).fit([0.5, 1.5], [1.0, 0.0], epochs=5, batch_size=1)
    assert len(seen) >= 5
    assert all(epochs == lines for epochs, lines in seen)


def test_validation_and_metrics_have_columns(manager: PluginManager, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    chosen = trainer(manager, "learning_rate_log", CsvLog(path))
    run = chosen.fit([0.5], [1.0], epochs=3, validation=([0.5], [0.5]), metrics=["r2"])
    header, *lines = rows(path)
    assert header == ["epoch", "loss", "validation_loss", "validation_r2", "learning_rate"]
    for place, name in enumerate(header[1:], start=1):
        assert [float(line[place]) for line in lines] == pytest.approx(
            list(run.history[name]), abs=0, nan_ok=True
        )


def test_what_an_error_left_unknown_is_empty(manager: PluginManager, tmp_path: Path) -> None:
    class FailsMeasuring:
        @hookimpl
        def valor_before_validation(self, run: Any) -> None:
            if run.completed_epochs == 3:
                raise RuntimeError("enough")

    path = tmp_path / "history.csv"
    with pytest.raises(RuntimeError):
        trainer(manager, CsvLog(path), FailsMeasuring()).fit(
            [0.5], [1.0], epochs=9, validation=([0.5], [0.5])
        )
    header, *lines = rows(path)
    assert header == ["epoch", "loss", "validation_loss"]
    assert [bool(line[2]) for line in lines] == [True, True, False]
    assert all(line[1] for line in lines)
