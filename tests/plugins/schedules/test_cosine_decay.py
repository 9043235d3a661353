"""cosine_decay: half a wave over the whole run."""

from typing import Any

import pytest

from valor import schedule
from valor.exceptions import HyperparameterError


def test_the_rate_falls_as_a_cosine() -> None:
    formula = schedule("cosine_decay", first=1.0).formula
    found = [formula(step, 6) for step in range(1, 7)]
    root = 3**0.5  # cos(30 degrees) is half of it
    expected = [1.0, (2 + root) / 4, 3 / 4, 1 / 2, 1 / 4, (2 - root) / 4]
    assert found == pytest.approx(expected, rel=1e-14)


def test_it_falls_to_above_the_last_rate() -> None:
    formula = schedule("cosine_decay", first=0.5, last=0.25).formula
    found = [formula(step, 1000) for step in range(1, 1001)]
    assert found[0] == 0.5
    assert found == sorted(found, reverse=True)
    assert 0.25 < found[-1] < 0.250001


def test_a_run_of_one_step() -> None:
    assert schedule("cosine_decay", first=0.8)(1, 1) == 0.8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first", 0.0),
        ("first", -0.1),
        ("first", float("nan")),
        ("last", -0.1),
        ("last", float("inf")),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"schedule 'cosine_decay'.*{name}"):
        schedule("cosine_decay", **{name: value})
