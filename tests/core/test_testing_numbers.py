"""The conformance kit: each way to be wrong of a formula over plain numbers fails too."""

import itertools
import math
import random
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from valor import Initializer
from valor import functions as f
from valor.testing import (
    Report,
    check_exporter,
    check_initializer,
    check_metric,
    check_scaler,
)

Failures = Callable[[Callable[[], Report]], dict[str, str]]


def matches(found: dict[str, str], message: str) -> bool:
    return any(re.search(message, figures) for figures in found.values())


generator = random.Random(0)
calls = itertools.count()


def layered(call: Callable[..., Any]) -> Initializer:
    return Initializer("wrong", call, over="layer")


WRONG: dict[str, tuple[Callable[[], Report], set[str], str]] = {
    "an initializer of a layer that gives one number": (
        lambda: check_initializer(layered(lambda r, m, n: r.random())),
        {"result"},
        r"fan_in=1, fan_out=1, it returned 0\.\d+ instead of a list of 1 lists of 1 numbers",
    ),
    "an initializer of a layer that is turned round": (
        lambda: check_initializer(layered(lambda r, m, n: [[0.5] * n] * m)),
        {"result"},
        "fan_in=1, fan_out=2, .* instead of a list of 2 lists of 1 numbers",
    ),
    "an initializer of a layer that gives tuples": (
        lambda: check_initializer(layered(lambda r, m, n: [(0.5,) * m] * n)),
        {"result"},
        "instead of a list of 1 lists",
    ),
    "an initializer of a layer that gives nan": (
        lambda: check_initializer(layered(lambda r, m, n: [[math.nan] * m] * n)),
        {"result"},
        "fan_in=1, fan_out=1, the number is nan",
    ),
    "an initializer of a layer with a generator of its own": (
        lambda: check_initializer(layered(lambda r, m, n: [[generator.random()] * m] * n)),
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
    "a metric that divides by the samples of a class": (
        lambda: check_metric(lambda p, t: len(t) / sum(row[0] == 0 for row in t)),
        {"result"},
        "ZeroDivisionError",
    ),
    "a metric that divides by what no sample of one class has": (
        lambda: check_metric(lambda p, t: 1 / all(row[0] == 1 for row in t)),
        {"result"},
        "ZeroDivisionError",
    ),
    "a scaler that gives one number": (
        lambda: check_scaler(lambda values: values[0]),
        {"result"},
        r"instead of \(shift, factor\)",
    ),
    "a scaler that gives a list": (
        lambda: check_scaler(lambda values: [values[0], 1.0]),
        {"result"},
        r"instead of \(shift, factor\)",
    ),
    "a scaler that gives nothing": (
        lambda: check_scaler(lambda values: (None, 1.0)),
        {"result"},
        "the shift must be a real number",
    ),
    "a scaler that divides by the width of a column": (
        lambda: check_scaler(lambda values: (min(values), 1 / (max(values) - min(values)))),
        {"result"},
        "ZeroDivisionError",
    ),
    "a scaler that multiplies by the width of a column": (
        lambda: check_scaler(lambda values: (min(values), max(values) - min(values))),
        {"result"},
        "the factor is 0, from which no value finds back",
    ),
    "a scaler that divides by a square": (
        lambda: check_scaler(lambda values: (0.0, f.divide(1.0, max(values) ** 2))),
        {"extremes"},
        r"^given values=\[0\.0\], the factor is inf",
    ),
    "a scaler that divides by 0": (
        lambda: check_scaler(lambda values: (0.0, 1 / max(values))),
        {"extremes"},
        r"values=\[0\.0\], it raised ZeroDivisionError",
    ),
    "a scaler whose scaled values are too large": (
        lambda: check_scaler(lambda values: (0.0, 1e303)),
        {"extremes"},
        r"values=\[1000000\.0\], a result is inf",
    ),
    "a scaler that sorts its column": (
        lambda: check_scaler(lambda values: (values.sort() or values[0], 1.0)),
        {"purity"},
        r"given: values\[0\] was",
    ),
    "a random scaler": (
        lambda: check_scaler(lambda values: (generator.random(), 1.0)),
        {"determinism"},
        "random",
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


@pytest.mark.parametrize(("examine", "checks", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong(
    failures: Failures, examine: Callable[[], Report], checks: set[str], message: str
) -> None:
    found = failures(examine)
    assert set(found) == checks
    assert matches(found, message)
