"""polynomial_decay: a power of the share of the steps that is left."""

from typing import Any

import pytest

from valor import schedule
from valor.exceptions import HyperparameterError


@pytest.mark.parametrize(
    ("power", "expected"),
    [
        (1.0, [1.0, 0.75, 0.5, 0.25]),
        (2.0, [1.0, 0.5625, 0.25, 0.0625]),
        (0.5, [1.0, 0.75**0.5, 0.5**0.5, 0.5]),
    ],
)
def test_the_rate_falls_over_the_whole_run(power: float, expected: list[float]) -> None:
    formula = schedule("polynomial_decay", first=1.0, power=power).formula
    assert [formula(step, 4) for step in range(1, 5)] == expected


def test_it_ends_above_the_last_rate_or_below() -> None:
    for first, last in ((0.75, 0.25), (0.25, 0.75)):
        formula = schedule("polynomial_decay", first=first, last=last).formula
        assert [formula(step, 2) for step in (1, 2)] == [first, 0.5]


def test_a_run_of_one_step() -> None:
    assert schedule("polynomial_decay", first=0.8, power=3.0)(1, 1) == 0.8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first", 0.0),
        ("first", -0.1),
        ("first", float("nan")),
        ("last", -0.1),
        ("last", float("inf")),
        ("power", 0.0),
        ("power", -1.0),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"schedule 'polynomial_decay'.*{name}"):
        schedule("polynomial_decay", **{name: value})
