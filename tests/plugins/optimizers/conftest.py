"""Following an optimizer's formula, step by step."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from valor import Optimizer, optimizer

Place = tuple[float, tuple[float, ...]]  # a parameter and what the optimizer remembers of it


def places(
    name: str, gradients: Sequence[float], parameter: float = 1.0, **hyperparameters: Any
) -> list[Place]:
    """Return where each step leads."""
    chosen = optimizer(name, **hyperparameters)
    state = tuple(float(value) for value in chosen.state.values())
    found: list[Place] = []
    for step, gradient in enumerate(gradients, start=1):
        parameter, state = chosen(parameter, gradient, state, step)
        found.append((parameter, state))
    return found


def end(chosen: Optimizer, slope: Callable[[float], float], parameter: float, steps: int) -> float:
    """Return where the steps down a function of one parameter end."""
    state = tuple(float(value) for value in chosen.state.values())
    for step in range(1, steps + 1):
        parameter, state = chosen(parameter, slope(parameter), state, step)
    return parameter


@pytest.fixture
def follow() -> Callable[..., list[Place]]:
    """Return a function that gives the place after each step, from gradients by name."""
    return places


@pytest.fixture
def descend() -> Callable[..., float]:
    """Return a function that gives where the steps down a function end."""
    return end
