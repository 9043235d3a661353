"""warm_up: up in a straight line, then level or down."""

from typing import Any

import pytest

from valor import schedule
from valor.exceptions import HyperparameterError


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("constant", [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.25, 0.5, 0.75, 1.0, 1.0, 0.8, 0.6, 0.4]),
        ("cosine", [0.25, 0.5, 0.75, 1.0, 1.0, 0.6 + 0.2 * 2**0.5, 0.6, 0.6 - 0.2 * 2**0.5]),
    ],
)
def test_it_rises_then_does_as_it_is_told(then: str, expected: list[float]) -> None:
    formula = schedule("warm_up", highest=1.0, steps=4, then=then, last=0.2).formula
    found = [formula(step, 8) for step in range(1, 9)]
    assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("then", ["constant", "linear", "cosine"])
def test_the_run_may_be_shorter(then: str) -> None:
    formula = schedule("warm_up", highest=0.8, steps=4, then=then).formula
    assert formula(1, 1) == 0.2
    assert [formula(step, 4) for step in range(1, 5)] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert formula(5, 5) == 0.8


def test_what_comes_after_is_a_decay_of_its_own() -> None:
    for then, name in (("linear", "polynomial_decay"), ("cosine", "cosine_decay")):
        formula = schedule("warm_up", highest=0.5, steps=30, then=then, last=0.1).formula
        decay = schedule(name, first=0.5, last=0.1).formula
        found = [formula(step, 100) for step in range(31, 101)]
        assert found == pytest.approx([decay(step, 70) for step in range(1, 71)], rel=1e-14)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("highest", 0.0),
        ("highest", -1.0),
        ("steps", 0),
        ("steps", 2.5),
        ("then", "sine"),
        ("then", None),
        ("last", -0.1),
        ("last", float("inf")),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"schedule 'warm_up'.*{name}"):
        schedule("warm_up", **{name: value})
