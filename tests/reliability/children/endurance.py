"""Long runs, and many, and what they leave in memory.

``endurance.py epochs ENGINE N``: one run of N epochs with the collector of cycles switched off,
and callbacks that listen to each of them. ``endurance.py runs ENGINE N``: N runs, each of a new
model. Prints, after a tenth and at the end, how many blocks of memory Python has handed out and how
much the process takes; and how many objects only the collector could have freed. With a third word,
a callback leaks: "keeps" what it hears, or makes "cycles".
"""

import gc
import json
import sys
from typing import Any

from valor import MLP, Trainer, hookimpl

# The lesson.
X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
Y = [1.0, 0.0, 0.2, 0.5]


def resident() -> int:
    """Return how many KiB of the process are in memory."""
    with open("/proc/self/status", encoding="ascii") as file:
        (line,) = (line for line in file if line.startswith("VmRSS"))
    return int(line.split()[1])


class Watch:
    """Looks at the memory after a tenth of all, and at the end; and listens to every epoch."""

    def __init__(self, planned: int, leak: str) -> None:
        self.leak = leak
        self.kept: list[Any] = []
        self.looks = (planned // 10, planned)
        self.found: dict[str, list[int]] = {"blocks": [], "kib": []}
        self.heard = 0
        self.last: Any = None

    def look(self, done: int) -> None:
        if done in self.looks:
            self.found["blocks"].append(sys.getallocatedblocks())
            self.found["kib"].append(resident())

    @hookimpl
    def valor_before_epoch(self, run: Any) -> None:
        self.last = run.report

    @hookimpl
    def valor_after_epoch(self, run: Any, report: Any) -> None:
        self.heard += 1
        self.last = (run.learning_rate, report)
        if self.leak:
            leaked = [report]
            (self.kept if self.leak == "keeps" else leaked).append(leaked)
        self.look(report.epoch)

    @hookimpl
    def valor_should_stop(self, report: Any) -> bool:
        return bool(report.loss < 0)


def one_long_run(engine: str, epochs: int, leak: str) -> dict[str, Any]:
    watch = Watch(epochs, leak)
    callbacks = [watch, "early_stopping"]
    trainer = Trainer(MLP(3, [3, 2, 1], seed=1), engine=engine, callbacks=callbacks)
    gc.collect()
    gc.disable()
    run = trainer.fit(X, Y, epochs=epochs)
    cycles = gc.collect()
    return {"heard": watch.heard, "epochs": len(run.history), "cycles": cycles, **watch.found}


def many_runs(engine: str, runs: int, leak: str) -> dict[str, Any]:
    watch = Watch(runs, leak)
    for number in range(1, runs + 1):
        model = MLP(3, [3, 2, 1], seed=number)
        trainer = Trainer(model, engine=engine, callbacks=["early_stopping"])
        trainer.fit(X, Y, epochs=3, batch_size=2, shuffle=True, validation=0.25)
        if number in watch.looks:
            gc.collect()
            watch.look(number)
    return {"runs": runs, **watch.found}


if __name__ == "__main__":
    what, engine, count, *leak = sys.argv[1:]
    do = {"epochs": one_long_run, "runs": many_runs}[what]
    print(json.dumps(do(engine, int(count), *(leak or [""]))))
