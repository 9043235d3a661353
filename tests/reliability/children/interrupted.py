"""Interrupt trainings: ``interrupted.py ENGINE LISTENED HOW TIMES COUNT FOLDER``.

LISTENED is "listened", for callbacks, validation and a schedule that look at every epoch, or
"unheard", for calls of the engine that take as long as they like. HOW is "moment", for Ctrl-C at
random moments, or "line", for Ctrl-C before random lines of Valor's. It comes once, or, if TIMES is
2, twice in quick succession. COUNT trainings are interrupted; each is then resumed from the
checkpoint that it left. Says in JSON how they ended, and what was wrong.
"""

import collections
import glob
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import work

import valor
import valor_plugins
from valor import MLP, Trainer, hookimpl
from valor.checkpoint import read_snapshot
from valor.files import Lock
from valor_plugins.callbacks.checkpoint import checkpoint

engine, listened, how, given_times, given_count, folder = sys.argv[1:]
TIMES, COUNT = int(given_times), int(given_count)
DRAW = random.Random(" ".join(sys.argv[1:-1]))
OURS = tuple(os.path.dirname(str(package.__file__)) for package in (valor, valor_plugins))


def trainer(*callbacks: Any) -> Trainer:
    """Make the trainer."""
    if listened == "listened":
        return work.trainer(engine, "adam", *callbacks, restore_best=False)
    model = MLP(3, [4, 1], activation="tanh", seed=1, plugins=work.PLUGINS)
    more: dict[str, Any] = {"seed": 3, "callbacks": callbacks, "plugins": work.PLUGINS}
    return Trainer(model, optimizer="adam", engine=engine, **more)


def fit(chosen: Trainer, **more: Any) -> Any:
    """Run it: for some epochs, or where nobody listens for many, as the engine may be fast."""
    if listened == "listened":
        return work.fit(chosen, epochs=10, **more)
    epochs = 1500 if engine == "native" else 30
    return chosen.fit(work.X, work.Y, epochs=epochs, batch_size=3, shuffle=True, **more)


def numbers(chosen: Trainer) -> Any:
    """Return all the numbers that a run leaves but those of early stopping and its like."""
    run = chosen.run
    return [
        work.hexadecimal(parameter.data for parameter in chosen.model.parametros()),
        [work.hexadecimal(row) for row in chosen._state or ()],
        run and {name: work.hexadecimal(run.history[name]) for name in run.history},
        run and run.completed_steps,
    ]


class Steps:
    """Keeps the parameters after each step."""

    def __init__(self) -> None:
        self.after: dict[int, list[str]] = {}

    @hookimpl
    def valor_after_batch(self, run: Any) -> None:
        self.after[run.completed_steps] = work.hexadecimal(
            parameter.data for parameter in run.model.parametros()
        )


def watch(act: Callable[[], Any]) -> None:
    """From now on, call a function before each line of Valor's."""

    def lines(frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            act()
        return lines

    def calls(frame: Any, event: str, argument: Any) -> Any:
        return lines if frame.f_code.co_filename.startswith(OURS) else None

    sys.settrace(calls)


class FirstStep:
    """Notes when the first call of the engine was done: before, all is preparation."""

    def __init__(self, now: Callable[[], Any]) -> None:
        self.now, self.at = now, None

    @hookimpl
    def valor_after_steps(self) -> None:
        if self.at is None:
            self.at = self.now()


class Lines:
    """Presses Ctrl-C before lines of a run."""

    def __init__(self) -> None:
        self.seen, self.wanted = 0, [-1]
        first_step = FirstStep(lambda: self.seen)
        watch(self._line)
        fit(trainer(first_step))
        sys.settrace(None)
        self.began, self.range = first_step.at, self.seen

    def begin(self) -> None:
        first = DRAW.randrange(self.began if DRAW.random() < 0.8 else 0, self.range)
        self.seen, self.wanted = 0, [first, first + DRAW.choice((0, 1, 3, 20, 200))][:TIMES]
        watch(self._line)

    def end(self) -> None:
        sys.settrace(None)

    def _line(self) -> None:
        self.seen += 1
        while self.wanted and self.wanted[0] == self.seen - 1:
            del self.wanted[0]
            signal.raise_signal(signal.SIGINT)


class Moments:
    """Presses Ctrl-C at moments of a run."""

    def __init__(self) -> None:
        start = time.perf_counter()
        first_step = FirstStep(lambda: time.perf_counter() - start)
        fit(trainer(first_step))
        self.began, self.range = first_step.at, time.perf_counter() - start
        self.thread: threading.Thread | None = None

    def begin(self) -> None:
        first = DRAW.uniform(self.began if DRAW.random() < 0.8 else 0.0, self.range)
        waits = [first, DRAW.choice((0.0, 0.0001, 0.001, 0.01))][:TIMES]

        def press() -> None:
            for seconds in waits:
                time.sleep(seconds)
                os.kill(os.getpid(), signal.SIGINT)

        self.thread = threading.Thread(target=press)
        self.thread.start()

    def end(self) -> None:
        assert self.thread is not None
        self.thread.join()


def interrupted(chosen: Trainer) -> str:
    """Run a trainer and interrupt it; return how that ended, or "late" if it was after the run."""
    ended = "late"
    try:
        try:
            press.begin()
            run = fit(chosen)
            if run.stopped_by != "epochs":
                ended = run.stopped_by
        except KeyboardInterrupt:
            ended = "KeyboardInterrupt"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what comes now is not for the run
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    press.end()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return ended


def check(chosen: Trainer, ended: str, path: str) -> None:
    """See that a run that was interrupted left what it should."""
    run = chosen.run
    steps = run.completed_steps if run is not None else 0
    assert ended in ("interrupt", "KeyboardInterrupt")
    parameters, state, history, _ = numbers(chosen)
    if listened == "listened":
        assert parameters == after[steps], "parameters"
    with Lock(path):
        """It was given back."""
    assert TIMES > 1 or not glob.glob(f"{folder}/.*.tmp"), "a part of a file"
    if run is not None:
        assert history["loss"] == whole[2]["loss"][: run.completed_epochs], "history"
        assert run.stopped_by != "", "no end"
    if os.path.exists(path):
        snapshot = read_snapshot(path)
        tally["written at the end"] += snapshot.completed_steps == steps
        assert snapshot.completed_steps <= steps, "a checkpoint of the future"
        if snapshot.completed_steps == steps:
            assert parameters == work.hexadecimal(snapshot.parameters), "parameters in the file"
            columns = [work.hexadecimal(column) for column in snapshot.state.values()]
            assert state == [list(row) for row in zip(*columns, strict=True)], (
                "optimizer in the file"
            )
        else:
            # Ctrl-C came while the end was being written.
            assert ended == "KeyboardInterrupt", "no checkpoint of the end"
    else:
        assert ended == "KeyboardInterrupt", "no checkpoint"
    again = trainer()
    fit(again, resume_from=path if os.path.exists(path) else None)
    assert numbers(again) == whole, "resumed"
    if listened == "listened":
        assert again.callbacks[0].valor_save_checkpoint() == stopping, "early stopping"
        assert again.callbacks[1].epochs == counts, "counts"


tally: collections.Counter[str] = collections.Counter()
faults = []
steps = Steps()
if listened == "listened":
    first = trainer(steps)
    after = {0: numbers(first)[0]}
    fit(first)
    after |= steps.after
else:
    first = trainer()
    fit(first)
whole = numbers(first)
if listened == "listened":
    stopping, counts = first.callbacks[0].valor_save_checkpoint(), first.callbacks[1].epochs
press: Any = Lines() if how == "line" else Moments()
cases = 0
while sum(tally[ended] for ended in ("interrupt", "KeyboardInterrupt")) < COUNT:
    cases += 1
    path = f"{folder}/{cases}.valor"
    chosen = trainer(checkpoint(path=path, every_epochs=cases % 2))
    ended = interrupted(chosen)
    tally[ended] += 1
    if ended == "late":
        continue
    try:
        check(chosen, ended, path)
    except Exception as fault:
        faults.append(f"case {cases}, {ended}: {type(fault).__name__}: {fault}")
print(json.dumps({"tally": tally, "faults": faults}))
