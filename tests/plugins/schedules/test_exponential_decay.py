"""exponential_decay: `factor` of itself after every `every` steps."""

from typing import Any

import pytest

from valor import schedule
from valor.exceptions import HyperparameterError


def test_the_rate_falls_by_the_same_share_in_every_step() -> None:
    formula = schedule("exponential_decay", first=0.8, factor=0.25, every=2).formula
    assert [formula(step, 5) for step in range(1, 6)] == [0.8, 0.4, 0.2, 0.1, 0.05]


def test_the_run_may_be_shorter_or_much_longer() -> None:
    assert schedule("exponential_decay", first=0.8)(1, 1) == 0.8
    assert schedule("exponential_decay", first=0.8, factor=0.1, every=1)(10**6, 10**6) == 0.0
    assert schedule("exponential_decay", first=0.8, factor=1.0, every=1)(10**6, 10**6) == 0.8


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
    with pytest.raises(HyperparameterError, match=rf"schedule 'exponential_decay'.*{name}"):
        schedule("exponential_decay", **{name: value})
