"""How cost and compile time grow, and other networks: tables in Markdown.

Run as ``python curves.py [TABLE …]`` with the names in `TABLES`, by default all. See `compare.py`.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator

from compare import JAX, Contestant, best, measured, ratio, say_what_is_missing, written
from works import COMPILED, CURVES, OTHERS

REPEATS = 3  # of what is compiled, each in a process of its own
STAGES = "trace and derive", "re-roll", "emit", "compile"


def costs(names: list[str], title: str) -> Iterator[str]:
    """Yield a table of the cost of a step."""
    yield (
        f"| {title} | Valor exact | Valor fast | JAX's best | C limit "
        "| JAX / exact | JAX / fast | exact / C | fast / C |"
    )
    yield "|---" * 9 + "|"
    for name in names:
        contestants = measured(name, ("Valor exact", "Valor fast", *JAX, "C limit"))
        exact, fast = (contestants[f"Valor {mode}"].microseconds for mode in ("exact", "fast"))
        jax, c = best(contestants, JAX), best(contestants, ["C limit"])
        label = name.removeprefix(f"{title} ")
        figures = [written(each) for each in (exact, fast, jax, c)]
        ratios = ratio(jax, exact), ratio(jax, fast), ratio(exact, c), ratio(fast, c)
        yield f"| {' | '.join((label, *figures, *ratios))} |"


def stages(explanation: str) -> dict[str, float]:
    """Return the seconds of each stage from what the engine says that it did."""
    line = next(each for each in explanation.splitlines() if each.startswith("took"))
    found = re.findall(r"([a-z][a-z -]*?) ([\d.]+) ms", line.removeprefix("took"))
    return {stage: float(milliseconds) / 1000 for stage, milliseconds in found}


def cold(name: str, contestant: str) -> Contestant:
    """Return a contestant that has just compiled, with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        each = Contestant(contestant, name, cache)
        each.close()
    return each


def compiles() -> Iterator[str]:
    """Yield a table of compile times, in seconds by the clock, each the least of some.

    The rest is imports, data and the first check; JAX's time is with a step.
    """
    yield f"| scalars a sample | mode | emitter | total | {' | '.join(STAGES)} | rest | JAX |"
    yield "|---" * (6 + len(STAGES)) + "|"
    for name in COMPILED:
        jax = min(cold(name, JAX[0]).first["wall"] for _ in range(REPEATS))
        for mode in ("exact", "fast"):
            tried = [cold(name, f"Valor {mode}").first for _ in range(REPEATS)]
            first = min(tried, key=lambda each: each["cold_wall"])
            said, total = first["explanation"], first["cold_wall"]
            head = re.search(r"([\d,]+) scalars a sample in \d+ families, ([a-z -]+),", said)
            assert head is not None
            seconds = [stages(said)[stage] for stage in STAGES]
            figures = (f"{each:.3f}" for each in (total, *seconds, total - sum(seconds), jax))
            yield f"| {' | '.join((head[1], mode, head[2], *figures))} |"


def curve(title: str) -> Callable[[], Iterator[str]]:
    return lambda: costs([name for name in CURVES if name.startswith(title)], title)


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    **{title: curve(title) for title in ("samples", "width", "depth")},
    "others": lambda: costs(list(OTHERS), "network"),
    "compile": compiles,
}


def main(names: list[str]) -> None:
    say_what_is_missing()
    for name in names or TABLES:
        print(f"\n{name}\n")
        for line in TABLES[name]():
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
