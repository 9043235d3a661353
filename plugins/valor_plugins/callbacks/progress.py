"""How far a run has come: one line that is kept up to date on a terminal, a few lines elsewhere.

Where nobody reads any more (a pipe that was closed), it falls silent and the training goes on.
"""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

import attrs

from valor import Callback, Run, hookimpl

SECONDS_BETWEEN_UPDATES = 0.1  # of the terminal's line: what an eye can follow


class Progress:
    """Shows the epoch, and what the history has of it, while a run goes on.

    On a terminal there is one line that changes: a bar, where the package rich is installed (the
    extra `ui`). In a pipe or a file there are about as many plain lines as `lines` says, at even
    distances, always with the first and the last epoch, and nothing that steers a terminal.

    Args:
        lines: how many plain lines to aim at.
        stream: where to show it; ``sys.stdout``, as it is when the run begins, if None.

    >>> import io, valor
    >>> shown = io.StringIO()
    >>> progress = Progress(lines=2, stream=shown)
    >>> trainer = valor.Trainer(valor.MLP(1, [1], seed=0), callbacks=[progress])
    >>> run = trainer.fit([0.5], [1.0], epochs=10)
    >>> [line.partition("loss")[0].strip() for line in shown.getvalue().splitlines()]
    ['epoch  1 of 10', 'epoch  5 of 10', 'epoch 10 of 10']
    """

    def __init__(self, *, lines: int = 10, stream: TextIO | None = None) -> None:
        self.lines = lines
        self.stream = stream
        self._display: Any = None

    @hookimpl
    def valor_before_training(self, run: Run) -> None:
        stream = self.stream or sys.stdout
        if stream is None:  # a program without a console
            self._display = None
        elif stream.isatty() and os.environ.get("TERM") != "dumb":
            self._display = _bar(stream, run.epochs) or _Line(stream)
        else:
            self._display = _Lines(stream, max(1, run.epochs // self.lines))

    @hookimpl
    def valor_after_steps(self, run: Run) -> None:
        self._tell("show", run)

    @hookimpl
    def valor_after_training(self, run: Run) -> None:
        self._tell("finish", run)

    @hookimpl
    def valor_on_training_error(self, run: Run) -> None:
        self._tell("finish", run)

    def _tell(self, what: str, run: Run) -> None:
        if self._display is None:
            return
        try:
            getattr(self._display, what)(run)
        except BrokenPipeError:
            self._display = None


class _Lines:
    """Plain lines, one every so many epochs, whenever the run comes by to have them printed."""

    def __init__(self, stream: TextIO, every: int) -> None:
        self._stream = stream
        self._every = every
        self._last = 0  # epoch that was printed
        self._seen = 0  # epochs; those between are not worth a line

    def show(self, run: Run) -> None:
        first, self._seen = self._seen + 1, len(run.history)
        for epoch in range(first, self._seen + 1):
            if epoch == 1 or epoch % self._every == 0:
                self._print(run, epoch)

    def finish(self, run: Run) -> None:
        self.show(run)
        if self._last != len(run.history):
            self._print(run, len(run.history))

    def _print(self, run: Run, epoch: int) -> None:
        self._last = epoch
        print(_text(run, epoch), file=self._stream, flush=True)


class _Line:
    """One line of a terminal, written over again and again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = 0.0
        self._longest = 0

    def show(self, run: Run) -> None:
        now = time.monotonic()
        if run.history and now >= self._next:
            self._next = now + SECONDS_BETWEEN_UPDATES
            self._write(run, "")

    def finish(self, run: Run) -> None:
        if run.history:
            self._write(run, "\n")

    def _write(self, run: Run, end: str) -> None:
        # A line as wide as the terminal would wrap, and the next one could not write over it.
        text = _text(run, len(run.history))[: shutil.get_terminal_size().columns - 1]
        self._longest = max(self._longest, len(text))
        self._stream.write(f"\r{text.ljust(self._longest)}{end}")
        self._stream.flush()


class _Bar:
    """A bar of the package rich."""

    def __init__(self, progress: Any, epochs: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=epochs, numbers="")
        self._next = 0.0
        progress.start()

    def show(self, run: Run) -> None:
        now = time.monotonic()
        if run.history and now >= self._next:
            self._next = now + SECONDS_BETWEEN_UPDATES
            self._update(run)

    def finish(self, run: Run) -> None:
        if run.history:
            self._update(run)
        self._progress.stop()

    def _update(self, run: Run) -> None:
        epochs = len(run.history)
        numbers = _numbers(run, epochs)
        self._progress.update(self._task, completed=epochs, numbers=numbers, refresh=True)


def _bar(stream: TextIO, epochs: int) -> _Bar | None:
    """Return a bar, or None where rich is not installed."""
    with contextlib.suppress(ImportError):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[numbers]}", markup=False),
        )
        return _Bar(Progress(*columns, console=Console(file=stream), auto_refresh=False), epochs)
    return None


def _text(run: Run, epoch: int) -> str:
    return f"epoch {epoch:{len(str(run.epochs))}} of {run.epochs}  {_numbers(run, epoch)}"


def _numbers(run: Run, epoch: int) -> str:
    """Return what the history has of an epoch, each number after its name."""
    columns = {name: run.history[name] for name in run.history}
    return "  ".join(
        f"{_visible(name)} {column[epoch - 1]:.6g}"
        for name, column in columns.items()
        if epoch <= len(column)  # an error may have come before the rest of them
    )


def _visible(name: str) -> str:
    """Return the name of a column, which anybody may have added, on one line and without codes."""
    return "".join(char if char.isprintable() else " " for char in name)


def progress(*, lines: int = 10) -> Progress:
    """Return a `Progress` on standard output, for ``callbacks=["progress"]``.

    Args:
        lines: as for `Progress`.

    >>> progress(lines=3).lines
    3
    """
    return Progress(lines=lines)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name="progress", call=progress, validators={"lines": attrs.validators.ge(1)})
