"""Whatever ends a run, model, optimizer and history are in the state of the last completed step.

Each test compares with a run of just that many steps, and then goes on: what the optimizer
remembers, and the order of the samples, must also be as if nothing had happened.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
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
    hookimpl,
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


@pytest.fixture
def make(trainer: Any, network: Any) -> Any:
    """Make a trainer; with `activation`, of a network with that one."""

    def make(*, activation: Any = None, **arguments: Any) -> Trainer:
        chosen: Trainer = trainer(network(activation=activation), seed=4, **arguments)
        return chosen

    return make


def assert_as_if_nothing_had_happened(
    failed: Trainer, untouched: Callable[[], Trainer], x: Any, y: Any, numbers: Any
) -> None:
    """Compare with a run of as many steps, then let both go on for three more."""
    assert failed.run is not None
    done = failed.run.completed_steps
    oracle = untouched()
    if done:
        run = oracle.fit(x, y, epochs=done)
        assert list(failed.run.history["loss"]) == list(run.history["loss"])
    assert len(failed.run.history) == failed.run.completed_epochs == done
    assert numbers(failed.model) == numbers(oracle.model)
    going_on = failed.fit(x, y, epochs=3).history["loss"]
    assert list(going_on) == list(oracle.fit(x, y, epochs=3).history["loss"])
    assert numbers(failed.model) == numbers(oracle.model)


@pytest.mark.parametrize("error", [ZeroDivisionError("bang"), KeyboardInterrupt("twice")])
@pytest.mark.parametrize("at", [1, 2, 7, 30, 101])
@pytest.mark.parametrize(
    "where", ["activation", "loss", "penalty", "gradient transform", "schedule", "optimizer"]
)
def test_a_formula_that_raises(
    make: Any, recorder: Any, x: Any, y: Any, numbers: Any, where: str, at: int, error: Any
) -> None:
    bomb = Bomb(10**9, type(error)(*error.args))
    whole = going_off(where, make, bomb)
    whole.fit(x, y, epochs=1)
    calls_a_step = bomb.calls
    whole.fit(x, y, epochs=1)
    calls_a_step = bomb.calls - calls_a_step  # the check of the widths calls some formulas once
    bomb = Bomb(at, type(error)(*error.args))
    chosen = going_off(where, make, bomb)
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
        chosen, lambda: going_off(where, make, lambda: None), x, y, numbers
    )


HOOKS = [
    ("before training", 0),
    ("before 1", 0),
    ("after 1", 1),
    ("vote 1", 1),
    ("before 4", 3),
    ("after 4", 4),
    ("vote 4", 4),
    (f"after {EPOCHS}", EPOCHS),
]


@pytest.mark.parametrize("error", [ZeroDivisionError("bang"), KeyboardInterrupt("twice")])
@pytest.mark.parametrize(("call", "steps"), HOOKS)
def test_a_hook_that_raises(
    make: Any, recorder: Any, x: Any, y: Any, numbers: Any, call: str, steps: int, error: Any
) -> None:
    error = type(error)(*error.args)

    def go_off() -> None:
        recorder.actions.clear()
        raise error

    recorder.actions[call] = go_off
    choice = optimizer("gradient_descent", momentum=0.9)
    chosen = make(callbacks=[recorder], optimizer=choice)
    with pytest.raises(type(error)) as caught:
        chosen.fit(x, y, epochs=EPOCHS)
    assert caught.value is error
    assert chosen.run.completed_steps == steps
    assert chosen.run.stopped_by == "error"
    assert recorder.calls[-2:] == [call, f"error {type(error).__name__}"]
    hook = {"before training": "valor_before_training", "vote": "valor_should_stop"}.get(
        call if call == "before training" else call.split()[0],
        f"valor_{call.split()[0]}_epoch",
    )
    assert any("Recorder" in note and hook in note for note in error.__notes__)
    assert any(f"completed step {steps} of this run" in note for note in error.__notes__)
    assert_as_if_nothing_had_happened(chosen, lambda: make(optimizer=choice), x, y, numbers)


def test_a_hook_that_raises_at_the_very_end_leaves_a_finished_run(
    make: Any, recorder: Any, x: Any, y: Any, numbers: Any
) -> None:
    def go_off() -> None:
        recorder.actions.clear()
        raise ZeroDivisionError("bang")

    recorder.actions["after training"] = go_off
    chosen = make(callbacks=[recorder])
    with pytest.raises(ZeroDivisionError):
        chosen.fit(x, y, epochs=EPOCHS)
    assert chosen.run.completed_steps == EPOCHS
    assert_as_if_nothing_had_happened(chosen, make, x, y, numbers)


def test_an_error_hook_that_raises_does_not_hide_the_error(
    make: Any, recorder: Any, x: Any, y: Any
) -> None:
    def go_off() -> None:
        raise ZeroDivisionError("first")

    def go_off_too() -> None:
        raise RuntimeError("second")

    recorder.actions = {"after 2": go_off, "error ZeroDivisionError": go_off_too}
    with pytest.raises(ZeroDivisionError, match="first") as caught:
        make(callbacks=[recorder]).fit(x, y, epochs=EPOCHS)
    assert any("RuntimeError('second')" in note for note in caught.value.__notes__)


def test_a_callback_that_cannot_be_made_changes_nothing(
    make: Any, x: Any, y: Any, numbers: Any
) -> None:
    def broken(*, path: str = "") -> Any:
        raise OSError("no such folder")

    chosen = make(callbacks=[Callback("broken", broken)])
    before = numbers(chosen.model)
    with pytest.raises(OSError, match="no such folder"):
        chosen.fit(x, y, epochs=1)
    assert numbers(chosen.model) == before
    assert chosen.run is None


# Data that fail late


def test_a_failing_generator_changes_nothing(make: Any, y: Any, numbers: Any) -> None:
    def rows() -> Iterator[list[float]]:
        yield [1.0, 2.0, 3.0]
        raise OSError("the file ended")

    chosen = make()
    before = numbers(chosen.model)
    with pytest.raises(OSError, match="the file ended"):
        chosen.fit(rows(), y, epochs=1)
    assert numbers(chosen.model) == before


# Within an epoch


def test_an_error_within_an_epoch_keeps_the_steps_before_it(
    make: Any, x: Any, y: Any, numbers: Any
) -> None:
    targets_seen: list[float] = []

    def counting(predicted: list[Valor], target: list[float]) -> Valor:
        targets_seen.append(target[0])
        if len(targets_seen) == 11:  # the third batch of the third epoch
            raise ZeroDivisionError("bang")
        return (predicted[0] - target[0]) ** 2

    chosen = make(loss=Loss("counting", counting))
    with pytest.raises(ZeroDivisionError, match="bang"):
        chosen.fit(x, y, epochs=5, batch_size=1)
    run = chosen.run
    assert (run.completed_steps, run.completed_epochs, len(run.history)) == (10, 2, 2)
    oracle = make()
    oracle.fit(x, y, epochs=2, batch_size=1)
    oracle.fit(x[:2], y[:2], epochs=1, batch_size=1)
    assert numbers(chosen.model) == numbers(oracle.model)


# Ctrl-C


class PressesAt:
    """A callback that presses Ctrl-C after an epoch of its first run."""

    def __init__(self, epoch: int, times: int = 1) -> None:
        self.epoch = epoch
        self.times = times

    @hookimpl
    def valor_after_epoch(self, report: Any) -> None:
        if report.epoch == self.epoch:
            self.epoch = 0
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def python_handles_interrupts() -> Iterator[None]:
    """Begin with Python's own handler, as a program does that was started from a terminal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_run_as_a_vote_would(
    make: Any, recorder: Any, x: Any, y: Any, numbers: Any
) -> None:
    choice = optimizer("gradient_descent", momentum=0.9)
    chosen = make(callbacks=[recorder, PressesAt(3)], optimizer=choice)
    run = chosen.fit(x, y, epochs=EPOCHS)
    assert (run.stopped_by, run.completed_steps) == ("interrupt", 3)
    assert recorder.calls[-3:] == ["after 3", "vote 3", "after training"]
    assert "stopped by interrupt" in repr(run)
    assert_as_if_nothing_had_happened(chosen, lambda: make(optimizer=choice), x, y, numbers)


def test_ctrl_c_in_the_middle_of_a_step_finishes_the_step(
    make: Any, x: Any, y: Any, numbers: Any
) -> None:
    calls = []

    def pressing(predicted: list[Valor], target: list[float]) -> Valor:
        calls.append(target)
        if len(calls) == 2 * len(x) + 2:
            signal.raise_signal(signal.SIGINT)
        return (predicted[0] - target[0]) ** 2

    chosen = make(loss=Loss("pressing", pressing))
    run = chosen.fit(x, y, epochs=1000)
    assert run.stopped_by == "interrupt"
    assert run.completed_steps == len(calls) / len(x) == 3
    assert_as_if_nothing_had_happened(chosen, make, x, y, numbers)


def test_a_second_ctrl_c_raises(make: Any, recorder: Any, x: Any, y: Any, numbers: Any) -> None:
    chosen = make(callbacks=[recorder, PressesAt(3, times=2)])
    with pytest.raises(KeyboardInterrupt):
        chosen.fit(x, y, epochs=EPOCHS)
    assert chosen.run.completed_steps == 3
    assert recorder.calls[-1] == "error KeyboardInterrupt"
    assert_as_if_nothing_had_happened(chosen, make, x, y, numbers)


def test_a_handler_of_the_users_own_is_respected(make: Any, x: Any, y: Any) -> None:
    heard = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        run = make(callbacks=[PressesAt(3)]).fit(x, y, epochs=EPOCHS)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert (run.stopped_by, heard) == ("epochs", [signal.SIGINT])


def test_training_in_a_thread(make: Any, x: Any, y: Any, numbers: Any) -> None:
    trainers = [make(), make()]
    threads = [
        threading.Thread(target=chosen.fit, args=(x, y), kwargs={"epochs": 50})
        for chosen in trainers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    oracle = make()
    oracle.fit(x, y, epochs=50)
    assert [numbers(chosen.model) for chosen in trainers] == [numbers(oracle.model)] * 2


@contextmanager
def interrupted_at_line(functions: set[str], wanted: int) -> Iterator[list[int]]:
    """Raise KeyboardInterrupt before the line which is the `wanted`-th to run in some functions."""
    seen = [0]

    def watch_lines(frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            seen[0] += 1
            if seen[0] == wanted:
                raise KeyboardInterrupt
        return watch_lines

    def watch_calls(frame: Any, event: str, argument: Any) -> Any:
        return watch_lines if frame.f_code.co_qualname in functions else None

    before = sys.gettrace()
    sys.settrace(watch_calls)
    try:
        yield seen
    finally:
        sys.settrace(before)


def test_an_interrupt_at_any_line_of_the_engine(make: Any, x: Any, y: Any, numbers: Any) -> None:
    engine = {
        f"EagerProgram.{name}" for name in ("advance", "_compute", "_updated", "_commit", "_checked")
    }
    choice = optimizer("gradient_descent", momentum=0.9)
    finished = []
    step = 37  # a prime, so that over the steps every line is hit
    for wanted in range(1, 4000, step):
        chosen = make(optimizer=choice)
        with interrupted_at_line(engine, wanted) as seen:
            try:
                chosen.fit(x, y, epochs=3)
            except KeyboardInterrupt:
                pass
            else:
                break
        assert seen[0] >= wanted
        finished.append(chosen.run.completed_steps)
        assert_as_if_nothing_had_happened(chosen, lambda: make(optimizer=choice), x, y, numbers)
    assert {0, 1, 2} <= set(finished)


SCRIPT = """
import sys
from valor import MLP, Trainer, hookimpl, optimizer

x = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
y = [1, 0, 0.2, 0.5]

class Ready:
    @hookimpl
    def valor_before_training(self):
        print("ready", flush=True)

def trainer(*callbacks):
    return Trainer(
        MLP(3, [3, 2, 1], seed=0),
        optimizer=optimizer("gradient_descent", momentum=0.5),
        callbacks=callbacks,
    )

stopped, again = trainer(Ready()), trainer()
run = stopped.fit(x, y, epochs=10**7)
repeated = again.fit(x, y, epochs=run.completed_steps)
print(run.stopped_by)
print(run.completed_steps > 0)
print(list(run.history["loss"]) == list(repeated.history["loss"]))
print([p.data for p in stopped.model.parametros()] == [p.data for p in again.model.parametros()])
"""


def test_ctrl_c_from_outside(tmp_path: Path) -> None:
    script = tmp_path / "endless.py"
    script.write_text(SCRIPT, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-W", "error", str(script)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert output.split() == ["interrupt", "True", "True", "True"]
    assert process.returncode == 0
