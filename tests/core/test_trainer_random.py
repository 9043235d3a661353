"""Random trainings: on either engine, listened to, resumed and broken off, always to the same bits.

Everything is drawn by the number of the case, so that a case that fails fails again.
`TRAINER_CASES` says how many times the usual number of cases are tried.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import valor
from valor import Schedule, hookimpl

from .trainings import Bench, Broken, case, files, listening

CASES = range(40 * int(os.environ.get("TRAINER_CASES", "1")))
ENGINES = ("eager", "native")
RISING = ("cosine_decay", "one_cycle", "polynomial_decay")  # schedules that look at the total
HOOKS = (
    "valor_before_epoch",
    "valor_before_batch",
    "valor_after_batch",
    "valor_before_validation",
    "valor_after_validation",
    "valor_after_epoch",
    "valor_should_stop",
    "valor_after_steps",
)
WITHIN = ("valor_after_forward", "valor_after_backward", "valor_before_step", "valor_after_step")


class Saver:
    """Saves a run and copies its folder, as if it was killed there, once so many steps are done."""

    def __init__(self, goal: int, folder: Path, copy: Path) -> None:
        self.goal, self.folder, self.copy = goal, folder, copy
        self.waits = False

    @hookimpl
    def valor_after_batch(self) -> None:
        """Listen, so that there is a call after each step."""

    @hookimpl
    def valor_after_steps(self, run: Any) -> None:
        if run.completed_steps >= self.goal and not self.waits and not self.copy.exists():
            shutil.copytree(self.folder, self.copy)
            run.save_checkpoint(self.copy / "run.valor")


@pytest.fixture(params=CASES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield Bench(case(request.param), tmp_path)
    shutil.rmtree(tmp_path)


def test_every_engine_gives_the_same_bits_again_and_again(bench: Bench) -> None:
    eager = bench.all("eager")
    assert bench.all("native") == eager
    assert bench.all(bench.draw.choice(ENGINES)) == eager


def test_who_only_listens_changes_nothing(bench: Bench) -> None:
    heard: list[str] = []
    hooks, engine = bench.draw.sample(HOOKS, 3), bench.draw.choice(ENGINES)
    if bench.draw.random() < 0.3:
        hooks, engine = [*hooks, bench.draw.choice(WITHIN)], "eager"
    silent = bench.all(engine)
    assert bench.all(engine, listening(hooks, lambda hook, run: heard.append(hook))) == silent
    assert heard


def test_a_run_that_was_saved_is_resumed_again_and_again(bench: Bench) -> None:
    """The last call of `fit`, on any engine, from a model that begins with other numbers."""
    *before, epochs = bench.case.epochs
    whole = bench.all("eager")
    there, steps = bench.folder(), whole["runs"][-1]["steps"]
    saver = Saver(bench.draw.randint(0, steps), there, bench.root / "first")
    saver.waits = True
    trainer = bench.trainer(bench.draw.choice(ENGINES), there, saver)
    for each in before:
        bench.fit(trainer, each)
    saver.waits = False
    found = bench.fit(trainer, epochs)
    for name in ("second", "third"):
        assert (found, files(there)) == (whole["runs"][-1], whole["files"])
        if not saver.copy.exists():
            break
        there = saver.copy
        saver = Saver(bench.draw.randint(0, steps), there, bench.root / name)
        trainer = bench.trainer(bench.draw.choice(ENGINES), there, saver, seed=99)
        found = bench.fit(trainer, epochs, resume_from=there / "run.valor")


def test_a_run_that_broke_off_is_resumed_from_what_it_left(bench: Bench) -> None:
    epochs, there, other = bench.case.epochs[0], bench.folder(), bench.folder()
    whole = bench.fit(bench.trainer("eager", other), epochs)
    every = bench.draw.choice([0, 0, 1, 2])
    kept = valor.callback("checkpoint", path=str(there / "run.valor"), every_steps=every)
    trainer = bench.trainer(*breaking(bench, there), kept)
    failed = bench.fit(trainer, epochs)
    if not (there / "run.valor").exists():
        assert failed["steps"] <= 1
        return
    resumed = bench.trainer(bench.draw.choice(ENGINES), there, seed=99)
    assert bench.fit(resumed, epochs, resume_from=there / "run.valor") == whole
    assert files(there) == files(other)


def test_a_hook_that_fails_leaves_the_last_completed_step(bench: Bench) -> None:
    *before, epochs = bench.case.epochs
    engine, there, failing = breaking(bench, bench.folder())
    trainer = bench.trainer(engine, there, failing, without="early_stopping")
    failing.waits = True
    for each in before:
        bench.fit(trainer, each)
    failing.waits = False
    failed = bench.fit(trainer, epochs)

    def halt(hook: str, run: Any) -> None:
        if not halting.waits and run.completed_steps == failed["steps"]:
            run.stopped_by = run.stopped_by or "halt"

    halting = listening(("valor_after_batch", "valor_after_steps"), halt)
    oracle = bench.trainer("eager", bench.folder(), halting, without="early_stopping")
    halting.waits = True
    for each in before:
        bench.fit(oracle, each)
    halting.waits = False
    if failed["steps"]:
        ended = bench.fit(oracle, epochs)
        for what in ("steps", "parameters", "state"):
            assert failed[what] == ended[what]
        assert failed["history"]["loss"] == ended["history"]["loss"]
    if getattr(bench.rate, "state", None):
        return  # it has not learnt how the epoch ended whose end failed
    for chosen in (trainer, oracle):
        chosen.callbacks.pop()
    assert bench.fit(trainer, epochs + 1) == bench.fit(oracle, epochs + 1)


def test_two_runs_are_one_that_is_as_long(bench: Bench) -> None:
    if isinstance(bench.rate, Schedule) and bench.rate.name in RISING:
        return
    first, second = bench.draw.randint(1, 4), bench.draw.randint(1, 4)
    twice = bench.trainer("eager", bench.folder(), without="early_stopping")
    once = bench.trainer("eager", bench.folder(), without="early_stopping")
    parts = [bench.fit(twice, first), bench.fit(twice, second)]
    whole = bench.fit(once, first + second)
    if whole["failed"]:
        return
    for what in ("parameters", "state", "rate"):
        assert parts[1][what] == whole[what]
    for name, column in whole["history"].items():
        assert parts[0]["history"][name] + parts[1]["history"][name] == column


def test_what_holds_the_samples_makes_no_difference(bench: Bench) -> None:
    listed = bench.all("eager")
    fit, epochs = bench.case.fit, bench.case.epochs
    x, y = (np.array(fit[name], np.float32) for name in "xy")
    forms: list[Callable[[], dict[str, Any]]] = [
        lambda: {"x": x, "y": y.astype(float)},
        lambda: {"x": np.asfortranarray(x), "y": tuple(fit["y"])},
        lambda: {"x": (row for row in fit["x"]), "y": iter(y)},
    ]
    if fit["validation"] is None:  # a share is drawn from all, and may leave no whole batches
        size = fit["batch_size"] or len(x)
        places = range(0, len(x), size)
        forms.append(
            lambda: {
                "x": ((fit["x"][at : at + size], y[at : at + size]) for at in places),
                "y": None,
                "batch_size": None,
            }
        )
    make, folder = bench.draw.choice(forms), bench.folder()
    trainer = bench.trainer(bench.draw.choice(ENGINES), folder)
    assert {
        "runs": [bench.fit(trainer, each, **make()) for each in epochs],
        "files": files(folder),
    } == listed


def breaking(bench: Bench, folder: Path) -> tuple[str, Path, Any]:
    """Return an engine, a folder, and a callback that fails at some call of some hook."""
    draw, count = bench.draw, [bench.draw.randint(1, 8)]
    error: BaseException = draw.choice([Broken("enough"), KeyboardInterrupt("enough")])
    hook = draw.choice((*HOOKS, *WITHIN))

    def fail(hook: str, run: Any) -> None:
        if not failing.waits:
            count[0] -= 1
            if not count[0]:
                raise error

    failing = listening((hook,), fail)
    return "eager" if hook in WITHIN else draw.choice(ENGINES), folder, failing
