"""one_cycle: up along a cosine, then down along a longer one."""

from typing import Any

import pytest

from valor import schedule
from valor.exceptions import HyperparameterError


def test_it_rises_and_falls() -> None:
    # Of 10 steps, it rises for 3: at the second it is halfway from 1/25 to 1.
    formula = schedule("one_cycle", highest=1.0).formula
    found = [formula(step, 10) for step in range(1, 11)]
    assert found[:3] == pytest.approx([0.04, 0.52, 1.0], rel=1e-14)
    assert found[2:] == sorted(found[2:], reverse=True)
    assert found[-1] == pytest.approx(4e-6, rel=1e-9)


@pytest.mark.parametrize("rise", [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("total", [1, 2, 3, 10, 97, 1000])
def test_it_stays_between_its_bounds(rise: float, total: int) -> None:
    given = {"highest": 2.0, "rise": rise, "div_factor": 4.0, "final_div_factor": 5.0}
    formula = schedule("one_cycle", **given).formula
    found = [formula(step, total) for step in range(1, total + 1)]
    assert all(0.1 - 1e-12 <= rate <= 2.0 + 1e-12 for rate in found)
    assert found[-1] == pytest.approx(0.1, rel=1e-12)
    top = max(range(total), key=found.__getitem__)
    assert abs(top - (rise * total - 1)) <= 1
    assert found[: top + 1] == sorted(found[: top + 1])
    assert found[top:] == sorted(found[top:], reverse=True)


def test_a_rise_that_ends_at_the_first_step() -> None:
    formula = schedule("one_cycle", highest=1.0, rise=0.25, final_div_factor=1.0).formula
    found = [formula(step, 4) for step in range(1, 5)]
    assert found == pytest.approx([1.0, 0.76, 0.28, 0.04], rel=1e-14)


def test_a_rise_over_the_whole_run() -> None:
    formula = schedule("one_cycle", highest=1.0, rise=1 - 2**-53).formula
    for total in (1, 2, 10, 10**6):
        assert 0 <= formula(total, total) <= 1.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("highest", 0.0),
        ("highest", -1.0),
        ("rise", 0.0),
        ("rise", 1.0),
        ("div_factor", 0.5),
        ("final_div_factor", 0.0),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"schedule 'one_cycle'.*{name}"):
        schedule("one_cycle", **{name: value})
