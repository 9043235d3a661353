"""clip_by_norm: all gradients together, whatever their magnitude."""

import math
import random
from typing import Any

import mpmath
import pytest

from valor import MLP, Trainer, gradient_transform, optimizer
from valor.exceptions import HyperparameterError
from valor_plugins.gradient_transforms.clip_by_norm import clip_by_norm


def length(gradients: list[float]) -> Any:
    """Return the norm, to 50 digits."""
    with mpmath.workdps(50):
        return mpmath.sqrt(mpmath.fsum(mpmath.mpf(g) ** 2 for g in gradients))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([0.0, -0.0], [0.0, -0.0]),
        ([3.0, -4.0], [1.5, -2.0]),
        ([0.0, 7.0], [0.0, 2.5]),
        ([1.5, -2.0], [1.5, -2.0]),  # as long as the limit
        ([0.75, -1.0], [0.75, -1.0]),
        ([-8.0], [-2.5]),
        ([1.0] * 25, [0.5] * 25),
    ],
)
def test_what_is_longer_than_the_limit_becomes_as_long(
    given: list[float], expected: list[float]
) -> None:
    assert clip_by_norm(given, limit=2.5) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 100])
@pytest.mark.parametrize("magnitude", [-320, -300, -160, -8, 0, 8, 155, 300, 307])
def test_length_and_direction_at_any_magnitude(count: int, magnitude: int) -> None:
    draw = random.Random(f"{count} {magnitude}")
    given = [draw.uniform(-1, 1) * 10.0**magnitude for _ in range(count)]
    for limit in (1e-310, 1e-5, 1.0, 1e200):
        found = clip_by_norm(given, limit=limit)
        if length(given) <= limit:
            assert found == given
            continue
        share = limit / length(given)
        # What is below the smallest normal float has fewer digits.
        expected = [float(g * share) for g in given]
        assert found == pytest.approx(expected, rel=1e-14, abs=1e-323)


def test_gradients_of_all_magnitudes_at_once() -> None:
    given = [1e300, -1e-300, 1.0, 0.0, -1e300]
    half = 1 / math.sqrt(2)
    assert clip_by_norm(given, limit=1.0) == pytest.approx([half, 0.0, 1e-300 * half, 0.0, -half])


@pytest.mark.parametrize("count", range(1, 12))
def test_the_largest_is_found_wherever_it_is(count: int) -> None:
    for place in range(count):
        given = [1e-300] * count
        given[place] = -1e300
        found = clip_by_norm(given, limit=2.0)
        assert found.pop(place) == -2.0
        assert found == [0.0] * (count - 1)


def test_what_is_not_finite_stays_so() -> None:
    # Nothing sensible can be made of it: it is for the trainer to name.
    for bad in (math.nan, math.inf, -math.inf):
        assert any(not math.isfinite(g) for g in clip_by_norm([1.0, bad, 2.0]))


def test_the_step_of_a_trainer_is_as_long_as_the_limit() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    for parameter in model.camadas[0].neuronios[0].parametros():
        parameter.trainable = False  # what is frozen does not count
    before = [parameter.data for parameter in model.parametros()]
    Trainer(
        model,
        optimizer=optimizer("gradient_descent", learning_rate=1.0),
        gradient_transforms=[gradient_transform("clip_by_norm", limit=0.125)],
    ).fit([[1.0, -1.0]], [50.0], epochs=1)
    moves = [p.data - b for p, b in zip(model.parametros(), before, strict=True)]
    assert moves[:3] == [0.0] * 3
    assert float(length(moves)) == pytest.approx(0.125, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "value"), [("limit", 0.0), ("limit", -1.0), ("limit", math.nan), ("norm", 2.0)]
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"'clip_by_norm'.*{name}"):
        gradient_transform("clip_by_norm", **{name: value})
