"""The first number that stops being finite is named: epoch, batch, sample, operation, operands."""

import math
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
    functions,
    optimizer,
)
from valor.exceptions import GraphCycleError, NonFiniteError, ValorError


class Model:
    """One parameter and a formula."""

    def __init__(self, data: float, formula: Any) -> None:
        self.w = Valor(data, rotulo="w")
        self.formula = formula

    def parametros(self) -> list[Valor]:
        return [self.w]

    def __call__(self, x: Any) -> Valor:
        result: Valor = self.formula(self.w, x[0])
        return result


def first_output(predicted: list[Valor], target: list[float]) -> Valor:
    return predicted[0]


def failure(chosen: Any, x: Any, y: Any, **arguments: Any) -> NonFiniteError:
    """Fit, and return the error, once it is sure that it left the last completed step's state."""
    before = [parameter.data for parameter in chosen.model.parametros()]
    with pytest.raises(NonFiniteError) as caught:
        chosen.fit(x, y, **{"epochs": 1, **arguments})
    if chosen.run.completed_steps == 0:
        assert [parameter.data for parameter in chosen.model.parametros()] == before
    assert all(math.isfinite(parameter.data) for parameter in chosen.model.parametros())
    assert isinstance(caught.value, ValorError)
    assert isinstance(caught.value, ArithmeticError)
    assert chosen.run.stopped_by == "error"
    return caught.value


def test_a_loss_that_is_not_finite(trainer: Any) -> None:
    model = Model(1.0, lambda w, x: (w * x).exp() + 1)
    error = failure(trainer(model, loss=first_output), [1.0, 2.0, 800.0, 900.0], [0.0] * 4)
    assert (error.epoch, error.batch, error.sample) == (1, 1, 2)
    assert (error.operation, error.operands) == ("exp", (800.0,))
    assert str(error) == (
        "epoch 1, batch 1, sample x[2]: the first scalar that is not finite is the value inf; "
        "operation 'exp' of operands (800.0,) made the value; the step was not applied"
    )


def test_the_sample_is_the_row_of_the_data_whatever_the_batch(trainer: Any) -> None:
    model = Model(1.0, lambda w, x: 1 / (w * 0 + x))
    chosen = trainer(model, loss=first_output, seed=1)
    error = failure(chosen, [1.0, 2.0, 0.0, 4.0, 5.0], [0.0] * 5, batch_size=2)
    assert (error.epoch, error.batch, error.sample) == (1, 2, 2)
    assert (error.operation, error.operands) == ("/", (1, 0.0))
    assert chosen.run.completed_steps == 1
    shuffled = trainer(Model(1.0, model.formula), loss=first_output, seed=1)
    error = failure(shuffled, [1.0, 2.0, 0.0, 4.0, 5.0], [0.0] * 5, batch_size=1, shuffle=True)
    assert error.sample == 2
    assert shuffled.run.completed_steps == error.batch - 1


def test_the_epoch_is_that_of_the_run(trainer: Any) -> None:
    # w grows by 100 an epoch, and exp(800) is too large for a float.
    model = Model(0.0, lambda w, x: w.exp() * 0 + w)
    grow = Optimizer("grow", lambda p, g, state, step: (p + 100.0, state))
    chosen = trainer(model, optimizer=grow, loss=first_output)
    error = failure(chosen, [1.0], [0.0], epochs=50)
    assert (error.epoch, error.operation, error.operands) == (9, "exp", (800.0,))
    assert (chosen.run.completed_steps, len(chosen.run.history)) == (8, 8)
    assert model.w.data == 800.0
    again = failure(chosen, [1.0], [0.0], epochs=50)
    assert again.epoch == 1


def test_the_first_scalar_is_named_not_those_it_spoils(trainer: Any) -> None:
    model = Model(-1.0, lambda w, x: ((w * 2).log() * 3).exp() + w.sqrt())
    error = failure(trainer(model, loss=first_output), [1.0], [0.0])
    assert (error.operation, error.operands) == ("log", (-2.0,))
    assert "the value nan" in str(error)


def test_a_nan_is_as_bad_as_an_infinity_that_cancels(trainer: Any) -> None:
    model = Model(400.0, lambda w, x: (w * 2).exp() - (w * 2).exp())
    error = failure(trainer(model, loss=first_output), [1.0], [0.0])
    assert (error.operation, error.operands) == ("exp", (800.0,))


def test_an_infinity_that_does_no_harm_stops_nothing(trainer: Any) -> None:
    def formula(w: Valor, x: float) -> Valor:
        result: Valor = 1 / (1 + (w * x).exp()) + w
        return result

    chosen = trainer(Model(1.0, formula), loss=first_output)
    run = chosen.fit([800.0], [0.0], epochs=1)  # 1 / (1 + inf) is 0
    assert run.history["loss"][0] == 1.0


def test_a_sum_over_samples_that_overflows_belongs_to_no_sample(trainer: Any) -> None:
    model = Model(1.0, lambda w, x: w * x)
    error = failure(trainer(model, loss=first_output), [1e308, 1e308], [0.0, 0.0])
    assert (error.sample, error.operation, error.operands) == (None, "+", (1e308, 1e308))
    assert "epoch 1, batch 1: the first scalar" in str(error)


def test_a_penalty_that_is_not_finite_belongs_to_no_sample(trainer: Any) -> None:
    barrier = Penalty("barrier", lambda p: (p - p).log())
    model = Model(1.0, lambda w, x: w * x)
    error = failure(trainer(model, loss=first_output, penalties=[barrier]), [1.0], [0.0])
    assert (error.sample, error.operation, error.operands) == (None, "log", (0.0,))


def test_a_parameter_that_was_not_finite_before(trainer: Any, x: Any, y: Any) -> None:
    model = MLP(3, [3, 2, 1], seed=0)
    model.camadas[0].neuronios[2].pesos[1].data = math.nan
    chosen = trainer(model)
    with pytest.raises(NonFiniteError) as caught:
        chosen.fit(x, y, epochs=1)
    assert (caught.value.operation, caught.value.operands) == ("a given number", ())
    assert "'camadas[0].neuronios[2].pesos[1]' the value nan; a given number" in str(caught.value)


# Gradients


def test_a_gradient_that_is_not_finite(trainer: Any) -> None:
    model = Model(0.0, lambda w, x: (w * x).sqrt() * 3)
    error = failure(trainer(model, loss=first_output), [1.0, 2.0], [0.0, 0.0], batch_size=1)
    assert (error.epoch, error.batch, error.sample) == (1, 1, 0)
    assert (error.operation, error.operands) == ("sqrt", (0.0,))
    assert "the gradient inf; operation 'sqrt' of operands (0.0,) pushed the gradient" in str(error)


@pytest.mark.parametrize("first", [True, False])
def test_the_operation_that_pushed_it_is_named_not_others_of_the_same_scalar(
    trainer: Any, first: bool
) -> None:
    def formula(w: Valor, x: float) -> Valor:
        result: Valor = w.sqrt() + w * x if first else w * x + w.sqrt()
        return result

    error = failure(trainer(Model(0.0, formula), loss=first_output), [2.0, 3.0], [0.0, 0.0])
    assert (error.operation, error.operands) == ("sqrt", (0.0,))
    assert error.sample in (0, 1)


def test_a_gradient_that_overflows_as_a_sum(trainer: Any) -> None:
    model = Model(0.0, lambda w, x: w * x)
    error = failure(trainer(model, loss=first_output), [1.5e308, 1.5e308], [0.0, 0.0])
    assert (error.operation, error.operands[1]) == ("*", 1.5e308)
    assert "the gradient inf" in str(error)


def test_a_gradient_that_is_not_finite_of_an_operation_made_by_hand(trainer: Any) -> None:
    def formula(w: Valor, x: float) -> Valor:
        saida = Valor(w.data, (w,), "mine")

        def push() -> None:
            w.grad += saida.grad * math.inf

        saida.propagar = push
        return saida + 1

    error = failure(trainer(Model(0.5, formula), loss=first_output), [1.0], [0.0])
    assert (error.operation, error.operands, error.sample) == ("mine", (0.5,), 0)


def test_a_frozen_parameter_may_have_any_gradient(trainer: Any) -> None:
    model = Model(0.0, lambda w, x: w.sqrt() + x)
    model.w.trainable = False
    assert trainer(model, loss=first_output).fit([1.0], [0.0], epochs=2).stopped_by == "epochs"


# The step


def test_a_step_too_long_for_a_float(trainer: Any) -> None:
    model = Model(1.0, lambda w, x: w * x)
    chosen = trainer(
        model,
        loss=first_output,
        optimizer=optimizer("gradient_descent", learning_rate=1e300),
    )
    error = failure(chosen, [-1e10], [0.0])
    assert (error.epoch, error.batch, error.sample) == (1, 1, None)
    assert error.operation.startswith("optimizer 'gradient_descent'")
    assert error.operands == (1.0, -1e10)
    assert "would set w to inf, from parameter 1.0 and gradient -10000000000.0" in str(error)


def test_a_schedule_that_is_not_finite(trainer: Any) -> None:
    rate = Schedule("broken", lambda step, total: math.nan if step == 3 else 0.01)
    model = Model(1.0, lambda w, x: w * x)
    chosen = trainer(
        model,
        loss=Loss("square", lambda p, t: (p[0] - t[0]) ** 2),
        optimizer=optimizer("gradient_descent", learning_rate=rate),
    )
    error = failure(chosen, [1.0], [0.5], epochs=9)
    assert error.epoch == 3
    assert chosen.run.completed_steps == 2
    assert (error.operation, error.operands) == ("schedule 'broken'", (3, 9))
    assert "would set the learning rate to nan, from step 3 and total_steps 9" in str(error)


def test_a_transform_that_is_not_finite(trainer: Any) -> None:
    def explode(gradients: list[float]) -> list[float]:
        return [g / 0.5 if g < 1 else math.nan for g in gradients]

    model = Model(1.0, lambda w, x: w * x)
    transform = GradientTransform("explode", explode)
    chosen = trainer(model, loss=first_output, gradient_transforms=[transform])
    error = failure(chosen, [3.0], [0.0])
    assert (error.operation, error.operands) == ("gradient_transform 'explode'", (3.0,))


def test_the_optimizer_is_named_with_the_gradient_it_was_given(trainer: Any) -> None:
    model = Model(1.0, lambda w, x: w * x)
    chosen = trainer(
        model,
        loss=first_output,
        gradient_transforms=[GradientTransform("raise", lambda gradients: [1e300])],
        optimizer=optimizer("gradient_descent", learning_rate=1e10),
    )
    assert failure(chosen, [3.0], [0.0]).operands == (1.0, 1e300)


def test_divergence_is_reported_where_it_happens(trainer: Any, numbers: Any) -> None:
    # Gradient descent on a steep parabola doubles its distance at every step.
    model = Model(1.0, lambda w, x: w * x)
    square = Loss("square", lambda p, t: p[0] * p[0])
    steep = optimizer("gradient_descent", learning_rate=1.5)
    chosen = trainer(model, loss=square, optimizer=steep)
    error = failure(chosen, [1.0], [0.0], epochs=5000)
    steps = chosen.run.completed_steps
    assert error.epoch == steps + 1
    assert (error.operation, error.operands) == ("*", (model.w.data, model.w.data))
    again = trainer(Model(1.0, model.formula), loss=square, optimizer=steep)
    again.fit([1.0], [0.0], epochs=steps)
    assert numbers(again.model) == numbers(model) == [(-2.0) ** steps]


# What is to blame, and the path from there


def test_a_branch_that_was_not_taken_is_not_to_blame(trainer: Any) -> None:
    taken = where_model(lambda w: functions.where(w > 0, w * 1e308 * 10, w.sqrt() - w.sqrt()))
    error = failure(trainer(taken, loss=first_output), [1.0], [0.0])
    assert (error.operation, error.operands) == ("*", (1e308, 10))
    second = where_model(lambda w: functions.where(w < 0, (w - 2).log(), w * 1e308 * 10))
    error = failure(trainer(second, loss=first_output), [1.0], [0.0])
    assert (error.operation, error.operands) == ("*", (1e308, 10))


def where_model(formula: Any) -> Model:
    return Model(1.0, lambda w, x: formula(w * x))


def test_an_infinity_that_did_no_harm_is_not_to_blame(trainer: Any) -> None:
    model = Model(800.0, lambda w, x: 1 / (1 + w.exp()) + (w * -1).log())
    error = failure(trainer(model, loss=first_output), [1.0], [0.0])
    assert (error.operation, error.operands) == ("log", (-800.0,))


def test_the_path_leads_to_the_loss(trainer: Any) -> None:
    model = Model(400.0, lambda w, x: (w * 2).exp() * 3 + 1)
    error = failure(trainer(model, loss=first_output), [1.0], [0.0])
    assert error.path == (
        "exp of 800.0 = inf",
        "* of inf, 3 = inf",
        "+ of inf, 1 = inf",
    )
    assert error.through == ()  # w belongs to nothing


def test_the_path_of_a_gradient_leads_to_the_loss(trainer: Any) -> None:
    model = Model(0.0, lambda w, x: (w * x).sqrt() * 3)
    error = failure(trainer(model, loss=first_output), [1.0, 2.0], [0.0, 0.0], batch_size=1)
    assert error.path == (
        "sqrt of 0.0 = 0.0, gradient 3.0",
        "* of 0.0, 3 = 0.0, gradient 1.0",
    )


def test_a_parameter_on_the_path_is_named(trainer: Any, x: Any, y: Any) -> None:
    model = MLP(3, [3, 2, 1], seed=0)
    model.camadas[0].neuronios[2].pesos[1].data = math.nan
    error = failure_of(trainer(model), x, y)
    assert error.path[0] == "camadas[0].neuronios[2].pesos[1] = nan"
    assert error.through[0] == "camadas[0].neuronios[2]"
    assert error.through[1].startswith("camadas[1].")


def failure_of(chosen: Any, x: Any, y: Any) -> NonFiniteError:
    with pytest.raises(NonFiniteError) as caught:
        chosen.fit(x, y, epochs=1)
    return caught.value


def test_a_step_that_goes_wrong_has_no_path(trainer: Any) -> None:
    model = Model(1.0, lambda w, x: w * x)
    steep = optimizer("gradient_descent", learning_rate=1e300)
    error = failure(trainer(model, loss=first_output, optimizer=steep), [-1e10], [0.0])
    assert (error.path, error.through) == ((), ())


def test_a_cycle_made_by_hand_is_told_and_no_path_is_looked_for(trainer: Any) -> None:
    def formula(w: Valor, x: float) -> Valor:
        first = Valor(math.nan, (w,), "mine")
        second = Valor(math.nan, (first,), "mine")
        first.progenitor = (second,)
        return second

    with pytest.raises(GraphCycleError):
        trainer(Model(1.0, formula), loss=first_output).fit([1.0], [0.0], epochs=1)
