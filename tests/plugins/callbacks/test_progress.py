"""The callback "progress": a line that changes on a terminal, a few plain lines elsewhere."""

import contextlib
import io
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from valor import MLP, PluginManager, Trainer, callback, hookimpl, plugin_manager
from valor.exceptions import HyperparameterError
from valor_plugins.callbacks.progress import Progress

LINE = re.compile(r"epoch +(\d+) of (\d+)  loss (\S+)")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def manager() -> PluginManager:
    return plugin_manager(environment=False)


@pytest.fixture
def without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setenv("TERM", "xterm")


def trained(manager: PluginManager, *callbacks: Any, epochs: int) -> Any:
    trainer = Trainer(MLP(1, [1], seed=0), callbacks=callbacks, plugins=manager)
    return trainer.fit([0.5], [1.0], epochs=epochs)


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (1, [1]),
        (3, [1, 2, 3]),
        (10, list(range(1, 11))),
        (25, [*range(2, 25, 2), 1, 25]),
        (1000, [1, *range(100, 1001, 100)]),
        (1005, [1, *range(100, 1001, 100), 1005]),
    ],
)
def test_elsewhere_there_are_about_ten_lines(
    manager: PluginManager, epochs: int, expected: list[int]
) -> None:
    stream = io.StringIO()
    run = trained(manager, Progress(stream=stream), epochs=epochs)
    found = [LINE.fullmatch(line) for line in stream.getvalue().splitlines()]
    assert all(found)
    assert [int(line[1]) for line in found if line] == sorted(expected)
    for line in found:
        assert line
        assert int(line[2]) == epochs
        assert line[3] == f"{run.history['loss'][int(line[1]) - 1]:.6g}"


def test_an_epoch_is_looked_at_once(manager: PluginManager) -> None:
    class Every(int):
        asked = 0

        def __rmod__(self, epoch: int) -> int:
            Every.asked += 1
            return epoch % int(self)

    class Stops:
        @hookimpl
        def valor_after_epoch(self) -> None:
            """Make the trainer stop at each epoch, so that progress is asked each time."""

    class Slow(Progress):
        @hookimpl
        def valor_before_training(self, run: Any) -> None:
            super().valor_before_training(run)
            self._display._every = Every(100)

    trained(manager, Slow(stream=io.StringIO()), Stops(), epochs=99)
    assert Every.asked <= 99


def test_validation_metrics_and_what_others_add_are_shown(manager: PluginManager) -> None:
    class Adds:
        @hookimpl
        def valor_after_epoch(self, run: Any) -> None:
            run.history.extend("\x1b[31mred\r\n", [0.5])

    stream = io.StringIO()
    trainer = Trainer(
        MLP(1, [1], seed=0), callbacks=[Progress(stream=stream), Adds()], plugins=manager
    )
    run = trainer.fit([0.5], [1.0], epochs=2, validation=([0.5], [0.5]), metrics=["r2"])
    history = run.history
    assert stream.getvalue().splitlines() == [
        f"epoch {epoch} of 2  loss {history['loss'][epoch - 1]:.6g}  "
        f"validation_loss {history['validation_loss'][epoch - 1]:.6g}  "
        f"validation_r2 {history['validation_r2'][epoch - 1]:.6g}   [31mred   0.5"
        for epoch in (1, 2)
    ]


def test_where_an_error_came_before_the_validation_its_loss_is_left_out(
    manager: PluginManager,
) -> None:
    class FailsMeasuring:
        @hookimpl
        def valor_before_validation(self, run: Any) -> None:
            if run.completed_epochs == 3:
                raise RuntimeError("enough")

    stream = io.StringIO()
    trainer = Trainer(
        MLP(1, [1], seed=0), callbacks=[Progress(stream=stream), FailsMeasuring()], plugins=manager
    )
    with pytest.raises(RuntimeError):
        trainer.fit([0.5], [1.0], epochs=5, validation=([0.5], [0.5]))
    lines = stream.getvalue().splitlines()
    assert ["validation" in line for line in lines] == [True, True, False]


def test_nothing_in_a_pipe_or_a_file_steers_a_terminal(tmp_path: Any) -> None:
    script = (
        "import valor\n"
        "trainer = valor.Trainer(valor.MLP(1, [1], seed=0), callbacks=['progress'])\n"
        "trainer.fit([0.5], [1.0], epochs=200, validation=([0.5], [0.5]))\n"
    )
    forced = {
        "FORCE_COLOR": "1",
        "CLICOLOR_FORCE": "1",
        "TERM": "xterm-256color",
        "TTY_COMPATIBLE": "1",
    }
    for environment in (os.environ, {**os.environ, **forced}):
        path = tmp_path / "log"
        with open(path, "wb") as file:
            subprocess.run([sys.executable, "-c", script], stdout=file, check=True, env=environment)
        written = path.read_bytes()
        assert len(written.splitlines()) == 11
        assert not set(written) & set(b"\r\x08\x1b\x00")


def test_the_number_of_lines_can_be_chosen(manager: PluginManager, capsys: Any) -> None:
    trained(manager, callback("progress", plugins=manager, lines=2), epochs=100)
    assert len(capsys.readouterr().out.splitlines()) == 3
    with pytest.raises(HyperparameterError, match="lines"):
        callback("progress", plugins=manager, lines=0)


def test_the_last_epoch_is_told_where_a_vote_or_an_error_ends_the_run(
    manager: PluginManager,
) -> None:
    class Stops:
        @hookimpl
        def valor_should_stop(self, report: Any) -> bool:
            return bool(report.epoch == 150)

    class Fails:
        @hookimpl
        def valor_before_epoch(self, run: Any) -> None:
            if run.completed_epochs == 150:
                raise RuntimeError("enough")

    for ends in (Stops(), Fails()):
        stream = io.StringIO()
        with contextlib.suppress(RuntimeError):
            trained(manager, ends, Progress(stream=stream), epochs=1000)
        assert [line.split()[1] for line in stream.getvalue().splitlines()] == ["1", "100", "150"]


@pytest.mark.usefixtures("without_rich")
def test_a_terminal_has_one_line_that_changes(
    manager: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal()
    run = trained(manager, Progress(stream=stream), epochs=500)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert len(text.split("\r")) < 100  # not one an epoch
    last = text.split("\r")[-1].rstrip()
    assert last == f"epoch 500 of 500  loss {run.history['loss'][-1]:.6g}"
    # What is written over must be as long as what it covers.
    widths = [len(part.rstrip("\n")) for part in text.split("\r")[1:]]
    assert widths == sorted(widths)

    monkeypatch.setenv("COLUMNS", "20")
    narrow = Terminal()
    trained(manager, Progress(stream=narrow), epochs=5)
    assert all(len(part.rstrip("\n")) < 20 for part in narrow.getvalue().split("\r"))


def test_a_dumb_terminal_gets_plain_lines(
    manager: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    trained(manager, Progress(stream=stream), epochs=3)
    assert "\r" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 3


def test_rich_is_used_where_it_is_installed(
    manager: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stand-in with rich's interface: these tests must not depend on an optional package.
    import types

    calls: list[Any] = []

    class Bar:
        def __init__(self, *columns: Any, console: Any, auto_refresh: bool) -> None:
            calls.append(("bar", console, auto_refresh))

        def add_task(self, text: str, total: int, numbers: str) -> int:
            calls.append(("task", total))
            return 7

        def start(self) -> None:
            calls.append("start")

        def stop(self) -> None:
            calls.append("stop")

        def update(self, task: int, completed: int, numbers: str, refresh: bool) -> None:
            calls.append(("update", task, completed, numbers, refresh))

    console = types.SimpleNamespace(Console=lambda file: ("console", file))
    progress = types.SimpleNamespace(
        Progress=Bar,
        BarColumn=object,
        MofNCompleteColumn=object,
        TextColumn=lambda text, markup=True: text,
    )
    monkeypatch.setitem(sys.modules, "rich", types.ModuleType("rich"))
    monkeypatch.setitem(sys.modules, "rich.console", console)
    monkeypatch.setitem(sys.modules, "rich.progress", progress)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    run = trained(manager, Progress(stream=stream), epochs=50)
    assert calls[:3] == [("bar", ("console", stream), False), ("task", 50), "start"]
    shown = f"loss {run.history['loss'][-1]:.6g}"
    assert calls[-2:] == [("update", 7, 50, shown, True), "stop"]
    assert stream.getvalue() == ""


def test_a_reader_that_goes_away_does_not_end_the_training(manager: PluginManager) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    assert trained(manager, Progress(stream=Closed()), epochs=20).completed_epochs == 20


def test_without_a_console_nothing_is_shown(
    manager: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert trained(manager, Progress(), epochs=5).completed_epochs == 5


def test_lines_reach_a_pipe_as_they_are_made() -> None:
    script = (
        "import os, valor\n"
        "trainer = valor.Trainer(valor.MLP(1, [1], seed=0), callbacks=['progress'])\n"
        "trainer.fit([0.5], [1.0], epochs=3)\n"
        "os._exit(0)\n"  # nothing is flushed at the end
    )
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=buffered
    )
    assert len(result.stdout.splitlines()) == 3
