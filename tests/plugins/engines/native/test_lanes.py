"""The same bits at any lane width, from each emitter, and of models that are no MLP."""

from array import array
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from valor import EAGER, MLP, Camada, Loss, Plan, Valor, loss, optimizer
from valor.functions import exp, where
from valor_plugins.engines.native import assemble, compile_run
from valor_plugins.engines.native.machine import machine


def rows(count: int, width: int, shift: float) -> list[list[float]]:
    return [[((7 * i + 3 * j) % 11) / 5.5 - shift for j in range(width)] for i in range(count)]


class Shared:
    """One layer applied again and again, with a skip, and weights that are computed on."""

    def __init__(self) -> None:
        self.first = Camada(3, 4, activation="tanh", seed=1)
        self.again = Camada(4, 4, activation="sigmoid", seed=2)
        self.scale = Valor(0.7)
        self.unused = Valor(2.0)

    def __call__(self, x: Any) -> list[Valor]:
        values = self.first.outputs(x)
        for _ in range(3):
            values = [a + b for a, b in zip(values, self.again.outputs(values), strict=True)]
        weight = exp(-self.scale * self.scale)
        return [weight * value - value / (1 + x[0] * x[0]) for value in values[:2]]

    def parametros(self) -> list[Valor]:
        return [
            *self.first.parametros(),
            *self.again.parametros(),
            self.scale,
            self.unused,
        ]


class Residual:
    """Layers that add what they were given, of which two share their weights."""

    def __init__(self) -> None:
        self.first = Camada(3, 11, activation="tanh", seed=1)
        self.second = Camada(11, 11, activation="sigmoid", seed=2)
        self.last = Camada(11, 2, activation="identity", seed=3)

    def __call__(self, x: Any) -> list[Valor]:
        values = self.first.outputs(x)
        for _ in range(3):
            outputs = self.second.outputs(values)
            values = [b + a for a, b in zip(values, outputs, strict=True)]
        return self.last.outputs(values)

    def parametros(self) -> list[Valor]:
        return [p for each in (self.first, self.second, self.last) for p in each.parametros()]


class Attention:
    """Products of two computed vectors, a choice, and a recurrence over the inputs."""

    def __init__(self) -> None:
        self.queries = Camada(3, 9, activation="identity", seed=3)
        self.keys = Camada(3, 9, activation="tanh", seed=4)
        self.keep = Valor(0.4)

    def __call__(self, x: Any) -> list[Valor]:
        queries, keys = self.queries.outputs(x), self.keys.outputs(x)
        score = queries[0] * keys[0]
        for q, k in zip(queries[1:], keys[1:], strict=True):
            score = score + q * k
        memory: Any = self.keep * x[0]
        for value in x[1:]:
            memory = memory * self.keep + value
        return [where(score > 0, score, 0.1 * score) + memory, memory * memory]

    def parametros(self) -> list[Valor]:
        return [*self.queries.parametros(), *self.keys.parametros(), self.keep]


def absolute_error(predicted: list[Valor], target: list[float]) -> Valor:
    total = abs(predicted[0] - target[0])
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + abs(p - t**2 / 2)
    return total


class Wrapping:
    """Makes a `Valor` of each input, as by hand, and of constants that it computes with."""

    def __init__(self) -> None:
        self.hidden = Camada(3, 3, activation="tanh", seed=1)
        self.last = Camada(3, 2, activation="identity", seed=2)

    def __call__(self, x: Any) -> list[Valor]:
        a, b, c = (Valor(value, rotulo="x") for value in x)
        hidden = self.hidden.outputs([a * b, 2 * b - Valor(c_squared(x)), c])
        scale = Valor(2.0) * 1.5 + 0.25
        return [scale * output + Valor(0) for output in self.last.outputs(hidden)]

    def parametros(self) -> list[Valor]:
        return [*self.hidden.parametros(), *self.last.parametros()]


def c_squared(x: Any) -> Any:
    return x[2] * x[2]


def wrapped_error(predicted: list[Valor], target: list[float]) -> Valor:
    total = Valor(0.0)
    for p, t in zip(predicted, map(Valor, target), strict=True):
        total = total + (p - t) * (p - t)
    return total


MODELS: dict[str, tuple[Callable[[], Any], int, Any]] = {
    "small": (lambda: MLP(3, [3, 2], seed=0), 2, "sum_squared_error"),
    "tanh": (lambda: MLP(3, [16, 11, 2], activation="tanh", seed=0), 2, "mean_squared_error"),
    "wide": (
        lambda: MLP(3, [37, 2], activation=["relu", "sigmoid"], seed=5),
        2,
        "sum_squared_error",
    ),
    "shared": (Shared, 2, Loss("absolute_error", absolute_error)),
    "residual": (Residual, 2, "sum_squared_error"),
    "wrapping": (Wrapping, 2, Loss("wrapped_error", wrapped_error)),
    "attention": (Attention, 2, Loss("absolute_error", absolute_error, reduction="mean")),
}


def trained(compile: Any, name: str, plan: Plan) -> list[float]:
    make, _, formula = MODELS[name]
    model, losses = make(), array("d")
    record = loss(formula) if isinstance(formula, str) else formula
    chosen = optimizer("gradient_descent", learning_rate=0.05, momentum=0.5)
    program = compile(model, record, chosen, plan)
    program.advance(7, losses)
    program.write_back()
    state = [entry for entries in program.state() for entry in entries]
    gradients = [float(parameter.grad) for parameter in model.parametros()]
    return [*losses, *(parameter.data for parameter in model.parametros()), *gradients, *state]


@pytest.mark.parametrize("straight", [0, 10**6], ids=["loops", "straight line"])
@pytest.mark.parametrize("width", [2, 4, 8])
@pytest.mark.parametrize("name", MODELS)
def test_bits(monkeypatch: pytest.MonkeyPatch, name: str, width: int, straight: int) -> None:
    if straight and name in ("tanh", "wide"):
        straight = 3000  # as far as it is meant for
    monkeypatch.setattr(assemble, "STRAIGHT", straight)
    monkeypatch.setattr(assemble, "machine", lambda: attrs.evolve(machine(), width=width))
    plan = Plan(
        inputs=rows(13, 3, 1.0),
        targets=rows(13, MODELS[name][1], 0.5),
        batch_size=5,
        epochs=100,
        shuffle=True,
    )
    assert trained(compile_run, name, plan) == trained(EAGER.compile, name, plan)
