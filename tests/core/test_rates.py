"""The learning rate: constant, by step, or by what the losses were."""

import math
from typing import Any

import attrs
import pytest

from valor import MLP, Schedule, Trainer, optimizer
from valor._rates import Rates
from valor.exceptions import FormulaError

X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
Y = [1.0, 0.0, 0.2, 0.5]


def noting(seen: list[Any]) -> Schedule:
    """Return a schedule with a state that notes what it is called with, and halves the rate."""

    def halved(step: int, total_steps: int, state: Any, *, first: float = 0.5) -> Any:
        loss, calls = state
        seen.append((step, total_steps, loss, calls))
        return first / 2**calls, (loss, calls + 1)

    return Schedule("halved", halved, state={"loss": -1.0, "calls": 0.0})


def trainer(schedule: Schedule, **more: Any) -> Trainer:
    chosen = optimizer("gradient_descent", learning_rate=schedule, momentum=0.5)
    return Trainer(MLP(3, [2, 1], seed=1), optimizer=chosen, **{"engine": "eager", **more})


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_a_schedule_with_a_state_is_asked_once_an_epoch(engine: str) -> None:
    seen: list[Any] = []
    run = trainer(noting(seen), engine=engine).fit(X, Y, epochs=3, batch_size=2)
    losses = run.history["loss"]
    assert seen == [(1, 6, -1.0, 0.0), (3, 6, losses[0], 1.0), (5, 6, losses[1], 2.0)]
    assert run.learning_rate == 0.125


def test_it_hears_of_the_validation_where_there_is_one() -> None:
    seen: list[Any] = []
    run = trainer(noting(seen)).fit(X, Y, epochs=3, validation=(X[:2], [0.5, 0.5]))
    assert [loss for _, _, loss, _ in seen[1:]] == list(run.history["validation_loss"])[:2]


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_the_rate_holds_for_every_step_of_an_epoch(engine: str) -> None:
    """The same steps with the rates written down."""
    rates = {1: 0.5, 2: 0.5, 3: 0.25, 4: 0.25, 5: 0.125, 6: 0.125}
    table = Schedule("table", lambda step, total_steps: rates[step])
    by_state = trainer(noting([]), engine=engine)
    by_table = trainer(table, engine="eager")
    assert list(by_state.fit(X, Y, epochs=3, batch_size=2).history["loss"]) == list(
        by_table.fit(X, Y, epochs=3, batch_size=2).history["loss"]
    )


def test_its_hyperparameters_may_have_validators() -> None:
    bounds = {"first": attrs.validators.gt(0.0)}
    checked = attrs.evolve(noting([]), validators=bounds).bind(first=0.25)
    assert trainer(checked).fit(X, Y, epochs=2).learning_rate == 0.125


def test_two_runs_are_one() -> None:
    seen: list[Any] = []
    twice = trainer(noting(seen))
    for _ in range(2):
        last = twice.fit(X, Y, epochs=2)
    assert [calls for *_, calls in seen] == [0.0, 1.0, 2.0, 3.0]
    assert [step for step, *_ in seen] == [1, 2, 3, 4]
    assert last.learning_rate == 0.0625


@pytest.mark.parametrize(
    "result", [0.5, (0.5,), (0.5, (1.0,)), ("0.5", (1.0, 2.0)), None, (0.5, "ab")]
)
def test_what_is_no_rate_and_state_is_refused(result: Any) -> None:
    broken = Schedule("broken", lambda n, total, state: result, state={"loss": 1.0, "b": 2.0})
    with pytest.raises(FormulaError, match=r"'broken' must return \(rate, state\).*loss, b"):
        trainer(broken).fit(X, Y, epochs=1)


def test_a_rate_by_step_counts_from_the_first_run_of_all() -> None:
    falling = Schedule("falling", lambda step, total_steps: 1.0 / step)
    chosen = trainer(falling)
    assert chosen.fit(X, Y, epochs=4).learning_rate == 1 / 4
    assert chosen.fit(X, Y, epochs=4).learning_rate == 1 / 8


def test_a_number_stays_what_it_is() -> None:
    chosen = optimizer("gradient_descent", learning_rate=0.25)
    rates = Rates(chosen)
    assert rates.optimizer is chosen
    assert not rates.remembers
    rates.begin_epoch(1, 10)
    assert rates.at(3, 10) == 0.25
    assert list(rates.kept()) == []
    assert rates.restore(rates.kept())


def test_what_is_kept_brings_the_schedule_back() -> None:
    chosen = optimizer("gradient_descent", learning_rate=noting([]))
    first, second = Rates(chosen), Rates(chosen)
    first.begin_epoch(1, 10)
    first.end_epoch(0.75)
    assert second.restore(first.kept())
    first.begin_epoch(2, 10)
    second.begin_epoch(2, 10)
    assert first.at(2, 10) == second.at(2, 10) == 0.25
    assert list(first.kept()) == list(second.kept())


def test_before_the_first_epoch_no_loss_is_known() -> None:
    rates = Rates(optimizer("gradient_descent", learning_rate=noting([])))
    rate, asked, known, loss, *state = rates.kept()
    assert math.isnan(rate)
    assert math.isnan(loss)
    assert (asked, known, state) == (0.0, 0.0, [-1.0, 0.0])


def test_what_is_kept_of_another_schedule_does_not_fit() -> None:
    rates = Rates(optimizer("gradient_descent", learning_rate=noting([])))
    plain = Rates(optimizer("gradient_descent"))
    assert not plain.restore(rates.kept())
    assert not rates.restore(plain.kept())


def test_an_epoch_that_begins_again_asks_for_no_other_rate() -> None:
    seen: list[Any] = []
    rates = Rates(optimizer("gradient_descent", learning_rate=noting(seen)))
    for _ in range(2):
        rates.begin_epoch(1, 10)
    assert len(seen) == 1
    again = Rates(optimizer("gradient_descent", learning_rate=noting(seen)))
    assert again.restore(rates.kept())
    again.begin_epoch(1, 10)
    assert len(seen) == 1
    again.begin_epoch(2, 10)
    assert [calls for *_, calls in seen] == [0.0, 1.0]
