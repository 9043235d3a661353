"""Random runs: what is around a model — loss, optimizer, penalties, transforms, batches."""

import random
from collections.abc import Callable
from typing import Any

import pytest

import valor_plugins.engines.native.program as native_program
from valor import (
    EAGER,
    GradientTransform,
    Loss,
    Optimizer,
    Penalty,
    Plan,
    Schedule,
    optimizer,
)
from valor.functions import absolute, clip, exp, log, maximum, minimum, softplus, sqrt, where
from valor_plugins.engines.native import compile_run

# Losses of any number of outputs. Targets are plain numbers, and are computed with as such.


def squares(predicted: Any, target: Any) -> Any:
    total = 0
    for p, t in zip(predicted, target, strict=True):
        total = total + (p - t) ** 2
    return total


def absolutes(predicted: Any, target: Any) -> Any:
    total = absolute(predicted[0] - target[0])
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + abs(p - t)
    return total / len(target)


def hubers(predicted: Any, target: Any, *, edge: float = 0.5) -> Any:
    parts = []
    for p, t in zip(predicted, target, strict=True):
        error = p - t
        far = edge * (absolute(error) - 0.5 * edge)
        parts.append(where(absolute(error) <= edge, 0.5 * error * error, far))
    return sum(parts)


def entropies(predicted: Any, target: Any) -> Any:
    total = 0.0
    for p, t in zip(predicted, target, strict=True):
        s = clip(p.sig(), 1e-9, 1 - 1e-9)
        total = total - t * log(s) - (1 - t) * log(1 - s)
    return total


def odd_targets(predicted: Any, target: Any) -> Any:
    total = 0
    for p, t in zip(predicted, target, strict=True):
        weight = where(t > 0.5, t**2 + 1, 1 - t / 2)
        total = total + weight * (p - t**3) ** 2 + softplus(-p * (2 * t - 1))
    return total


def hinges(predicted: Any, target: Any) -> Any:
    parts = [
        maximum(0, 1 - where(t > 0.5, 1, -1) * p) for p, t in zip(predicted, target, strict=True)
    ]
    return sum(parts) + 0.01 * predicted[0] * predicted[-1]


def cross_entropy(predicted: Any, target: Any) -> Any:
    largest = predicted[0]
    for p in predicted[1:]:
        largest = maximum(largest, p)
    exponentials = [exp(p - largest) for p in predicted]
    total = sum(exponentials)
    chosen = sum(t * (p - largest) for p, t in zip(predicted, target, strict=True))
    return log(total) - chosen


LOSSES = (squares, absolutes, hubers, entropies, odd_targets, hinges, cross_entropy)

# Optimizers


def adam(p: Any, g: Any, state: Any, step: int, *, learning_rate: float = 0.01) -> Any:
    mean = 0.9 * state[0] + 0.1 * g
    square = 0.999 * state[1] + (1 - 0.999) * g * g
    corrected = mean / (1 - 0.9**step), square / (1 - 0.999**step)
    return p - learning_rate * corrected[0] / (sqrt(corrected[1]) + 1e-8), (mean, square)


def rmsprop(p: Any, g: Any, state: Any, step: int, *, learning_rate: float = 0.01) -> Any:
    square = 0.9 * state[0] + 0.1 * g**2
    return p - learning_rate * g / (square**0.5 + 1e-7), (square,)


def sign_descent(p: Any, g: Any, state: Any, step: int, *, learning_rate: float = 0.01) -> Any:
    return p - learning_rate * where(g > 0, 1, where(g < 0, -1, 0)), state


def decaying(p: Any, g: Any, state: Any, step: int, *, learning_rate: float = 0.01) -> Any:
    rate = where(step > 3, learning_rate / step, learning_rate)
    slow = minimum(absolute(g), state[0] + 1)
    return (1 - 1e-3 * rate) * p - rate * g - 1e-4 * slow / step**0.5, (slow / 2, step + state[1])


def falling(step: int, total: int, *, first: float = 0.05) -> float:
    return first * (1 - (step - 1) / total) ** 2


OPTIMIZERS = (
    Optimizer("adam", adam, state={"mean": 0.0, "square": 0}),
    Optimizer("rmsprop", rmsprop, state={"square": 0.1}),
    Optimizer("sign", sign_descent),
    Optimizer("decaying", decaying, state={"slow": 0.5, "count": 0}),
)

# Penalties and transforms


def l1(parameter: Any, *, weight: float = 1e-3) -> Any:
    return weight * absolute(parameter)


def l2(parameter: Any, *, weight: float = 1e-2) -> Any:
    return weight * parameter**2


def soft(parameter: Any) -> Any:
    return softplus(parameter * 3) * 1e-3 + where(parameter > 0.5, parameter * parameter, 0)


def by_value(gradients: list[Any], *, limit: float = 0.05) -> list[Any]:
    return [clip(g, -limit, limit) for g in gradients]


def by_norm(gradients: list[Any], *, limit: float = 0.1) -> list[Any]:
    square = 1e-12
    for g in gradients:
        square = square + g * g
    norm = sqrt(square)
    return [g * minimum(1.0, limit / norm) for g in gradients]


def scaled(gradients: list[Any]) -> list[Any]:
    return [g / 3 for g in gradients]


def centred(gradients: list[Any]) -> list[Any]:
    total = gradients[0]
    for g in gradients[1:]:
        total += g
    mean = total / len(gradients)
    return [g - mean for g in gradients]


PENALTIES = (Penalty("l1", l1), Penalty("l2", l2), Penalty("soft", soft))
TRANSFORMS = (
    GradientTransform("by_value", by_value),
    GradientTransform("by_norm", by_norm),
    GradientTransform("scaled", scaled),
    GradientTransform("centred", centred),
)


class Around:
    """What is around a model, drawn from a seed: the same each time it is asked."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(f"around {seed}")

    def loss(self, outputs: int) -> Loss:
        formula = self.random.choice(LOSSES[: None if outputs > 1 else -1])
        return Loss(formula.__name__, formula, reduction=self.random.choice(["sum", "mean"]))

    def optimizer(self) -> Optimizer:
        r = self.random
        if r.random() < 0.4:
            rate = r.choice([0.01, 0.1, 1.0, Schedule("falling", falling)])
            momentum = r.choice([0.0, 0.0, 0.9])
            return optimizer(
                "gradient_descent", learning_rate=rate, momentum=momentum, nesterov=r.random() < 0.3
            )
        chosen = r.choice(OPTIMIZERS)
        rate = r.choice([0.01, 0.001, Schedule("falling", falling).bind(first=0.02)])
        return chosen.bind(learning_rate=rate)

    def plan(self, shape: tuple[int, int], most: int = 300, cost: int = 1000) -> Plan:
        """Draw data and batches.

        Args:
            shape: how many inputs and targets a sample has.
            most: how many samples at the most.
            cost: scalars a sample; what is drawn takes eager a fraction of a second.
        """
        r = self.random
        most = max(1, min(most, 40_000 // cost))
        samples = min(most, r.choice([1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 64, 65, 129, 300]))
        batch = r.choice([samples, samples, 1, r.randint(1, samples), samples + 3, 8])
        special = r.choice([0.0, 0.0, 0.3])

        def entry(low: float, high: float) -> float:
            if r.random() < special:
                return r.choice([0.0, -0.0, 1.0, -1.0, 0.5])
            return r.uniform(low, high)

        count, transforms = r.choice([0, 0, 1, 2]), r.choice([0, 0, 1, 2])
        return Plan(
            inputs=[[entry(-2, 2) for _ in range(shape[0])] for _ in range(samples)],
            targets=[[abs(entry(0, 1)) for _ in range(shape[1])] for _ in range(samples)],
            batch_size=batch,
            epochs=1000,
            shuffle=r.random() < 0.3,
            seed=r.randint(0, 9),
            penalties=tuple(r.sample(PENALTIES, count)),
            gradient_transforms=tuple(r.sample(TRANSFORMS, transforms)),
            first_epoch=r.choice([0, 0, 3]),
            first_step=r.choice([0, 0, 11]),
            threads=r.choice([1, 1, 2, 3]),
        )

    def calls(self) -> list[int]:
        return self.random.choice([[5], [1, 2, 3], [2, 1, 2], [3, 4], [1, 1, 4, 1]])

    def change(self) -> Callable[[Any, int], None]:
        """Draw what somebody does to a model between two calls."""
        kind = self.random.choice(["nothing", "data", "trainable", "both"])

        def change(model: Any, call: int) -> None:
            r = random.Random(f"change {self.seed} {call}")
            for parameter in model.parametros():
                if kind in ("data", "both") and r.random() < 0.2:
                    parameter.data = r.choice([0, -0.0, r.uniform(-1, 1), parameter.data / 2])
                if kind in ("trainable", "both") and r.random() < 0.2:
                    parameter.trainable = not parameter.trainable

        return change

    def freeze(self, parameters: list[Any]) -> None:
        r = random.Random(f"freeze {self.seed}")
        if r.random() < 0.25:
            for parameter in parameters[: -1 if len(parameters) > 1 else None]:
                parameter.trainable = r.random() < 0.6


@pytest.fixture
def around() -> Callable[[int], Around]:
    return Around


@pytest.fixture
def exact(differences: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Assert that the native engine gives eager's bits."""
    monkeypatch.setattr(native_program, "EAGER", differences.counted(EAGER))

    def check(make: Any, calls: Any, *change: Any) -> str:
        found: str = differences(compile_run, make, calls, *change)
        return found

    return check
