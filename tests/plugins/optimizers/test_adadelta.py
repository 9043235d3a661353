"""adadelta: two root mean squares, one over the other.

On paper, with decay = 3/4, epsilon = 1/4 and r = 1/2, for a gradient of 4/3: its mean square is
4/9, and with epsilon 25/36, whose root is 5/6. From no changes so far (root 1/2) and from a mean
square of 3/4 (root 1):

    d = 4/3 * 1/2 * 6/5 = 4/5, w = 1 - 2/5
    d = 4/3 * 1 * 6/5 = 8/5, w = 1 - 4/5
"""

from collections.abc import Callable
from typing import Any

import pytest

from valor import optimizer
from valor.exceptions import HyperparameterError
from valor_plugins.optimizers.adadelta import adadelta


@pytest.mark.parametrize(
    ("changes", "parameter", "after"), [(0.0, 3 / 5, 4 / 25), (3 / 4, 1 / 5, 481 / 400)]
)
def test_steps_on_paper(changes: float, parameter: float, after: float) -> None:
    given = {"learning_rate": 0.5, "decay": 0.75, "epsilon": 0.25}
    found, state = adadelta(1.0, 4 / 3, (0.0, changes), 1, **given)
    assert found == pytest.approx(parameter, rel=1e-15)
    assert state == pytest.approx((4 / 9, after), rel=1e-15)


def test_the_second_step_goes_on_from_the_first(follow: Callable[..., Any]) -> None:
    gradients = [4 / 3, -1 / 7]
    (one, state), two = follow("adadelta", gradients)
    assert two == adadelta(one, gradients[1], state, 2)
    assert two != adadelta(one, gradients[1], (0.0, 0.0), 2)


@pytest.mark.parametrize("scale", [1e3, 1e6, 1e100])
def test_the_gradients_scale_does_not_matter(scale: float, follow: Callable[..., Any]) -> None:
    # The paper's point: a change is in the parameter's unit, not in that of the gradient.
    slopes = [1.0, -0.5, 2.0, 0.25, -3.0] * 10
    found = [
        [parameter for parameter, _ in follow("adadelta", [s * factor for s in slopes])]
        for factor in (scale, 7 * scale)
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_the_learning_rate_multiplies_the_change_alone(follow: Callable[..., Any]) -> None:
    gradients = [1.0, -2.0, 0.5]
    full, half = (follow("adadelta", gradients, 0.0, learning_rate=r) for r in (1.0, 0.5))
    assert [p for p, _ in half] == pytest.approx([p / 2 for p, _ in full], rel=1e-12)
    assert [state for _, state in half] == [state for _, state in full]


def test_it_goes_down_a_parabola(descend: Callable[..., float]) -> None:
    end = descend(optimizer("adadelta"), lambda w: 2 * (w - 3), -4.0, 4000)
    assert end == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes(sign: int, follow: Callable[..., Any]) -> None:
    assert follow("adadelta", [sign * 0.0] * 3)[-1] == (1.0, (0.0, 0.0))
    # Both roots are those of epsilon: the change is the gradient itself.
    assert follow("adadelta", [sign * 1e-300], parameter=0.0)[0][0] == pytest.approx(
        -sign * 1e-300, rel=1e-12
    )
    # A square that overflows: no step, then or later.
    found = follow("adadelta", [sign * 1e300, 1.0, -1.0])
    assert [parameter for parameter, _ in found] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", -0.01),
        ("learning_rate", float("nan")),
        ("decay", -0.1),
        ("decay", 1.0),
        ("decay", float("nan")),
        ("epsilon", 0.0),
        ("epsilon", -1e-8),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=f"optimizer 'adadelta'.*{name}"):
        optimizer("adadelta", **{name: value})
