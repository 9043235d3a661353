"""The eager engine: the bits of the loop written by hand, for everything that takes part in a step."""

import copy
import gc
import math
import random
import weakref
from collections.abc import Callable
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
    optimizer,
)
from valor.exceptions import FormulaError, InvalidNumberError

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


# What takes part in a step; the oracle is arithmetic on plain floats


def line(w: float = 0.5, b: float = 0.25) -> MLP:
    """One neuron without activation: its output is w x + b."""
    model = MLP(1, [1], activation="identity")
    model.parametros()[0].data, model.parametros()[1].data = w, b
    return model


def gradients(w: float, b: float, x: float, t: float) -> tuple[float, float]:
    return 2 * (w * x + b - t) * x, 2 * (w * x + b - t)


def test_penalties_are_added_to_the_loss_of_the_batch(trainer: Any) -> None:
    def weight(parameter: Valor, *, strength: float = 0.25) -> Valor:
        return parameter**2 * strength

    model = line()
    chosen = trainer(
        model,
        penalties=[Penalty("weight", weight).bind(strength=0.5), lambda p: abs(p)],
        optimizer=optimizer("gradient_descent", learning_rate=0.125),
    )
    run = chosen.fit([2.0], [1.0], epochs=1)
    assert run.history["loss"][0] == 0.25**2 + 0.5 * (0.5**2 + 0.25**2) + 0.75
    by_w, by_b = gradients(0.5, 0.25, 2.0, 1.0)
    assert model.parametros()[0].data == 0.5 - (by_w + 2 * 0.5 * 0.5 + 1) * 0.125
    assert model.parametros()[1].data == 0.25 - (by_b + 2 * 0.5 * 0.25 + 1) * 0.125
    assert chosen.evaluate([2.0], [1.0])["loss"] != run.history["loss"][0]


def test_penalties_are_not_divided_by_the_number_of_samples(trainer: Any) -> None:
    chosen = trainer(line(), loss="mean_squared_error", penalties=[lambda p: p * 1.0])
    run = chosen.fit([2.0, 2.0], [1.0, 1.0], epochs=1)
    assert run.history["loss"][0] == 0.25**2 + 0.75


def test_gradient_transforms_run_in_order_before_the_optimizer(trainer: Any) -> None:
    def clip_by_norm(gradients: list[float], *, norm: float = 1.0) -> list[float]:
        length = math.sqrt(sum(g * g for g in gradients))
        return [g * norm / length for g in gradients] if length > norm else gradients

    model = line()
    trainer(
        model,
        gradient_transforms=[
            lambda gradients: [g * 8 for g in gradients],
            GradientTransform("clip_by_norm", clip_by_norm).bind(norm=0.5),
        ],
        optimizer=optimizer("gradient_descent", learning_rate=1.0),
    ).fit([2.0], [1.0], epochs=1)
    by_w, by_b = (8 * g for g in gradients(0.5, 0.25, 2.0, 1.0))
    length = math.sqrt(by_w * by_w + by_b * by_b)
    assert length > 0.5
    assert model.parametros()[0].data == 0.5 - by_w * 0.5 / length
    assert model.parametros()[1].data == 0.25 - by_b * 0.5 / length


def test_a_schedule_gets_the_step_and_the_total(trainer: Any) -> None:
    seen = []

    def falling(step: int, total_steps: int, *, first: float = 0.1) -> float:
        seen.append((step, total_steps))
        return first / step

    model = line()
    rate = Schedule("falling", falling).bind(first=0.125)
    chosen = trainer(model, optimizer=optimizer("gradient_descent", learning_rate=rate))
    chosen.fit([2.0, 1.0], [1.0, 0.5], epochs=2, batch_size=1)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    w, b = 0.5, 0.25
    for step, (x, t) in enumerate([(2.0, 1.0), (1.0, 0.5)] * 2, start=1):
        by_w, by_b = gradients(w, b, x, t)
        w, b = w - by_w * (0.125 / step), b - by_b * (0.125 / step)
    assert [p.data for p in model.parametros()] == [w, b]
    chosen.fit([2.0], [1.0], epochs=1)
    assert seen[-1] == (5, 5)


def test_an_optimizer_gets_parameter_gradient_state_and_step(trainer: Any) -> None:
    seen = []

    def noting(p: float, g: float, state: tuple[float, ...], step: int, *, by: float = 0.0) -> Any:
        seen.append((p, g, state, step))
        total, count = state
        return p - by, (total + g, count + 1)

    record = Optimizer("noting", noting, state={"total": 0.5, "count": 3}).bind(by=1.0)
    model = line()
    trainer(model, optimizer=record).fit([2.0], [1.0], epochs=2)
    by_w, by_b = gradients(0.5, 0.25, 2.0, 1.0)
    then_w, then_b = gradients(-0.5, -0.75, 2.0, 1.0)
    assert seen == [
        (0.5, by_w, (0.5, 3.0), 1),
        (0.25, by_b, (0.5, 3.0), 1),
        (-0.5, then_w, (0.5 + by_w, 4.0), 2),
        (-0.75, then_b, (0.5 + by_b, 4.0), 2),
    ]
    assert all(type(number) is float for p, g, s, _ in seen for number in (p, g, *s))
    assert [p.data for p in model.parametros()] == [-1.5, -1.75]


def test_a_frozen_parameter_is_not_shown_to_the_optimizer(trainer: Any) -> None:
    seen = []

    def noting(p: float, g: float, state: tuple[float, ...], step: int) -> Any:
        seen.append(p)
        return p + 1, state

    model = line()
    model.camadas[0].neuronios[0].pesos[0].trainable = False
    trainer(model, optimizer=Optimizer("noting", noting)).fit([2.0], [1.0], epochs=2)
    assert seen == [0.25, 1.25]
    assert [p.data for p in model.parametros()] == [0.5, 2.25]


def test_ints_become_floats_before_the_first_step(trainer: Any) -> None:
    model = line(1, 0)  # type: ignore[arg-type]
    seen = []

    def noting(predicted: list[Valor], target: list[float]) -> Valor:
        seen.append((type(predicted[0].data), type(target[0])))
        return (predicted[0] - target[0]) ** 2

    trainer(model, loss=noting, optimizer=Optimizer("still", lambda p, g, s, n: (p, s))).fit(
        [2], [1], epochs=1
    )
    assert seen[-1] == (float, float)
    assert all(type(p.data) is float for p in model.parametros())


# Formulas that break their promise

BROKEN: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"loss": Loss("broken", lambda p, t: 1.0)},
        FormulaError,
        "loss 'broken' must return a Valor, not 1.0",
    ),
    ({"loss": Loss("broken", lambda p, t: None)}, FormulaError, "loss 'broken' must return a Val"),
    (
        {"penalties": [Penalty("broken", lambda p: 0.5)]},
        FormulaError,
        "penalty 'broken' must return a Valor, not 0.5",
    ),
    (
        {"gradient_transforms": [GradientTransform("broken", lambda g: g[1:])]},
        FormulaError,
        "gradient_transform 'broken' must return a list of 23 gradients",
    ),
    (
        {"gradient_transforms": [GradientTransform("broken", lambda g: None)]},
        FormulaError,
        "gradient_transform 'broken' must return a list of 23 gradients, not None",
    ),
    (
        {"gradient_transforms": [GradientTransform("broken", lambda g: ["0"] * len(g))]},
        InvalidNumberError,
        "a gradient of gradient_transform 'broken' must be a real number.*'0'",
    ),
    (
        {"optimizer": Optimizer("broken", lambda p, g, s, n: p)},
        FormulaError,
        r"optimizer 'broken' must return \(parameter, state\).*nothing; it returned 0\.",
    ),
    (
        {"optimizer": Optimizer("broken", lambda p, g, s, n: (p, ()), {"mean": 0.0})},
        FormulaError,
        "optimizer 'broken' must return .* a tuple of mean; it returned",
    ),
    (
        {"optimizer": Optimizer("broken", lambda p, g, s, n: ("p", s))},
        FormulaError,
        "optimizer 'broken' must return",
    ),
    (
        {
            "optimizer": optimizer(
                "gradient_descent", learning_rate=Schedule("broken", lambda n, total: None)
            )
        },
        InvalidNumberError,
        "the value of schedule 'broken' must be a real number.*None",
    ),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BROKEN)
def test_what_formulas_return_is_checked(
    trainer: Any, x: Any, y: Any, numbers: Any, arguments: Any, error: Any, message: str
) -> None:
    chosen = trainer(**arguments)
    before = numbers(chosen.model)
    with pytest.raises(error, match=message):
        chosen.fit(x, y, epochs=2)
    assert numbers(chosen.model) == before
    assert chosen.run.completed_steps == 0


def test_what_a_model_returns_is_checked(trainer: Any) -> None:
    class Model:
        def __init__(self, output: Any) -> None:
            self.output = output

        def parametros(self) -> list[Valor]:
            return [Valor(1.0)]

        def __call__(self, x: Any) -> Any:
            return self.output

    for output in (1.0, None, [], ["a"]):
        with pytest.raises(FormulaError, match="the model must return a Valor or a list of Valor"):
            trainer(Model(output)).fit([1.0], [1.0], epochs=1)


def test_any_model_with_parameters_can_be_trained(trainer: Any) -> None:
    class Parabola:
        def __init__(self) -> None:
            self.a = Valor(0.5, rotulo="a")

        def parametros(self) -> list[Valor]:
            return [self.a]

        def __call__(self, x: Any) -> Valor:
            return self.a * x[0] ** 2

    model = Parabola()
    rate = optimizer("gradient_descent", learning_rate=0.01)
    trainer(model, optimizer=rate).fit([1.0, 2.0], [3.0, 12.0], epochs=300)
    assert model.a.data == pytest.approx(3.0, rel=1e-12)


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
