"""What takes part in a step of the eager engine, and the formulas that break their promise."""

import math
from typing import Any

import pytest

from valor import MLP, GradientTransform, Loss, Optimizer, Penalty, Schedule, Valor, optimizer
from valor.exceptions import FormulaError, InvalidNumberError

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
    seen = []

    def loss(predicted: list[Valor], target: list[float]) -> Valor:
        seen.append(type(target[0]))
        return (predicted[0] - target[0]) ** 2

    def still(p: float, g: float, state: Any, step: int) -> Any:
        seen.extend((type(p), type(g)))
        return p, state

    model = line(1, 0)
    trainer(model, loss=loss, optimizer=Optimizer("still", still)).fit([2], [1], epochs=1)
    assert seen == [float] * 5
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


def test_frozen_parameters_take_no_part_in_transforms_and_penalties(trainer: Any) -> None:
    model = line()
    w, b = model.parametros()
    w.trainable = False
    seen: list[list[float]] = []

    def look(gradients: list[float]) -> list[float]:
        seen.append(gradients)
        return gradients

    chosen = trainer(model, gradient_transforms=[look], penalties=[lambda p: p * 1.0])
    run = chosen.fit([2.0], [1.0], epochs=1)
    by_b = gradients(0.5, 0.25, 2.0, 1.0)[1] + 1.0
    assert run.history["loss"][0] == 0.25**2 + 0.25
    assert seen == [[by_b]]
    assert (w.data, b.data) == (0.5, 0.25 - by_b * 0.01)


def test_each_penalty_is_added_for_all_parameters_before_the_next(trainer: Any) -> None:
    # Floats that do not add up the same in another order.
    large, small = (lambda p: p * 0 + 1e16), (lambda p: p * 0 + 1.0)
    chosen = trainer(line(), penalties=[small, large, lambda p: p * 0 - 1e16])
    run = chosen.fit([2.0], [1.0], epochs=1)
    total = 0.0625
    for value in (1.0, 1.0, 1e16, 1e16, -1e16, -1e16):
        total += value
    assert run.history["loss"][0] == total


@pytest.mark.parametrize("where", ["loss", "penalty", "transform", "optimizer", "schedule"])
def test_a_formula_that_raises_is_named(trainer: Any, where: str) -> None:
    def bang(*_: Any) -> Any:
        raise ZeroDivisionError("bang")

    arguments: dict[str, Any] = {
        "loss": {"loss": Loss("broken", lambda p, t: bang())},
        "penalty": {"penalties": [Penalty("broken", lambda p: bang())]},
        "transform": {"gradient_transforms": [GradientTransform("broken", lambda g: bang())]},
        "optimizer": {"optimizer": Optimizer("broken", lambda p, g, state, step: bang())},
        "schedule": {
            "optimizer": optimizer(
                "gradient_descent", learning_rate=Schedule("broken", lambda step, total: bang())
            )
        },
    }[where]
    with pytest.raises(ZeroDivisionError) as caught:
        trainer(line(), **arguments).fit([2.0], [1.0], epochs=1)
    kind = {"transform": "gradient_transform"}.get(where, where)
    assert caught.value.__notes__[0] == f"raised by {kind} 'broken'"


def test_a_learning_rate_may_be_a_schedule_by_default(trainer: Any) -> None:
    half = Schedule("half", lambda step, total: 0.5)

    def descent(
        parameter: float, gradient: float, state: Any, step: int, *, learning_rate: Any = half
    ) -> Any:
        return parameter - learning_rate * gradient, state

    model = line()
    trainer(model, optimizer=Optimizer("descent", descent)).fit([2.0], [1.0], epochs=1)
    by_w, by_b = gradients(0.5, 0.25, 2.0, 1.0)
    assert [p.data for p in model.parametros()] == [0.5 - 0.5 * by_w, 0.25 - 0.5 * by_b]
