"""One contestant on one work, in a process of its own, told what to do by lines of JSON.

Run as ``python contestant.py NAME WORK``. It first does a single step and writes its loss: the
first result. Then, for each number of steps read, it trains from the first weights and writes the
seconds and the loss of the last step, before its update. The seconds are the processor's, of this
process: those that others take of the core do not count.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from works import Work, work

Take = Callable[[int], tuple[float, float]]


def stopwatch(train: Callable[[int], float]) -> Take:
    """Return what times a whole call."""

    def take(steps: int) -> tuple[float, float]:
        start = time.process_time()
        loss = train(steps)
        return time.process_time() - start, loss

    return take


def contestant(name: str, work: Work) -> Take:
    """Return a contestant by its name; what it needs is imported only now."""
    kind, _, variant = name.partition(" ")
    if kind == "Valor":
        import ours

        return ours.contestant(variant, work)
    if kind == "C":
        import limit

        return stopwatch(limit.c(work))
    import theirs

    return stopwatch(getattr(theirs, kind.lower())(work, variant))


def main(name: str, of: str) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    def answer(**what: Any) -> None:
        print(json.dumps(what), flush=True)

    take = contestant(name, work(of))
    start = time.perf_counter()
    seconds, loss = take(1)
    wall = time.perf_counter() - start
    answer(seconds=seconds, wall=wall, loss=loss, **getattr(take, "notes", {}))
    for line in sys.stdin:
        seconds, loss = take(json.loads(line))
        answer(seconds=seconds, loss=loss)


if __name__ == "__main__":
    main(*sys.argv[1:])
