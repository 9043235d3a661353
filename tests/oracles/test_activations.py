"""Every bundled activation beside PyTorch's and JAX's, in float64: value and derivative.

They agree within 1e-12, relative, or the place is listed here with the reason. Where a peer has
lost digits, mpmath decides: ours are within 1e-12 of it, and theirs are not. Where a peer has
another convention, its derivative stands here.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import pytest
import torch
import torch.nn.functional as F
from mpmath import mpf

from valor import Valor, activation
from valor_plugins import BUNDLED

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

TOLERANCE = 1e-12
PEERS = ("torch", "jax")


@dataclass(frozen=True)
class Activation:
    """Ours with its hyperparameters, PyTorch's, JAX's, and the definition, for mpmath."""

    ours: Any
    torch: Callable[[Any], Any]
    jax: Callable[[Any], Any]
    exact: Callable[[Any], Any]


def _elu(x: Any, left: Any) -> Any:
    return x if x > 0 else left


def _clip(x: Any, low: Any, high: Any) -> Any:
    return min(max(x, low), high)


def _gelu_inner(x: Any) -> Any:
    return mpmath.sqrt(2 / mpmath.pi) * (x + mpf("0.044715") * x**3)


def _log1p_exp(x: Any) -> Any:
    return mpmath.log1p(mpmath.exp(x)) if x < 1000 else x


SCALE = "1.05070098735548049341933498529460"
SCALE_ALPHA = "1.75809934084737685994021752081228"

ACTIVATIONS = {
    "celu": Activation(
        activation("celu", alpha=0.7),
        lambda x: F.celu(x, alpha=0.7),
        lambda x: jax.nn.celu(x, 0.7),
        lambda x: _elu(x, mpf(0.7) * mpmath.expm1(x / mpf(0.7))),
    ),
    "elu": Activation(
        activation("elu", alpha=0.7),
        lambda x: F.elu(x, alpha=0.7),
        lambda x: jax.nn.elu(x, 0.7),
        lambda x: _elu(x, mpf(0.7) * mpmath.expm1(x)),
    ),
    "exponential": Activation(activation("exponential"), torch.exp, jnp.exp, mpmath.exp),
    "gelu": Activation(
        activation("gelu"),
        F.gelu,
        lambda x: jax.nn.gelu(x, approximate=False),
        lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
    ),
    "gelu with tanh": Activation(
        activation("gelu", tanh_approximation=True),
        lambda x: F.gelu(x, approximate="tanh"),
        lambda x: jax.nn.gelu(x, approximate=True),
        lambda x: x * (1 + mpmath.tanh(_gelu_inner(x))) / 2,
    ),
    "hard_sigmoid": Activation(
        activation("hard_sigmoid"),
        F.hardsigmoid,
        jax.nn.hard_sigmoid,
        lambda x: _clip(x + 3, 0, 6) / 6,
    ),
    "hard_tanh": Activation(
        activation("hard_tanh"), F.hardtanh, jax.nn.hard_tanh, lambda x: _clip(x, -1, 1)
    ),
    "identity": Activation(
        activation("identity"), lambda x: x.clone(), jax.nn.identity, lambda x: x
    ),
    "leaky_relu": Activation(
        activation("leaky_relu", slope=0.2),
        lambda x: F.leaky_relu(x, 0.2),
        lambda x: jax.nn.leaky_relu(x, 0.2),
        lambda x: _elu(x, mpf(0.2) * x),
    ),
    "mish": Activation(
        activation("mish"), F.mish, jax.nn.mish, lambda x: x * mpmath.tanh(_log1p_exp(x))
    ),
    "relu": Activation(activation("relu"), F.relu, jax.nn.relu, lambda x: max(x, 0)),
    "relu6": Activation(activation("relu6"), F.relu6, jax.nn.relu6, lambda x: _clip(x, 0, 6)),
    "selu": Activation(
        activation("selu"),
        F.selu,
        jax.nn.selu,
        lambda x: _elu(mpf(SCALE) * x, mpf(SCALE_ALPHA) * mpmath.expm1(x)),
    ),
    "sigmoid": Activation(
        activation("sigmoid"), torch.sigmoid, jax.nn.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x))
    ),
    "silu": Activation(activation("silu"), F.silu, jax.nn.silu, lambda x: x / (1 + mpmath.exp(-x))),
    "softplus": Activation(activation("softplus"), F.softplus, jax.nn.softplus, _log1p_exp),
    "softplus with beta": Activation(
        activation("softplus", beta=3.0),
        lambda x: F.softplus(x, beta=3.0),
        lambda x: jax.nn.softplus(3.0 * x) / 3.0,
        lambda x: _log1p_exp(3 * x) / 3,
    ),
    "softsign": Activation(
        activation("softsign"), F.softsign, jax.nn.soft_sign, lambda x: x / (1 + abs(x))
    ),
    "tanh": Activation(activation("tanh"), torch.tanh, jnp.tanh, mpmath.tanh),
}
LAYERS = {
    "log_softmax": (torch.log_softmax, jax.nn.log_softmax),
    "softmax": (torch.softmax, jax.nn.softmax),
}

POINTS = [
    *(x / 8 + 0.01 for x in range(-320, 321)),
    *(0.0, 1.0, -1.0, 3.0, -3.0, 6.0, 1e-300, -1e-300, 1e-8, -1e-8, 20.5, 37.0, -37.0),
    *(100.0, -100.0, 372.5, -372.5, 700.0, -700.0, 710.0, -710.0, 1e6, -1e6),
]

# Where there is nothing to compare: infinite, or below 2.2e-308, where digits are lost by all.
LEFT_OUT: dict[str, Callable[[float], bool]] = {
    "exponential": lambda x: x > 700,
    "gelu": lambda x: -39 < x < -37.5,
    "gelu with tanh": lambda x: -22 < x < -21,
}

# Where a peer has another derivative at a kink: its own. Ours is PyTorch's.
CONVENTIONS = {
    ("jax", "leaky_relu", 0.0): 1.0,
    ("jax", "hard_tanh", 1.0): 1.0,
    ("jax", "hard_tanh", -1.0): 1.0,
}


@dataclass(frozen=True)
class Loss:
    """Where a peer has lost digits: of what, where, and why."""

    peer: str
    name: str
    what: str
    where: Callable[[float], bool]
    why: str


FLUSHED = "numbers below 2.2e-308 become 0"
FROM_VALUE = "the derivative is computed from a value that has rounded to its limit"
OVERFLOW = "e**710 is infinite, and 1 divided by that 0"

LOSSES = [
    # PyTorch
    Loss("torch", "celu", "slope", lambda x: x <= 0, "1 / alpha is a float32"),
    Loss("torch", "gelu", "value", lambda x: x < -4, "1 + erf(v / sqrt(2))"),
    Loss("torch", "gelu", "slope", lambda x: x < -4, "1 + erf(v / sqrt(2))"),
    Loss("torch", "gelu with tanh", "value", lambda x: x < -3.5, "1 + tanh(u)"),
    Loss("torch", "gelu with tanh", "slope", lambda x: x < -3.5, "1 + tanh(u)"),
    Loss("torch", "hard_sigmoid", "slope", lambda x: -3 < x < 3, "1 / 6 is a float32"),
    Loss("torch", "mish", "slope", lambda x: x == -710, OVERFLOW),
    Loss("torch", "sigmoid", "value", lambda x: x == -710, OVERFLOW),
    Loss("torch", "sigmoid", "slope", lambda x: x == -710 or x > 9, FROM_VALUE),
    Loss("torch", "silu", "value", lambda x: x == -710, OVERFLOW),
    Loss("torch", "silu", "slope", lambda x: x == -710, OVERFLOW),
    Loss("torch", "softplus", "value", lambda x: x > 20, "it is v from v = 20 on"),
    Loss("torch", "softplus", "slope", lambda x: x > 20, "it is v from v = 20 on"),
    Loss("torch", "softplus with beta", "value", lambda x: 3 * x > 20, "it is v from there on"),
    Loss("torch", "softplus with beta", "slope", lambda x: 3 * x > 20, "it is v from there on"),
    Loss("torch", "softsign", "slope", lambda x: abs(x) == 1e6, "1 / d - v / d**2"),
    Loss("torch", "tanh", "slope", lambda x: abs(x) > 4, FROM_VALUE),
    # JAX
    Loss("jax", "celu", "slope", lambda x: x < -7, FROM_VALUE),
    Loss("jax", "elu", "slope", lambda x: x < -9, FROM_VALUE),
    Loss("jax", "exponential", "value", lambda x: x == -710, FLUSHED),
    Loss("jax", "exponential", "slope", lambda x: x == -710, FLUSHED),
    Loss("jax", "gelu with tanh", "value", lambda x: x < -3.5, "1 + tanh(u)"),
    Loss("jax", "gelu with tanh", "slope", lambda x: x < -3.5, "1 + tanh(u)"),
    Loss("jax", "mish", "value", lambda x: x == -710, FLUSHED),
    Loss("jax", "mish", "slope", lambda x: x == -710, FLUSHED),
    Loss("jax", "selu", "slope", lambda x: x < -9, FROM_VALUE),
    Loss("jax", "sigmoid", "value", lambda x: x == -710, FLUSHED),
    Loss("jax", "sigmoid", "slope", lambda x: x == -710 or x > 9, FROM_VALUE),
    Loss("jax", "silu", "value", lambda x: x == -710, FLUSHED),
    Loss("jax", "silu", "slope", lambda x: x == -710, FLUSHED),
    Loss("jax", "softplus", "value", lambda x: x == -710, FLUSHED),
    Loss("jax", "softplus", "slope", lambda x: x == -710, FLUSHED),
    Loss("jax", "softsign", "slope", lambda x: abs(x) == 1e6, "1 / d - v / d**2"),
    Loss("jax", "tanh", "slope", lambda x: abs(x) > 4, FROM_VALUE),
]


def near(found: float, expected: Any) -> bool:
    """Whether a float has the digits of another number; of subnormals it has fewer."""
    return bool(abs(mpf(found) - expected) <= TOLERANCE * abs(expected) + mpf(2) ** -1073)


def ours(name: str, x: float) -> dict[str, float]:
    v = Valor(x)
    y = ACTIVATIONS[name].ours.formula(v)
    y.propagar_tudo()
    return {"value": y.data, "slope": v.grad}


def theirs(peer: str, name: str, x: float) -> dict[str, float]:
    if peer == "jax":
        value, slope = jax.value_and_grad(ACTIVATIONS[name].jax)(x)
        return {"value": float(value), "slope": float(slope)}
    given = torch.tensor(x, requires_grad=True)
    result = ACTIVATIONS[name].torch(given)
    (slope,) = torch.autograd.grad(result, given)
    return {"value": result.item(), "slope": slope.item()}


def exact(name: str, x: float, what: str) -> Any:
    """Return mpmath's answer, from the definition alone."""
    with mpmath.workdps(60 + min(700, int(20 * abs(x)))):
        definition = ACTIVATIONS[name].exact
        return definition(mpf(x)) if what == "value" else mpmath.diff(definition, mpf(x))


def nowhere(x: float) -> bool:
    return False


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_derivatives(name: str, peer: str) -> None:
    losses = {loss.what: loss.where for loss in LOSSES if (loss.peer, loss.name) == (peer, name)}
    lost = set()
    for x in POINTS:
        if name in LEFT_OUT and LEFT_OUT[name](x):
            continue
        found, expected = ours(name, x), theirs(peer, name, x)
        if (peer, name, x) in CONVENTIONS:
            assert expected["slope"] == CONVENTIONS[peer, name, x] != found["slope"]
            assert found["slope"] == theirs("torch", name, x)["slope"]
            del found["slope"]
        for what, number in found.items():
            if near(number, expected[what]):
                continue
            assert losses.get(what, nowhere)(x), f"{what} at {x}: {number} and {expected[what]}"
            truth = exact(name, x, what)
            assert near(number, truth), f"{what} at {x}: {number}, mpmath {truth}"
            assert not near(expected[what], truth), f"{what} at {x}"
            lost.add(what)
    assert lost == set(losses)


def test_every_activation_is_compared() -> None:
    bundled = {path.rpartition(".")[2] for path in BUNDLED if ".activations." in path}
    assert {record.ours.name for record in ACTIVATIONS.values()} | set(LAYERS) == bundled


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_definitions_for_mpmath_are_those_of_ours(name: str) -> None:
    for x in (-5.3, -1.4, -0.2, 0.7, 2.2, 6.5):
        for what, number in ours(name, x).items():
            assert near(number, exact(name, x, what))


# Layers

ORDINARY = [
    [0.3],
    [1.0, 2.0],
    [0.5, 0.5],
    [-3.0, 1.5, 0.25, 1.5],
    [2.0, 2.0, 2.0],
    [0.1, -0.2, 3.0, 1.0, -4.0, 2.0],
    [710.0, 709.0, 708.5],
    [-710.0, -710.0],
    [37.0, 37.0, -37.0],
    [1e6, 1e6 - 1, 1e6 + 1],
]
CERTAIN = [[0.0, 40.0], [710.0, 0.0, 0.0], [-710.0, 0.0], [50.0, -50.0, 100.0]]


def layer_of_ours(name: str, numbers: Sequence[float]) -> list[tuple[float, ...]]:
    """Return each output with its derivatives by all inputs."""
    rows = []
    for position in range(len(numbers)):
        inputs = [Valor(x) for x in numbers]
        output = activation(name).formula(inputs)[position]
        output.propagar_tudo()
        rows.append((output.data, *(v.grad for v in inputs)))
    return rows


def layer_of_theirs(peer: str, name: str, numbers: Sequence[float]) -> list[tuple[float, ...]]:
    by_torch, by_jax = LAYERS[name]
    if peer == "jax":
        values = by_jax(jnp.array(numbers)).tolist()
        slopes = jax.jacrev(by_jax)(jnp.array(numbers)).tolist()
    else:
        given = torch.tensor(numbers)
        values = by_torch(given, 0).tolist()
        slopes = torch.autograd.functional.jacobian(lambda x: by_torch(x, 0), given).tolist()
    return [(value, *row) for value, row in zip(values, slopes, strict=True)]


def layer_of_mpmath(name: str, numbers: Sequence[float]) -> list[tuple[Any, ...]]:
    with mpmath.workdps(700):
        exponentials = [mpmath.exp(mpf(x)) for x in numbers]
        p = [e / mpmath.fsum(exponentials) for e in exponentials]
        rows = []
        for i, probability in enumerate(p):
            factor = probability if name == "softmax" else 1
            slopes = [factor * ((i == j) - other) for j, other in enumerate(p)]
            value = probability if name == "softmax" else mpmath.log(probability)
            rows.append((value, *slopes))
        return rows


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("numbers", ORDINARY, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str, numbers: list[float], peer: str) -> None:
    for found, expected in zip(
        layer_of_ours(name, numbers), layer_of_theirs(peer, name, numbers), strict=True
    ):
        assert list(found) == pytest.approx(list(expected), rel=TOLERANCE, abs=1e-16)


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("numbers", CERTAIN, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_where_one_is_certain_peers_lose_what_is_left(
    name: str, numbers: list[float], peer: str
) -> None:
    # They compute p (1 - p), 1 - p, or log(1 + a very small number): nothing is left of them.
    lost = 0
    for found, expected, truth in zip(
        layer_of_ours(name, numbers),
        layer_of_theirs(peer, name, numbers),
        layer_of_mpmath(name, numbers),
        strict=True,
    ):
        for number, other, true in zip(found, expected, truth, strict=True):
            assert near(number, true)
            assert other == pytest.approx(float(true), rel=TOLERANCE, abs=3e-16)
            lost += not near(other, true)
    assert lost


@pytest.mark.parametrize("name", LAYERS)
def test_ties_are_shared_as_the_peers_share_them(name: str) -> None:
    for numbers in itertools.product((1.0, 2.0), repeat=3):
        for peer in PEERS:
            for found, expected in zip(
                layer_of_ours(name, numbers), layer_of_theirs(peer, name, numbers), strict=True
            ):
                assert list(found) == pytest.approx(list(expected), rel=TOLERANCE, abs=1e-16)


def test_an_input_that_is_not_finite_gives_what_the_peers_give() -> None:
    for name, (by_torch, _) in LAYERS.items():
        values = by_torch(torch.tensor([0.0, math.nan]), 0).tolist()
        assert all(map(math.isnan, values))
        assert all(math.isnan(row[0]) for row in layer_of_ours(name, [0.0, math.nan]))
