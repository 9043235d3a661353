"""A compiled run at work: what it writes back, what it notices, and when eager takes over."""

import functools
import itertools
import math
import operator
from array import array
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from valor import (
    EAGER,
    MLP,
    Activation,
    GradientTransform,
    Loss,
    Optimizer,
    Plan,
    Trainer,
    Valor,
    hookimpl,
    loss,
    optimizer,
)
from valor.exceptions import CannotCompileError, EngineWarning, MissingExtraError, NonFiniteError
from valor.functions import log, where
from valor_plugins.engines.native import compile_run, program

X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
Y = [[1.0], [0.0], [0.2], [0.5]]
PLAN = Plan(inputs=X, targets=Y, batch_size=4, epochs=1000)


def descent(p: Any, g: Any, state: Any, step: Any, *, learning_rate: float = 0.1) -> Any:
    return p - learning_rate * g, state


DESCENT = Optimizer("descent", descent)


def network(**arguments: Any) -> MLP:
    return MLP(3, [3, 2, 1], **{"seed": 0, **arguments})


def run(model: Any, plan: Plan = PLAN, formula: Any = None) -> Any:
    return compile_run(model, formula or loss("sum_squared_error"), DESCENT, plan)


def numbers(model: Any) -> list[float]:
    return [parameter.data for parameter in model.parametros()]


def test_parameters_are_written_back_when_asked_for() -> None:
    model = network()
    before, losses = numbers(model), array("d")
    compiled = run(model)
    compiled.advance(3, losses)
    assert (len(losses), numbers(model)) == (3, before)
    compiled.write_back()
    after = numbers(model)
    assert after != before
    compiled.write_back()
    assert numbers(model) == after


# Formulas that are no functions of their arguments


def counting() -> Callable[[Valor], Valor]:
    calls = itertools.count(1)
    return lambda v: v * (1 + 1e-3 * next(calls))


def alternating() -> Callable[[Valor], Valor]:
    """Compute one thing while it is traced, and another one afterwards."""
    calls = itertools.count()
    return lambda v: v * 2 if next(calls) < 12 else v + v * 1.5


def keeping() -> Callable[[Valor], Valor]:
    kept: list[Valor] = []

    def formula(v: Valor) -> Valor:
        kept.append(v)
        return v + kept[0]

    return formula


@pytest.mark.parametrize("make", [counting, alternating, keeping])
def test_a_formula_with_a_memory_is_refused(make: Any) -> None:
    with pytest.raises(CannotCompileError, match=r"earlier call|does not compute the same"):
        run(network(activation=Activation("own", make())))


def looking(v: Valor) -> Valor:
    return v if v > 0 else v * 0.1


def test_a_formula_that_looks_is_named_with_its_line() -> None:
    line = looking.__code__.co_firstlineno + 1
    with pytest.raises(CannotCompileError) as caught:
        run(network(activation=Activation("looking", looking)))
    text = str(caught.value)
    assert f"{__file__}, line {line}: the formula looks at a number" in text
    assert "use where(v > 0, a, b)" in text
    assert "activation 'looking'" in text


def test_auto_runs_it_eagerly_with_one_warning() -> None:
    trainer = Trainer(network(activation=Activation("looking", looking)), engine="auto")
    with pytest.warns(EngineWarning, match="runs eagerly.*activation 'looking'") as caught:
        result = trainer.fit(X, Y, epochs=3000)
    assert (result.engine, result.completed_steps, len(caught)) == ("eager", 3000, 1)


def test_the_sum_of_plain_numbers_is_refused_where_python_does_not_just_add() -> None:
    """From 3.12 on, sum() of floats is not the sum of the additions; reduce(add) always is."""

    def summing(gradients: list[Any]) -> list[Any]:
        return [gradient / sum(gradients) for gradient in gradients]

    def reducing(gradients: list[Any]) -> list[Any]:
        total = functools.reduce(operator.add, gradients)
        return [gradient / total for gradient in gradients]

    plan = attrs.evolve(PLAN, gradient_transforms=(GradientTransform("reducing", reducing),))
    assert run(network(), plan).explain()
    plan = attrs.evolve(PLAN, gradient_transforms=(GradientTransform("summing", summing),))
    if sum([0.1] * 10) == 1.0:
        with pytest.raises(CannotCompileError, match=r"sum\(\).*transform 'summing'"):
            run(network(), plan)
    else:
        assert run(network(), plan).explain()


def test_what_eager_refuses_is_refused_in_its_words() -> None:
    texts = []
    for engine in ("eager", "native"):
        trainer = Trainer(network(), loss=Loss("odd", lambda p, t: 3.0), engine=engine)
        with pytest.raises(TypeError) as caught:
            trainer.fit(X, Y, epochs=1)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


# Steps that eager does


def branching(v: Valor) -> Valor:
    # At 0, the branch that is not taken has an infinite slope.
    return where(v > 0, log(v), v)


@pytest.mark.parametrize("false_alarms", [1, 100])  # until eager goes on by itself
def test_zero_times_infinity_is_eagers(monkeypatch: pytest.MonkeyPatch, false_alarms: int) -> None:
    """A gradient of 0 pushes nothing, however steep the branch; machine code has 0·inf = nan."""
    monkeypatch.setattr(program, "FALSE_ALARMS", false_alarms)
    replays = []
    compile = EAGER.compile
    counted = attrs.evolve(EAGER, compile=lambda *run: replays.append(1) or compile(*run))
    monkeypatch.setattr(program, "EAGER", counted)
    plan = attrs.evolve(PLAN, inputs=[[0.0, 0.0, 0.0], *X[1:]])
    outcomes = []
    for make in (compile, compile_run):
        model = MLP(3, [2, 1], activation=Activation("branching", branching), seed=1)
        for neuronio in model.camadas[0].neuronios:
            neuronio.vies.data = 0.0
        losses = array("d")
        compiled = make(model, loss("sum_squared_error"), DESCENT, plan)
        compiled.advance(4, losses)
        compiled.write_back()
        outcomes.append((losses.tolist(), numbers(model)))
    assert outcomes[0] == outcomes[1]
    assert replays


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("rate", [1e7, 1e3, 50.0, 5.0, 1.0])  # another number of steps each
@pytest.mark.parametrize("widths", [[3, 1], [20, 12, 1]], ids=["straight", "loops"])
def test_after_a_run_that_diverged_gradients_are_those_of_the_last_step(
    widths: list[int], rate: float, momentum: float
) -> None:
    """Machine code has computed some of the step that failed; nobody sees them."""
    outcomes = []
    for engine in ("eager", "native"):
        chosen = optimizer("gradient_descent", learning_rate=rate, momentum=momentum)
        model = MLP(3, widths, activation="identity", seed=0)
        model.parametros()[1].trainable = False
        with pytest.raises(NonFiniteError) as caught:
            Trainer(model, optimizer=chosen, engine=engine).fit(X, Y, epochs=100)
        gradients = [parameter.grad for parameter in model.parametros()]
        assert all(map(math.isfinite, gradients))
        outcomes.append((str(caught.value), numbers(model), gradients))
    assert outcomes[0] == outcomes[1]


def test_a_division_by_zero_of_an_optimizer_raises_as_in_python() -> None:
    def dividing(p: Any, g: Any, state: Any, step: Any) -> Any:
        return p - 0.1 * g / (3 - step), state

    texts = []
    for make in (EAGER.compile, compile_run):
        losses = array("d")
        compiled = make(network(), loss("sum_squared_error"), Optimizer("dividing", dividing), PLAN)
        with pytest.raises(ZeroDivisionError) as caught:
            compiled.advance(5, losses)
        texts.append((str(caught.value), losses.tolist()))
    assert texts[0] == texts[1]
    assert len(texts[0][1]) == 2


# Callbacks, platforms, data


class Changes:
    """A callback that looks at the parameters, then changes and freezes some."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @hookimpl
    def valor_after_epoch(self, run: Any, report: Any) -> None:
        parameters = run.model.parametros()
        self.seen.append([(parameter.data, parameter.grad) for parameter in parameters])
        if report.epoch == 2:
            parameters[0].data = 0.25
            parameters[1].trainable = False


def test_callbacks_see_and_change_what_is_current() -> None:
    seen = []
    for engine in ("eager", "native"):
        changes = Changes()
        result = Trainer(network(), engine=engine, callbacks=[changes]).fit(X, Y, epochs=5)
        seen.append((changes.seen, list(result.history["loss"]), numbers(result.model)))
    assert seen[0] == seen[1]


def test_without_its_libraries_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("valor_plugins.engines.native.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'valor-framework\[fast\]'"):
        Trainer(network(), engine="native").fit(X, Y, epochs=1)
    result = Trainer(network()).fit(X, Y, epochs=3000)
    assert result.engine == "eager"
    assert "valor-framework[fast]" in result.engine_reason


def test_data_larger_than_what_is_kept_in_memory(tmp_path: Any) -> None:
    """Training maps the file, and needs memory for parameters and a batch only."""
    import tracemalloc

    import numpy as np

    rows = 200_000
    inputs = np.memmap(tmp_path / "x", np.float64, "w+", shape=(rows, 8))
    targets = np.memmap(tmp_path / "y", np.float64, "w+", shape=(rows, 1))
    inputs[:] = np.linspace(-1, 1, rows)[:, None]
    targets[:] = 0.5
    trainer = Trainer(MLP(8, [4, 1], seed=0), engine="native")
    trainer.fit(inputs[:64], targets[:64], epochs=1, batch_size=64)
    tracemalloc.start()
    trainer.fit(inputs, targets, epochs=2, batch_size=64)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < inputs.nbytes / 2


def test_explanation_and_first_line() -> None:
    compiled = run(network())
    first, *rest = compiled.explain().splitlines()
    assert first.startswith("native, exact: ")
    assert "straight line" in first
    # One exponential a neuron, which value and slope of the sigmoid share.
    assert [line.split()[2] for line in rest if line.split()[-2:-1] == ["exp"]] == ["3", "2", "1"]
