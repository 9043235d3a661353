"""step_decay: a staircase whose steps are `every` steps wide."""

from typing import Any

import pytest

from valor import schedule
from valor.exceptions import HyperparameterError


def test_the_rate_falls_after_so_many_steps() -> None:
    formula = schedule("step_decay", first=0.8, factor=0.5, every=3).formula
    found = [formula(step, 8) for step in range(1, 9)]
    assert found == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]


def test_the_run_may_be_shorter_or_much_longer() -> None:
    assert schedule("step_decay", first=0.8)(1, 1) == 0.8
    assert schedule("step_decay", first=0.8, factor=0.1, every=1)(10**6, 10**6) == 0.0
    assert schedule("step_decay", first=0.8, factor=1.0, every=1)(10**6, 10**6) == 0.8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first", 0.0),
        ("first", -0.1),
        ("first", float("nan")),
        ("factor", 0.0),
        ("factor", 1.5),
        ("every", 0),
        ("every", 2.5),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"schedule 'step_decay'.*{name}"):
        schedule("step_decay", **{name: value})
