"""The native engine gives the bits of the visible graph: random formulas over all functions."""

import random
from typing import Any

import attrs
import pytest

from valor.functions import TABLE
from valor_plugins.engines.native import assemble
from valor_plugins.engines.native.machine import machine

from .programs import Graph, entry

pytestmark = pytest.mark.once


def test_expressions(
    cases: Any, around: Any, exact: Any, differences: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, names = {}, set()
    for seed in cases(60):
        draw = random.Random(f"how {seed}")
        width, straight = draw.choice([2, 4, 8]), draw.choice([0, 400])
        host = attrs.evolve(machine(), width=width)
        monkeypatch.setattr(assemble, "machine", lambda host=host: host)
        monkeypatch.setattr(assemble, "STRAIGHT", straight)

        def make(seed: int = seed) -> Any:
            model, given = Graph(seed), around(seed)
            given.freeze(model.parametros())
            loss, optimizer = given.loss(model.shape[1]), given.optimizer()
            plan = given.plan(model.shape, most=65)
            edges = random.Random(f"edges {seed}")
            rows = [[entry(edges, model.edges) for _ in row] for row in plan.inputs]
            model([*rows[0]])
            names.update(model.names)
            return model, loss, optimizer, attrs.evolve(plan, inputs=rows)

        given = around(-seed - 1)
        calls, change = given.calls(), given.change()

        def changed(model: Any, call: int, change: Any = change) -> None:
            change(model, call)
            model.parametros()[-1].trainable = True  # some transforms need a gradient

        failures[seed] = exact(make, calls, changed)
    assert {seed: text for seed, text in failures.items() if text} == {}
    assert names == set(TABLE)
    # Most steps were the engine's own, and not eager's.
    assert differences.replayed < differences.steps / 2
