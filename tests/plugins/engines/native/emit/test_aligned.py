"""Another order of the same program: the numbers are those of before, and sums are products."""

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest

from valor import loss
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.assemble import slots_of
from valor_plugins.engines.native.emit.aligned import aligned
from valor_plugins.engines.native.emit.blas import product_of
from valor_plugins.engines.native.emit.frames import Layout, Tables
from valor_plugins.engines.native.emit.kernels import keep_what_crosses, schedule
from valor_plugins.engines.native.families import CONSTANT, Family, Gradients, Operand, Rolled
from valor_plugins.engines.native.formulas import trace_sample
from valor_plugins.engines.native.reroll import reroll

from ..fast_runs import MODELS

# A program with NumPy, family by family

VALUES: dict[int, Callable[..., Any]] = {
    ops.COPY: lambda a: a,
    ops.ADD: np.add,
    ops.SUBTRACT: np.subtract,
    ops.MULTIPLY: np.multiply,
    ops.DIVIDE: np.divide,
    ops.NEGATIVE: np.negative,
    ops.ABSOLUTE: np.abs,
    ops.EXP: np.exp,
    ops.EXPM1: np.expm1,
    ops.LOG: np.log,
    ops.POW: np.power,
    ops.SELECT: lambda a, b, condition: np.where(condition, a, b),
    ops.LESS: np.less,
    ops.LESS_EQUAL: np.less_equal,
    ops.EQUAL: np.equal,
    ops.BOTH: np.logical_and,
    ops.EITHER: np.logical_or,
    ops.NOT: np.logical_not,
    ops.SUM: lambda *terms: sum(terms),
}


@attrs.define(eq=False)
class Results:
    """What a program computes of one sample; gradients by parameter."""

    root: Any
    checks: Any
    gradients: dict[int, Any]


def evaluated(rolled: Rolled, leaves: dict[int, Any]) -> Results:
    known: list[Any] = []

    def taken(operand: Operand) -> Any:
        if operand.family == CONSTANT:
            return operand.value
        return known[operand.family][operand.positions]

    def product(pair: Any) -> Any:
        first, second = pair
        return taken(first) * (1.0 if second is None else taken(second))

    for family in rolled.families:
        if family.code <= ops.LAST_LEAF:
            value = leaves[family.code]
        elif family.parts:
            value = np.concatenate([known[part] for part in family.parts])
        elif family.runs:
            value = sum(product(pair).sum(axis=1) for pair in family.runs)
        else:
            value = VALUES[family.code](*map(taken, family.operands))
        value = np.broadcast_to(np.asarray(value, float), family.size)
        # Behind the parameters lies a 1.
        known.append(np.append(value, 1.0) if family.code == ops.PARAMETER else value)
    gradients = {}
    for group in rolled.gradients:
        total = np.zeros(len(group.parameters)) + sum(map(product, group.contributions))
        assert gradients.keys().isdisjoint(group.parameters.tolist())
        gradients.update(zip(group.parameters.tolist(), total, strict=True))
    return Results(taken(rolled.root), [taken(check) for check in rolled.checks], gradients)


def traced(name: str, every: int = 0) -> tuple[Rolled, Any, dict[int, Any]]:
    """Return a model's program, its parameters' slots, and numbers for its leaves."""
    make, shape, more = MODELS[name]
    model = make()
    parameters = model.parametros()
    if every:
        for parameter in parameters[::every]:
            parameter.trainable = False
    formula = more.get("loss") or loss("mean_squared_error")
    rolled = reroll(trace_sample(model, formula, parameters, shape).scalars)
    draw = np.random.default_rng(0)
    leaves = {
        ops.PARAMETER: np.array([parameter.data for parameter in parameters]),
        ops.INPUT: draw.uniform(-1, 1, shape[0]),
        ops.TARGET: draw.uniform(0, 1, shape[1]),
        ops.SEED: np.array([0.5]),
    }
    return rolled, slots_of(parameters, rolled.gradients), leaves


def assert_same(rolled: Rolled, slots: Any, leaves: dict[int, Any]) -> Rolled:
    before = evaluated(rolled, leaves)
    after_rolled = aligned(rolled, slots)
    after = evaluated(after_rolled, leaves)
    np.testing.assert_allclose(after.root, before.root, rtol=1e-13)
    assert after.checks == before.checks
    assert after.gradients.keys() == before.gradients.keys()
    numbers = [list(each.gradients.values()) for each in (before, after)]
    order = {parameter: k for k, parameter in enumerate(after.gradients)}
    found = np.array(numbers[1])[[order[parameter] for parameter in before.gradients]]
    np.testing.assert_allclose(found, numbers[0], rtol=1e-12, atol=1e-15)
    return after_rolled


NAMES = [name for name in MODELS if "wide" not in name]


@pytest.mark.parametrize("every", [0, 7, 1000])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_numbers(name: str, every: int) -> None:
    """Frozen parameters (one in `every`) change the slots, and so the order."""
    given, slots, leaves = traced(name, every)
    rolled = assert_same(given, slots, leaves)
    assert all(len(family.runs) <= 1 for family in rolled.families)
    for number, family in enumerate(rolled.families):
        operands = [*family.operands, *(each for pair in family.runs for each in pair if each)]
        assert all(operand.family < number for operand in operands), "operands come first"
        for operand in operands:
            if operand.family != CONSTANT:
                assert np.shape(operand.positions)[0] in (1, family.size)
                assert np.max(operand.positions) < rolled.families[operand.family].size


def products(rolled: Rolled, slots: Any) -> tuple[int, int]:
    """Return how many long sums differ from sample to sample, and how many are products."""
    layout = Layout(rolled, 4, 1, slots, {ops.PARAMETER: "%p"}, {ops.SEED: "%seed"}, Tables())
    keep_what_crosses(layout, schedule(rolled))
    sums = [number for number, family in enumerate(rolled.families) if family.runs]
    sums = [number for number in sums if rolled.families[number].varying]
    return len(sums), sum(product_of(layout, number) is not None for number in sums)


def test_a_networks_sums_are_products_of_matrices() -> None:
    rolled, slots, _ = traced("digits")
    found, as_they_were = products(aligned(rolled, slots), slots), products(rolled, slots)
    # Forwards twice, backwards through the outputs; and the loss, which has no matrix.
    assert found == (4, 3)
    assert as_they_were[1] < 3


# Small programs, by hand


def program(*families: Family, root: Operand | None = None) -> Rolled:
    given = [Family(ops.PARAMETER, 12), Family(ops.INPUT, 4, varying=True), *families]
    return Rolled(given, root or Operand(len(given) - 1, np.array([0])), [], [], 0)


LEAVES = {ops.PARAMETER: np.arange(12.0) ** 2, ops.INPUT: np.array([1.0, -2, 3, 0.5])}
SLOTS = np.arange(12)


def grid(order: Any) -> Family:
    """Three sums of four terms; members and terms in some order."""
    members, terms = order
    weights = np.array(members)[:, None] * 4 + np.array(terms)
    inputs = np.broadcast_to(terms, weights.shape).copy()
    return Family(ops.SUM, 3, runs=[(Operand(0, weights), Operand(1, inputs))], varying=True)


@pytest.mark.parametrize("order", [([0, 1, 2], [0, 1, 2, 3]), ([2, 0, 1], [3, 1, 0, 2])])
def test_members_and_terms_are_put_in_the_order_of_memory(order: Any) -> None:
    (number,) = np.flatnonzero(np.array(order[0]) == 1)
    given = program(grid(order), root=Operand(2, np.array([number])))
    result = aligned(given, SLOTS)
    (weights, inputs) = result.families[2].runs[0]
    assert weights.positions.tolist() == np.arange(12).reshape(3, 4).tolist()
    assert inputs is not None
    assert inputs.positions.tolist() == [[0, 1, 2, 3]] * 3
    assert result.root.positions.tolist() == [1]
    assert evaluated(result, LEAVES).root == evaluated(given, LEAVES).root


def test_what_takes_them_follows() -> None:
    squares = Family(ops.MULTIPLY, 3, operands=[Operand(2, np.arange(3))] * 2, varying=True)
    given = program(grid(([2, 0, 1], [0, 1, 2, 3])), squares)
    given.checks = [Operand(3, np.array([2]))]
    given.gradients = [Gradients(np.array([5, 6, 7]), [(Operand(3, np.array([1, 2, 0])), None)])]
    result = assert_same(given, SLOTS, LEAVES)
    # In memory's order, so that a row is read from end to end.
    assert result.families[3].operands[0].positions.tolist() == [0, 1, 2]
    assert evaluated(result, LEAVES).root == evaluated(given, LEAVES).root


def test_slots_decide_and_not_numbers() -> None:
    slots = SLOTS.reshape(3, 4)[[2, 1, 0]].ravel()  # rows change places
    result = aligned(program(grid(([0, 1, 2], [0, 1, 2, 3]))), slots)
    weights, _ = result.families[2].runs[0]
    assert slots[weights.positions].tolist() == np.arange(12).reshape(3, 4).tolist()


def test_runs_become_families() -> None:
    """A long sum of products, of a single product, of a single number, and of a constant."""
    both = grid(([0, 1, 2], [0, 1, 2, 3])).runs
    column = Operand(0, np.array([[3], [5], [1]]))
    runs = [*both, (column, Operand(1, np.array([[0], [2], [1]]))), (column, None)]
    runs.append((Operand(CONSTANT, value=7.0), column))
    given = program(Family(ops.SUM, 3, runs=runs, varying=True))
    result = assert_same(given, SLOTS, LEAVES)
    *terms, last = result.families[2:]
    assert [family.code for family in terms] == [ops.SUM, ops.MULTIPLY, ops.MULTIPLY]
    assert [family.varying for family in terms] == [True, True, False]
    assert (last.code, len(last.operands), last.runs) == (ops.SUM, 4, [])
