"""A vector of samples, written out: any number of lanes, full or not."""

import math
import random
from typing import Any

import numpy as np
import pytest

from valor import Loss
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.straight import StraightSamples
from valor_plugins.engines.native.families import Rolled
from valor_plugins.engines.native.formulas import trace_sample
from valor_plugins.engines.native.reroll import reroll

from ..programs import Graph, bits, collected, entry, interpreted, squares

WIDTHS = [2, 4, 8]  # a vector of samples has two lanes at the least


def sample(graph: Graph) -> Rolled:
    record = Loss("squares", squares, reduction="mean")
    return reroll(trace_sample(graph, record, graph.parametros(), graph.shape).scalars)


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("width", WIDTHS)
def test_random_graphs(block: Any, width: int, alone: bool) -> None:
    for seed in range(12):
        graph, draw = Graph(seed, 15), random.Random(f"straight {seed} {width}")
        rolled, parameters = sample(graph), [each.data for each in graph.parametros()]
        slots = np.array(draw.sample(range(len(parameters)), len(parameters)))
        count = draw.randint(1, width)
        samples = StraightSamples(rolled, width, slots, graph.shape, count == width, alone)
        rows = [[entry(draw, graph.edges) for _ in range(graph.shape[0])] for _ in range(count)]
        targets = [[draw.uniform(0.1, 1) for _ in range(graph.shape[1])] for _ in range(count)]
        found = block(samples, slots, parameters, rows, targets, 0.5, 3.25)
        results = [
            interpreted(
                rolled,
                {ops.PARAMETER: parameters, ops.INPUT: x, ops.TARGET: y, ops.SEED: [0.5]},
            )
            for x, y in zip(rows, targets, strict=True)
        ]
        assert bits(found.losses) == bits(result.root for result in results), seed
        before = 0.0 if alone else 3.25
        for k in range(len(parameters)):
            expected = collected(results, k, before) if k in results[0].contributions else 3.25
            assert bits([found.gradients[k]]) == bits([expected]), (seed, k)
        assert found.doubt == 0.0


@pytest.mark.parametrize("width", WIDTHS)
def test_a_check_is_of_samples_that_are_there(block: Any, width: int) -> None:
    """A lane without a sample repeats the last one, and must not raise doubt by itself."""
    graph = Graph(3, 4)
    rolled, parameters = sample(graph), [each.data for each in graph.parametros()]
    slots = np.arange(len(parameters))
    for count in range(1, width + 1):
        samples = StraightSamples(rolled, width, slots, graph.shape, count == width, True)
        rows = [[0.5] * graph.shape[0]] * count
        for failing in (None, *range(count)):
            targets = [[0.0 if k == failing else 0.5] * graph.shape[1] for k in range(count)]
            found = block(samples, slots, parameters, rows, targets)
            assert math.isnan(found.doubt) == (failing is not None)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_it_needs(width: int) -> None:
    graph = Graph(3, 4)
    slots = np.arange(len(graph.parametros()))
    for even in (True, False):
        samples = StraightSamples(sample(graph), width, slots, graph.shape, even, True)
        assert samples.block == samples.micro == width
        assert samples.multiple == (width if even else 1)
        assert samples.row_bytes == (8 * graph.shape[0], 8 * graph.shape[1])
        assert samples.sizes["frames"] == len(samples.lanes(4096)) == 0
