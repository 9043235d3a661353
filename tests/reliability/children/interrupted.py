"""Interrupt trainings: ``interrupted.py ENGINE LISTENED COUNT FOLDER``.

LISTENED is "listened", for callbacks, validation and a schedule that look at every epoch, or
"unheard", for calls of the engine that take as long as they like. Ctrl-C comes before a random line
of Valor's or at a random moment, and once or twice in quick succession: COUNT times each. Each
training that was interrupted is resumed from the checkpoint that it left. Says in JSON how they
ended, and what was wrong.
"""

import collections
import glob
import itertools
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
from valor.exceptions import LockedError
from valor.files import Lock
from valor_plugins.callbacks.checkpoint import checkpoint

engine, listened, count, folder = sys.argv[1:]
KEPT = "lock kept until the trainer is gone"
HEARD = listened == "listened"
DRAW = random.Random(f"{engine} {listened}")
OURS = tuple(os.path.dirname(str(package.__file__)) for package in (valor, valor_plugins))


def trainer(*callbacks: Any) -> Trainer:
    """Make the trainer."""
    if HEARD:
        return work.trainer(engine, "adam", *callbacks, restore_best=False)
    model = MLP(3, [4, 1], activation="tanh", seed=1, plugins=work.PLUGINS)
    more: dict[str, Any] = {"seed": 3, "callbacks": callbacks, "plugins": work.PLUGINS}
    return Trainer(model, optimizer="adam", engine=engine, **more)


def fit(chosen: Trainer, **more: Any) -> Any:
    """Run it: for some epochs, or where nobody listens for many, if the engine is fast."""
    if HEARD:
        return work.fit(chosen, epochs=10, **more)
    epochs = 500 if engine == "native" else 10
    return chosen.fit(work.X, work.Y, epochs=epochs, batch_size=3, shuffle=True, **more)


def parameters_of(chosen: Trainer) -> list[str]:
    return work.hexadecimal(parameter.data for parameter in chosen.model.parametros())


def left_by(chosen: Trainer) -> Any:
    """Return all that a run leaves."""
    run = chosen.run
    assert run is not None
    return [
        parameters_of(chosen),
        [work.hexadecimal(row) for row in chosen._state or ()],
        {name: work.hexadecimal(run.history[name]) for name in run.history},
        run.completed_steps,
        chosen.callbacks[0].valor_save_checkpoint() if HEARD else None,
        chosen.callbacks[1].epochs if HEARD else None,
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


class FirstStep:
    """Notes when the first call of the engine was done: before, all is preparation."""

    def __init__(self, now: Callable[[], Any]) -> None:
        self.now = now
        self.at: Any = None

    @hookimpl
    def valor_after_steps(self) -> None:
        if self.at is None:
            self.at = self.now()


def watch(act: Callable[[], Any]) -> None:
    """From now on, call a function before each line of Valor's."""

    def lines(frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            act()
        return lines

    def calls(frame: Any, event: str, argument: Any) -> Any:
        return lines if frame.f_code.co_filename.startswith(OURS) else None

    sys.settrace(calls)


class Lines:
    """Presses Ctrl-C before lines of a run: most often after the first step.

    Attributes:
        noted: whether that was where the first Ctrl-C is only noted.
    """

    def __init__(self) -> None:
        self.seen, self.wanted, self.noted = 0, [-1], False
        first_step = FirstStep(lambda: self.seen)
        watch(self._line)
        fit(trainer(first_step))
        sys.settrace(None)
        self.began, self.range = first_step.at, self.seen

    def begin(self, times: int) -> None:
        first = DRAW.randrange(self.began if DRAW.random() < 0.8 else 0, self.range)
        self.seen, self.wanted = 0, [first, first + DRAW.choice((0, 1, 3, 20, 200))][:times]
        self.noted = False
        watch(self._line)

    def end(self) -> None:
        sys.settrace(None)

    def _line(self) -> None:
        self.seen += 1
        while self.wanted and self.wanted[0] == self.seen - 1:
            del self.wanted[0]
            self.noted = signal.getsignal(signal.SIGINT) is not signal.default_int_handler
            signal.raise_signal(signal.SIGINT)


class Moments:
    """Presses Ctrl-C at moments of a run: most often after the first step."""

    noted = False  # or perhaps it was

    def __init__(self) -> None:
        start = time.perf_counter()
        first_step = FirstStep(lambda: time.perf_counter() - start)
        fit(trainer(first_step))
        self.began, self.range = first_step.at, time.perf_counter() - start
        self.thread = threading.Thread()

    def begin(self, times: int) -> None:
        first = DRAW.uniform(self.began if DRAW.random() < 0.8 else 0.0, self.range)
        waits = [first, DRAW.choice((0.0, 0.0001, 0.001, 0.01))][:times]

        def press() -> None:
            for seconds in waits:
                time.sleep(seconds)
                os.kill(os.getpid(), signal.SIGINT)

        self.thread = threading.Thread(target=press)
        self.thread.start()

    def end(self) -> None:
        self.thread.join()


def interrupted(chosen: Trainer, press: Any, times: int) -> str:
    """Run a trainer and interrupt it; return how that ended, or "late" if it was after the run."""
    ended = "late"
    try:
        try:
            press.begin(times)
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


def check(chosen: Trainer, ended: str, once: bool, noted: bool, path: str) -> None:
    """See that a run that was interrupted left what it should, and can go on."""
    assert ended == "interrupt" or (ended == "KeyboardInterrupt" and not (once and noted)), "end"
    run = chosen.run
    steps = 0 if run is None else run.completed_steps
    if HEARD:
        assert parameters_of(chosen) == after[steps], "parameters"
    if run is not None:
        losses = work.hexadecimal(run.history["loss"])
        assert losses == whole[2]["loss"][: run.completed_epochs], "history"
        assert run.stopped_by, "no end"
    assert not once or not glob.glob(f"{folder}/.*.tmp"), "a part of a file"
    try:
        with Lock(path):
            """It was given back."""
    except LockedError:
        # Ctrl-C came within the few instructions that lead to where it is given back.
        tally[KEPT] += 1
    there = os.path.exists(path)
    written = there and read_snapshot(path).completed_steps == steps
    # Or Ctrl-C came while the end was written, or before there was anything to write.
    assert written or ended == "KeyboardInterrupt", "no checkpoint of the end"
    if written:
        snapshot = read_snapshot(path)
        rows = zip(*snapshot.state.values(), strict=True)
        assert work.hexadecimal(snapshot.parameters) == parameters_of(chosen), "file: parameters"
        assert [*map(work.hexadecimal, rows)] == left_by(chosen)[1], "file: optimizer"
    tally["with a checkpoint of the end"] += written
    again = trainer()
    fit(again, resume_from=path if there else None)
    assert left_by(again) == whole, "resumed"


first = trainer(Steps()) if HEARD else trainer()
after = {0: parameters_of(first)}
fit(first)
whole = left_by(first)
if HEARD:
    after |= first.callbacks[2].after
fit(trainer())  # what is compiled once is not compiled again
tally: collections.Counter[str] = collections.Counter()
faults, names = [], itertools.count()
presses: list[Lines | Moments] = [Lines(), Moments()]
for press, times in itertools.product(presses, (1, 2)):
    wanted = int(count)
    while wanted:
        name = next(names)
        path = f"{folder}/{name}.valor"
        chosen = trainer(checkpoint(path=path, every_epochs=name % 2))
        ended = interrupted(chosen, press, times)
        tally[ended] += 1
        if ended == "late":
            continue
        wanted -= 1
        try:
            check(chosen, ended, times == 1, press.noted, path)
        except Exception as fault:
            what = f"{type(press).__name__}, {times} times, {ended}"
            faults.append(f"{name}: {what}: {type(fault).__name__}: {fault}")
print(json.dumps({"tally": tally, "locks": tally[KEPT], "faults": faults}))
