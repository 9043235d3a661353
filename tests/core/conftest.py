"""What several of these tests begin with: the lesson's data, networks, trainers and managers."""

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest

import valor
from valor import (
    EAGER,
    MLP,
    Engine,
    Plan,
    PluginManager,
    Program,
    Trainer,
    Valor,
    hookimpl,
    plugin_manager,
)
from valor.cli import main
from valor.exceptions import ConformanceError
from valor.testing import Report

X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
Y = [1, 0, 0.2, 0.5]


@pytest.fixture
def x() -> list[list[float]]:
    return [list(row) for row in X]


@pytest.fixture
def y() -> list[float]:
    return list(Y)


@pytest.fixture(scope="session")
def bundled() -> PluginManager:
    """The bundled plugins only, whatever is installed beside them."""
    return plugin_manager(strict=True, block=(), environment=False)


@pytest.fixture
def network() -> Callable[..., MLP]:
    """Make the lesson's network; the same one each time."""

    def make(**arguments: Any) -> MLP:
        return MLP(3, [3, 2, 1], **{"seed": 0, **arguments})

    return make


@pytest.fixture
def numbers() -> Callable[[Any], list[float]]:
    """Return the parameters of a network as plain numbers."""
    return lambda model: [parameter.data for parameter in model.parametros()]


class Recorder:
    """A callback that notes every call, and can be told to fail at one."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.reports: list[Any] = []
        self.actions: dict[str, Callable[[], Any]] = {}

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self.actions.get(call, lambda: None)()

    @hookimpl
    def valor_before_training(self, run: Any) -> None:
        self._note("before training")

    @hookimpl
    def valor_before_epoch(self, run: Any) -> None:
        self._note(f"before {run.completed_epochs + 1}")

    @hookimpl
    def valor_after_steps(self, run: Any) -> None:
        # Not noted: how often it is called follows the clock.
        self.actions.get(f"steps {run.completed_steps}", lambda: None)()

    @hookimpl
    def valor_after_epoch(self, run: Any, report: Any) -> None:
        self.reports.append(report)
        self._note(f"after {report.epoch}")

    @hookimpl
    def valor_should_stop(self, run: Any, report: Any) -> Any:
        self._note(f"vote {report.epoch}")

    @hookimpl
    def valor_after_training(self, run: Any) -> None:
        self._note("after training")

    @hookimpl
    def valor_on_training_error(self, run: Any, error: BaseException) -> None:
        self._note(f"error {type(error).__name__}")


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def hand_loop(
    model: Any, x: Any, y: Any, epochs: int, rate: float = 0.01
) -> Iterator[tuple[float, list[float]]]:
    """The lesson's loop, written by hand: yields the loss, and the parameters after the step."""
    for _ in range(epochs):
        predictions = []
        for row in x:
            predictions.append(model(row))
        for parameter in model.parametros():
            parameter.grad = 0
        errors = []
        for predicted, target in zip(predictions, y, strict=True):
            errors.append((predicted - target) ** 2)
        loss: Valor = sum(errors)  # type: ignore[assignment]
        loss.propagar_tudo()
        for parameter in model.parametros():
            parameter.data = parameter.data - parameter.grad * rate
        yield loss.data, [parameter.data for parameter in model.parametros()]


@pytest.fixture(name="hand_loop")
def hand_loop_fixture() -> Callable[..., list[tuple[float, list[float]]]]:
    return lambda *arguments, **more: list(hand_loop(*arguments, **more))


@pytest.fixture
def engine_name() -> str:
    """The engine of `trainer`; a module whose tests are for every engine overrides it."""
    return "auto"


@pytest.fixture
def trainer(
    network: Callable[..., MLP], bundled: PluginManager, engine_name: str
) -> Callable[..., Trainer]:
    """Make a trainer for the lesson's network, with bundled plugins only."""

    def make(model: Any = None, **arguments: Any) -> Trainer:
        chosen = network() if model is None else model
        return Trainer(chosen, **{"plugins": bundled, "engine": engine_name, **arguments})

    return make


class StopsAtOnce:
    @hookimpl
    def valor_should_stop(self) -> bool:
        return True


class EngineProvider:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @hookimpl
    def valor_register_engines(self) -> Iterator[Engine]:
        yield self.engine


def managing(*engines: Engine) -> PluginManager:
    """Make a manager with a plugin for each engine, and nothing else."""
    manager = PluginManager()
    for engine in engines:
        manager.register(EngineProvider(engine), f"provider-{engine.name}")
    return manager


@pytest.fixture(name="managing")
def managing_fixture() -> Callable[..., PluginManager]:
    return managing


@pytest.fixture
def compiled() -> list[Plan]:
    """The plans that the swift engine was given."""
    return []


@pytest.fixture
def swift(compiled: list[Plan]) -> Engine:
    """An engine that keeps the promise of an automatic one: it computes as the eager one does."""

    def compile(model: Any, loss: Any, optimizer: Any, plan: Plan) -> Program:
        compiled.append(plan)
        return EAGER.compile(model, loss, optimizer, plan)

    return Engine("swift", compile, automatic=True)


@pytest.fixture
def failing() -> Callable[[Exception], Engine]:
    """Make an automatic engine that cannot compile."""

    def make(error: Exception) -> Engine:
        def compile(*given: Any) -> Program:
            raise error

        return Engine("failing", compile, automatic=True)

    return make


@pytest.fixture
def auto(network: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trainer]:
    """Make a trainer with "auto" and these engines only, whose runs stop after an epoch.

    Its clock says of each forward call that it took 30 microseconds.
    """
    ticks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: next(ticks) * 30e-6)
    monkeypatch.setattr("valor._checks.time", clock)
    monkeypatch.setattr("valor._auto.time", clock)

    def make(*engines: Engine, **arguments: Any) -> Trainer:
        return Trainer(
            network(),
            valor.loss("sum_squared_error"),
            valor.optimizer("gradient_descent"),
            plugins=managing(*engines),
            **{"callbacks": [StopsAtOnce()], **arguments},
        )

    return make


@pytest.fixture
def seeded_trainer(trainer: Callable[..., Trainer], network: Callable[..., MLP]) -> Any:
    """Make a trainer; with `activation`, of a network with that one."""

    def make(*, activation: Any = None, **arguments: Any) -> Trainer:
        chosen: Trainer = trainer(network(activation=activation), seed=4, **arguments)
        return chosen

    return make


@pytest.fixture
def assert_as_if_nothing_had_happened(numbers: Any) -> Callable[..., None]:
    """Compare with a run of as many steps, then let both go on for three more."""

    def compare(failed: Trainer, untouched: Callable[[], Trainer], x: Any, y: Any) -> None:
        assert failed.run is not None
        done = failed.run.completed_steps
        oracle = untouched()
        if done:
            run = oracle.fit(x, y, epochs=done)
            assert list(failed.run.history["loss"]) == list(run.history["loss"])
        assert len(failed.run.history) == failed.run.completed_epochs == done
        assert numbers(failed.model) == numbers(oracle.model)
        going_on = failed.fit(x, y, epochs=3).history["loss"]
        assert list(going_on) == list(oracle.fit(x, y, epochs=3).history["loss"])
        assert numbers(failed.model) == numbers(oracle.model)

    return compare


class Site:
    """A folder of installed distributions, on `sys.path`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self, name: str, version: str = "1.0", *, modules: dict[str, str], **points: str
    ) -> None:
        """Write modules, and the metadata of a distribution with those entry points."""
        for module, text in modules.items():
            (self.folder / f"{module}.py").write_text(dedent(text), encoding="utf-8")
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = [f"{point} = {value}" for point, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[valor]", *lines]))
        importlib.invalidate_caches()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for variable in ("VALOR_DISABLE_PLUGINS", "VALOR_PLUGINS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    yield Site(tmp_path)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command within this process: exit code, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def failures() -> Callable[[Callable[[], Report]], dict[str, str]]:
    """Run a check of the conformance kit, and return what failed: its figures by its name."""

    def run(examine: Callable[[], Report]) -> dict[str, str]:
        try:
            report, raised = examine(), False
        except ConformanceError as error:
            report, raised = error.report, True
        found = {check.name: check.figures for check in report.checks if not check.passed}
        assert raised == bool(found) == (not report.passed)
        return found

    return run
