"""The conformance kit: each way to be wrong of a formula over the graph fails, by its own check."""

import itertools
import math
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from valor import (
    Activation,
    Valor,
)
from valor import functions as f
from valor.functions import Function
from valor.testing import (
    Report,
    check_activation,
    check_loss,
    check_penalty,
)

Failures = Callable[[Callable[[], Report]], dict[str, str]]


def matches(found: dict[str, str], message: str) -> bool:
    return any(re.search(message, figures) for figures in found.values())


def shortcut(v: Any) -> Any:
    return Valor(math.tanh(v.data))


def wrong_by_hand(v: Any) -> Any:
    saida = Valor(v.data**3, (v,), "cube")

    def propagate() -> None:
        v.grad += saida.grad * 2 * v.data**2

    saida.propagar = propagate
    return saida


def relabel(v: Any) -> Any:
    v.rotulo = "mine"
    return v * 2


def assign(attribute: str, value: Any) -> Any:
    def formula(v: Any) -> Any:
        setattr(v, attribute, value)
        return v * 2

    return formula


def show(v: Any) -> Any:
    print(1.0)
    return v * 2


def propagate_inside(v: Any) -> Any:
    result = v * v
    if isinstance(v, Valor):
        result.propagar_tudo()
    return result


def use_global_random(v: Any) -> Any:
    random.random()
    return v * 2


def use_global_numpy(v: Any) -> Any:
    np.random.random()
    return v * 2


def seed_global_random(v: Any) -> Any:
    random.seed(0)
    return v * 2


generator = random.Random(0)
calls = itertools.count()


def jump_out(v: Any) -> Any:
    if isinstance(v, Valor) and abs(v.data) > 500:
        raise ValueError("too large for me")
    return v * 2


WRONG_SIGN = Function("cube", "cube", lambda x: x * x * x, lambda x, y: -3 * x * x)
NAN_SLOPE = Function("odd", "odd", lambda x: x, lambda x, y: f.where(x > 700, math.nan, 1))

WRONG_ACTIVATIONS: dict[str, tuple[Any, set[str], str]] = {
    "a wrong sign": (WRONG_SIGN, {"gradient"}, "wrong way round"),
    "a wrong factor": (wrong_by_hand, {"gradient", "traceability"}, "central differences give"),
    "a way round the graph": (shortcut, {"gradient", "traceability"}, r"never with \.data"),
    "a number": (lambda v: math.tanh(v), {"result"}, "instead of a Valor"),
    "nothing": (lambda v: None, {"result"}, "returned None instead of a Valor"),
    "a list": (lambda v: [v], {"result"}, "instead of a Valor"),
    "a built-in max": (lambda v: max(v, 0), {"result"}, "returned 0 instead of a Valor"),
    "an exception": (lambda v: v.sigmoid(), {"result"}, r"AttributeError.*scalars\.py:\d+\)"),
    "a label": (relabel, {"purity", "traceability"}, r"v\.rotulo was 'given' and became 'mine'"),
    "a gradient inside": (
        propagate_inside,
        {"purity", "gradient"},
        r"v\.grad was 0\.75 and became",
    ),
    "a gradient set to 0": (
        assign("grad", 0),
        {"purity", "traceability"},
        r"v\.grad was 0\.75 and became 0$",
    ),
    "a gradient on the stand-in": (
        assign("grad", 0),
        {"purity", "traceability"},
        r"FormulaError: the formula sets `\.grad` of what it was given; it may compute",
    ),
    "frozen": (
        assign("trainable", False),
        {"purity", "traceability"},
        r"v\.trainable was True and became False",
    ),
    "thawed": (
        assign("trainable", True),
        {"purity", "traceability"},
        r"v\.trainable was False and became True",
    ),
    "an operation of its own": (
        assign("propagar", lambda: None),
        {"purity", "traceability"},
        r"v\.propagar was Valor\._push and became <lambda>",
    ),
    "a label read": (
        lambda v: v * (1 + len(v.rotulo) * 0),
        {"traceability"},
        r"does not only compute, but reads `\.rotulo`",
    ),
    "an f-string": (lambda v: v + 0 * len(f"{v:.3f}"), {"traceability"}, "an f-string"),
    "printing": (show, {"purity"}, r"it printed '1\.0\\n.*a callback"),
    "the global generator": (use_global_random, {"purity"}, "global random state"),
    "NumPy's generator": (use_global_numpy, {"purity"}, "global random state"),
    "the global seed": (seed_global_random, {"purity"}, "global random state"),
    "randomness": (
        lambda v: v * generator.random(),
        {"determinism", "gradient", "traceability"},
        "random, or remembers",
    ),
    "a memory": (
        lambda v: v + next(calls),
        {"determinism", "gradient", "traceability"},
        "it is not smooth, or gives something new",
    ),
    "nan at extremes": (
        lambda v: v.exp() / (1 + v.exp()),
        {"extremes"},
        r"v=710\.0 its value is nan .* \(sig, softplus, tanh, log1p and expm1 of valor\.functions",
    ),
    "inf at extremes": (lambda v: v.exp(), {"extremes"}, r"value is inf.*domain=\(low, high\)"),
    "a nan gradient": (NAN_SLOPE, {"extremes"}, r"v=710\.0 its gradient is nan"),
    "an exception at extremes": (jump_out, {"extremes"}, "v=710.0 it raised ValueError: too large"),
    "an if": (lambda v: v if v > 0 else 0 * v, {"traceability"}, r"use where\(v > 0, a, b\)"),
    "a float": (
        lambda v: v * int(float(v) < 1e9),
        {"traceability"},
        "functions of valor.functions",
    ),
    "an equality": (lambda v: v * (2 if v == 0 else 1), {"traceability"}, "identity"),
    "a set": (lambda v: v * len({v}), {"traceability"}, "hash"),
    "data in passing": (lambda v: v * (1 + 0 * v.data), {"traceability"}, r"by `\.data`"),
}


@pytest.mark.parametrize(
    ("formula", "checks", "message"), WRONG_ACTIVATIONS.values(), ids=WRONG_ACTIVATIONS
)
def test_what_is_wrong_with_an_activation(
    failures: Failures, formula: Any, checks: set[str], message: str
) -> None:
    found = failures(lambda: check_activation(formula))
    assert set(found) == checks
    assert matches(found, message)


WRONG_LAYERS: dict[str, tuple[Any, set[str], str]] = {
    "too short": (lambda values: values[:1], {"result"}, "instead of a list of 2"),
    "no list": (lambda values: values[0], {"result"}, "instead of a list of 1"),
    "a number in it": (lambda values: [1.0 for _ in values], {"result"}, "1.0 in its list"),
    "a changed list": (
        lambda values: values.reverse() or list(values),
        {"purity"},
        r"given: v\[0\]\.data was",
    ),
    "a wrong slope of a neighbour": (
        lambda values: values[:1] + [WRONG_SIGN(values[0]) for _ in values[1:]],
        {"gradient"},
        r"v=\[.*, .*\].* gradient by v\[0\]",
    ),
    "nan at extremes": (
        lambda values: [v.exp() / sum(w.exp() for w in values) for v in values],
        {"extremes"},
        "its value is nan",
    ),
}


@pytest.mark.parametrize(("formula", "checks", "message"), WRONG_LAYERS.values(), ids=WRONG_LAYERS)
def test_what_is_wrong_with_an_activation_of_layers(
    failures: Failures, formula: Any, checks: set[str], message: str
) -> None:
    record = Activation("wrong", formula, over="layer")
    found = failures(lambda: check_activation(record))
    assert set(found) >= checks
    assert matches(found, message)


def error_of(predicted: list[Any], target: list[Any]) -> Any:
    return sum((p - t) ** 2 for p, t in zip(predicted, target, strict=True))


WRONG_LOSSES: dict[str, tuple[Any, set[str], str]] = {
    "a list": (lambda p, t: [error_of(p, t)], {"result"}, "instead of a Valor"),
    "only one output": (lambda p, t: WRONG_SIGN(p[0] - t[0]), {"gradient"}, r"by predicted\[0\]"),
    "predictions taken away": (
        lambda p, t: error_of([p.pop() for _ in t], t[::-1]),
        {"purity"},
        r"given: len\(predicted\) was 1 and became 0",
    ),
    "targets taken away": (
        lambda p, t: error_of(p, [t.pop(0) for _ in p]),
        {"purity"},
        r"given: len\(target\) was 1 and became 0",
    ),
    "a target looked at": (
        lambda p, t: error_of(p, t) if t[0] > 0 else 2 * error_of(p, t),
        {"traceability"},
        "where",
    ),
    "log of 0": (
        lambda p, t: -sum(b * a.log() for a, b in zip(p, t, strict=True)),
        {"extremes"},
        r"predicted=\[0\.0\], target=\[1\.0\]",
    ),
}


@pytest.mark.parametrize(("formula", "checks", "message"), WRONG_LOSSES.values(), ids=WRONG_LOSSES)
def test_what_is_wrong_with_a_loss(
    failures: Failures, formula: Any, checks: set[str], message: str
) -> None:
    found = failures(lambda: check_loss(formula, domain=(0.0, 1.0)))
    assert set(found) == checks
    assert matches(found, message)


def test_what_is_wrong_with_a_penalty(failures: Failures) -> None:
    assert set(failures(lambda: check_penalty(WRONG_SIGN))) == {"gradient"}
    found = failures(
        lambda: check_penalty(lambda parameter, *, weight=1e-12: -weight * shortcut(parameter))
    )
    assert set(found) == {"gradient", "traceability"}
