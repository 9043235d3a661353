"""The callback "json_log": each line is JSON, whatever ends the run."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from valor_plugins.callbacks.json_log import JsonLog


def lines(path: Path) -> list[dict[str, Any]]:
    def refuse(name: str) -> float:
        raise ValueError(name)

    text = path.read_text(encoding="utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_every_epoch_is_a_line_with_every_column_to_the_last_bit(
    trainer: Any, fit: Any, tmp_path: Path, engine: str
) -> None:
    path = tmp_path / "h.jsonl"
    chosen = trainer(JsonLog(path), "learning_rate_log", engine=engine)
    run = fit(chosen, 30, validation=([[1.0, 1.0]], [0.25]), batch_size=2)
    assert [line["epoch"] for line in lines(path)] == list(range(1, 31))
    for name in ("loss", "validation_loss", "learning_rate"):
        assert [line[name] for line in lines(path)] == list(run.history[name])


def test_nobody_has_to_listen_to_epochs_for_it(bundled: Any, tmp_path: Path) -> None:
    forked = bundled.fork([JsonLog(tmp_path / "h.jsonl")])
    assert not forked.listens("valor_before_epoch", "valor_after_epoch", "valor_should_stop")
    assert forked.listens("valor_after_steps")


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_does_not_have_is_null(
    trainer: Any, fit: Any, column: Any, tmp_path: Path, wrong: float
) -> None:
    path = tmp_path / "h.jsonl"
    fit(trainer(JsonLog(path), column("odd ü", [1.0, wrong])), 2)
    assert [line["odd ü"] for line in lines(path)] == [1.0, None]


def test_after_an_error_it_has_the_completed_epochs(
    trainer: Any, fit: Any, fails: Any, tmp_path: Path
) -> None:
    path = tmp_path / "h.jsonl"
    with pytest.raises(RuntimeError):
        fit(trainer(JsonLog(path), fails(4)), 9)
    assert [line["epoch"] for line in lines(path)] == [1, 2, 3, 4]


def test_a_resumed_run_goes_on_and_has_no_epoch_twice(
    trainer: Any, fit: Any, fails: Any, saves: Any, tmp_path: Path
) -> None:
    path, saved = tmp_path / "h.jsonl", str(tmp_path / "run.valor")
    with pytest.raises(RuntimeError):
        fit(trainer(JsonLog(path), saves(saved, 3), fails(5)), 9)
    assert len(lines(path)) == 5
    with open(path, "a") as file:
        file.write('{"epoch": 6, "lo')
    run = fit(trainer(JsonLog(path)), 9, resume_from=saved)
    assert [line["epoch"] for line in lines(path)] == list(range(1, 10))
    assert [line["loss"] for line in lines(path)] == list(run.history["loss"])


SCRIPT = """
import sys, valor
trainer = valor.Trainer(
    valor.MLP(2, [3, 1], seed=0), engine=sys.argv[2],
    callbacks=[valor.callback("json_log", path=sys.argv[1])],
)
trainer.fit([[0.5, 1.0]], [1.0], epochs=10**9)
"""


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_a_kill_leaves_whole_lines_and_at_most_a_part_of_one(tmp_path: Path, engine: str) -> None:
    path = tmp_path / "h.jsonl"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(path), engine]) as process:
        end = time.monotonic() + 60
        while time.monotonic() < end and not (path.exists() and path.stat().st_size > 10_000):
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    *whole, last = path.read_bytes().decode().split("\n")
    found = [json.loads(line) for line in whole]
    assert [line["epoch"] for line in found] == list(range(1, len(found) + 1))
    assert len(found) > 100
    assert last == "" or last.startswith("{")


def test_it_is_found_by_name(
    trainer: Any, fit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fit(trainer("json_log"), 2)
    assert len(lines(tmp_path / "history.jsonl")) == 2
