"""Optimizers beside those of PyTorch and optax: 200 steps on identical gradients, to 1e-12.

Where a peer computes something else, `DIFFERENCES` says what, and whom ours follows.
"""

import math
import random
from collections.abc import Callable
from typing import Any

import attrs
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from torch import optim

from valor import optimizer

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

STEPS = 200
FIRST = [1.0, -0.5, 0.0, 0.0, 2.0, 0.0, -3.0]


def gradients() -> np.ndarray:
    """Return the gradients of each step, one column a parameter."""
    draw = random.Random("gradients")
    rows = []
    for step in range(1, STEPS + 1):
        rows.append(
            [
                draw.gauss(0, 1),  # as they come, with both signs
                0.3 + 0.1 * draw.gauss(0, 1),  # mostly of one sign
                draw.gauss(0, 1e-8),  # as small as epsilon
                draw.gauss(0, 1) if step % 17 == 5 else 0.0,  # rare
                1e6 * draw.gauss(0, 1),  # large
                draw.choice([-1, 1]) * 10 ** draw.uniform(-12, 3),  # of any magnitude
                math.cos(step / 7) / step,  # fading
            ]
        )
    return np.array(rows)


GRADIENTS = gradients()


@attrs.frozen
class Peers:
    """One optimizer: ours by name and hyperparameters, and how PyTorch and optax have it."""

    name: str
    ours: dict[str, Any]
    torch: Callable[[Any], Any] | None
    optax: Any

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{name}={value}" for name, value in self.ours.items())])


def sgd(decay: float = 0.0, **more: Any) -> Any:
    """Return optax's descent with a weight decay that is added to the gradient."""
    return optax.chain(optax.add_decayed_weights(decay), optax.sgd(**more))


PEERS = [
    Peers(
        "gradient_descent",
        {"learning_rate": 0.1},
        lambda p: optim.SGD(p, 0.1),
        sgd(learning_rate=0.1),
    ),
    Peers(
        "gradient_descent",
        {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.05},
        lambda p: optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.05),
        sgd(0.05, learning_rate=0.1, momentum=0.9),
    ),
    Peers(
        "gradient_descent",
        {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05},
        lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
        sgd(0.05, learning_rate=0.1, momentum=0.9, nesterov=True),
    ),
    Peers("adam", {}, lambda p: optim.Adam(p), optax.adam(1e-3)),
    Peers(
        "adam",
        {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-3},
        lambda p: optim.Adam(p, 0.1, betas=(0.7, 0.9), eps=1e-3),
        optax.adam(0.1, b1=0.7, b2=0.9, eps=1e-3),
    ),
    Peers("adamw", {}, lambda p: optim.AdamW(p), optax.adamw(1e-3, weight_decay=0.01)),
    Peers(
        "adamw",
        {"learning_rate": 0.1, "weight_decay": 0.3},
        lambda p: optim.AdamW(p, 0.1, weight_decay=0.3),
        optax.adamw(0.1, weight_decay=0.3),
    ),
    Peers("amsgrad", {}, lambda p: optim.Adam(p, amsgrad=True), None),
    Peers(
        "amsgrad",
        {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.9},
        lambda p: optim.Adam(p, 0.1, betas=(0.7, 0.9), amsgrad=True),
        None,
    ),
    Peers(
        "rmsprop",
        {},
        lambda p: optim.RMSprop(p, alpha=0.9),
        optax.rmsprop(0.01, eps_in_sqrt=False),
    ),
    Peers(
        "rmsprop",
        {"decay": 0.99, "momentum": 0.9},
        lambda p: optim.RMSprop(p, momentum=0.9),
        optax.rmsprop(0.01, decay=0.99, momentum=0.9, eps_in_sqrt=False),
    ),
    Peers(
        "rmsprop",
        {"momentum": 0.5, "centered": True},
        lambda p: optim.RMSprop(p, alpha=0.9, momentum=0.5, centered=True),
        optax.rmsprop(0.01, momentum=0.5, centered=True, eps_in_sqrt=False),
    ),
    Peers("adagrad", {}, lambda p: optim.Adagrad(p), None),
    Peers(
        "adagrad",
        {"learning_rate": 0.1, "epsilon": 1e-300},
        lambda p: optim.Adagrad(p, 0.1, eps=1e-300),
        optax.adagrad(0.1, initial_accumulator_value=0.0, eps=0.0),
    ),
    Peers("adadelta", {}, lambda p: optim.Adadelta(p), optax.adadelta(1.0)),
    Peers(
        "adadelta",
        {"learning_rate": 0.5, "decay": 0.95, "epsilon": 1e-4},
        lambda p: optim.Adadelta(p, 0.5, rho=0.95, eps=1e-4),
        optax.adadelta(0.5, rho=0.95, eps=1e-4),
    ),
    Peers("adamax", {}, lambda p: optim.Adamax(p), optax.adamax(2e-3)),
    Peers(
        "adamax",
        {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.9},
        lambda p: optim.Adamax(p, 0.1, betas=(0.7, 0.9)),
        optax.adamax(0.1, b1=0.7, b2=0.9),
    ),
    Peers("nadam", {}, lambda p: optim.NAdam(p), None),
    Peers(
        "nadam",
        {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.9, "momentum_decay": 0.5},
        lambda p: optim.NAdam(p, 0.1, betas=(0.7, 0.9), momentum_decay=0.5),
        None,
    ),
    Peers("lion", {}, None, optax.lion(1e-4, weight_decay=0.0)),
    Peers(
        "lion",
        {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.95, "weight_decay": 0.3},
        None,
        optax.lion(0.1, b1=0.8, b2=0.95, weight_decay=0.3),
    ),
]


def ours(name: str, **hyperparameters: Any) -> np.ndarray:
    chosen = optimizer(name, **hyperparameters)
    parameters = list(FIRST)
    states = [tuple(float(value) for value in chosen.state.values())] * len(FIRST)
    found = []
    for step, row in enumerate(GRADIENTS.tolist(), start=1):
        for k, gradient in enumerate(row):
            parameters[k], states[k] = chosen(parameters[k], gradient, states[k], step)
        found.append(list(parameters))
    return np.array(found)


def torchs(make: Callable[[Any], Any]) -> np.ndarray:
    parameters = [torch.tensor(value, requires_grad=True) for value in FIRST]
    chosen = make(parameters)
    found = []
    for row in GRADIENTS.tolist():
        for parameter, gradient in zip(parameters, row, strict=True):
            parameter.grad = torch.tensor(gradient)
        chosen.step()
        found.append([parameter.item() for parameter in parameters])
    return np.array(found)


def optaxs(chosen: Any) -> np.ndarray:
    def step(carry: Any, row: Any) -> Any:
        parameters, state = carry
        updates, state = chosen.update(row, state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        return (parameters, state), parameters

    first = jnp.array(FIRST)
    return np.asarray(jax.lax.scan(step, (first, chosen.init(first)), jnp.array(GRADIENTS))[1])


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    """Return how far two ways are apart, each parameter's relative to the farthest it went."""
    return float(np.max(np.abs(found - expected) / np.abs(expected).max(axis=0)))


@pytest.mark.parametrize("peers", [each for each in PEERS if each.torch], ids=str)
def test_beside_torch(peers: Peers) -> None:
    assert apart(ours(peers.name, **peers.ours), torchs(peers.torch)) < 1e-12


@pytest.mark.parametrize("peers", [each for each in PEERS if each.optax], ids=str)
def test_beside_optax(peers: Peers) -> None:
    assert apart(ours(peers.name, **peers.ours), optaxs(peers.optax)) < 1e-12


# What optax has by the same name, but not in the same way.
DIFFERENCES = {
    # PyTorch, and Keras, take the largest mean square, then correct it; optax corrects each, then
    # takes the largest, or leaves out both corrections, as the paper does. Ours does as PyTorch.
    "amsgrad": [
        optax.amsgrad(1e-3),
        optax.chain(
            optax.scale_by_amsgrad(bias_correction_mu=False, bias_correction_nu=False),
            optax.scale(-1e-3),
        ),
    ],
    # optax has epsilon in the root, and begins with a sum of 0.1. Ours does as PyTorch.
    "adagrad": [optax.adagrad(0.01), optax.adagrad(0.01, initial_accumulator_value=0.0, eps=1e-10)],
    # optax has epsilon in the root, unless told otherwise. Ours does as PyTorch.
    "rmsprop": [optax.rmsprop(0.01)],
    # Dozat lets the momentum rise; that of optax stays. Ours does as PyTorch, and he.
    "nadam": [optax.nadam(2e-3)],
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_what_optax_computes_otherwise(name: str) -> None:
    for theirs in DIFFERENCES[name]:
        assert apart(ours(name), optaxs(theirs)) > 1e-3


def test_optax_scales_before_it_keeps_a_velocity() -> None:
    # Which is the same for a constant rate only. PyTorch keeps the velocity of what is not scaled
    # yet, and ours does so too.
    gradients, rates = [1.0, -0.5, 2.0], [0.1, 0.01, 0.2]
    chosen = optax.rmsprop(lambda count: jnp.array(rates)[count], momentum=0.5, eps_in_sqrt=False)
    theirs, state = jnp.array(1.0), chosen.init(jnp.array(1.0))
    parameter = torch.tensor(1.0, requires_grad=True)
    peer = optim.RMSprop([parameter], alpha=0.9, momentum=0.5)
    mine, remembered = 1.0, (0.0, 0.0, 0.0)
    for step, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        updates, state = chosen.update(jnp.array(gradient), state, theirs)
        theirs = theirs + updates
        peer.param_groups[0]["lr"] = rate
        parameter.grad = torch.tensor(gradient)
        peer.step()
        own = optimizer("rmsprop", learning_rate=rate, momentum=0.5)
        mine, remembered = own(mine, gradient, remembered, step)
    assert mine == pytest.approx(parameter.item(), rel=1e-14)
    assert abs(mine - float(theirs)) > 0.01


def test_pytorchs_variance_may_be_below_0() -> None:
    # It is the difference of two numbers that become equal; ours is a sum of squares.
    parameter = torch.tensor(1.0, requires_grad=True)
    peer = optim.RMSprop([parameter], alpha=0.9, centered=True)
    chosen = optimizer("rmsprop", centered=True)
    mine, state = 1.0, (0.0, 0.0, 0.0)
    for step in range(1, 401):
        parameter.grad = torch.tensor(0.1)
        peer.step()
        mine, state = chosen(mine, 0.1, state, step)
    assert math.isnan(parameter.item())
    assert math.isfinite(mine)
    # Of a gradient that is always the same it is 0.9**n (1 - 0.9**n) times the square.
    assert state[0] == pytest.approx(0.9**400 * 0.01, rel=1e-9)


NAMES = {"lr": "learning_rate", "eps": "epsilon", "alpha": "decay", "rho": "decay"}
KINDS = {
    "gradient_descent": optim.SGD,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "amsgrad": optim.Adam,
    "rmsprop": optim.RMSprop,
    "adagrad": optim.Adagrad,
    "adadelta": optim.Adadelta,
    "adamax": optim.Adamax,
    "nadam": optim.NAdam,
}


def test_defaults_are_those_of_pytorch() -> None:
    found = set()
    for name, kind in KINDS.items():
        defaults = kind([torch.zeros(1, requires_grad=True)]).defaults
        theirs = {NAMES.get(key, key): value for key, value in defaults.items()}
        theirs["beta1"], theirs["beta2"] = theirs.get("betas", (None, None))
        for key, value in optimizer(name).hyperparameters.items():
            if theirs[key] != value:
                found.add((name, key, value, theirs[key]))
    assert found == {
        # The lesson's.
        ("gradient_descent", "learning_rate", 0.01, 0.001),
        # Hinton's, and that of optax and Keras.
        ("rmsprop", "decay", 0.9, 0.99),
    }
