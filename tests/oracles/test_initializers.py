"""Initializers beside those of PyTorch and JAX: the spread of many draws, with fixed seeds."""

import functools
import random
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
import torch

from valor_plugins.initializers.kaiming_normal import kaiming_normal
from valor_plugins.initializers.kaiming_uniform import kaiming_uniform
from valor_plugins.initializers.lecun_normal import lecun_normal
from valor_plugins.initializers.lecun_uniform import lecun_uniform
from valor_plugins.initializers.orthogonal import orthogonal
from valor_plugins.initializers.xavier_normal import xavier_normal
from valor_plugins.initializers.xavier_uniform import xavier_uniform

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

FAN_IN, FAN_OUT = 300, 100
DRAWS = 1500  # of a whole matrix
LEAKY = (2 / (1 + 0.2**2)) ** 0.5
init = torch.nn.init


def of_torch(fill: Callable[..., Any], **options: Any) -> Callable[[], Any]:
    def draw() -> Any:
        generator = torch.Generator().manual_seed(1)
        return fill(torch.empty(FAN_OUT, FAN_IN), generator=generator, **options).numpy()

    return draw


def of_jax(make: Callable[..., Any]) -> Callable[[], Any]:
    return lambda: np.asarray(make()(jax.random.key(1), (FAN_IN, FAN_OUT), np.float64))


# Ours, and theirs.
FORMULAS: dict[str, tuple[Callable[..., float], Callable[[], Any]]] = {
    "xavier_uniform": (xavier_uniform, of_torch(init.xavier_uniform_)),
    "xavier_uniform, gain": (
        functools.partial(xavier_uniform, gain=5 / 3),
        of_torch(init.xavier_uniform_, gain=init.calculate_gain("tanh")),
    ),
    "xavier_normal": (xavier_normal, of_torch(init.xavier_normal_)),
    "kaiming_uniform": (kaiming_uniform, of_torch(init.kaiming_uniform_, nonlinearity="relu")),
    "kaiming_normal": (kaiming_normal, of_torch(init.kaiming_normal_, nonlinearity="relu")),
    "kaiming_normal, leaky": (
        functools.partial(kaiming_normal, gain=LEAKY),
        of_torch(init.kaiming_normal_, a=0.2),
    ),
    "lecun_uniform": (lecun_uniform, of_jax(jax.nn.initializers.lecun_uniform)),
    # JAX, as TensorFlow, cuts the normal distribution off at two deviations, and makes it wider so
    # that the variance is the same; the papers, PyTorch and Valor do not.
    "lecun_normal": (lecun_normal, of_jax(jax.nn.initializers.lecun_normal)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_spread(name: str) -> None:
    formula, draw = FORMULAS[name]
    generator, expected = random.Random(1), draw()
    found = np.array([formula(generator, FAN_IN, FAN_OUT) for _ in range(FAN_IN * FAN_OUT)])
    assert found.std() == pytest.approx(expected.std(), rel=0.02)
    assert abs(found.mean()) < 0.02 * expected.std()
    if "uniform" in name:
        assert abs(found).max() == pytest.approx(abs(expected).max(), rel=1e-3)
    elif name == "lecun_normal":
        assert abs(expected).max() < 2.3 * expected.std() < abs(found).max()
    else:
        # The shares beyond one, two and three deviations.
        for edge in (1, 2, 3):
            beyond = edge * expected.std()
            shares = [(abs(numbers) > beyond).mean() for numbers in (found, expected)]
            assert shares[0] == pytest.approx(shares[1], abs=0.01)


@pytest.mark.parametrize(("fan_in", "fan_out"), [(3, 3), (2, 5), (5, 2)])
def test_orthogonal(fan_in: int, fan_out: int) -> None:
    generator, theirs = random.Random(1), torch.Generator().manual_seed(1)
    found = np.array([orthogonal(generator, fan_in, fan_out, gain=2.0) for _ in range(DRAWS)])
    expected = np.array(
        [
            init.orthogonal_(torch.empty(fan_out, fan_in), gain=2.0, generator=theirs).numpy()
            for _ in range(DRAWS)
        ]
    )
    assert found.shape == expected.shape
    for power in (1, 2, 3, 4):
        moments = [(numbers**power).mean(axis=0) for numbers in (found, expected)]
        assert moments[0] == pytest.approx(moments[1], abs=0.15 * 2 ** (power - 1))
    products = found[0] @ found[0].T if fan_out <= fan_in else found[0].T @ found[0]
    assert products == pytest.approx(4 * np.eye(min(fan_in, fan_out)), abs=1e-14)
