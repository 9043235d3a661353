"""The native engine gives the bits of the visible graph: whatever comes with Valor, mixed."""

import itertools
import math
import random
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
    Penalty,
    Schedule,
    Trainer,
)
from valor_plugins.engines.native import assemble
from valor_plugins.engines.native.machine import machine

from .catalogue import bundled, varied

pytestmark = pytest.mark.once


def network(draw: random.Random, seed: int) -> tuple[MLP, tuple[int, int], int]:
    """Draw a network; return it, its shape, and about how many scalars a sample has."""
    widths = [draw.randint(1, draw.choice([3, 3, 6, 12])) for _ in range(draw.randint(2, 5))]
    layers = [varied(draw.choice(bundled(Activation)), draw) for _ in widths[1:]]
    layers[0] = varied(in_turn(Activation, seed), draw)
    model = MLP(widths[0], widths[1:], activation=layers, seed=seed)
    cost = sum(30 * n + 4 * m * n for m, n in itertools.pairwise(widths))
    return model, (widths[0], widths[-1]), cost


def in_turn(kind: Any, seed: int) -> Any:
    records = bundled(kind)
    return records[seed % len(records)]


def optimizer(draw: random.Random, seed: int) -> Optimizer:
    record: Optimizer = varied(in_turn(Optimizer, seed), draw)
    if draw.random() < 0.5:
        stateless = [each for each in bundled(Schedule) if not each.state]
        record = record.bind(learning_rate=varied(draw.choice(stateless), draw))
    return record


def some(draw: random.Random, kind: Any) -> tuple[Any, ...]:
    records = bundled(kind)
    count = draw.choice([0, 0, 1, min(2, len(records))])
    return tuple(varied(record, draw) for record in draw.sample(records, count))


def run(seed: int, around: Any) -> Any:
    """Draw a run: of each kind one formula in turn, and others beside it.

    Where the loss is not meant for what the network gives, as the logarithm is not for negative
    numbers, the network is drawn again.
    """
    assert EAGER.forward is not None
    for attempt in range(30):
        draw = random.Random(f"catalogue {seed} {attempt}")
        model, shape, cost = network(draw, seed)
        loss = varied(in_turn(Loss, seed), draw)
        size = draw.choice([1.0, 1.0, 0.0, 8.0, 60.0])  # ties; and where formulas saturate
        for parameter in model.parametros():
            parameter.data *= size
        given = around(100 * seed + attempt)
        plan = given.plan(shape, cost=cost)
        _, losses = EAGER.forward(model, loss, *shape)(plan.inputs[:3], plan.targets[:3])
        if all(map(math.isfinite, losses)):
            break
    given.freeze(model.parametros())
    plan = attrs.evolve(
        plan, penalties=some(draw, Penalty), gradient_transforms=some(draw, GradientTransform)
    )
    return model, loss, optimizer(draw, seed), plan


def test_mixtures(
    cases: Callable[[int], range],
    around: Any,
    exact: Any,
    differences: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = {}
    for seed in cases(40):
        draw, given = random.Random(f"how {seed}"), around(-seed - 1)
        host = attrs.evolve(machine(), width=draw.choice([2, 4, 8]))
        monkeypatch.setattr(assemble, "machine", lambda host=host: host)
        monkeypatch.setattr(assemble, "STRAIGHT", draw.choice([0, 1500]))
        failures[seed] = exact(lambda seed=seed: run(seed, around), given.calls(), given.change())
    assert {seed: text for seed, text in failures.items() if text} == {}
    # Where a formula is at its edge, eager does the step; nearly all are the engine's own.
    assert differences.replayed < differences.steps / 10


@pytest.mark.parametrize(
    "record", [each for each in bundled(Schedule) if each.state], ids=lambda record: record.name
)
def test_schedules_that_remember(record: Schedule) -> None:
    """The rate falls in the middle of a run, and with it the step that is compiled goes on."""
    draw = random.Random(record.name)
    x = [[draw.uniform(-1, 1) for _ in range(3)] for _ in range(20)]
    y = [[sum(row)] for row in x]
    found = []
    for engine in ("eager", "native"):
        model = MLP(3, [4, 1], activation=["tanh", "identity"], seed=0)
        rate = record.bind(first=0.3, patience=0, threshold=0.3)
        optimizer = in_turn(Optimizer, 0).bind(learning_rate=rate)
        trainer = Trainer(model, optimizer=optimizer, engine=engine, seed=0)
        history = trainer.fit(x, y, epochs=12, batch_size=7, shuffle=True).history
        found.append([*history["loss"], *(each.data for each in model.parametros())])
    assert found[0] == found[1]
