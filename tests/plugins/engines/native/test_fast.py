"""Mode "fast": the numbers of the visible graph but for rounding, and always the same ones."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from valor import MLP, GradientTransform, Optimizer, Penalty, Plan, Trainer, Valor, optimizer
from valor.exceptions import NonFiniteError
from valor.functions import clip, sqrt, where

from .fast_runs import EMITTERS, MODELS, SMALL, Outcome, assert_close, fast, only, plan, trained

pytestmark = pytest.mark.once

pytest.importorskip("scipy.linalg")


@pytest.fixture
def emit(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda emitter: only(monkeypatch, emitter)


# Models


def arguments(name: str) -> tuple[Any, Plan, Any]:
    make, shape, more = MODELS[name]
    more = dict(more)
    formula = more.pop("loss", None)
    return make, plan(shape, **more), formula


@cache
def exact(name: str) -> Outcome:
    return trained(*arguments(name))


@pytest.mark.parametrize(
    ("name", "emitter"),
    [
        ("lesson", EMITTERS[0]),
        ("moons", EMITTERS[1]),
        ("digits", EMITTERS[1]),
        ("one wide", EMITTERS[2]),
        ("two wide", EMITTERS[2]),
    ],
)
def test_networks_as_they_come(name: str, emitter: str) -> None:
    make, given, formula = arguments(name)
    found = trained(make, fast(given), formula)
    assert found.emitter == emitter
    assert_close(found, exact(name))


@pytest.mark.parametrize(
    ("name", "emitter"),
    [
        *((name, EMITTERS[2]) for name in MODELS if "wide" not in name),
        *((name, EMITTERS[1]) for name in ("lesson", "softmax", "where")),
    ],
)
def test_models_by_one_emitter(emit: Any, name: str, emitter: str) -> None:
    expected = exact(name)
    emit(emitter)
    make, given, formula = arguments(name)
    found = trained(make, fast(given), formula)
    assert found.emitter == emitter
    assert_close(found, expected)


# What is around a model


def freeze_first(model: Any) -> None:
    """Freeze a layer of matrices, which changes places with the others."""
    for parameter in model.camadas[0].parametros():
        parameter.trainable = False


def freeze_some(model: Any) -> None:
    """Leave holes in matrices."""
    for parameter in model.parametros()[::7]:
        parameter.trainable = False


def change(model: Any) -> None:
    model.parametros()[3].data = 0.25
    model.parametros()[4].trainable = False


def frozen(freeze: Any) -> Callable[[], Any]:
    def make() -> Any:
        model = SMALL()
        freeze(model)
        return model

    return make


def centred(gradients: Any) -> Any:
    total = gradients[0]
    for gradient in gradients[1:]:
        total = total + gradient
    mean = total / len(gradients)
    return [clip(gradient - mean, -0.05, 0.05) for gradient in gradients]


def adam(p: Any, g: Any, state: Any, step: Any, *, learning_rate: float = 0.01) -> Any:
    mean, square = 0.9 * state[0] + 0.1 * g, 0.999 * state[1] + 0.001 * g * g
    corrected = mean / (1 - 0.9**step), square / (1 - 0.999**step)
    return p - learning_rate * corrected[0] / (sqrt(corrected[1]) + 1e-8), (mean, square)


L2 = Penalty("l2", lambda parameter: 1e-2 * parameter * parameter)
CENTRED = GradientTransform("centred", centred)
MOMENTUM = optimizer("gradient_descent", learning_rate=0.02, momentum=0.9, nesterov=True)

RUNS: dict[str, dict[str, Any]] = {
    "adam": {"chosen": Optimizer("adam", adam, state={"mean": 0.0, "square": 0.0})},
    "momentum": {"chosen": MOMENTUM},
    "ragged": {"batch_size": 33},
    "shuffled": {"batch_size": 16, "shuffle": True, "seed": 3},
    "penalized": {"penalties": (L2,), "batch_size": 20},
    "transformed": {"gradient_transforms": (CENTRED,)},
    "first frozen": {"make": frozen(freeze_first)},
    "some frozen": {"make": frozen(freeze_some), "penalties": (L2,)},
    "changed": {"change": change, "chosen": MOMENTUM},
    "all": {
        "penalties": (L2, L2),
        "gradient_transforms": (CENTRED,),
        "chosen": MOMENTUM,
        "make": frozen(freeze_first),
        "batch_size": 17,
        "shuffle": True,
    },
}


@pytest.mark.parametrize(
    ("name", "emitter"),
    [*((name, EMITTERS[2]) for name in RUNS), ("all", EMITTERS[1])],
)
def test_runs_by_one_emitter(emit: Any, name: str, emitter: str) -> None:
    emit(emitter)
    more = dict(RUNS[name])
    make = more.pop("make", SMALL)
    around = {key: more.pop(key) for key in ("chosen", "change") if key in more}
    given = plan((10, 3), **more)
    found, expected = (trained(make, each, **around) for each in (fast(given), given))
    assert found.emitter == emitter
    assert_close(found, expected)


# Promises


@pytest.mark.parametrize("emitter", EMITTERS)
def test_the_same_bits_each_time(emit: Any, emitter: str) -> None:
    emit(emitter)
    given = fast(plan((10, 3), batch_size=16, shuffle=True))
    first, second = (trained(SMALL, given) for _ in range(2))
    assert first.emitter == emitter
    assert first.bits() == second.bits()


SCRIPT = """
import hashlib, numpy
from valor import MLP, Trainer
from valor_plugins.engines.native.emit import blas

blas.WORK = 0
draw = numpy.random.default_rng(0).uniform(-1, 1, (512, 72))
trainer = Trainer(MLP(64, [64, 8], seed=0), engine="native", mode="fast")
trainer.fit(draw[:, :64], draw[:, 64:], epochs=20)
numbers = [parameter.data for parameter in trainer.model.parametros()]
assert "matrix products" in trainer.explain(draw[:, :64], draw[:, 64:])
print(hashlib.sha256(numpy.array(numbers).tobytes()).hexdigest())
"""


def test_the_same_bits_in_each_process_with_any_number_of_threads() -> None:
    digests = set()
    for threads in ("1", "2"):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads}
        command = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        digests.add(done.stdout)
    assert len(digests) == 1


@pytest.mark.parametrize("emitter", EMITTERS)
def test_a_run_that_diverges_says_what_eager_says(emit: Any, emitter: str) -> None:
    """All numbers have few digits, so that reordered sums are the same to the bit."""
    emit(emitter)
    x = [[((i + j) % 5 - 2) / 2 for j in range(10)] for i in range(16)]
    told = []
    for engine in ("eager", "native"):
        model = MLP(10, [9, 1], activation="identity", seed=0)
        for k, parameter in enumerate(model.parametros()):
            parameter.data = (k % 5 - 1) / 2
        chosen = optimizer("gradient_descent", learning_rate=2.0**300)
        trainer = Trainer(model, optimizer=chosen, engine=engine, mode="fast")
        with pytest.raises(NonFiniteError) as caught:
            trainer.fit(x, [0.5] * 16, epochs=9)
        numbers = [(parameter.data, parameter.grad) for parameter in model.parametros()]
        assert trainer.run is not None
        told.append(
            (str(caught.value), caught.value.__notes__, list(trainer.run.history["loss"]), numbers)
        )
    assert told[0] == told[1]


class Divides:
    """A network, and a quotient that is taken in some samples only."""

    def __init__(self) -> None:
        self.net = SMALL()

    def __call__(self, x: Any) -> list[Valor]:
        return [each + where(x[0] > 0.5, 1 / x[0], 2.0) for each in self.net(x)]

    def parametros(self) -> list[Valor]:
        return self.net.parametros()


@pytest.mark.parametrize("emitter", EMITTERS[1:])
def test_what_python_refuses_is_refused(emit: Any, emitter: str) -> None:
    """Eager divides by 0 in a branch that is not taken; in machine code, nothing is infinite."""
    emit(emitter)
    given = plan((10, 3))
    x = [list(row) for row in given.inputs]
    x[29][0] = 0.0
    told = []
    for engine in ("eager", "native"):
        trainer = Trainer(Divides(), engine=engine, mode="fast")
        with pytest.raises(ZeroDivisionError) as caught:
            trainer.fit(x, given.targets, epochs=2, batch_size=20)
        assert trainer.run is not None
        told.append((str(caught.value), trainer.run.completed_steps))
    assert told[0] == told[1]
    assert told[0][1] == 1


def test_it_is_not_used_unless_asked_for(emit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    emit(EMITTERS[2])
    monkeypatch.setattr("valor._auto.is_worth_compiling", lambda *estimate: True)
    given = plan((10, 3))

    def run(**how: Any) -> Any:
        trainer = Trainer(SMALL(), **how)
        done = trainer.fit(given.inputs, given.targets, epochs=20)
        return done.engine, [parameter.data for parameter in trainer.model.parametros()]

    _, eager = run(engine="eager", mode="fast")
    assert run() == run(engine="native") == ("native", eager)
    engine, numbers = run(mode="fast")
    assert engine == "native"
    assert numbers != eager
