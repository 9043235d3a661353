"""What is a product of matrices, which programs are made of them, and any size of block."""

from typing import Any

import numpy as np
import pytest

from valor import MLP, Plan, Valor, loss, optimizer
from valor_plugins.engines.native import compile_run
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit import blas, dgemm
from valor_plugins.engines.native.emit.blas import Product, matrix_grid, product_of
from valor_plugins.engines.native.emit.frames import Layout, Tables
from valor_plugins.engines.native.families import CONSTANT, Family, Gradients, Operand, Rolled
from valor_plugins.engines.native.machine import machine

from ..fast_runs import EMITTERS, SMALL, assert_close, fast, net, only, plan, trained

pytest.importorskip("scipy.linalg")

SLOTS = np.arange(200)


def layout_of(*families: Family, slots: Any = SLOTS) -> Layout:
    """Return where parameters, 20 inputs, the seed and other families lie."""
    leaves = Family(ops.PARAMETER, 200), Family(ops.INPUT, 20, varying=True), Family(ops.SEED, 1)
    rolled = Rolled([*leaves, *families], Operand(CONSTANT), [], [], 0)
    layout = Layout(rolled, 4, 1, slots, {ops.PARAMETER: "%p"}, {ops.SEED: "%seed"}, Tables())
    for number in range(len(rolled.families)):
        layout.keep(number)
    return layout


def summed(first: Operand, second: Operand | None, *more: Any) -> Family:
    return Family(ops.SUM, len(first.positions), runs=[(first, second), *more], varying=True)


def matrix(members: int, terms: int, start: int, by_member: int, by_term: int) -> Operand:
    steps = np.add.outer(by_member * np.arange(members), by_term * np.arange(terms))
    return Operand(0, start + steps)


def row(members: int, terms: int, start: int = 2, step: int = 1) -> Operand:
    line = start + step * np.arange(terms)
    return Operand(1, np.broadcast_to(line, (members, terms)).copy())


# members, terms; from which slot on, and how far from member to member and from term to term
MATRICES = {
    "rows are members": (3, 4, 7, 4, 1),
    "and have gaps": (3, 4, 7, 9, 1),
    "rows are terms": (4, 3, 7, 1, 4),
    "and have gaps, too": (4, 3, 7, 1, 9),
    "one row": (1, 5, 7, 0, 1),
    "one column": (1, 5, 7, 0, 6),
}


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("name", MATRICES)
def test_products(name: str, swapped: bool) -> None:
    members, terms, *where = MATRICES[name]
    still, moving = matrix(members, terms, *where), row(members, terms)
    family = summed(moving, still) if swapped else summed(still, moving)
    product = product_of(layout_of(family), 3)
    assert product is not None
    assert (product.moving, product.moving_at, product.still) == (1, 2, "%p")
    member, term = np.indices((members, terms))
    if product.by_term:
        assert product.stride >= members
        place = product.still_at + term * product.stride + member
    else:
        assert product.stride >= terms
        place = product.still_at + member * product.stride + term
    assert place.tolist() == still.positions.tolist()
    assert product.terms == terms


def test_the_slots_of_parameters_are_what_counts() -> None:
    slots = SLOTS[::-1].copy()
    backwards = Operand(0, matrix(3, 4, 7, 4, 1).positions)
    assert product_of(layout_of(summed(backwards, row(3, 4)), slots=slots), 3) is None
    forwards = Operand(0, 199 - backwards.positions)
    product = product_of(layout_of(summed(forwards, row(3, 4)), slots=slots), 3)
    assert product == Product(1, 2, "%p", 7, 4, stride=4, by_term=False)


def test_a_matrix_may_be_computed() -> None:
    before, computed = Family(ops.EXP, 5), Family(ops.EXP, 12)
    still = Operand(4, np.arange(12).reshape(3, 4))
    product = product_of(layout_of(before, computed, summed(still, row(3, 4))), 5)
    assert product == Product(1, 2, "%uniform", 5, 4, stride=4, by_term=False)


STILL, MOVING = matrix(3, 4, 7, 4, 1), row(3, 4)
IRREGULAR = Operand(0, np.arange(12).reshape(3, 4) ** 2)


NO_PRODUCTS = {
    "both vary": summed(MOVING, row(3, 4, 9)),
    "none varies": summed(STILL, STILL),
    "one factor": summed(MOVING, None),
    "a constant": summed(MOVING, Operand(CONSTANT, value=2.0)),
    "the seed": summed(MOVING, Operand(2, np.zeros((3, 4), int))),
    "two runs": summed(STILL, MOVING, (STILL, MOVING)),
    "no rule": summed(IRREGULAR, MOVING),
    "gaps in a row": summed(STILL, row(3, 4, step=2)),
    "a row for each member": summed(STILL, Operand(1, STILL.positions)),
    "rows overlap": summed(matrix(3, 4, 7, 3, 1), MOVING),
    "gaps either way": summed(matrix(3, 4, 7, 2, 2), MOVING),
    "upwards": summed(matrix(3, 4, 60, -4, 1), MOVING),
    "backwards": summed(matrix(3, 4, 60, 4, -1), MOVING),
    "one row for all": summed(matrix(3, 4, 7, 0, 1), MOVING),
}


@pytest.mark.parametrize("name", NO_PRODUCTS)
def test_what_is_no_product(name: str) -> None:
    assert product_of(layout_of(NO_PRODUCTS[name]), 3) is None


# Grids


def group(rows: int, columns: int, slot: Any, still: Any, moving: Any = None) -> Gradients:
    """Return weights by row and column; `still` goes with rows, `moving` with columns."""
    row, column = np.indices((rows, columns))
    moving = np.arange(columns) if moving is None else np.asarray(moving)
    parameters = np.asarray(slot)[row] + column
    factors = Operand(3, np.asarray(still)[row].ravel()), Operand(1, moving[column].ravel())
    order = np.random.default_rng(0).permutation(rows * columns)  # any
    first, second = (Operand(each.family, each.positions[order]) for each in factors)
    return Gradients(parameters.ravel()[order], [(first, second)])


DELTAS = Family(ops.NEGATIVE, 9, varying=True)


@pytest.mark.parametrize("rows", [1, 3])
def test_grids(rows: int) -> None:
    slots = 5 + 7 * np.arange(rows)
    grid = matrix_grid(layout_of(DELTAS), group(rows, 6, slots, 2 + np.arange(rows)))
    assert grid is not None
    (product,) = grid.products
    assert (grid.rows, grid.columns, grid.slot.start, product.still_at.start) == (rows, 6, 5, 2)
    assert (product.still.family, product.moving.family, product.moving_at) == (3, 1, 0)
    if rows > 1:
        assert (grid.slot.strides, product.still_at.strides) == ((7,), (1,))


NO_GRIDS = {
    "slots": group(3, 6, [5, 20, 31], [0, 1, 2]),
    "slots overlap": group(3, 6, [5, 9, 13], [0, 1, 2]),
    "still": group(3, 6, [5, 12, 19], [0, 4, 5]),
    "still has gaps": group(3, 6, [5, 12, 19], [0, 2, 4]),
    "still is backwards": group(3, 6, [5, 12, 19], [2, 1, 0]),
    "moving": group(3, 6, [5, 12, 19], [0, 1, 2], [0, 1, 2, 3, 5, 6]),
    "less than a vector": group(3, 3, [5, 12, 19], [0, 1, 2]),
    "one factor": Gradients(np.arange(6), [(Operand(1, np.arange(6)), None)]),
    "one varies": Gradients(
        np.arange(6), [(Operand(1, np.arange(6)), Operand(0, np.zeros(6, int)))]
    ),
    "two contributions": Gradients(np.arange(6), group(1, 6, [0], [0]).contributions * 2),
}


@pytest.mark.parametrize("name", NO_GRIDS)
def test_what_is_no_grid(name: str) -> None:
    assert matrix_grid(layout_of(DELTAS), NO_GRIDS[name]) is None


# Which programs


def emitter_of(batch: int, **more: Any) -> str:
    """Return the emitter that is chosen for a small network."""
    given = fast(plan((10, 8), 40, batch_size=batch, **more))
    chosen: Any = loss("mean_squared_error"), optimizer("gradient_descent")
    program: Any = compile_run(net(10, 16, 8)(), *chosen, given)
    emitter: str = program._code.emitter
    assert emitter in program.explain()
    return emitter


# Forwards, backwards through the outputs, and the gradients of weights; biases are no matrices.
INSIDE = (10 * 16 + 16 * 8) + 16 * 8 + (10 * 16 + 16 * 8)
OUTSIDE = 16 + 8


def test_it_has_enough_products(monkeypatch: pytest.MonkeyPatch) -> None:
    assert emitter_of(40) == EMITTERS[1]
    monkeypatch.setattr(blas, "WORK", INSIDE)
    assert emitter_of(40) == EMITTERS[2]
    monkeypatch.setattr(blas, "WORK", INSIDE + 1)
    assert emitter_of(40) == EMITTERS[1]


def test_it_has_almost_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "WORK", 0)
    least = INSIDE / (INSIDE + OUTSIDE + 8)  # the loss is a long sum of its own
    for share, emitter in ((least - 1e-6, EMITTERS[2]), (least + 1e-6, EMITTERS[1])):
        monkeypatch.setattr(blas, "SHARE", share)
        assert emitter_of(40) == emitter


def test_its_batches_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "WORK", 0)
    assert (emitter_of(blas.SAMPLES - 1), emitter_of(blas.SAMPLES)) == EMITTERS[1:]


def test_without_scipy_it_is_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, EMITTERS[2])
    monkeypatch.setattr(blas, "available", lambda: False)
    given = plan((10, 3))
    found = trained(SMALL, fast(given))
    assert found.emitter == EMITTERS[1]
    assert_close(found, trained(SMALL, given))


# Blocks

BLOCK = 16
WIDTH = machine().width


@pytest.mark.parametrize(
    ("batch", "shuffle"),
    [
        *((n, False) for n in sorted({1, 2, WIDTH - 1, WIDTH, WIDTH + 1, BLOCK - 1, BLOCK})),
        *((n, True) for n in (WIDTH + 1, BLOCK + 1, 2 * BLOCK + 1)),
    ],
)
def test_batches_of_any_size(monkeypatch: pytest.MonkeyPatch, batch: int, shuffle: bool) -> None:
    """Batches of less than a block, of one, and of several, the last of which may have but one."""
    only(monkeypatch, EMITTERS[2])
    monkeypatch.setattr(blas, "BLOCK", BLOCK)
    given = plan((10, 3), samples=batch + batch // 2, batch_size=batch, shuffle=shuffle)
    found = trained(SMALL, fast(given))
    assert found.emitter == EMITTERS[2]
    assert_close(found, trained(SMALL, given))


class Twice:
    """Takes its inputs in a product of matrices, and one by one."""

    def __init__(self) -> None:
        self.net = MLP(10, [12, 10], activation="tanh", seed=0)

    def __call__(self, x: Any) -> list[Valor]:
        return [a * b + b for a, b in zip(self.net(x), x, strict=True)]

    def parametros(self) -> list[Valor]:
        return self.net.parametros()


@pytest.mark.parametrize("shuffle", [False, True])
def test_inputs_that_are_needed_otherwise(monkeypatch: pytest.MonkeyPatch, shuffle: bool) -> None:
    only(monkeypatch, EMITTERS[2])
    given: Plan = plan((10, 10), batch_size=17, shuffle=shuffle)
    found = trained(Twice, fast(given))
    assert found.sizes["transposed"] == 0  # products do not read them where the data is
    assert_close(found, trained(Twice, given))


def test_blocks_are_as_small_as_memory_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, EMITTERS[2])
    monkeypatch.setattr(blas, "FRAMES", 2**12)
    given = plan((10, 3))
    found = trained(SMALL, fast(given))
    assert 1 < found.block < 40
    assert_close(found, trained(SMALL, given))


def test_a_run_has_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, EMITTERS[2])
    counts: list[int] = []
    monkeypatch.setattr(dgemm, "_threads", lambda: (lambda: 7, counts.append))
    trained(SMALL, fast(plan((10, 3))))
    assert set(zip(counts[::2], counts[1::2], strict=True)) == {(1, 7)}
