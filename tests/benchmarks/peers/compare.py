"""Valor beside its peers: the same networks, data and first weights, in one run.

Run as ``python compare.py [WORK …]``, by default the five works that the goals are stated for; the
names of all are in `works.py`. Each contestant is a process of its own, on one core and with one
thread. They take turns, so that a machine that slows down slows all of them; a figure is the
median over the turns. Scalar engines in Python take one turn, and only where a step is feasible.
The table is Markdown.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import limit
from works import GOALS, Work, work

TURNS = 5
SECONDS = 0.3  # of a turn
AGREEMENT = 1e-9  # between the losses, relative
FEASIBLE = 1_000_000  # scalars a step, for scalar engines in Python
CHECKED = 2  # steps after which their losses are compared
HERE = Path(__file__).parent
JAX = "JAX scan", "JAX scan-u8", "JAX scan-sums-u8"
CONTESTANTS = (
    *("Valor exact", "Valor fast", "Valor eager"),
    *JAX,
    *("NumPy", "PyTorch", "micrograd", "C limit"),
)
IN_PYTHON = "Valor eager", "micrograd"
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


def kind(name: str) -> str:
    return name.split(maxsplit=1)[0]


class Contestant:
    """A process that trains when told to."""

    def __init__(self, name: str, work: str, cache: str) -> None:
        environment = {**os.environ, **ONE_THREAD, "VALOR_CACHE": cache}
        # Some machines ask OpenBLAS for an older kernel than it would choose.
        environment.pop("OPENBLAS_CORETYPE", None)
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "contestant.py"), name, work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.first = self._answer()
        self.steps = 1
        self.figures: list[float] = []

    @property
    def microseconds(self) -> float:
        """A step's, the median over the turns."""
        return statistics.median(self.figures)

    @property
    def compile(self) -> float | None:
        """Seconds from the formulas to what can run, for those who compile."""
        # JAX's is with a step, which does not show.
        key = {"JAX": "seconds", "Valor": "cold"}.get(kind(self.name), "")
        return None if self.name in IN_PYTHON else self.first.get(key)

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} gave up")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def take(self, steps: int) -> dict[str, Any]:
        assert self.process.stdin is not None
        print(json.dumps(steps), file=self.process.stdin, flush=True)
        return self._answer()

    def calibrate(self, least: int) -> None:
        """Find how many steps take long enough, not counting what compiles at the first call."""
        self.steps = least
        while True:
            self.take(self.steps)
            seconds = self.take(self.steps)["seconds"]
            if seconds > SECONDS / 3:
                return
            self.steps *= max(2, min(50, int(SECONDS / max(seconds, 1e-6) / 2)))

    def turn(self) -> None:
        self.figures.append(self.take(self.steps)["seconds"] / self.steps * 1e6)

    def close(self) -> None:
        self.process.communicate()


def able(name: str, work: Work) -> bool:
    """Tell whether a contestant can do a work, in a time that one can wait for."""
    pairs = itertools.pairwise(work.widths)
    if name in IN_PYTHON and work.batch * sum(2 * (a + 1) * b for a, b in pairs) > FEASIBLE:
        return False
    if kind(name) == "C":
        return limit.available() and limit.kind(work) is not None
    if "sums" in name:  # products and sums instead of matrix products
        return max(work.widths) <= 64
    if name == "micrograd" and not {*work.activations} <= {"sigmoid", "tanh", "identity"}:
        return False
    return kind(name) in ("Valor", "JAX") or not (work.skips or work.adam)


def agree(contestants: Sequence[Contestant], name: str, steps: int) -> None:
    """Compare losses, to the first contestant's.

    Raises:
        SystemExit: they differ.
    """
    expected, *losses = [each.take(steps)["loss"] for each in contestants]
    for each, loss in zip(contestants[1:], losses, strict=True):
        if not abs(loss - expected) <= AGREEMENT * abs(expected):
            first = contestants[0].name
            raise SystemExit(f"{name}: {each.name} ends at {loss}, {first} at {expected}")


def measured(name: str, names: Sequence[str] = CONTESTANTS) -> dict[str, Contestant]:
    """Return contestants by name, after their turns; the first one's losses are the reference."""
    of = work(name)
    with tempfile.TemporaryDirectory() as cache:
        everybody = [Contestant(each, name, cache) for each in names if able(each, of)]
        slow = [each for each in everybody if each.name in IN_PYTHON]
        fast = [each for each in everybody if each not in slow]
        agree(fast, name, of.check)
        agree([fast[0], *slow], name, CHECKED)
        for each in fast:
            each.calibrate(of.batches)
        for _ in range(TURNS):
            for each in fast:
                each.turn()
        for each in slow:
            each.turn()
            if each.figures[0] * 2 < SECONDS * 1e6:
                each.steps = int(SECONDS * 1e6 / each.figures.pop())
                each.turn()
        for each in everybody:
            each.close()
    return {each.name: each for each in everybody}


def best(contestants: dict[str, Contestant], names: Sequence[str]) -> float | None:
    """Return the fewest microseconds of those named, None if none of them is there."""
    return min((contestants[n].microseconds for n in names if n in contestants), default=None)


def written(number: float | None, digits: int = 4) -> str:
    """Return a number for a table, without exponents as long as it is not tiny."""
    if number is None:
        return ""
    return f"{number:,.0f}" if number >= 1000 else f"{number:.{digits}g}"


def ratio(over: float | None, under: float | None) -> str:
    return "" if over is None or under is None else written(over / under, 3)


def rows(name: str) -> list[str]:
    """Return the rows of one work."""
    contestants = measured(name)
    jax, c = best(contestants, JAX), best(contestants, ["C limit"])
    lines = []
    for each in contestants.values():
        spent = each.microseconds
        compiling = "" if each.compile is None else f"{each.compile:.2f}"
        cells = name, each.name, written(spent), ratio(jax, spent), ratio(spent, c), compiling
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def say_what_is_missing() -> None:
    if not limit.available():
        print("there is no GCC: C limit is left out", file=sys.stderr)


def main(names: list[str]) -> None:
    say_what_is_missing()
    print("| work | contestant | µs a step | JAX's best / it | it / C limit | compile, s |")
    print("|---|---|---|---|---|---|")
    for name in names or [each for each in GOALS if "x" not in each]:
        print(*rows(name), sep="\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
