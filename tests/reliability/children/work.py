"""The training that is killed, interrupted and starved; a module for the programs beside it."""

import hashlib
import random
from collections.abc import Iterable
from typing import Any

from valor import MLP, Trainer, hookimpl, optimizer, plugin_manager, schedule
from valor_plugins.callbacks.early_stopping import EarlyStopping

EPOCHS = 60
STEPS_PER_EPOCH = 4
PLUGINS = plugin_manager(environment=False)
DRAW = random.Random(7)
X = [[DRAW.uniform(-1, 1) for _ in range(3)] for _ in range(14)]
Y = [row[0] * row[1] - row[2] + DRAW.gauss(0, 0.2) for row in X]
OPTIMIZERS: dict[str, Any] = {
    "momentum": {"name": "gradient_descent", "momentum": 0.9, "first": 0.02},
    "adam": {"name": "adam", "first": 0.02},
}


class Counts:
    """Counts the epochs it hears of, and keeps the count in checkpoints."""

    def __init__(self) -> None:
        self.epochs: list[int] = []

    @hookimpl
    def valor_after_epoch(self, report: Any) -> None:
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


def trainer(engine: str, kind: str, *callbacks: Any, restore_best: bool = True) -> Trainer:
    """Make the trainer; with momentum, early stopping ends its run before all epochs are done."""
    chosen = dict(OPTIMIZERS[kind])
    rate = schedule("on_plateau", plugins=PLUGINS, first=chosen.pop("first"), patience=1)
    stopping = EarlyStopping(patience=4 if kind == "momentum" else 40, restore_best=restore_best)
    return Trainer(
        MLP(3, [4, 1], activation="tanh", seed=1, plugins=PLUGINS),
        optimizer=optimizer(chosen.pop("name"), plugins=PLUGINS, learning_rate=rate, **chosen),
        engine=engine,
        seed=3,
        callbacks=[stopping, Counts(), *callbacks],
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
