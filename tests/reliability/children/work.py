"""The training that is killed, interrupted and starved; a module for the programs beside it."""

import hashlib
import math
import random
from collections.abc import Iterable
from typing import Any

from valor import MLP, Schedule, Trainer, hookimpl, optimizer, plugin_manager
from valor_plugins.callbacks.early_stopping import EarlyStopping

EPOCHS = 48
STEPS_PER_EPOCH = 4
PLUGINS = plugin_manager(environment=False)
DRAW = random.Random(7)
X = [[DRAW.uniform(-1, 1) for _ in range(3)] for _ in range(14)]
Y = [math.tanh(a - 2 * b + c) + DRAW.gauss(0, 0.1) for a, b, c in X]
# By the name of an optimizer: what it is bound to, and how its learning rate begins. Early stopping
# ends the runs of the first before all epochs are done.
KINDS: dict[str, Any] = {"gradient_descent": ({"momentum": 0.9}, 0.05), "adam": ({}, 0.02)}


def plateau(
    step: int, total_steps: int, state: tuple[float, ...], *, first: float = 0.02
) -> tuple[float, Any]:
    """Return a smaller rate each time the loss was no better than the best."""
    loss, best, share = state
    share = 0.9 * share if loss > best else share
    return first * share, (loss, min(loss, best), share)


PLATEAU = Schedule("plateau", plateau, state={"loss": math.inf, "best": math.inf, "share": 1.0})


class Counts:
    """Counts the epochs it hears of, and keeps the count in checkpoints.

    An epoch whose end was broken off is told of again when the run is resumed.
    """

    def __init__(self) -> None:
        self.epochs: list[int] = []

    @hookimpl
    def valor_after_epoch(self, report: Any) -> None:
        if report.epoch not in self.epochs:
            self.epochs.append(report.epoch)

    @hookimpl
    def valor_save_checkpoint(self) -> list[int]:
        return self.epochs

    @hookimpl
    def valor_load_checkpoint(self, state: Any) -> None:
        self.epochs = state


class Fingerprints:
    """Notes what a checkpoint of each step is, and how far the run has come."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.of: dict[int, str] = {}

    @hookimpl
    def valor_after_batch(self) -> None:
        """Listen, so that there is a call after each step."""

    @hookimpl(trylast=True)
    def valor_after_steps(self, run: Any) -> None:
        run.save_checkpoint(self.path)
        self.of[run.completed_steps] = digest(self.path)


def digest(path: str) -> str:
    """Return what tells a file from any other."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def trainer(
    engine: str, kind: str, *callbacks: Any, restore_best: bool = True, width: int = 4
) -> Trainer:
    """Make the trainer; the optimizer is of that kind."""
    bound, first = KINDS[kind]
    rate = PLATEAU.bind(first=first)
    return Trainer(
        MLP(3, [width, 1], activation="tanh", seed=1, plugins=PLUGINS),
        optimizer=optimizer(kind, plugins=PLUGINS, learning_rate=rate, **bound),
        engine=engine,
        seed=3,
        callbacks=[EarlyStopping(patience=12, restore_best=restore_best), Counts(), *callbacks],
        plugins=PLUGINS,
    )


def fit(chosen: Trainer, **more: Any) -> Any:
    """Run it."""
    given: dict[str, Any] = {"epochs": EPOCHS, "batch_size": 3, "shuffle": True, **more}
    return chosen.fit(X, Y, validation=0.2, **given)


def left_by(chosen: Trainer) -> dict[str, Any]:
    """Return all that a run leaves, to be compared bit for bit."""
    run = chosen.run
    assert run is not None
    stopping, counts = chosen.callbacks[:2]
    return {
        "parameters": hexadecimal(p.data for p in chosen.model.parametros()),
        "state": [hexadecimal(row) for row in chosen._state or ()],
        "history": {name: hexadecimal(run.history[name]) for name in run.history},
        "steps": run.completed_steps,
        "stopped by": run.stopped_by,
        "rate": run.learning_rate.hex(),
        "early stopping": stopping.valor_save_checkpoint(),
        "counts": counts.epochs,
    }


def hexadecimal(numbers: Iterable[float]) -> list[str]:
    """Return numbers with all their bits."""
    return [float(number).hex() for number in numbers]
