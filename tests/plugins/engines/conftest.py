"""An engine beside the eager one: the same run, compared to the last bit."""

import os
import struct
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import pytest

from valor import EAGER, Engine, Plan

Run = tuple[Any, Any, Any, Plan]  # model, loss, optimizer and plan, as an engine is given them


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled programs are kept for the time of the tests, and are nobody else's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VALOR_CACHE", str(tmp_path_factory.mktemp("valor-cache")))
        yield


@pytest.fixture(scope="session")
def cases() -> Callable[[int], range]:
    """Return the seeds of a test: so many, or what EXACTNESS_CASES multiplies that by."""
    times = int(os.environ.get("EXACTNESS_CASES", "1"))
    first = int(os.environ.get("EXACTNESS_FIRST", "0"))
    return lambda quick: range(first, first + quick * times)


def bits(numbers: Sequence[float]) -> bytes:
    """Return numbers as bytes; every nan is the same one."""
    return struct.pack(f"<{len(numbers)}d", *(x if x == x else float("nan") for x in numbers))


@attrs.define(eq=False)
class Outcome:
    """What a run leaves behind: numbers by what they are, and the error that ended it."""

    numbers: dict[str, list[float]] = attrs.field(factory=dict)
    error: str = ""

    def note(self, when: str, model: Any, state: list[tuple[float, ...]]) -> None:
        parameters = model.parametros()
        self.numbers[f"parameters {when}"] = [each.data for each in parameters]
        self.numbers[f"gradients {when}"] = [each.grad for each in parameters]
        self.numbers[f"state {when}"] = [number for entries in state for number in entries]


def outcome(
    compile: Callable[..., Any], run: Run, calls: Sequence[int], change: Callable[[Any, int], None]
) -> Outcome:
    """Run the steps, and note what is there after each call."""
    result = Outcome()
    losses = array("d")
    try:
        program = compile(*run)
    except Exception as error:
        return Outcome(error=f"cannot compile: {error}")
    try:
        for number, steps in enumerate(calls):
            program.advance(steps, losses)
            if steps % 2:  # otherwise nobody looks
                program.write_back()
                result.note(f"after call {number}", run[0], program.state())
                change(run[0], number)
    except Exception as error:
        result.error = f"{type(error).__name__}: {error}"
    program.write_back()
    result.note("at the end", run[0], program.state())
    result.numbers["losses"] = losses.tolist()
    return result


def unchanged(model: Any, call: int) -> None:
    """Leave the model as it is between two calls."""


class Comparison:
    """Compares an engine with eager, and knows how many steps it really did itself."""

    def __init__(self) -> None:
        self.steps = 0
        self.replayed = 0

    def __call__(
        self,
        compile: Callable[..., Any],
        make: Callable[[], Run],
        calls: Sequence[int],
        change: Callable[[Any, int], None] = unchanged,
    ) -> str:
        """Return what differs; "" if nothing does."""
        expected = outcome(EAGER.compile, make(), calls, change)
        found = outcome(compile, make(), calls, change)
        self.steps += len(expected.numbers["losses"])
        if expected.error != found.error:
            return f"error {found.error!r} instead of {expected.error!r}"
        for name in ["losses", *expected.numbers]:
            ours, theirs = expected.numbers[name], found.numbers.get(name)
            if theirs is None or len(theirs) != len(ours):
                return f"{name}: {theirs} instead of {ours}"
            if bits(ours) != bits(theirs):
                k = next(i for i, x in enumerate(ours) if bits([x]) != bits([theirs[i]]))
                return f"{name}[{k}]: {theirs[k].hex()} instead of {float(ours[k]).hex()}"
        return ""

    def counted(self, engine: Engine) -> Engine:
        """Return the eager engine for replays: it counts the steps it is asked for."""

        def compile(*given: Any) -> Any:
            program = engine.compile(*given)
            advance = program.advance

            def counting(steps: int, losses: "array[float]") -> None:
                self.replayed += steps
                advance(steps, losses)

            program.advance = counting
            return program

        return Engine("eager", compile)


@pytest.fixture
def differences() -> Comparison:
    """Compare an engine with eager: returns what differs, in words."""
    return Comparison()
