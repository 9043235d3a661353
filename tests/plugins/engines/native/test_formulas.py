"""What is traced for a run: sample, penalties, transforms, optimizer; and what is refused."""

import itertools
import random
from typing import Any

import pytest

from valor import (
    MLP,
    GradientTransform,
    Loss,
    Optimizer,
    Penalty,
    Schedule,
    Valor,
    loss,
    optimizer,
)
from valor.exceptions import CannotCompileError, FormulaError
from valor.functions import absolute, sqrt, where
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.formulas import (
    SampleTrace,
    scheduled,
    trace_optimizer,
    trace_penalty,
    trace_results,
    trace_sample,
    trace_transforms,
)

from .programs import interpreted


class Model:
    """A formula of two parameters and the inputs, as a model."""

    def __init__(self, formula: Any) -> None:
        self._formula = formula
        self._parameters = [Valor(0.5), Valor(-2.0)]

    def __call__(self, inputs: Any) -> Any:
        return self._formula(*self._parameters, inputs)

    def parametros(self) -> list[Valor]:
        return self._parameters


def sample(formula: Any, reduction: str = "sum", compare: Any = None) -> SampleTrace:
    model = Model(formula)
    compare = compare or (lambda predicted, target: (predicted[0] - target[0]) ** 2)
    record = Loss("own", compare, reduction=reduction)
    return trace_sample(model, record, model.parametros(), (2, 1))


# Samples


@pytest.mark.parametrize(("reduction", "seed"), [("sum", 1.0), ("mean", 0.25)])
def test_a_sample_is_its_loss_and_gradients(reduction: str, seed: float) -> None:
    traced = sample(lambda a, b, x: a * x[0] + b * x[1], reduction)
    leaves = {ops.PARAMETER: [0.5, -2.0], ops.INPUT: [3.0, 1.5], ops.TARGET: [0.25]}
    found = interpreted(traced.scalars, {**leaves, ops.SEED: [0.25]})
    assert found.root == (1.5 - 3.0 - 0.25) ** 2
    slope = 2 * (1.5 - 3.0 - 0.25) * seed
    assert found.gradients == {0: slope * 3.0, 1: slope * 1.5}


def test_only_one_run_of_the_two_is_kept() -> None:
    traced = sample(lambda a, b, x: a * x[0] + b * x[1])
    # Three for the outputs; a difference; its square is a value and a scalar, with a slope.
    assert traced.traced <= 12
    assert (traced.scalars.code == ops.INPUT).sum() == 2
    assert (traced.scalars.code == ops.TARGET).sum() == 1


@pytest.mark.parametrize("outputs", [list, tuple, lambda pair: pair[0]])
def test_outputs_may_be_a_list_a_tuple_or_one(outputs: Any) -> None:
    assert sample(lambda a, b, x: outputs([a * x[0], b * x[1]])).traced > 0


COUNT = itertools.count()
KEPT: list[Any] = []
DRAW = random.Random(0)


def growing(a: Any, b: Any, x: Any) -> Any:
    KEPT.append(0)
    return a * len(KEPT) * x[0]


def longer(a: Any, b: Any, x: Any) -> Any:
    KEPT.append(0)
    return sum([a * x[0]] * len(KEPT), b)


@pytest.mark.parametrize(
    "formula",
    [
        lambda a, b, x: a * DRAW.random() + b,
        lambda a, b, x: a * x[next(COUNT) % 2],
        lambda a, b, x: (a if next(COUNT) % 2 else b) * x[0],
        lambda a, b, x: a * x[0] + b if next(COUNT) % 2 else a * x[0] - b,
        lambda a, b, x: where(x[next(COUNT) % 2] > 0, a, b),
        lambda a, b, x: where(x[0] > 0, a, b) if next(COUNT) % 2 else where(x[0] > 0, b, a),
        lambda a, b, x: where([x[0] > 0, x[1] > 0][next(COUNT) % 2], a, b),
        lambda a, b, x: a ** (2 if next(COUNT) % 2 else 3),
        growing,
        longer,
    ],
)
def test_a_formula_that_differs_from_call_to_call_is_refused(formula: Any) -> None:
    with pytest.raises(CannotCompileError, match=r"does not compute the same.*engine='eager'"):
        sample(formula)


def test_a_loss_that_computes_nothing_is_refused() -> None:
    with pytest.raises(CannotCompileError, match="computes nothing"):
        sample(lambda a, b, x: a, compare=lambda predicted, target: predicted[0])
    with pytest.raises(FormulaError, match="must return a Valor"):
        sample(lambda a, b, x: a, compare=lambda predicted, target: target[0])


def test_parameters_are_themselves_again_after_a_refusal() -> None:
    model = MLP(2, [2, 1], activation=lambda v: v.data, seed=0)
    with pytest.raises(CannotCompileError, match=r"`\.data`"):
        trace_sample(model, loss("sum_squared_error"), model.parametros(), (2, 1))
    assert {type(each) for each in model.parametros()} == {Valor}


# Results


def results(formula: Any, compare: Any) -> Any:
    model = Model(formula)
    return trace_results(model, Loss("own", compare), model.parametros(), (2, 1))


def first(predicted: Any, target: Any) -> Any:
    return predicted[0]


def test_results_are_outputs_then_the_loss() -> None:
    traced = results(
        lambda a, b, x: [a * x[0], b, b + x[1], b + x[1]],
        lambda predicted, target: predicted[0] * target[0] - predicted[2],
    )
    assert (traced.outputs, traced.count, traced.checked) == (4, 5, False)
    leaves = {ops.PARAMETER: [0.5, -2.0], ops.INPUT: [3.0, 1.25], ops.TARGET: [4.0]}
    found = interpreted(traced.scalars, leaves)
    assert found.contributions == {0: [1.5], 1: [-2.0], 2: [-0.75], 3: [-0.75], 4: [6.75]}
    assert (found.root, found.checks) == (None, [])


def test_without_a_loss_there_are_outputs_only() -> None:
    model = Model(lambda a, b, x: a * x[0] + b)
    traced = trace_results(model, None, model.parametros(), (2, 0))
    found = interpreted(traced.scalars, {ops.PARAMETER: [0.5, 0.25], ops.INPUT: [3.0, 0.0]})
    assert (traced.outputs, traced.count, found.contributions) == (1, 1, {0: [1.75]})


def test_a_loss_may_return_what_it_was_given() -> None:
    leaves = {ops.PARAMETER: [0.5, 0.25], ops.INPUT: [0.0, 0.0], ops.TARGET: [0.0]}
    found = interpreted(results(lambda a, b, x: a, first).scalars, leaves)
    assert found.contributions == {0: [0.5], 1: [0.5]}


def test_a_sample_that_fails_a_check_says_so() -> None:
    def dividing(predicted: Any, target: Any) -> Any:
        return predicted[0] * (1 / target[0]) + 2 ** (1 / (target[0] - 1))

    traced = results(lambda a, b, x: a * x[0] + b, dividing)
    assert (traced.outputs, traced.count, traced.checked) == (1, 3, True)
    for target, failed in ((0.5, 0.0), (0.0, 1.0), (1.0, 1.0), (-2.0, 0.0)):
        leaves = {ops.PARAMETER: [0.5, 0.25], ops.INPUT: [1.0, 1.0], ops.TARGET: [target]}
        assert interpreted(traced.scalars, leaves).contributions[2] == [failed]


@pytest.mark.parametrize(
    ("formula", "compare", "error", "text"),
    [
        (lambda a, b, x: 3.0, first, FormulaError, "must return a Valor or a list"),
        (lambda a, b, x: x, first, FormulaError, "must return a Valor or a list"),
        (lambda a, b, x: [a, 0.0], first, FormulaError, "must return a Valor or a list"),
        (lambda a, b, x: [], first, FormulaError, "must return a Valor or a list"),
        (lambda a, b, x: a, lambda p, t: t[0], FormulaError, "must return a Valor"),
        (lambda a, b, x: a * float(b), first, CannotCompileError, "looks at a number"),
        (lambda a, b, x: [a, b][next(COUNT) % 2], first, CannotCompileError, "same for every"),
    ],
)
def test_results_that_are_refused(
    formula: Any, compare: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        results(formula, compare)


# Penalties

OTHER = Valor(2.0)


def test_a_penalty_is_traced_on_one_parameter() -> None:
    program = trace_penalty(Penalty("l1", lambda p: 0.5 * absolute(p)), [])
    for x, slope in ((3.0, 0.5), (-3.0, -0.5), (0.0, 0.0)):
        found = interpreted(program.scalars, {ops.PARAMETER: [x]})
        assert (found.root, found.gradients) == (abs(x) / 2, {0: slope})


@pytest.mark.parametrize(
    ("formula", "error", "text"),
    [
        (lambda p: 3.0, FormulaError, "must return a Valor"),
        (lambda p: p, CannotCompileError, "computes nothing"),
        (lambda p: p * OTHER, CannotCompileError, "computed before it was called"),
    ],
)
def test_penalties_that_are_refused(formula: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        trace_penalty(Penalty("own", formula), [OTHER])


# Transforms


def transform(formula: Any) -> GradientTransform:
    return GradientTransform("own", formula)


def test_transforms_are_applied_one_after_the_other() -> None:
    def rotated(gradients: list[Any]) -> list[Any]:
        return [*gradients[1:], gradients[0]]

    def less_the_first(gradients: list[Any]) -> list[Any]:
        return [g - gradients[0] for g in gradients]

    numbers = [1.0, 10.0, 100.0]
    scalars = trace_transforms([transform(rotated), transform(less_the_first)], 3)
    found = interpreted(scalars, {ops.GRADIENT: numbers})
    assert found.root is None
    assert found.gradients == {0: 0.0, 1: 90.0, 2: -9.0}
    assert trace_transforms([], 3) is None


@pytest.mark.parametrize(
    "formula", [lambda gs: gs[:-1], lambda gs: tuple(gs), lambda gs: gs[0], lambda gs: [*gs, gs[0]]]
)
def test_transforms_must_return_as_many(formula: Any) -> None:
    with pytest.raises(FormulaError, match="must return a list of 2 gradients"):
        trace_transforms([transform(formula)], 2)


# Optimizers


def adaptive(p: Any, g: Any, state: Any, step: Any, *, learning_rate: float = 0.1) -> Any:
    square = state[0] + g * g
    return p - learning_rate * g / (sqrt(square) + step), (square, state[1] - 1)


def falling(step: int, total: int) -> float:
    return 1 / step


ADAPTIVE = Optimizer("adaptive", adaptive, state={"square": 0.0, "count": 0.0})


@pytest.mark.parametrize("rate", [0.25, Schedule("falling", falling)])
def test_an_optimizer_is_traced_on_one_parameter(rate: Any) -> None:
    bound = ADAPTIVE.bind(learning_rate=rate)
    assert scheduled(bound) == isinstance(rate, Schedule)
    assert not scheduled(ADAPTIVE)
    program = trace_optimizer(bound)
    leaves = {
        ops.PARAMETER: [5.0],
        ops.GRADIENT: [3.0],
        ops.STATE: [7.0, 11.0],
        ops.STEP: [4.0],
        ops.RATE: [0.25],
    }
    found = []
    for identity in (program.parameter, *program.state):
        program.scalars.root = identity
        found.append(interpreted(program.scalars, leaves).root)
    assert found == [5.0 - 0.25 * 3.0 / (4.0 + 4), 16.0, 10.0]


def test_an_optimizer_without_a_rate_is_not_scheduled() -> None:
    assert not scheduled(Optimizer("plain", lambda p, g, state, step: (p - g, state)))
    assert scheduled(optimizer("gradient_descent", learning_rate=Schedule("falling", falling)))


@pytest.mark.parametrize(
    "formula",
    [
        lambda p, g, state, step: p - g,
        lambda p, g, state, step: (p - g, (*state, g)),
        lambda p, g, state, step: (p - g, ()),
        lambda p, g, state, step: [p - g, state],
        lambda p, g, state, step: (p - g, state, step),
    ],
)
def test_an_optimizer_must_return_parameter_and_state(formula: Any) -> None:
    with pytest.raises(FormulaError, match=r"must return \(parameter, state\)"):
        trace_optimizer(Optimizer("own", formula, state={"first": 0.0}))


def test_what_python_would_raise_is_checked() -> None:
    def dividing(p: Any, g: Any, state: Any, step: Any) -> Any:
        return p - g / (step - 3), state

    program = trace_optimizer(Optimizer("dividing", dividing))
    leaves = {ops.PARAMETER: [1.0], ops.GRADIENT: [1.0], ops.STATE: []}
    for step in (1.0, 2.0, 3.0, 4.0):
        checks = interpreted(program.scalars, {**leaves, ops.STEP: [step]}).checks
        assert any(checks) == (step == 3)
