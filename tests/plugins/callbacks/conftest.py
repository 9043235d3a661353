"""Callbacks to test callbacks with: a known history, the parameters of every epoch, an end."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from valor import MLP, PluginManager, Trainer, hookimpl, plugin_manager

X, Y = [[0.5, -1.0], [1.5, 0.25], [-0.5, 2.0]], [1.0, 0.0, 0.5]


@pytest.fixture(scope="session")
def bundled() -> PluginManager:
    return plugin_manager(environment=False)


class Column:
    """Adds a column to the history, whose numbers are given."""

    def __init__(self, name: str, values: Sequence[float]) -> None:
        self.name, self.values = name, values

    @hookimpl
    def valor_after_epoch(self, run: Any) -> None:
        run.history.extend(self.name, [self.values[len(run.history) - 1]])


class Recorder:
    """Keeps the parameters of every epoch."""

    def __init__(self) -> None:
        self.epochs: dict[int, list[float]] = {}

    @hookimpl
    def valor_after_epoch(self, run: Any, report: Any) -> None:
        self.epochs[report.epoch] = [p.data for p in run.model.parametros()]


class Fails:
    """Raises after an epoch."""

    def __init__(self, epoch: int, error: BaseException | None = None) -> None:
        self.epoch, self.error = epoch, error or RuntimeError("enough")

    @hookimpl
    def valor_before_epoch(self, run: Any) -> None:
        if run.completed_epochs == self.epoch:
            raise self.error


class Saves:
    """Writes a checkpoint after an epoch, when everybody has heard of it."""

    def __init__(self, path: Any, epoch: int) -> None:
        self.path, self.epoch = path, epoch

    @hookimpl
    def valor_after_steps(self, run: Any) -> None:
        if run.completed_epochs == self.epoch:
            run.save_checkpoint(self.path)


@pytest.fixture
def column() -> type[Column]:
    return Column


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def fails() -> type[Fails]:
    return Fails


@pytest.fixture
def saves() -> type[Saves]:
    return Saves


@pytest.fixture
def numbers() -> Callable[[Any], list[float]]:
    """The numbers of a model's parameters."""
    return lambda model: [parameter.data for parameter in model.parametros()]


@pytest.fixture
def trainer(bundled: PluginManager) -> Callable[..., Trainer]:
    """Make a trainer with callbacks; of the same model each time."""

    def make(*callbacks: Any, **more: Any) -> Trainer:
        model = more.pop("model", None) or MLP(2, [3, 1], seed=0, plugins=bundled)
        return Trainer(model, callbacks=callbacks, plugins=bundled, **more)

    return make


@pytest.fixture
def fit() -> Callable[..., Any]:
    """Fit a trainer to the same few samples each time."""

    def run(trainer: Trainer, epochs: int, **more: Any) -> Any:
        return trainer.fit(X, Y, epochs=epochs, **more)

    return run
