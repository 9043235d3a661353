"""The conformance kit: what is right passes; what it says, and to whom."""

import math
import re
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from valor import (
    Activation,
    Callback,
    Exporter,
    GradientTransform,
    Initializer,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Plugin,
    PluginManager,
    Scaler,
    Schedule,
    hookimpl,
    optimizer,
)
from valor import functions as f
from valor.contracts import Record
from valor.exceptions import ConformanceError, InvalidArgumentError, UnknownNameError
from valor.functions import Function
from valor.testing import (
    Report,
    check,
    check_activation,
    check_exporter,
    check_gradient_transform,
    check_initializer,
    check_loss,
    check_metric,
    check_optimizer,
    check_penalty,
    check_scaler,
    check_schedule,
    records,
)
from valor.testing._cases import EVERYWHERE, EXTREMES, extremes_in, points_in

Failures = Callable[[Callable[[], Report]], dict[str, str]]

WRONG_SIGN = Function("cube", "cube", lambda x: x * x * x, lambda x, y: -3 * x * x)


# What is right passes


def softmax(values: list[Any], *, temperature: float = 1.0) -> list[Any]:
    largest = values[0]
    for v in values[1:]:
        largest = f.maximum(largest, v)
    powers = [f.exp((v - largest) / temperature) for v in values]
    total = powers[0]
    for power in powers[1:]:
        total = total + power
    return [power / total for power in powers]


def adam(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
) -> tuple[float, tuple[float, ...]]:
    mean = beta1 * state[0] + (1 - beta1) * gradient
    square = beta2 * state[1] + (1 - beta2) * gradient * gradient
    size = f.sqrt(square / (1 - beta2**step)) + 1e-8
    return parameter - learning_rate * mean / (1 - beta1**step) / size, (mean, square)


def clip_by_norm(gradients: list[Any], *, largest: float = 1.0) -> list[Any]:
    total = gradients[0] * gradients[0]
    for g in gradients[1:]:
        total = total + g * g
    scale = f.minimum(1.0, f.divide(largest, f.sqrt(total)))
    return [g * scale for g in gradients]


def cross_entropy(predicted: list[Any], target: list[Any], *, margin: float = 1e-12) -> Any:
    total = 0.0
    for p, t in zip(predicted, target, strict=True):
        kept = f.clip(p, margin, 1 - margin)
        total = total - t * f.log(kept) - (1 - t) * f.log1p(-kept)
    return total


def halved_where_it_rises(
    step: int, total_steps: int, state: tuple[float, ...], *, first: float = 0.1
) -> tuple[float, tuple[float, ...]]:
    loss, best, rate = state
    rate = rate / 2 if loss > best else rate
    return first * rate, (loss, min(loss, best), rate)


def diagonal(random: Any, fan_in: int, fan_out: int) -> list[list[float]]:
    return [[random.random() if i == o else 0.0 for i in range(fan_in)] for o in range(fan_out)]


def to_the_middle(values: list[float], *, width: float = 1.0) -> tuple[float, float]:
    return (min(values) + max(values)) / 2, width / (max(values) - min(values) or 1.0)


KINK = next(points_in(EVERYWHERE, 1, 24))[0]  # a point at which the kit looks

RIGHT = {
    "swish": lambda: check_activation(lambda v: v * v.sig()),
    "a kink where it is looked at": lambda: check_activation(lambda v: abs(v - KINK)),
    "a jump": lambda: check_activation(lambda v: f.where(v > KINK, v, v - 1)),
    "steep": lambda: check_activation(lambda v: (v * 3000).tanh()),
    "tiny": lambda: check_activation(lambda v: 1e-200 * v.tanh()),
    "constant": lambda: check_activation(lambda v: 0 * v + 1),
    "a domain": lambda: check_activation(f.exp, domain=(-700, 700)),
    "half a line": lambda: check_activation(f.log, domain=(1e-300, math.inf)),
    "softmax": lambda: check_activation(Activation("softmax", softmax, over="layer")),
    "penalty": lambda: check_penalty(lambda parameter, *, weight=1e-9: weight * parameter**2),
    "loss": lambda: check_loss(lambda p, t: sum(abs(a - b) for a, b in zip(p, t, strict=True))),
    "loss of a domain": lambda: check_loss(cross_entropy, domain=(0.0, 1.0)),
    "optimizer": lambda: check_optimizer(Optimizer("adam", adam, {"mean": 0.0, "square": 0.0})),
    "transform": lambda: check_gradient_transform(clip_by_norm),
    "schedule that falls": lambda: check_schedule(lambda step, total: 1.5 - step / total),
    "schedule": lambda: check_schedule(lambda step, total, *, first=0.1: first / step),
    "schedule with a state": lambda: check_schedule(
        Schedule(
            "halving", halved_where_it_rises, {"loss": math.inf, "best": math.inf, "rate": 1.0}
        )
    ),
    "schedule that counts": lambda: check_schedule(
        Schedule("counting", lambda n, total, state: (1 / state[0], (state[0] + 1,)), {"next": 1})
    ),
    "initializer of a layer": lambda: check_initializer(
        Initializer("diagonal", diagonal, over="layer")
    ),
    "scaler": lambda: check_scaler(to_the_middle),
    "initializer": lambda: check_initializer(lambda r, m, n: r.gauss(0, 1 / math.sqrt(m))),
    "metric": lambda: check_metric(lambda p, t: sum(a[0] == b[0] for a, b in zip(p, t))),  # noqa: B905
    "exporter of text": lambda: check_exporter(lambda root: repr(root)),
    "exporter of a picture": lambda: check_exporter(lambda r: SimpleNamespace(source=repr(r))),
}


@pytest.mark.parametrize("examine", RIGHT.values(), ids=RIGHT)
def test_what_is_right_passes(failures: Failures, examine: Callable[[], Report]) -> None:
    assert failures(examine) == {}


# Hyperparameters


def leaky(v: Any, *, slope: float = 0.01) -> Any:
    return f.where(v > 0, v, slope * v)


def test_a_default_must_pass_its_own_validator(failures: Failures) -> None:
    record = Activation("leaky", leaky, validators={"slope": attrs.validators.gt(1)})
    found = failures(lambda: check_activation(record))
    assert set(found) == {"hyperparameters"}
    assert "slope" in found["hyperparameters"]
    assert failures(lambda: check_activation(record.bind(slope=2.0))) == {}


def test_what_is_bound_is_what_is_checked(failures: Failures) -> None:
    loss = Loss("sharp", lambda p, t, *, scale=1.0: f.exp(scale * (p[0] - t[0])))
    assert set(failures(lambda: check_loss(loss, domain=(-10, 10)))) == set()
    assert set(failures(lambda: check_loss(loss.bind(scale=99.0), domain=(-10, 10)))) == {
        "extremes"
    }


@pytest.mark.parametrize("domain", [(1.0, 0.0), (0.0, 0.0), (0.0,), 3, (0.0, "1"), (0.0, math.nan)])
def test_a_domain_is_an_interval(domain: Any) -> None:
    for refused in (
        lambda: check_activation(f.tanh, domain=domain),
        lambda: check_penalty(f.tanh, domain=domain),
        lambda: check_loss(lambda p, t: p[0], domain=domain),
    ):
        with pytest.raises(
            InvalidArgumentError, match=r"^domain must be two numbers \(low, high\)"
        ):
            refused()
    with pytest.raises(InvalidArgumentError, match=r"^targets must be"):
        check_loss(lambda p, t: p[0], targets=domain)


def test_a_schedule_may_stand_for_the_learning_rate() -> None:
    falling = Schedule("falling", lambda step, total: 0.5 / step)
    report = check_optimizer(optimizer("gradient_descent", learning_rate=falling))
    assert "learning_rate=0.5" in str(report)


# The verdict


def manager_with(*activations: Activation) -> PluginManager:
    class Wrong:
        @hookimpl
        def valor_register_activations(self) -> Any:
            return activations

    manager = PluginManager()
    manager.load(Plugin("curves", "valor-curves", "1.2"), Wrong)
    return manager


def test_the_error_names_the_record_its_plugin_and_the_distribution() -> None:
    manager = manager_with(Activation("cube", WRONG_SIGN))
    with pytest.raises(ConformanceError) as caught:
        check_activation("cube", plugins=manager)
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "activation 'cube' of plugin 'curves' of valor-curves 1.2 does not conform:"
    )
    (failed,) = (line for line in lines if "FAIL" in line)
    assert re.fullmatch(
        r"  FAIL gradient: at v=(\S+) the graph's gradient by v is -(\d\S+), but central "
        r"differences give (\d\S+); its sign is the wrong way round",
        failed,
    )
    assert sum(line.startswith("  ok   ") for line in lines) == 6
    assert isinstance(caught.value, AssertionError)


def test_the_report_has_the_figures() -> None:
    report = check_activation(Activation("swish", lambda v: v * v.sig()))
    assert str(report).splitlines()[0] == "activation 'swish' conforms:"
    assert [check.name for check in report.checks] == [
        "hyperparameters",
        "result",
        "gradient",
        "extremes",
        "determinism",
        "purity",
        "traceability",
    ]
    figures = {check.name: check.figures for check in report.checks}
    assert figures["hyperparameters"] == "none"
    assert re.match(r"24 slopes .* largest difference is \S+e-1\d, at v=", figures["gradient"])
    assert figures["extremes"] == f"finite values and gradients at {len(EXTREMES)} points"


def test_slopes_that_are_exact_are_said_to_be() -> None:
    report = check_penalty(lambda parameter: parameter * 0)
    figures = {check.name: check.figures for check in report.checks}
    assert figures["gradient"] == "24 slopes are those of central differences, to the last bit"


def test_the_extremes() -> None:
    assert {0.0, 1e-300, -1e-300, 37, -37, 710, -710, 1e6, -1e6} == set(EXTREMES)
    assert "-0.0" in map(repr, EXTREMES)
    assert extremes_in((0.0, 50.0)) == [0.0, -0.0, 1e-300, 37.0, 50.0]


def test_ordinary_points_are_those_of_the_domain_and_always_the_same() -> None:
    for domain in ((0.0, 1.0), (-math.inf, -3.0), (5.0, math.inf), (-math.inf, math.inf)):
        points = list(points_in(domain, 3, 40))
        assert points == list(points_in(domain, 3, 40))
        assert all(domain[0] < x < domain[1] for point in points for x in point)
        assert len({x for point in points for x in point}) == 120


def test_names_records_and_functions_are_accepted() -> None:
    assert check_activation("tanh").subject.startswith("activation 'tanh' of plugin 'tanh'")
    assert check_activation(f.tanh).subject == "activation 'tanh'"
    assert check_optimizer("gradient_descent").passed
    with pytest.raises(UnknownNameError, match="no activation is named 'tan'"):
        check_activation("tan")
    with pytest.raises(InvalidArgumentError, match="record must be the name of a loss"):
        check_loss(Activation("tanh", f.tanh))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="record must be the name of a loss"):
        check_loss(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("record", "checks"),
    [
        (Activation("a", f.tanh), {"gradient", "extremes", "traceability"}),
        (Loss("l", lambda p, t: (p[0] - t[0]) ** 2), {"gradient", "extremes", "traceability"}),
        (Penalty("p", abs), {"gradient", "extremes", "traceability"}),
        (Optimizer("adam", adam, {"mean": 0, "square": 0}), {"descent", "memory"}),
        (GradientTransform("g", clip_by_norm), {"extremes", "traceability"}),
        (Schedule("s", lambda step, total: 0.1), {"determinism"}),
        (Initializer("i", lambda r, m, n: 0.0), {"determinism"}),
        (Metric("m", lambda p, t: 0.0), {"determinism"}),
        (Scaler("x", to_the_middle), {"extremes", "determinism", "purity"}),
        (Exporter("e", lambda root: ""), {"determinism", "purity"}),
        (Callback("c", lambda: object()), {"hyperparameters"}),
    ],
    ids=lambda part: part.kind if isinstance(part, Record) else "",
)
def test_a_record_is_checked_by_its_kind(record: Any, checks: set[str]) -> None:
    report = check(record)
    assert report.passed
    assert {check.name for check in report.checks} >= checks


def test_options_go_to_the_check_of_the_kind(failures: Failures) -> None:
    assert set(failures(lambda: check(Activation("exp", f.exp)))) == {"extremes"}
    assert failures(lambda: check(Activation("exp", f.exp), domain=(-9, 9))) == {}


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="record must be a record"):
        check(f.tanh)  # type: ignore[arg-type]


# A package's own tests


def test_the_records_of_a_distribution() -> None:
    manager = manager_with(Activation("tanh", f.tanh), Activation("cube", WRONG_SIGN))
    assert [r.name for r in records("valor_curves", manager)] == ["tanh", "cube"]
    assert records(plugins=manager) == records("valor-curves", manager)
    with pytest.raises(InvalidArgumentError, match="'valor-swish' has no plugin"):
        records("valor-swish", manager)


def test_a_plugin_that_failed_has_no_records_to_check() -> None:
    manager = PluginManager()
    with pytest.warns(match="left out"):
        manager.load(Plugin("curves", "valor-curves"), lambda: 1 / 0)
    with pytest.raises(InvalidArgumentError, match=r"failed to load .ZeroDivisionError"):
        records("valor-curves", manager)


PACKAGE_TESTS = """
from valor import Activation
from valor.testing import check_activation

def test_the_fixture(valor_manager):
    assert valor_manager.strict
    assert "tanh" in {record.name for plugin in valor_manager.plugins for record in plugin.records}
    valor_manager.plugins.clear()

def test_it_is_new_each_time(valor_manager):
    assert valor_manager.plugins

def test_a_failure():
    check_activation(Activation("seven", lambda v: 7))
"""


def test_pytest_has_the_fixture_and_shows_the_report(tmp_path: Any) -> None:
    (tmp_path / "test_package.py").write_text(PACKAGE_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_package.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 2 passed" in result.stdout
    assert "ConformanceError: activation 'seven' does not conform" in result.stdout
    assert "returned 7 instead of a Valor" in result.stdout
    assert "_verdict.py" not in result.stdout  # the kit's own lines are hidden
