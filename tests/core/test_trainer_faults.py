"""Whatever ends a run, model, optimizer and history are in the state of the last completed step.

Each test compares with a run of just that many steps, and then goes on: what the optimizer
remembers, and the order of the samples, must also be as if nothing had happened.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from valor import (
    Activation,
    Callback,
    GradientTransform,
    Loss,
    Optimizer,
    Penalty,
    Schedule,
    Trainer,
    Valor,
    functions,
    optimizer,
)

EPOCHS = 8


class Bomb:
    """Something to call in a formula: at a given call, it goes off."""

    def __init__(self, at: int, error: BaseException) -> None:
        self.at = at
        self.error = error
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            raise self.error


def formulas(bomb: Callable[[], None]) -> dict[str, Callable[[Callable[..., Any]], Trainer]]:
    """Make, for each place of a formula, a trainer in which that formula calls the bomb."""

    def after(result: Any) -> Any:
        bomb()
        return result

    def momentum(p: float, g: float, state: Any, step: int) -> Any:
        velocity = 0.9 * state[0] + g
        return after((p - 0.05 * velocity, (velocity,)))

    with_momentum = optimizer("gradient_descent", momentum=0.9)
    return {
        "loss": lambda make: make(
            loss=Loss("loss", lambda p, t: after((p[0] - t[0]) ** 2)), optimizer=with_momentum
        ),
        "penalty": lambda make: make(
            penalties=[Penalty("penalty", lambda p: after(p * p * 0.01))], optimizer=with_momentum
        ),
        "gradient transform": lambda make: make(
            gradient_transforms=[GradientTransform("half", lambda g: after([v / 2 for v in g]))],
            optimizer=with_momentum,
        ),
        "schedule": lambda make: make(
            optimizer=optimizer(
                "gradient_descent",
                momentum=0.9,
                learning_rate=Schedule("slower", lambda step, total: after(0.1 / step)),
            )
        ),
        "optimizer": lambda make: make(
            optimizer=Optimizer("momentum", momentum, state={"velocity": 0.0})
        ),
    }


def going_off(where: str, make: Any, bomb: Callable[[], None]) -> Trainer:
    if where == "activation":

        def activation(v: Valor) -> Any:
            bomb()
            return functions.sig(v)

        trainer: Trainer = make(
            activation=Activation("bomb", activation),
            optimizer=optimizer("gradient_descent", momentum=0.9),
        )
        return trainer
    return formulas(bomb)[where](make)


@pytest.mark.parametrize("error", [ZeroDivisionError("bang"), KeyboardInterrupt("twice")])
@pytest.mark.parametrize("at", [1, 2, 7, 30, 101])
@pytest.mark.parametrize(
    "where", ["activation", "loss", "penalty", "gradient transform", "schedule", "optimizer"]
)
def test_a_formula_that_raises(
    seeded_trainer: Any,
    x: Any,
    y: Any,
    numbers: Any,
    where: str,
    at: int,
    error: Any,
    assert_as_if_nothing_had_happened: Any,
) -> None:
    bomb = Bomb(10**9, type(error)(*error.args))
    whole = going_off(where, seeded_trainer, bomb)
    whole.fit(x, y, epochs=1)
    calls_a_step = bomb.calls
    whole.fit(x, y, epochs=1)
    calls_a_step = bomb.calls - calls_a_step  # the check of the widths calls some formulas once
    bomb = Bomb(at, type(error)(*error.args))
    chosen = going_off(where, seeded_trainer, bomb)
    before = numbers(chosen.model)
    epochs = max(EPOCHS, at // calls_a_step + 2)
    with pytest.raises(type(error), match=error.args[0]) as caught:
        chosen.fit(x, y, epochs=epochs)
    assert bomb.calls == at
    if chosen.run is None:  # the model failed while the widths were checked: no run began
        assert where == "activation"
        assert at <= calls_a_step // len(x)
        assert numbers(chosen.model) == before
        return
    assert chosen.run.stopped_by == "error"
    assert (at - 1) // calls_a_step >= chosen.run.completed_steps >= (at - 8) // calls_a_step
    note = f"the state of completed step {chosen.run.completed_steps} of this run"
    assert any(note in text for text in caught.value.__notes__)
    assert_as_if_nothing_had_happened(
        chosen, lambda: going_off(where, seeded_trainer, lambda: None), x, y
    )


HOOKS = [
    ("before training", 0),
    ("before 1", 0),
    ("after 1", 1),
    ("vote 1", 1),
    ("before 4", 3),
    ("after 4", 4),
    ("vote 4", 4),
    ("steps 4", 4),
    (f"after {EPOCHS}", EPOCHS),
]


@pytest.mark.parametrize("error", [ZeroDivisionError("bang"), KeyboardInterrupt("twice")])
@pytest.mark.parametrize(("call", "steps"), HOOKS)
def test_a_hook_that_raises(
    seeded_trainer: Any,
    recorder: Any,
    x: Any,
    y: Any,
    call: str,
    steps: int,
    error: Any,
    assert_as_if_nothing_had_happened: Any,
) -> None:
    error = type(error)(*error.args)

    def go_off() -> None:
        recorder.actions.clear()
        raise error

    recorder.actions[call] = go_off
    choice = optimizer("gradient_descent", momentum=0.9)
    chosen = seeded_trainer(callbacks=[recorder], optimizer=choice)
    with pytest.raises(type(error)) as caught:
        chosen.fit(x, y, epochs=EPOCHS)
    assert caught.value is error
    assert chosen.run.completed_steps == steps
    assert chosen.run.stopped_by == "error"
    noted = call if not call.startswith("steps") else "vote 4"
    assert recorder.calls[-2:] == [noted, f"error {type(error).__name__}"]
    when, _, epoch = call.partition(" ")
    named = {"vote": "valor_should_stop", "steps": "valor_after_steps"}
    hook = named.get(when, f"valor_{when}_epoch")
    hook = hook if epoch != "training" else "valor_before_training"
    assert any("Recorder" in note and hook in note for note in error.__notes__)
    assert any(f"completed step {steps} of this run" in note for note in error.__notes__)
    assert_as_if_nothing_had_happened(chosen, lambda: seeded_trainer(optimizer=choice), x, y)


def test_a_hook_that_raises_at_the_very_end_leaves_a_finished_run(
    seeded_trainer: Any, recorder: Any, x: Any, y: Any, assert_as_if_nothing_had_happened: Any
) -> None:
    def go_off() -> None:
        recorder.actions.clear()
        raise ZeroDivisionError("bang")

    recorder.actions["after training"] = go_off
    chosen = seeded_trainer(callbacks=[recorder])
    with pytest.raises(ZeroDivisionError):
        chosen.fit(x, y, epochs=EPOCHS)
    assert chosen.run.completed_steps == EPOCHS
    assert_as_if_nothing_had_happened(chosen, seeded_trainer, x, y)


def test_an_error_hook_that_raises_does_not_hide_the_error(
    seeded_trainer: Any, recorder: Any, x: Any, y: Any
) -> None:
    def go_off() -> None:
        raise ZeroDivisionError("first")

    def go_off_too() -> None:
        raise RuntimeError("second")

    recorder.actions = {"after 2": go_off, "error ZeroDivisionError": go_off_too}
    with pytest.raises(ZeroDivisionError, match="first") as caught:
        seeded_trainer(callbacks=[recorder]).fit(x, y, epochs=EPOCHS)
    assert any("RuntimeError('second')" in note for note in caught.value.__notes__)


def test_a_callback_that_cannot_be_made_changes_nothing(
    seeded_trainer: Any, x: Any, y: Any, numbers: Any
) -> None:
    def broken(*, path: str = "") -> Any:
        raise OSError("no such folder")

    chosen = seeded_trainer(callbacks=[Callback("broken", broken)])
    before = numbers(chosen.model)
    with pytest.raises(OSError, match="no such folder"):
        chosen.fit(x, y, epochs=1)
    assert numbers(chosen.model) == before
    assert chosen.run is None


# Data that fail late


def test_a_failing_generator_changes_nothing(seeded_trainer: Any, y: Any, numbers: Any) -> None:
    def rows() -> Iterator[list[float]]:
        yield [1.0, 2.0, 3.0]
        raise OSError("the file ended")

    chosen = seeded_trainer()
    before = numbers(chosen.model)
    with pytest.raises(OSError, match="the file ended"):
        chosen.fit(rows(), y, epochs=1)
    assert numbers(chosen.model) == before


# Within an epoch


def test_an_error_within_an_epoch_keeps_the_steps_before_it(
    seeded_trainer: Any, x: Any, y: Any, numbers: Any
) -> None:
    targets_seen: list[float] = []

    def counting(predicted: list[Valor], target: list[float]) -> Valor:
        targets_seen.append(target[0])
        if len(targets_seen) == 11:  # the third batch of the third epoch
            raise ZeroDivisionError("bang")
        return (predicted[0] - target[0]) ** 2

    chosen = seeded_trainer(loss=Loss("counting", counting))
    with pytest.raises(ZeroDivisionError, match="bang"):
        chosen.fit(x, y, epochs=5, batch_size=1)
    run = chosen.run
    assert (run.completed_steps, run.completed_epochs, len(run.history)) == (10, 2, 2)
    oracle = seeded_trainer()
    oracle.fit(x, y, epochs=2, batch_size=1)
    oracle.fit(x[:2], y[:2], epochs=1, batch_size=1)
    assert numbers(chosen.model) == numbers(oracle.model)
