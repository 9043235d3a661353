"""The eager engine: the bits of the loop by hand, going on after a run, and memory."""

import copy
import gc
import random
import weakref
from array import array
from collections.abc import Callable
from typing import Any

import attrs
import pytest

import valor
from valor import (
    EAGER,
    MLP,
    Loss,
    Optimizer,
    Plan,
    Schedule,
    Valor,
    optimizer,
)
from valor.exceptions import NonFiniteError

# The loop by hand


def test_trainer_and_hand_loop_give_the_same_bits_for_1000_epochs(
    trainer: Any, network: Any, x: Any, y: Any, hand_loop: Any, numbers: Any
) -> None:
    by_hand = network()
    steps = hand_loop(by_hand, x, y, 1000)
    chosen = trainer()
    run = chosen.fit(x, y, epochs=1000)
    assert list(run.history["loss"]) == [loss for loss, _ in steps]
    assert numbers(chosen.model) == steps[-1][1] == numbers(by_hand)
    assert steps[-1][0] < steps[0][0]


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_shuffled_batches_give_the_bits_of_a_loop_by_hand(
    trainer: Any, x: Any, reduction: str, numbers: Any
) -> None:
    targets = [[1.0, 0.2], [0.0, 0.1], [0.2, 0.9], [0.5, 0.5]]
    by_hand = MLP(3, [3, 2], activation="tanh", seed=5)
    chosen = trainer(
        MLP(3, [3, 2], activation="tanh", seed=5),
        loss=Loss("squares", lambda p, t: (p[0] - t[0]) ** 2 + (p[1] - t[1]) ** 2, reduction),
        optimizer=optimizer("gradient_descent", learning_rate=0.05),
        seed=42,
    )
    for epoch in range(200):
        order = random.Random(f"42:{epoch}").sample(range(4), 4)
        for batch in (order[:3], order[3:]):
            losses = []
            for row in batch:
                a, b = by_hand(x[row])
                losses.append((a - targets[row][0]) ** 2 + (b - targets[row][1]) ** 2)
            loss = sum(losses)
            if reduction == "mean":
                loss = loss / len(batch)
            for parameter in by_hand.parametros():
                parameter.grad = 0
            loss.propagar_tudo()
            for parameter in by_hand.parametros():
                parameter.data = parameter.data - parameter.grad * 0.05
    run = chosen.fit(x, targets, epochs=200, batch_size=3, shuffle=True)
    assert numbers(chosen.model) == numbers(by_hand)
    assert run.completed_steps == 400


def test_the_order_of_shuffled_samples_is_another_one_each_epoch(trainer: Any) -> None:
    seen: list[float] = []

    def noting(predicted: list[Valor], target: list[float]) -> Valor:
        seen.append(target[0])
        return predicted[0] * 1e-9

    rows = [[float(n)] for n in range(6)]
    model = MLP(1, [1], seed=0)
    run = trainer(model, loss=noting).fit(rows, range(6), epochs=20, batch_size=2, shuffle=True)
    orders = [tuple(seen[6 * n : 6 * n + 6]) for n in range(20)]
    assert all(sorted(order) == [0, 1, 2, 3, 4, 5] for order in orders)
    assert len(set(orders)) > 15
    again = trainer(MLP(1, [1], seed=0), loss=noting, seed=run.seed)
    seen_before = list(seen)
    seen.clear()
    again.fit(rows, range(6), epochs=20, batch_size=2, shuffle=True)
    assert seen == seen_before  # the seed that was drawn stands on the run


def test_global_random_state_is_neither_read_nor_written(trainer: Any, x: Any, y: Any) -> None:
    def losses(global_seed: int) -> list[float]:
        random.seed(global_seed)
        before = random.getstate()
        history = trainer(seed=1).fit(x, y, epochs=5, batch_size=1, shuffle=True).history
        assert random.getstate() == before
        return list(history["loss"])

    assert losses(1) == losses(2)


# Going on

CHOICES: dict[str, Callable[[], dict[str, Any]]] = {
    "plain": dict,
    "momentum": lambda: {"optimizer": optimizer("gradient_descent", momentum=0.9)},
    "nesterov": lambda: {"optimizer": optimizer("gradient_descent", momentum=0.9, nesterov=True)},
    "step in the formula": lambda: {
        "optimizer": Optimizer("slower", lambda p, g, s, step, *, r=0.1: (p - g * r / step, s))
    },
    "schedule": lambda: {
        "optimizer": optimizer(
            "gradient_descent", learning_rate=Schedule("slower", lambda step, total: 0.1 / step)
        )
    },
}


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("choice", CHOICES)
def test_two_fits_of_500_are_one_of_1000(
    trainer: Any, x: Any, y: Any, choice: str, shuffle: bool, numbers: Any
) -> None:
    halves, whole = trainer(seed=3, **CHOICES[choice]()), trainer(seed=3, **CHOICES[choice]())
    more = {"shuffle": shuffle, "batch_size": 3 if shuffle else None}
    losses = [
        *halves.fit(x, y, epochs=500, **more).history["loss"],
        *halves.fit(x, y, epochs=500, **more).history["loss"],
    ]
    assert losses == list(whole.fit(x, y, epochs=1000, **more).history["loss"])
    assert numbers(halves.model) == numbers(whole.model)


def test_a_new_trainer_starts_its_optimizer_afresh(
    trainer: Any, x: Any, y: Any, numbers: Any
) -> None:
    choice = CHOICES["momentum"]
    kept, renewed = trainer(**choice()), trainer(**choice())
    kept.fit(x, y, epochs=5)
    renewed.fit(x, y, epochs=5)
    assert numbers(kept.model) == numbers(renewed.model)
    kept.fit(x, y, epochs=5)
    trainer(renewed.model, **choice()).fit(x, y, epochs=5)
    assert numbers(kept.model) != numbers(renewed.model)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("done", [0, 1, 2, 3, 7, 8, 11])
def test_a_plan_is_taken_up_in_the_middle_of_an_epoch(
    network: Any, x: Any, y: Any, numbers: Any, shuffle: bool, done: int
) -> None:
    choice = optimizer(
        "gradient_descent",
        momentum=0.9,
        learning_rate=Schedule("slower", lambda step, total: 0.1 * total / step),
    )
    record = valor.loss("mean_squared_error")
    plan = Plan(
        x, [[t] for t in y], 3, 6, shuffle=shuffle, seed=5, first_epoch=2, first_step=4
    )  # two batches an epoch, of three samples and one
    whole, first, second = network(), network(), network()
    expected, losses = array("d"), array("d")
    program = EAGER.compile(whole, record, choice, plan)
    program.advance(12, expected)
    begun = EAGER.compile(first, record, choice, plan)
    begun.advance(done, losses)
    for parameter, value in zip(second.parametros(), numbers(first), strict=True):
        parameter.data = value
    later = attrs.evolve(plan, completed_steps=done, state=begun.state())
    resumed = EAGER.compile(second, record, choice, later)
    resumed.advance(12 - done, losses)
    assert losses == expected
    assert numbers(second) == numbers(whole)
    assert resumed.state() == program.state()


def test_a_plan_is_taken_up_without_walking_through_its_earlier_epochs(x: Any) -> None:
    orders = []

    class Noting(Plan):
        def batches(self, epoch: int) -> Any:
            orders.append(epoch)
            return super().batches(epoch)

    plan = Noting(x, [[0.0]] * 4, 3, 10**9, first_epoch=7, completed_steps=2 * 10**9 - 1)
    record = optimizer("gradient_descent")
    program = EAGER.compile(MLP(3, [1], seed=0), valor.loss("sum_squared_error"), record, plan)
    program.advance(1, array("d"))
    assert orders == [7 + 10**9 - 1]


def test_a_resumed_plan_names_epoch_and_batch_of_the_whole(x: Any) -> None:
    plan = Plan(x, [[0.0]] * 3 + [[1e200]], 1, 5, completed_steps=3 + 4 * 2)
    record = optimizer("gradient_descent")
    program = EAGER.compile(MLP(3, [1], seed=0), valor.loss("sum_squared_error"), record, plan)
    with pytest.raises(NonFiniteError, match=r"epoch 3, batch 4, sample x\[3\]"):
        program.advance(1, array("d"))


def test_the_eager_engine_explains_itself(network: Any, x: Any, y: Any) -> None:
    model = network()
    record = valor.loss("sum_squared_error")
    program = EAGER.compile(
        model, record, optimizer("gradient_descent"), Plan(x, [[t] for t in y], 4, 1)
    )
    scalars = len(valor.topological_order(record([model(x[0])], [y[0]])))
    assert f"the first sample's loss has {scalars} scalars" in program.explain()
    assert "the model has 23 parameters" in program.explain()
    assert program.remark == ""


# Memory


def test_every_graph_is_freed_without_the_cyclic_collector(trainer: Any, x: Any, y: Any) -> None:
    alive: list[weakref.ref[Valor]] = []
    counts = []

    def noting(predicted: list[Valor], target: list[float]) -> Valor:
        counts.append(sum(ref() is not None for ref in alive))
        loss = (predicted[0] - target[0]) ** 2
        alive.extend((weakref.ref(predicted[0]), weakref.ref(loss)))
        return loss

    gc.collect()
    gc.disable()
    try:
        trainer(loss=noting).fit(x, y, epochs=50)
        assert sum(ref() is not None for ref in alive) == 0
    finally:
        gc.enable()
    # One graph is whole when the next sample is computed, and none is left of the steps before.
    assert max(counts[8:]) <= 2 * len(x) + 2


def test_training_by_hand_leaves_nothing_to_the_collector(
    network: Any, x: Any, y: Any, hand_loop: Any
) -> None:
    model = network()
    hand_loop(model, x, y, 2)
    gc.collect()
    gc.disable()
    try:
        hand_loop(model, x, y, 20)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_copied_model_trains_apart(trainer: Any, x: Any, y: Any, numbers: Any) -> None:
    first = trainer()
    second = trainer(copy.deepcopy(first.model))
    first.fit(x, y, epochs=3)
    assert numbers(second.model) != numbers(first.model)
    second.fit(x, y, epochs=3)
    assert numbers(second.model) == numbers(first.model)
