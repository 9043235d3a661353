"""Ctrl-C between any two lines of a program: whoever goes on, goes on as if nothing had been."""

import sys
from array import array
from typing import Any

import pytest

from valor import EAGER, MLP, Optimizer, Plan, loss
from valor.exceptions import NonFiniteError
from valor.functions import where
from valor_plugins.engines.native import assemble, compile_run, program

PLAN = Plan(
    inputs=[[((3 * i + j) % 7) / 7 for j in range(3)] for i in range(8)],
    targets=[[i % 2] for i in range(8)],
    batch_size=8,
    epochs=100,
)
OPTIMIZER = Optimizer(
    "summing",
    lambda p, g, state, step: (p - 0.05 * g * state[0], (state[0], state[1] + g)),
    state={"scale": 1.0, "sum": 0.0},
)


class Interruption:
    """Raises KeyboardInterrupt before one of the lines of `program`, where it first runs."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.done = wanted, False
        self._seen: dict[tuple[str, int], None] = {}

    def calls(self, frame: Any, event: str, argument: Any) -> Any:
        return self.lines if frame.f_code.co_filename == program.__file__ else None

    def lines(self, frame: Any, event: str, argument: Any) -> Any:
        place = frame.f_code.co_name, frame.f_lineno
        if event == "line" and place not in self._seen:
            self._seen[place] = None
            if len(self._seen) == self.wanted:
                self.done = True
                raise KeyboardInterrupt
        return self.lines


def trained(compile: Any, interruption: Interruption | None, look: bool) -> list[float]:
    """Train for 2 steps, change the model, and train for 9 more, with an interruption."""
    model, losses = MLP(3, [9, 1], activation="tanh", seed=0), array("d")
    run = compile(model, loss("mean_squared_error"), OPTIMIZER, PLAN)
    run.advance(2, losses)
    run.write_back()
    for parameter in model.parametros()[::3]:
        parameter.data += 0.125
    model.parametros()[4].trainable = False
    if interruption is not None:
        before = sys.gettrace()
        sys.settrace(interruption.calls)
        try:
            run.advance(9, losses)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        if look:
            run.write_back()
        else:
            run.state()  # books what was done
    run.advance(11 - len(losses), losses)
    run.write_back()
    state = [entry for entries in run.state() for entry in entries]
    gradients = [float(parameter.grad) for parameter in model.parametros()]
    return [*losses, *(parameter.data for parameter in model.parametros()), *gradients, *state]


@pytest.mark.parametrize(("look", "every"), [(False, 1), (True, 3)])
def test_an_interruption_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, look: bool, every: int
) -> None:
    monkeypatch.setattr(assemble, "STRAIGHT", 0)
    expected = trained(EAGER.compile, None, look)
    wanted = 0
    while True:
        wanted += every
        interruption = Interruption(wanted)
        found = trained(compile_run, interruption, look)
        if not interruption.done:
            break
        assert found == expected, wanted
    assert wanted > 80


def test_gradients_are_collected_again_without_the_threads_of_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(assemble, "STRAIGHT", 0)

    def leaping(p: Any, g: Any, state: Any, step: Any) -> Any:
        return where(step > 2, 1e300, p - 0.05 * g), state  # too far for a fourth step

    wide = [[((3 * i + j) % 7) / 7 for j in range(12)] for i in range(8)]
    plan = Plan(wide, PLAN.targets, batch_size=8, epochs=100, threads=2)
    given = loss("mean_squared_error"), Optimizer("leaping", leaping), plan
    models = [MLP(12, [9, 1], activation=["tanh", "identity"], seed=0) for _ in range(2)]
    eager, native = EAGER.compile(models[0], *given), compile_run(models[1], *given)
    code, calls = native._code.code, []  # type: ignore[attr-defined]
    first_run = code.run

    def refusing(context: int, steps: int) -> int:
        calls.append(steps)
        return first_run(context, steps) if len(calls) == 1 else -1

    code.run = refusing
    for run in (eager, native):
        losses = array("d")
        with pytest.raises(NonFiniteError):
            run.advance(9, losses)
        run.write_back()
        assert len(losses) == 3
    assert calls == [9, 3]
    gradients = [[parameter.grad for parameter in model.parametros()] for model in models]
    assert gradients[0] == gradients[1]
