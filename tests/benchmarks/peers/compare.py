"""Valor beside its peers: the same networks, data and first weights, in one run.

Run as ``python compare.py [WORK …]``, by default the five works that the goals are stated for; the
names of all are in `works.py`. Each contestant is a process of its own, on one core and with one
thread. They take turns, so that a machine that slows down slows all of them; a figure is the
median over the turns. The table is Markdown.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from works import CURVES, GOALS, OTHERS

TURNS = 5
SECONDS = 0.3  # of a turn
AGREEMENT = 1e-9  # between the losses, relative
HERE = Path(__file__).parent
CONTESTANTS = (
    "Valor exact",
    "Valor fast",
    "JAX scan",
    "JAX scan-u8",
    "JAX scan-sums-u8",
    "NumPy",
    "PyTorch",
)
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}


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


def compare(name: str) -> list[str]:
    """Return the rows of one work."""
    work = {**GOALS, **CURVES, **OTHERS}[name]()
    simple = (
        not work.skips
        and not work.adam
        and {*work.activations}
        <= {
            "sigmoid",
            "tanh",
            "identity",
        }
    )
    names = [each for each in CONTESTANTS if simple or each.split()[0] in ("Valor", "JAX")]
    if max(work.widths) > 64:  # products and sums instead of matrix products: out of the question
        names = [each for each in names if "sums" not in each]
    with tempfile.TemporaryDirectory() as cache:
        contestants = [Contestant(each, name, cache) for each in names]
        losses = [each.take(work.check)["loss"] for each in contestants]
        for each, loss in zip(contestants, losses, strict=True):
            if abs(loss - losses[0]) > AGREEMENT * abs(losses[0]):
                raise SystemExit(f"{name}: {each.name} ends at {loss}, Valor at {losses[0]}")
        for each in contestants:
            each.calibrate(work.batches)
        for _ in range(TURNS):
            for each in contestants:
                each.turn()
        for each in contestants:
            each.close()
    jax = min(statistics.median(c.figures) for c in contestants if c.name.startswith("JAX"))
    rows = []
    for each in contestants:
        median = statistics.median(each.figures)
        cold = f"{each.first['cold']:.2f}" if "cold" in each.first else ""
        rows.append(f"| {name} | {each.name} | {median:.4g} | {jax / median:.2f} | {cold} |")
    return rows


def main(names: list[str]) -> None:
    print("| work | contestant | µs a step | times as fast as JAX's best | compile, s |")
    print("|---|---|---|---|---|")
    for name in names or [each for each in GOALS if "x" not in each]:
        print(*compare(name), sep="\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
