"""Clipping beside that of PyTorch and optax, in float64."""

import random

import jax
import jax.numpy as jnp
import optax
import pytest
import torch

from valor import gradient_transform

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

LIMITS = [1e-3, 0.5, 1.0, 20.0, 1e6]


def gradients(seed: int) -> list[float]:
    draw = random.Random(f"gradients {seed}")
    return [draw.gauss(0, 1) * 10 ** draw.uniform(-12, 1) for _ in range(draw.randint(1, 40))]


def torchs(clip: object, given: list[float], limit: float) -> list[float]:
    parameters = [torch.zeros((), requires_grad=True) for _ in given]
    for parameter, gradient in zip(parameters, given, strict=True):
        parameter.grad = torch.tensor(gradient)
    clip(parameters, limit)  # type: ignore[operator]
    return [parameter.grad.item() for parameter in parameters]


def optaxs(transform: optax.GradientTransformation, given: list[float]) -> list[float]:
    leaves = [jnp.array(gradient) for gradient in given]
    return [float(leaf) for leaf in transform.update(leaves, transform.init(leaves))[0]]


def ours(name: str, given: list[float], limit: float) -> list[float]:
    found: list[float] = gradient_transform(name, limit=limit).formula(given)
    return found


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("seed", range(10))
def test_by_value(seed: int, limit: float) -> None:
    given = gradients(seed)
    found = ours("clip_by_value", given, limit)
    assert found == torchs(torch.nn.utils.clip_grad_value_, given, limit)
    assert found == optaxs(optax.clip(limit), given)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("seed", range(10))
def test_by_norm(seed: int, limit: float) -> None:
    given = gradients(seed)
    found = ours("clip_by_norm", given, limit)
    assert found == pytest.approx(optaxs(optax.clip_by_global_norm(limit), given), rel=1e-12)
    # PyTorch divides by the norm and 1e-6 more: what it clips is a little shorter than the limit.
    norm = torch.linalg.vector_norm(torch.tensor(given)).item()
    shorter = norm / (norm + 1e-6) if norm > limit else min(1.0, limit / (norm + 1e-6))
    expected = torchs(torch.nn.utils.clip_grad_norm_, given, limit)
    assert [g * shorter for g in found] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("magnitude", [1e200, 1e-200])
def test_norms_whose_squares_overflow_or_vanish(magnitude: float) -> None:
    given, limit = [3 * magnitude, -4 * magnitude], magnitude
    assert ours("clip_by_norm", given, limit) == pytest.approx(
        [0.6 * magnitude, -0.8 * magnitude], rel=1e-15
    )
    # An infinite norm leaves the others nothing; one of 0 leaves all, too long as it is.
    lost = [0.0, -0.0] if magnitude > 1 else given
    assert optaxs(optax.clip_by_global_norm(limit), given) == lost
