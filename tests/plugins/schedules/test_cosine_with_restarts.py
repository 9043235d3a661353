"""cosine_with_restarts: half a wave, again and again."""

import itertools
from typing import Any

import pytest

from valor import schedule
from valor.exceptions import HyperparameterError


@pytest.mark.parametrize(
    ("growth", "starts"),
    [(1, [1, 5, 9, 13, 17]), (2, [1, 5, 13, 29, 61]), (3, [1, 5, 17, 53, 161])],
)
def test_cycles_begin_anew(growth: int, starts: list[int]) -> None:
    formula = schedule("cosine_with_restarts", first=0.5, last=0.25, cycle=4, growth=growth).formula
    for start, following in itertools.pairwise(starts):
        cycle = schedule("cosine_decay", first=0.5, last=0.25).formula
        length = following - start
        found = [formula(step, 1000) for step in range(start, following)]
        expected = [cycle(step, length) for step in range(1, length + 1)]
        assert found == pytest.approx(expected, rel=1e-14)


def test_it_does_not_look_at_how_long_the_run_is() -> None:
    for growth in (1, 2):
        formula = schedule("cosine_with_restarts", cycle=3, growth=growth).formula
        assert len({formula(7, total) for total in (7, 8, 10**6)}) == 1
        assert 0 < formula(10**9, 10**9) <= 0.01


def test_cycles_of_one_step() -> None:
    formula = schedule("cosine_with_restarts", first=0.8, cycle=1).formula
    assert [formula(step, 3) for step in (1, 2, 3)] == [0.8] * 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first", 0.0),
        ("first", -0.1),
        ("first", float("nan")),
        ("last", -0.1),
        ("last", float("inf")),
        ("cycle", 0),
        ("cycle", 2.5),
        ("growth", 0),
        ("growth", 1.5),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"schedule 'cosine_with_restarts'.*{name}"):
        schedule("cosine_with_restarts", **{name: value})
