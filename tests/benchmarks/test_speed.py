"""Speed as ratios: Valor against the lesson's way to write it and micrograd, in the same run.

Every contestant runs in a process of its own, with the cyclic collector on. They take turns, so
that a machine which slows down slows all of them; a ratio is the median over the turns. A ratio
that is missed is measured once more, with more turns, against the same bound.
"""

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

STEPS = {"W1": 200, "W2": 1}
TURNS = {"W1": 15, "W2": 7}
MORE = 3  # times as many turns, where a ratio is measured again
CONTESTANTS = ("lesson", "micrograd", "valor by hand", "valor trainer")
SCRIPT = Path(__file__).with_name("contestants.py")


class Contestant:
    """A process that takes steps when told to."""

    def __init__(self, name: str, workload: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), name, workload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def take(self, steps: int) -> tuple[float, float]:
        """Return the seconds that some steps took, and the loss of the last."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(steps, file=self.process.stdin, flush=True)
        seconds, loss = self.process.stdout.readline().split()
        return float(seconds), float(loss)

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def contestants() -> Iterator[Callable[[str], dict[str, Contestant]]]:
    """Start the contestants of a workload, once, and let each take two steps to warm up."""
    started: dict[str, dict[str, Contestant]] = {}

    def start(workload: str) -> dict[str, Contestant]:
        if workload not in started:
            started[workload] = {name: Contestant(name, workload) for name in CONTESTANTS}
            losses = [each.take(2)[1] for each in started[workload].values()]
            assert losses == pytest.approx([losses[0]] * len(losses), rel=1e-12)  # the same work
        return started[workload]

    yield start
    for each in started.values():
        for contestant in each.values():
            contestant.close()


@pytest.fixture(scope="module")
def ratios(contestants: Any) -> Callable[[str, int], dict[tuple[str, str], float]]:
    """Measure a workload, once: how many times faster (second) one contestant is than (first)."""
    measured: dict[tuple[str, int], dict[tuple[str, str], float]] = {}

    def measure(workload: str, turns: int) -> dict[tuple[str, str], float]:
        if (workload, turns) not in measured:
            seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
            for _ in range(turns):
                for name, contestant in contestants(workload).items():
                    seconds[name].append(contestant.take(STEPS[workload])[0])
            measured[workload, turns] = {
                (slow, fast): statistics.median(
                    a / b for a, b in zip(seconds[slow], seconds[fast], strict=True)
                )
                for slow in ("lesson", "micrograd")
                for fast in ("valor by hand", "valor trainer")
            }
        return measured[workload, turns]

    return measure


@pytest.mark.parametrize("ours", ["valor by hand", "valor trainer"])
@pytest.mark.parametrize(
    ("workload", "theirs", "at_least"),
    [("W1", "lesson", 2.5), ("W1", "micrograd", 1.5), ("W2", "lesson", 10.0)],
)
def test_ratio(
    ratios: Any, record_property: Any, workload: str, theirs: str, at_least: float, ours: str
) -> None:
    for turns in (TURNS[workload], MORE * TURNS[workload]):
        ratio = ratios(workload, turns)[theirs, ours]
        print(f"{ours} is {ratio:.2f} times as fast as {theirs} on {workload}, in {turns} turns")
        if ratio >= at_least:
            break
    record_property("ratio", ratio)
    assert ratio >= at_least


@pytest.mark.parametrize("name", CONTESTANTS)
@pytest.mark.parametrize("workload", ["W1", "W2"])
def test_time(benchmark: Any, contestants: Any, workload: str, name: str) -> None:
    """The figures behind the ratios, in pytest-benchmark's table; nothing is asserted here."""
    benchmark.group = f"{workload}, {STEPS[workload]} steps"
    contestant = contestants(workload)[name]
    benchmark.pedantic(contestant.take, args=(STEPS[workload],), rounds=5)
    assert contestant.process.poll() is None
