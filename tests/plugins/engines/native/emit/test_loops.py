"""A block of samples, in loops over families; and transforms, which have no samples."""

import math
import random
from typing import Any

import numpy as np
import pytest

from valor import MLP, GradientTransform, Loss
from valor.functions import minimum, sqrt
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.frames import Tables
from valor_plugins.engines.native.emit.loops import BLOCK, LoopSamples, LoopTransforms
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.families import Rolled
from valor_plugins.engines.native.formulas import trace_sample, trace_transforms
from valor_plugins.engines.native.reroll import reroll

from ..programs import Graph, bits, collected, entry, interpreted, squares

WIDTHS = [2, 4, 8]  # a vector of samples has two lanes at the least


def sample(model: Any, shape: tuple[int, int]) -> Rolled:
    record = Loss("squares", squares, reduction="mean")
    return reroll(trace_sample(model, record, model.parametros(), shape).scalars)


def check(
    block: Any, model: Any, shape: tuple[int, int], width: int, count: int, begun: bool, seed: int
) -> None:
    """Compare a block with the interpreter, sample by sample."""
    draw = random.Random(f"loops {seed} {width}")
    rolled, parameters = sample(model, shape), [each.data for each in model.parametros()]
    slots = np.array(draw.sample(range(len(parameters)), len(parameters)))
    if draw.random() < 0.5:
        slots = np.arange(len(parameters))  # so that there are grids
    tables = Tables()
    samples = LoopSamples(rolled, width, slots, tables, shape, count, begun)
    assert count <= samples.block
    rows = [[entry(draw, 0.1) for _ in range(shape[0])] for _ in range(count)]
    targets = [[draw.uniform(0.1, 1) for _ in range(shape[1])] for _ in range(count)]
    found = block(samples, slots, parameters, rows, targets, 0.5, 3.25, tables)
    results = [
        interpreted(
            rolled, {ops.PARAMETER: parameters, ops.INPUT: x, ops.TARGET: y, ops.SEED: [0.5]}
        )
        for x, y in zip(rows, targets, strict=True)
    ]
    assert bits(found.losses) == bits(result.root for result in results), seed
    before = 3.25 if begun else 0.0
    for k in range(len(parameters)):
        expected = collected(results, k, before) if k in results[0].contributions else 3.25
        assert bits([found.gradients[k]]) == bits([expected]), (seed, k)
    assert found.doubt == 0.0


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("width", WIDTHS)
def test_random_graphs(block: Any, width: int, begun: bool) -> None:
    for seed in range(8):
        graph = Graph(seed + 50, 25)
        check(block, graph, graph.shape, width, 1 + (5 * seed) % 23, begun, seed)


@pytest.mark.parametrize("count", [1, 3, 8, 16, 17])
@pytest.mark.parametrize("width", [2, 4, 8])
def test_networks(block: Any, width: int, count: int) -> None:
    """Sums of products, and gradients in grids of more rows and columns than a tile has."""
    model = MLP(13, [9, 11, 2], activation=["tanh", "relu", "sigmoid"], seed=count)
    check(block, model, (13, 2), width, count, count % 2 == 0, count)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_check_is_of_samples_that_are_there(block: Any, width: int) -> None:
    graph = Graph(3, 4)
    rolled, parameters = sample(graph, graph.shape), [each.data for each in graph.parametros()]
    slots = np.arange(len(parameters))
    for count in (1, width + 1, 3 * width):
        for failing in (None, 0, count - 1):
            tables = Tables()
            samples = LoopSamples(rolled, width, slots, tables, graph.shape, count, False)
            rows = [[0.5] * graph.shape[0]] * count
            targets = [[0.0 if k == failing else 0.5] * graph.shape[1] for k in range(count)]
            found = block(samples, slots, parameters, rows, targets, tables=tables)
            assert math.isnan(found.doubt) == (failing is not None)


@pytest.mark.parametrize("width", [2, 4, 8])
def test_blocks_are_whole_micro_blocks(width: int) -> None:
    model = MLP(13, [9, 2], seed=0)
    rolled, slots = sample(model, (13, 2)), np.arange(len(model.parametros()))
    for batch in (1, width, width + 1, 5 * width, BLOCK, 10 * BLOCK):
        for begun in (True, False):
            samples = LoopSamples(rolled, width, slots, Tables(), (13, 2), batch, begun)
            # Two vectors side by side, unless many of their lanes would be empty.
            two = batch in (width + 1, BLOCK, 10 * BLOCK)
            assert samples.micro == (2 * width if two else width)
            assert samples.block % samples.micro == 0
            assert samples.block <= max(BLOCK, samples.micro)
            assert samples.alone == (batch <= samples.block and not begun)
            lanes = samples.lanes(0)
            assert len(lanes) == samples.block
            assert (lanes[samples.micro :: samples.micro] > 0).all()
            assert samples.sizes["frames"] * 8 >= lanes[-1] + 8


# Transforms


def clipped(gradients: list[Any]) -> list[Any]:
    square = 1e-12
    for each in gradients:
        square = square + each * each
    factor = minimum(1.0, 0.5 / sqrt(square))
    return [each * factor for each in gradients]


def divided(gradients: list[Any]) -> list[Any]:
    return [each / gradients[-1] for each in gradients[::-1]]


def alternating(gradients: list[Any]) -> list[Any]:
    return [each * 3.0 if k % 3 == 1 else each - 1 for k, each in enumerate(gradients)]


@pytest.mark.parametrize("count", [1, 3, 10, 40])
def test_transforms(executed: Any, count: int) -> None:
    formulas = (clipped, divided, alternating)
    scalars = trace_transforms([GradientTransform(each.__name__, each) for each in formulas], count)
    assert scalars is not None
    rolled = reroll(scalars)
    draw = random.Random(count)
    for last in (0.5, 0.0):
        gradients = [*(draw.uniform(-1, 1) for _ in range(count - 1)), last]
        tables, doubt, found = Tables(), np.zeros(1), np.zeros(count)
        loops = LoopTransforms(rolled, np.arange(count), tables, 3)

        def write(writer: Writer, loops: LoopTransforms = loops) -> None:
            failed = loops.write(writer)
            assert failed is not None
            writer.store(failed, "%doubt")

        uniform = np.full(loops.layout.uniform_size + 1, 7.0)
        executed(
            write,
            gradients=np.array(gradients),
            transformed=found,
            uniform=uniform,
            tables=tables.array,
            doubt=doubt,
        )
        expected = interpreted(rolled, {ops.GRADIENT: gradients})
        assert bits(found) == bits(expected.gradients[k] for k in range(count))
        assert math.isnan(doubt[0]) == any(expected.checks) == (last == 0.0)
        assert uniform[:3].tolist() == [7.0] * 3  # which are the samples'
