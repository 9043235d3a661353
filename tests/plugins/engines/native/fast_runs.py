"""Models for mode "fast", and what tells how far a run of theirs is from the exact one."""

from array import array
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest

from valor import MLP, Activation, Camada, Loss, Plan, Valor, loss, optimizer
from valor.functions import exp, log, where
from valor_plugins.engines.native import assemble, compile_run
from valor_plugins.engines.native.emit import blas

EMITTERS = "straight line", "re-rolled loops", "matrix products"
STEPS = 100
TOLERANCE = 1e-12


def rows(count: int, width: int, low: float = -1.0, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(low, 1, (count, width)).tolist()


def plan(shape: tuple[int, int], samples: int = 40, **more: Any) -> Plan:
    given = {"batch_size": samples, "epochs": 1000} | more
    return Plan(inputs=rows(samples, shape[0]), targets=rows(samples, shape[1], 0.0, 1), **given)


# Models


class Skips:
    """One layer again and again, with skips, and a weight that is computed."""

    def __init__(self) -> None:
        self.first = Camada(6, 12, activation="tanh", seed=1)
        self.again = Camada(12, 12, activation="sigmoid", seed=2)
        self.scale = Valor(0.7)

    def __call__(self, x: Any) -> list[Valor]:
        values = self.first.outputs(x)
        for _ in range(3):
            values = [a + b for a, b in zip(values, self.again.outputs(values), strict=True)]
        weight = exp(-self.scale * self.scale)
        return [weight * value - value / (1 + x[0] * x[0]) for value in values[:2]]

    def parametros(self) -> list[Valor]:
        return [*self.first.parametros(), *self.again.parametros(), self.scale]


class Attention:
    """Three tokens look at each other: products of what is computed with what is computed."""

    def __init__(self) -> None:
        kinds = [Camada(6, 9, activation="identity", seed=seed) for seed in (1, 2, 3)]
        self.layers = [*kinds, Camada(9, 2, activation="tanh", seed=4)]

    def __call__(self, x: Any) -> list[Valor]:
        tokens = [x[6 * k : 6 * k + 6] for k in range(3)]
        queries, keys, values = ([kind.outputs(t) for t in tokens] for kind in self.layers[:3])
        weights = softmax([dot(queries[0], key) / 3 for key in keys])
        mixed = [dot(weights, column) for column in zip(*values, strict=True)]
        return self.layers[3].outputs(mixed)

    def parametros(self) -> list[Valor]:
        return [parameter for layer in self.layers for parameter in layer.parametros()]


class Recurrence:
    """A state that goes from one pair of inputs to the next."""

    def __init__(self) -> None:
        self.cell = Camada(2 + 9, 9, activation="tanh", seed=1)
        self.head = Camada(9, 2, seed=2)

    def __call__(self, x: Any) -> list[Valor]:
        state = self.cell.outputs([*x[:2], *x[:9]])
        for start in range(2, 10, 2):
            state = self.cell.outputs([*x[start : start + 2], *state])
        return self.head.outputs(state)

    def parametros(self) -> list[Valor]:
        return [*self.cell.parametros(), *self.head.parametros()]


def dot(first: Any, second: Any) -> Any:
    products = [a * b for a, b in zip(first, second, strict=True)]
    return sum(products[1:], products[0])


def softmax(values: Any) -> list[Any]:
    exponentials = [exp(value) for value in values]
    total = sum(exponentials[1:], exponentials[0])
    return [each / total for each in exponentials]


def entropy(predicted: Any, target: Any) -> Any:
    return -dot(target, [log(each) for each in predicted])


SOFTMAX = Activation("softmax", softmax, over="layer")
LEAKY = Activation("leaky", lambda v: where(v > 0, v, 0.01 * v))
CAPPED = Activation("capped", lambda v: where((v > -1) & (v < 2), v * v.sig(), 0.1 * v))
ENTROPY = Loss("entropy", entropy, reduction="mean")


def net(*widths: int, **more: Any) -> Callable[[], MLP]:
    return lambda: MLP(widths[0], list(widths[1:]), **{"seed": 0, "activation": "tanh"} | more)


SMALL = net(10, 12, 9, 3)  # long sums in every layer

# By name: what makes the model, its shape, and what else is not as usual.
MODELS: dict[str, tuple[Callable[[], Any], tuple[int, int], dict[str, Any]]] = {
    "lesson": (net(3, 3, 2, 1, activation="sigmoid"), (3, 1), {"samples": 4}),
    "moons": (net(2, 16, 16, 1), (2, 1), {"samples": 100}),
    "digits": (
        net(64, 32, 10, activation="sigmoid"),
        (64, 10),
        {"samples": 128, "batch_size": 64},
    ),
    "one wide": (net(784, 48, 10), (784, 10), {"samples": 32}),
    "two wide": (net(784, 44, 12, 10, activation="sigmoid"), (784, 10), {"samples": 32}),
    "skips": (Skips, (6, 2), {}),
    "attention": (Attention, (18, 2), {}),
    "recurrence": (Recurrence, (10, 2), {}),
    "softmax": (net(12, 16, 9, activation=["tanh", SOFTMAX]), (12, 9), {"loss": ENTROPY}),
    "where": (net(10, 12, 16, 2, activation=[LEAKY, CAPPED, "relu"]), (10, 2), {}),
    "column": (net(10, 1, 9, 1), (10, 1), {}),
}

# Runs


def only(monkeypatch: pytest.MonkeyPatch, emitter: str) -> None:
    """Have all programs emitted in one way, however small or large they are."""
    monkeypatch.setattr(assemble, "STRAIGHT", 10**6 if emitter == EMITTERS[0] else 0)
    monkeypatch.setattr(blas, "SAMPLES", 1 if emitter == EMITTERS[2] else 10**6)
    monkeypatch.setattr(blas, "WORK", 0)
    monkeypatch.setattr(blas, "SHARE", 0.0)


@attrs.define(eq=False)
class Outcome:
    """What a run leaves behind."""

    losses: Any
    parameters: Any
    gradients: Any
    emitter: str
    block: int
    sizes: dict[str, int]

    def bits(self) -> bytes:
        return b"".join(each.tobytes() for each in (self.losses, self.parameters, self.gradients))


def trained(
    make: Any,
    given: Plan,
    formula: Any = None,
    chosen: Any = None,
    change: Callable[[Any], None] = lambda model: None,
) -> Outcome:
    model, losses = make(), array("d")
    formula = formula or loss("mean_squared_error")
    chosen = chosen or optimizer("gradient_descent", learning_rate=0.05)
    program: Any = compile_run(model, formula, chosen, given)
    for steps in (1, STEPS // 2, STEPS - STEPS // 2 - 1):
        program.advance(steps, losses)
        program.write_back()
        change(model)
    parameters = model.parametros()
    columns = losses, [p.data for p in parameters], [float(p.grad) for p in parameters]
    code = program._code
    first = program.explain().partition("\n")[0]
    assert first.startswith(f"native, {given.mode}: ")
    assert code.emitter in first
    return Outcome(*map(np.array, columns), code.emitter, code.block, code.sizes)


def fast(given: Plan) -> Plan:
    return attrs.evolve(given, mode="fast")


def assert_close(found: Outcome, expected: Outcome) -> None:
    assert len(found.losses) == len(expected.losses) == STEPS
    for name in ("losses", "parameters", "gradients"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        # What cancels out leaves the rounding errors of what was summed: a gradient's are relative
        # to the others, and a parameter that happens to be near 0 has them, too.
        least = {"losses": 0.0, "parameters": 1e-3, "gradients": 1.0}[name] * np.abs(theirs).max()
        apart = np.abs(ours - theirs) / np.maximum(np.abs(theirs), least)
        assert apart.max() <= TOLERANCE, f"{name}[{apart.argmax()}] is {apart.max()} off"
