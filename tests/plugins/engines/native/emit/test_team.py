"""Threads: however many there are, the bits are those of one, and of eager."""

import subprocess
import sys
from array import array
from typing import Any

import attrs
import pytest

from valor import EAGER, MLP, GradientTransform, Penalty, Plan, Trainer, loss, optimizer
from valor.functions import minimum, sqrt
from valor_plugins.engines.native import assemble, compile_run
from valor_plugins.engines.native.emit import loops, team

ROWS = [[((7 * i + 3 * j) % 11) / 5.5 - 1 for j in range(3)] for i in range(50)]
TARGETS = [[(i % 7) / 7, (i % 5) / 5] for i in range(50)]


def by_norm(gradients: list[Any]) -> list[Any]:
    square = 1e-12
    for gradient in gradients:
        square = square + gradient * gradient
    norm = sqrt(square)
    return [gradient * minimum(1.0, 0.1 / norm) for gradient in gradients]


PLAN = Plan(inputs=ROWS, targets=TARGETS, batch_size=21, epochs=100, shuffle=True)
AROUND = {
    "penalties": (Penalty("l2", lambda parameter: 0.01 * parameter**2),),
    "gradient_transforms": (GradientTransform("by_norm", by_norm),),
}


def trained(compile: Any, plan: Plan, steps: int = 7) -> list[float]:
    model, losses = MLP(3, [23, 9, 2], activation="tanh", seed=0), array("d")
    model.parametros()[5].trainable = False
    chosen = optimizer("gradient_descent", learning_rate=0.05, momentum=0.5)
    program = compile(model, loss("mean_squared_error"), chosen, plan)
    program.advance(steps, losses)
    program.write_back()
    state = [entry for entries in program.state() for entry in entries]
    gradients = [float(parameter.grad) for parameter in model.parametros()]
    return [*losses, *(parameter.data for parameter in model.parametros()), *gradients, *state]


@pytest.mark.parametrize("threads", [1, 2, 4, 7])
@pytest.mark.parametrize("around", [{}, AROUND], ids=["bare", "penalty and transform"])
@pytest.mark.parametrize("block", [128, 16], ids=["one block", "blocks"])
def test_bits(
    monkeypatch: pytest.MonkeyPatch, block: int, around: dict[str, Any], threads: int
) -> None:
    monkeypatch.setattr(assemble, "STRAIGHT", 0)
    monkeypatch.setattr(loops, "BLOCK", block)
    plan = attrs.evolve(PLAN, threads=threads, **around)
    assert trained(compile_run, plan) == trained(EAGER.compile, plan)


def test_fast_has_the_same_bits_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "STRAIGHT", 0)
    one, two, four = (
        trained(compile_run, attrs.evolve(PLAN, mode="fast", threads=threads))
        for threads in (1, 2, 4)
    )
    assert one == two == four


def test_a_step_that_fails_fails_on_all_threads() -> None:
    model = MLP(3, [30, 20, 1], activation=["tanh", "tanh", "identity"], seed=0)
    trainer = Trainer(
        model,
        optimizer=optimizer("gradient_descent", learning_rate=1e200),
        engine="native",
        threads=3,
    )
    with pytest.raises(Exception, match="sample") as caught:
        trainer.fit(ROWS, [row[0] for row in TARGETS], epochs=10)
    alone = MLP(3, [30, 20, 1], activation=["tanh", "tanh", "identity"], seed=0)
    trainer = Trainer(
        alone, optimizer=optimizer("gradient_descent", learning_rate=1e200), engine="eager"
    )
    with pytest.raises(type(caught.value)) as expected:
        trainer.fit(ROWS, [row[0] for row in TARGETS], epochs=10)
    assert str(caught.value) == str(expected.value)
    assert [p.data for p in model.parametros()] == [p.data for p in alone.parametros()]


def reason(threads: int, layers: list[int]) -> str:
    trainer = Trainer(MLP(3, layers, seed=0), engine="native", threads=threads)
    return trainer.fit(ROWS, TARGETS, epochs=1).engine_reason


def test_the_run_says_when_threads_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "threads" not in reason(2, [40, 40, 2])
    assert "1 of 2 threads used, since what is emitted as straight line runs on one" in reason(
        2, [2]
    )
    assert "64 of 100 threads used, since there are no more" in reason(100, [40, 40, 2])
    monkeypatch.setattr(team, "available", lambda: False)
    assert "this platform has no POSIX threads" in reason(2, [40, 40, 2])


REFUSING = """
import ctypes, warnings
from array import array
from llvmlite import binding
from valor import EAGER, MLP, Plan, loss, optimizer
from valor_plugins.engines.native import compile_run

@ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)
def refuse(*arguments):
    global asked
    asked += 1
    return 11 if asked == 2 else create(*arguments)

asked = 0
create = ctypes.CDLL(None).pthread_create
create.argtypes = [ctypes.c_void_p] * 4
binding.add_symbol("pthread_create", ctypes.cast(refuse, ctypes.c_void_p).value)
plan = Plan([[0.1 * i, 1.0] for i in range(20)], [[0.05 * i] for i in range(20)], 20, 5, threads=3)

def trained(compile):
    model, losses = MLP(2, [30, 20, 1], seed=0), array("d")
    program = compile(model, loss("sum_squared_error"), optimizer("gradient_descent"), plan)
    program.advance(3, losses)
    program.advance(2, losses)
    program.write_back()
    return [*losses, *(parameter.data for parameter in model.parametros())]

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert trained(compile_run) == trained(EAGER.compile)
print(asked, *(str(each.message) for each in caught), sep="\\n")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no POSIX threads")
def test_a_system_without_threads_to_give(tmp_path: Any) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", REFUSING],
        check=False,
        env={"VALOR_CACHE": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.stderr == ""
    assert answer.stdout.splitlines() == [
        "2",
        "training goes on with one thread: the system did not start 3",
    ]
