"""The conformance kit: each way to be wrong of a formula over plain numbers fails too."""

import itertools
import math
import random
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from valor import (
    Optimizer,
)
from valor import functions as f
from valor.testing import (
    Report,
    check_exporter,
    check_gradient_transform,
    check_initializer,
    check_metric,
    check_optimizer,
    check_schedule,
)

Failures = Callable[[Callable[[], Report]], dict[str, str]]


def matches(found: dict[str, str], message: str) -> bool:
    return any(re.search(message, figures) for figures in found.values())


generator = random.Random(0)
calls = itertools.count()


def step_of(change: Callable[..., Any], **state: float) -> Optimizer:
    def call(p: Any, g: Any, state: Any, step: Any, *, learning_rate: float = 0.01) -> Any:
        return change(p, g, state, step, learning_rate)

    return Optimizer("wrong", call, state)


remembered: dict[str, float] = {"velocity": 0.0}


def remember(p: Any, g: Any, state: Any, step: Any, rate: float) -> Any:
    remembered["velocity"] = 0.9 * remembered["velocity"] + g * 1e-3
    return p - rate * remembered["velocity"], state


WRONG_OPTIMIZERS: dict[str, tuple[Optimizer, set[str], str]] = {
    "uphill": (step_of(lambda p, g, s, n, r: (p + r * g, s)), {"descent"}, "it should fall"),
    "going nowhere": (step_of(lambda p, g, s, n, r: (p, s)), {"descent"}, "it should fall"),
    "diverging": (step_of(lambda p, g, s, n, r: (p - 9 * g, s)), {"descent"}, "it should fall"),
    "no rate": (
        Optimizer("wrong", lambda p, g, state, step: (p - 0.01 * g, state)),
        {"result"},
        "no hyperparameter learning_rate",
    ),
    "no state": (step_of(lambda p, g, s, n, r: p - r * g), {"result"}, r"of \(parameter, state\)"),
    "a list of two": (step_of(lambda p, g, s, n, r: [p, s]), {"result"}, "instead of"),
    "too short a state": (
        step_of(lambda p, g, s, n, r: (p - r * g, ()), velocity=0.0),
        {"result"},
        r"instead of a tuple of 1: \(velocity\)",
    ),
    "too long a state": (
        step_of(lambda p, g, s, n, r: (p - r * g, (g, g)), velocity=0.0),
        {"result"},
        "instead of a tuple of 1",
    ),
    "a state that is no tuple": (
        step_of(lambda p, g, s, n, r: (p - r * g, [g]), velocity=0.0),
        {"result"},
        "instead of a tuple",
    ),
    "a state that is no number": (
        step_of(lambda p, g, s, n, r: (p - r * g, (None,)), velocity=0.0),
        {"result"},
        "the state 'velocity' must be a real number",
    ),
    "a parameter that is none": (
        step_of(lambda p, g, s, n, r: (None, s)),
        {"result"},
        "the parameter must be a real number",
    ),
    "steps that count from 0": (
        step_of(lambda p, g, s, n, r: (p - r * g / (1 - 0.9 ** (n - 1)), s)),
        {"result"},
        "ZeroDivisionError",
    ),
    "0 / 0 at rest": (
        step_of(lambda p, g, s, n, r: (p - r * g / f.sqrt(g * g), s)),
        {"extremes"},
        r"gradient=0\.0.*it raised ZeroDivisionError",
    ),
    "nan at rest": (
        step_of(lambda p, g, s, n, r: (p - r * f.divide(g, f.sqrt(g * g)), s)),
        {"extremes"},
        "a result is nan",
    ),
    "a memory of its own": (
        step_of(remember),
        {"determinism", "memory", "traceability"},
        "side by side",
    ),
    "randomness": (
        step_of(lambda p, g, s, n, r: (p - r * g * random.random(), s)),
        {"determinism", "memory", "purity", "traceability"},
        "global random state",
    ),
    "an if": (
        step_of(lambda p, g, s, n, r: (p - (r if g > 0 else -r), s)),
        {"traceability"},
        "where",
    ),
    "a step that is looked at": (
        step_of(lambda p, g, s, n, r: (p - r * g * (1 if n > 10 else 0.5), s)),
        {"traceability"},
        "where",
    ),
    "a function of math": (
        step_of(lambda p, g, s, n, r: (p - r * math.tanh(g), s)),
        {"traceability"},
        "functions of valor.functions",
    ),
}


@pytest.mark.parametrize(
    ("record", "checks", "message"), WRONG_OPTIMIZERS.values(), ids=WRONG_OPTIMIZERS
)
def test_what_is_wrong_with_an_optimizer(
    failures: Failures, record: Optimizer, checks: set[str], message: str
) -> None:
    remembered["velocity"] = 0.0
    found = failures(lambda: check_optimizer(record))
    assert set(found) == checks
    assert matches(found, message)


def divided_by_norm(gradients: list[Any]) -> list[Any]:
    norm = f.sqrt(sum(g * g for g in gradients))
    return [g / norm for g in gradients]


WRONG_OTHERS: dict[str, tuple[Callable[[], Report], set[str], str]] = {
    "a transform that is too short": (
        lambda: check_gradient_transform(lambda gradients: gradients[1:]),
        {"result"},
        "instead of a list of 1",
    ),
    "a transform that changes its list": (
        lambda: check_gradient_transform(lambda gradients: gradients.reverse() or gradients[:]),
        {"purity"},
        r"given: gradients\[0\] was",
    ),
    "a transform that divides by 0": (
        lambda: check_gradient_transform(divided_by_norm),
        {"extremes"},
        r"gradients=\[0\.0\], it raised ZeroDivisionError",
    ),
    "a transform that looks": (
        lambda: check_gradient_transform(lambda gradients: [min(g, 1.0) for g in gradients]),
        {"traceability"},
        "maximum or minimum",
    ),
    "a rate below 0": (
        lambda: check_schedule(lambda step, total: 0.5 - step / total),
        {"result"},
        "a rate is not negative",
    ),
    "no rate": (
        lambda: check_schedule(lambda step, total: None),
        {"result"},
        "step=1, total_steps=1",
    ),
    "an infinite rate": (
        lambda: check_schedule(lambda step, total: f.divide(1.0, step - 1)),
        {"result"},
        "the rate is inf",
    ),
    "a random rate": (
        lambda: check_schedule(lambda step, total: generator.random()),
        {"determinism"},
        "random",
    ),
    "an initializer with a generator of its own": (
        lambda: check_initializer(lambda r, m, n: generator.random()),
        {"determinism"},
        "random",
    ),
    "an initializer with the global generator": (
        lambda: check_initializer(lambda r, m, n: r.random() + 0 * random.random()),
        {"purity"},
        "the generator it is given",
    ),
    "an initializer that fails for one output": (
        lambda: check_initializer(lambda r, m, n: 1 / (n - 1)),
        {"result"},
        "ZeroDivisionError",
    ),
    "an initializer that gives nan": (
        lambda: check_initializer(lambda r, m, n: math.nan),
        {"result"},
        "fan_in=1, fan_out=1, the number is nan",
    ),
    "a metric that gives nothing": (
        lambda: check_metric(lambda p, t: None),
        {"result"},
        "the metric must be a real number",
    ),
    "a metric that changes the rows": (
        lambda: check_metric(lambda p, t: p[0].reverse() or 1.0),
        {"purity"},
        r"given: predicted\[0\]\[0\] was",
    ),
    "an exporter of bytes": (
        lambda: check_exporter(lambda root: b""),
        {"result"},
        "instead of a str or a picture",
    ),
    "an exporter that shows an id": (
        lambda: check_exporter(lambda root: str(next(calls))),
        {"determinism"},
        "given one scalar",
    ),
    "an exporter that changes the graph": (
        lambda: check_exporter(lambda root: [setattr(root, "rotulo", "x"), "text"][1]),
        {"purity"},
        "it changed the graph",
    ),
    "an exporter that changes parents": (
        lambda: check_exporter(
            lambda root: [setattr(root, "progenitor", root.progenitor[::-1]), "text"][1]
        ),
        {"purity"},
        "it changed the graph",
    ),
    "an exporter that prints": (
        lambda: check_exporter(lambda root: print(root.operador_mae) or "text"),
        {"purity"},
        r"it printed '\+\\n'",
    ),
    "an initializer that prints to the error stream": (
        lambda: check_initializer(lambda r, m, n: print("drawn", file=sys.stderr) or r.random()),
        {"purity"},
        "it printed 'drawn",
    ),
    "an exporter that changes gradients": (
        lambda: check_exporter(lambda root: [root.zero_grad(), "text"][1]),
        {"purity"},
        "it changed the graph",
    ),
}


@pytest.mark.parametrize(("examine", "checks", "message"), WRONG_OTHERS.values(), ids=WRONG_OTHERS)
def test_what_is_wrong_with_other_kinds(
    failures: Failures, examine: Callable[[], Report], checks: set[str], message: str
) -> None:
    found = failures(examine)
    assert set(found) == checks
    assert matches(found, message)
