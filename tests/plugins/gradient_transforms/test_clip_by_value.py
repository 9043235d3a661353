"""clip_by_value: each gradient by itself."""

import math
from typing import Any

import pytest

from valor import gradient_transform
from valor.exceptions import HyperparameterError
from valor_plugins.gradient_transforms.clip_by_value import clip_by_value


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([0.25, -0.25], [0.25, -0.25]),
        ([0.5, -0.5], [0.5, -0.5]),
        ([0.75, -0.75, 0.1], [0.5, -0.5, 0.1]),
        ([1e300, -1e300], [0.5, -0.5]),
        ([5e-324, -5e-324], [5e-324, -5e-324]),
        ([math.inf, -math.inf], [0.5, -0.5]),
    ],
)
def test_what_is_beyond_the_limit_becomes_the_limit(
    given: list[float], expected: list[float]
) -> None:
    assert clip_by_value(given, limit=0.5) == expected


def test_the_sign_of_zero_and_nan_stay() -> None:
    zero, unknown = clip_by_value([-0.0, math.nan])
    assert math.copysign(1.0, zero) == -1.0
    assert math.isnan(unknown)  # it is for the trainer to name


@pytest.mark.parametrize(
    ("name", "value"), [("limit", 0.0), ("limit", -1.0), ("limit", math.nan), ("limit", "much")]
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"'clip_by_value'.*{name}"):
        gradient_transform("clip_by_value", **{name: value})
