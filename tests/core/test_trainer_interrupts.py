"""Ctrl-C: the first ends a run after the step under way, the second at once; neither breaks one."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from valor import Loss, Valor, hookimpl, optimizer

EPOCHS = 8


@pytest.fixture(params=["eager", "native"], autouse=True)
def engine_name(request: pytest.FixtureRequest) -> str:
    """What is promised here holds whichever engine runs."""
    name: str = request.param
    return name


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
    seeded_trainer: Any, recorder: Any, x: Any, y: Any, assert_as_if_nothing_had_happened: Any
) -> None:
    choice = optimizer("gradient_descent", momentum=0.9)
    chosen = seeded_trainer(callbacks=[recorder, PressesAt(3)], optimizer=choice)
    run = chosen.fit(x, y, epochs=EPOCHS)
    assert (run.stopped_by, run.completed_steps) == ("interrupt", 3)
    assert recorder.calls[-3:] == ["after 3", "vote 3", "after training"]
    assert "stopped by interrupt" in repr(run)
    assert_as_if_nothing_had_happened(chosen, lambda: seeded_trainer(optimizer=choice), x, y)


def test_ctrl_c_in_the_middle_of_a_step_finishes_the_step(
    seeded_trainer: Any, x: Any, y: Any, assert_as_if_nothing_had_happened: Any
) -> None:
    calls = []

    def pressing(predicted: list[Valor], target: list[float]) -> Valor:
        calls.append(target)
        if len(calls) == 2 * len(x) + 2:
            signal.raise_signal(signal.SIGINT)
        return (predicted[0] - target[0]) ** 2

    chosen = seeded_trainer(loss=Loss("pressing", pressing), engine="eager")
    run = chosen.fit(x, y, epochs=1000)
    assert run.stopped_by == "interrupt"
    assert run.completed_steps == len(calls) / len(x) == 3
    assert_as_if_nothing_had_happened(chosen, seeded_trainer, x, y)


def test_a_second_ctrl_c_raises(
    seeded_trainer: Any, recorder: Any, x: Any, y: Any, assert_as_if_nothing_had_happened: Any
) -> None:
    chosen = seeded_trainer(callbacks=[recorder, PressesAt(3, times=2)])
    with pytest.raises(KeyboardInterrupt):
        chosen.fit(x, y, epochs=EPOCHS)
    assert chosen.run.completed_steps == 3
    assert recorder.calls[-1] == "error KeyboardInterrupt"
    assert_as_if_nothing_had_happened(chosen, seeded_trainer, x, y)


def test_a_handler_of_the_users_own_is_respected(seeded_trainer: Any, x: Any, y: Any) -> None:
    heard = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        run = seeded_trainer(callbacks=[PressesAt(3)]).fit(x, y, epochs=EPOCHS)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert (run.stopped_by, heard) == ("epochs", [signal.SIGINT])


def test_training_in_a_thread(seeded_trainer: Any, x: Any, y: Any, numbers: Any) -> None:
    trainers = [seeded_trainer(), seeded_trainer()]
    threads = [
        threading.Thread(target=chosen.fit, args=(x, y), kwargs={"epochs": 50})
        for chosen in trainers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    oracle = seeded_trainer()
    oracle.fit(x, y, epochs=50)
    assert [numbers(chosen.model) for chosen in trainers] == [numbers(oracle.model)] * 2


def interrupt() -> None:
    raise KeyboardInterrupt


def press_twice() -> None:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


@contextmanager
def interrupted_at_line(
    functions: set[str], wanted: int, action: Callable[[], None] = interrupt
) -> Iterator[list[int]]:
    """Act before the line which is the `wanted`-th to run in some functions."""
    seen = [0]

    def watch_lines(frame: Any, event: str, argument: Any) -> Any:
        if event == "line":
            seen[0] += 1
            if seen[0] == wanted:
                action()
        return watch_lines

    def watch_calls(frame: Any, event: str, argument: Any) -> Any:
        return watch_lines if frame.f_code.co_qualname in functions else None

    before = sys.gettrace()
    sys.settrace(watch_calls)
    try:
        yield seen
    finally:
        sys.settrace(before)


@pytest.mark.once
@pytest.mark.parametrize(
    ("methods", "every"),
    # Every line where a step is applied; every seventh, a prime, of those that compute it.
    [(("_commit",), 1), (("advance", "_compute", "_updated", "_checked"), 7)],
)
@pytest.mark.parametrize("engine_name", ["eager"])
def test_an_interrupt_at_any_line_of_the_engine(
    seeded_trainer: Any,
    x: Any,
    y: Any,
    assert_as_if_nothing_had_happened: Any,
    methods: tuple[str, ...],
    every: int,
) -> None:
    engine = {f"EagerProgram.{method}" for method in methods}
    choice = optimizer("gradient_descent", momentum=0.9)
    completed = []
    for wanted in range(1, 4000, every):
        chosen = seeded_trainer(optimizer=choice, engine="eager")
        with interrupted_at_line(engine, wanted) as seen:
            try:
                chosen.fit(x, y, epochs=3)
            except KeyboardInterrupt:
                pass
            else:
                break
        assert seen[0] >= wanted
        completed.append(chosen.run.completed_steps)
        assert_as_if_nothing_had_happened(chosen, lambda: seeded_trainer(optimizer=choice), x, y)
    assert {0, 1, 2} <= set(completed)
    assert len(completed) > 50


@pytest.mark.once
@pytest.mark.parametrize("engine_name", ["eager"])  # of the runs that nothing interrupts
def test_two_presses_at_any_line_of_the_native_program(
    seeded_trainer: Any, x: Any, y: Any, assert_as_if_nothing_had_happened: Any
) -> None:
    lines = {
        f"NativeProgram.{method}"
        for method in ("advance", "_call", "_settle", "write_back", "state")
    }
    choice = optimizer("gradient_descent", momentum=0.9)
    completed = []
    for wanted in range(1, 500):
        chosen = seeded_trainer(optimizer=choice, engine="native")
        with interrupted_at_line(lines, wanted, press_twice) as seen, suppress(KeyboardInterrupt):
            chosen.fit(x, y, epochs=6)
        if seen[0] < wanted:
            break
        completed.append(chosen.run.completed_steps)
        assert_as_if_nothing_had_happened(chosen, lambda: seeded_trainer(optimizer=choice), x, y)
    assert {0, 1, 3, 6} <= set(completed)
    assert len(completed) > 50


@pytest.mark.once
def test_two_presses_at_any_line_of_the_loop(
    seeded_trainer: Any, x: Any, y: Any, assert_as_if_nothing_had_happened: Any
) -> None:
    loop = {f"Loop.{method}" for method in ("to_the_end", "_one_call", "_advance", "keep_books")}
    choice = optimizer("gradient_descent", momentum=0.9)
    completed = []
    for wanted in range(1, 500):
        chosen = seeded_trainer(optimizer=choice)
        with interrupted_at_line(loop, wanted, press_twice) as seen:
            try:
                chosen.fit(x, y, epochs=6)
            except KeyboardInterrupt:
                pass
            else:
                break
        assert seen[0] >= wanted
        completed.append(chosen.run.completed_steps)
        assert len(chosen.run.history) == chosen.run.completed_epochs
        assert_as_if_nothing_had_happened(chosen, lambda: seeded_trainer(optimizer=choice), x, y)
    assert {0, 1, 3, 6} <= set(completed)
    assert len(completed) > 50


SCRIPT = """
import sys
from valor import MLP, Trainer, hookimpl, optimizer

x = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
y = [1, 0, 0.2, 0.5]

class Ready:
    said = False

    @hookimpl
    def valor_after_steps(self):
        if not self.said:
            self.said = True
            print("ready", flush=True)

def trainer(*callbacks):
    return Trainer(
        MLP(3, [3, 2, 1], seed=0),
        optimizer=optimizer("gradient_descent", momentum=0.5),
        callbacks=callbacks,
    )

stopped, again = trainer(Ready()), trainer()
run = stopped.fit(x, y, epochs=10**9)
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
