"""on_plateau: counts the epochs in which the loss has not fallen.

`loss` of the state is what the trainer sets; the tests set it likewise.
"""

import math
from typing import Any

import pytest

from valor import schedule
from valor.exceptions import HyperparameterError

INFINITE = (math.inf, math.inf, 0.0, 0.0, 0.0)


def rates(losses: list[float], **hyperparameters: Any) -> list[float]:
    """Return the rate of each epoch, from the losses of those before it."""
    formula = schedule("on_plateau", first=1.0, **hyperparameters).formula
    rate, state = formula(1, 100, INFINITE)
    found = [rate]
    for step, loss in enumerate(losses, start=2):
        rate, state = formula(step, 100, (loss, *state[1:]))
        found.append(rate)
    return found


def test_before_there_is_a_loss_nothing_is_counted() -> None:
    assert schedule("on_plateau", first=0.5)(1, 1, INFINITE) == (0.5, INFINITE)


def test_the_rate_falls_when_patience_is_over() -> None:
    # The best is 2.0; the next three epochs are no better, which is one more than two.
    found = rates([3.0, 2.0, 2.5, 2.0, 2.25, 2.0, 2.0, 2.0, 2.0], patience=2, factor=0.5)
    assert found == [1.0] * 5 + [0.5] * 3 + [0.25] * 2


def test_an_improvement_resets_the_count() -> None:
    assert rates([3.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0], patience=2, factor=0.5) == [1.0] * 7 + [0.5]


def test_without_patience_the_first_epoch_that_is_no_better_counts() -> None:
    assert rates([1.0, 1.0, 0.5, 0.5], patience=0, factor=0.5) == [1.0, 1.0, 0.5, 0.5, 0.25]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_loss_has_to_fall_by_a_share_of_itself(sign: float) -> None:
    start = 8.0 * sign
    for fall, expected in ((2.0 - 1e-9, 0.5), (2.0 + 1e-9, 1.0)):
        found = rates([start, start - fall], patience=0, factor=0.5, threshold=0.25)
        assert found[-1] == expected
    # What is not enough is not the new best either: many small falls add up.
    falling = [start - 0.5 * n for n in range(9)]
    assert rates(falling, patience=5, factor=0.5, threshold=0.25)[-1] == 1.0


def test_while_it_cools_down_nothing_is_counted() -> None:
    found = rates([1.0] * 9, patience=0, factor=0.5, cooldown=2)
    assert found == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125]


def test_the_rate_never_falls_below_the_lowest() -> None:
    assert rates([1.0] * 6, patience=0, factor=0.5, lowest=0.2)[2:] == [0.5, 0.25, 0.2, 0.2, 0.2]
    assert rates([1.0] * 2000, patience=0, factor=0.1)[-1] == 0.0


def test_a_loss_that_is_no_number_is_no_better() -> None:
    assert rates([1.0, math.nan, math.nan], patience=1, factor=0.5) == [1.0, 1.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first", 0.0),
        ("first", -0.1),
        ("first", float("nan")),
        ("factor", 0.0),
        ("factor", 1.0),
        ("patience", -1),
        ("patience", 1.5),
        ("threshold", -0.1),
        ("threshold", 1.0),
        ("cooldown", -1),
        ("lowest", -0.1),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"schedule 'on_plateau'.*{name}"):
        schedule("on_plateau", **{name: value})
