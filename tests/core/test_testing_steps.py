"""The conformance kit: each way to be wrong of a formula that moves a network fails too."""

import itertools
import math
import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from valor import Optimizer, Schedule
from valor import functions as f
from valor.testing import Report, check_gradient_transform, check_optimizer, check_schedule

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


def remembering(call: Callable[..., Any], **state: float) -> Schedule:
    return Schedule("wrong", call, state or {"loss": math.inf})


WRONG_TRANSFORMS_AND_SCHEDULES: dict[str, tuple[Callable[[], Report], set[str], str]] = {
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
    "a schedule with a state that returns a rate alone": (
        lambda: check_schedule(remembering(lambda n, total, state: 0.1)),
        {"result"},
        r"it returned 0\.1 instead of \(rate, state\) with a tuple of 1: \(loss\)",
    ),
    "a schedule whose state gets lost": (
        lambda: check_schedule(remembering(lambda n, total, state: (0.1, ()))),
        {"result"},
        r"it returned \(0\.1, \(\)\) instead of",
    ),
    "a schedule whose state is a list": (
        lambda: check_schedule(remembering(lambda n, total, state: (0.1, [*state]))),
        {"result"},
        "instead of",
    ),
    "a schedule whose state is no number": (
        lambda: check_schedule(remembering(lambda n, total, state: (0.1, (None,)))),
        {"result"},
        "the state 'loss' must be a real number",
    ),
    "a schedule whose state becomes nan": (
        lambda: check_schedule(
            remembering(lambda n, total, state: (0.1, (state[0] - state[0],)), best=math.inf)
        ),
        {"result"},
        r"total_steps=1, state=\(inf,\), the state 'best' is nan",
    ),
    "a schedule that follows its loss below 0": (
        lambda: check_schedule(
            remembering(lambda n, total, state: (min(0.1, state[0] - 0.1), state))
        ),
        {"result"},
        r"state=\(0\.0,\), it returned -0\.1; a rate is not negative",
    ),
    "a schedule that takes what it saw first for its loss": (
        lambda: check_schedule(
            remembering(lambda n, total, state: (0.1 if state[0] == math.inf else 1 / 0, state))
        ),
        {"result"},
        "ZeroDivisionError",
    ),
    "a schedule that counts by itself": (
        lambda: check_schedule(
            remembering(lambda n, total, state: (1 / (1 + next(calls)), state), best=0.0)
        ),
        {"determinism"},
        "remembers something between calls",
    ),
}


@pytest.mark.parametrize(
    ("examine", "checks", "message"),
    WRONG_TRANSFORMS_AND_SCHEDULES.values(),
    ids=WRONG_TRANSFORMS_AND_SCHEDULES,
)
def test_what_is_wrong_with_a_transform_or_a_schedule(
    failures: Failures, examine: Callable[[], Report], checks: set[str], message: str
) -> None:
    found = failures(examine)
    assert set(found) == checks
    assert matches(found, message)
