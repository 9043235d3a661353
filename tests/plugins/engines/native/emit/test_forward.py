"""Results of any number of samples: each of them, where it belongs, and nothing beyond."""

import math
import random
from typing import Any

import numpy as np
import pytest

from valor import MLP, Loss
from valor.functions import where
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.forward import Forward
from valor_plugins.engines.native.emit.frames import Tables
from valor_plugins.engines.native.formulas import trace_results
from valor_plugins.engines.native.reroll import reroll

from ..programs import Graph, bits, entry, interpreted, squares

WIDTHS = [2, 4, 8]
GUARD = 77.0  # what lies behind the results


def check(
    executed: Any, model: Any, shape: tuple[int, int], width: int, count: int, seed: int
) -> None:
    """Compare results with the interpreter, sample by sample."""
    draw = random.Random(f"forward {seed} {width}")
    parameters = [each.data for each in model.parametros()]
    slots = np.array(draw.sample(range(len(parameters)), len(parameters)))
    values = np.ones(len(parameters) + 1)
    values[slots] = parameters
    traced = trace_results(model, Loss("squares", squares), model.parametros(), shape)
    rolled, tables = reroll(traced.scalars), Tables()
    forward = Forward(rolled, width, slots, tables, shape)
    rows = [[entry(draw, 0.1) for _ in range(shape[0])] for _ in range(count)]
    targets = [[draw.uniform(-1, 1) for _ in range(shape[1])] for _ in range(count)]
    rows[-1][0], targets[0][-1] = math.inf, 0.0
    blocks = -(-count // forward.micro)
    results = np.full(blocks * traced.count * forward.micro + 8, GUARD)
    executed(
        lambda writer: forward.write_samples(writer, "%samples"),
        inputs=np.array(rows),
        targets=np.array(targets),
        parameters=values,
        results=results,
        uniform=np.full(forward.layout.uniform_size + 1, math.nan),
        frames=lambda: np.full(forward.sizes["frames"], math.nan),
        rows=np.zeros(forward.block, np.int64),
        target_rows=np.zeros(forward.block, np.int64),
        tables=tables.array,
        samples=count,
    )
    assert (results[-8:] == GUARD).all()
    lanes = results[:-8].reshape(blocks, traced.count, forward.micro)
    found = lanes.transpose(0, 2, 1).reshape(-1, traced.count)
    for k, (row, target) in enumerate(zip(rows, targets, strict=True)):
        leaves = {ops.PARAMETER: parameters, ops.INPUT: row, ops.TARGET: target}
        expected = interpreted(rolled, leaves).contributions
        assert bits(found[k]) == bits(expected[n][0] for n in range(traced.count)), (seed, k)
    # Lanes without a sample repeat the last one.
    assert bits(found[count:].ravel()) == bits(found[count - 1].tolist() * (len(found) - count))


@pytest.mark.parametrize("width", WIDTHS)
def test_random_graphs(executed: Any, width: int) -> None:
    for seed in range(12):
        graph = Graph(seed + 80, 25)
        check(executed, graph, graph.shape, width, 1 + (5 * seed) % 23, seed)


@pytest.mark.parametrize("count", [1, 7, 16, 17, 128, 129, 300])
@pytest.mark.parametrize("width", WIDTHS)
def test_networks(executed: Any, width: int, count: int) -> None:
    """Parts of lanes, of micro-blocks and of blocks."""
    model = MLP(13, [9, 11, 2], activation=["tanh", "relu", "sigmoid"], seed=count)
    check(executed, model, (13, 2), width, count, count)


class Formula:
    """Outputs that are no family of their own: leaves, constants, conditions, products, twins."""

    def __init__(self) -> None:
        self._parameters = MLP(2, [1], seed=0).parametros()

    def parametros(self) -> Any:
        return self._parameters

    def __call__(self, inputs: Any) -> Any:
        a, b, c = self._parameters
        x, y = (a * 0 + each for each in inputs)
        same = a * b
        return [
            a,
            same,
            x * y,
            x + c,
            where(a > 0, b, c),
            where(x > y, b, c),
            same,
            c * x,
            b * 0 + 2.5,
            x * y,
        ]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_kind_of_output(executed: Any, width: int) -> None:
    check(executed, Formula(), (2, 10), width, 21, 0)
