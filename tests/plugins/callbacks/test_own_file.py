"""Two callbacks of one run do not write one file."""

import gc
import os
from pathlib import Path
from typing import Any

import pytest

from valor import callback
from valor.exceptions import InvalidArgumentError
from valor_plugins.callbacks.own_file import claim

WRITERS = [
    "best_model",
    "checkpoint",
    "csv_log",
    "histograms",
    "json_log",
    "loss_curve",
    "tensorboard_log",
]


@pytest.mark.parametrize("second", WRITERS)
@pytest.mark.parametrize("first", WRITERS)
def test_a_path_that_two_callbacks_write_is_refused(
    trainer: Any, fit: Any, bundled: Any, tmp_path: Path, first: str, second: str
) -> None:
    path = tmp_path / "file"
    chosen = trainer(
        callback(first, path=str(path), plugins=bundled),
        # Another way to the same place.
        callback(second, path=str(tmp_path / "." / "file"), plugins=bundled),
    )
    # The last one given is called first.
    message = rf"^{first}: '.*file' is written by {second} of the same run too; give each .* own"
    with pytest.raises(InvalidArgumentError, match=message):
        fit(chosen, 3)
    assert chosen.run.completed_steps == 0


def test_a_later_run_may_write_it_again(trainer: Any, fit: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "history.csv")
    chosen = trainer(callback("csv_log", path=path))
    for epochs in (2, 3):
        fit(chosen, epochs)
        assert len(Path(path).read_text().splitlines()) == epochs + 1
    fit(trainer(callback("json_log", path=path)), 4)
    assert len(Path(path).read_text().splitlines()) == 4


def test_what_is_no_file_may_belong_to_several(trainer: Any, fit: Any) -> None:
    both = [callback(name, path=os.devnull) for name in ("csv_log", "json_log")]
    assert fit(trainer(*both), 2).stopped_by == "epochs"


def test_a_run_that_is_gone_owns_nothing(trainer: Any, fit: Any, tmp_path: Path) -> None:
    from valor_plugins.callbacks import own_file

    gc.collect()
    before = len(own_file._owners)
    run = fit(trainer(), 1)
    claim(run, tmp_path / "a", "one")
    assert len(own_file._owners) == before + 1
    with pytest.raises(InvalidArgumentError, match=r"two: .* is written by one"):
        claim(run, tmp_path / "a", "two")
    claim(run, tmp_path / "b", "two")
    del run
    gc.collect()
    assert len(own_file._owners) == before
