"""Values and gradients beside those of PyTorch and JAX, in float64.

Where the others lose digits (their sigmoid' and tanh' in the tails), mpmath has the last word in
tests/core/test_accuracy.py; here the comparison is of meanings: signs, kinks, special values.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest
import torch

from valor import MLP, Trainer, Valor, functions, optimizer

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

nan = math.nan

# Ours, PyTorch's, JAX's.
UNARY: dict[str, tuple[Any, Any, Any]] = {
    "exp": (functions.exp, torch.exp, jnp.exp),
    "expm1": (functions.expm1, torch.expm1, jnp.expm1),
    "log": (functions.log, torch.log, jnp.log),
    "log1p": (functions.log1p, torch.log1p, jnp.log1p),
    "sqrt": (functions.sqrt, torch.sqrt, jnp.sqrt),
    "sin": (functions.sin, torch.sin, jnp.sin),
    "cos": (functions.cos, torch.cos, jnp.cos),
    "tanh": (functions.tanh, torch.tanh, jnp.tanh),
    "sig": (functions.sig, torch.sigmoid, jax.nn.sigmoid),
    "softplus": (
        functions.softplus,
        lambda x: torch.logaddexp(x, torch.zeros_like(x)),
        jax.nn.softplus,
    ),
    "erf": (functions.erf, torch.erf, jax.scipy.special.erf),
    "erfc": (functions.erfc, torch.erfc, jax.scipy.special.erfc),
    "absolute": (functions.absolute, torch.abs, jnp.abs),
    "negative": (lambda x: -x, torch.neg, jnp.negative),
    "x ** 2": (lambda x: x**2, lambda x: x**2, lambda x: x**2),
    "x ** 3": (lambda x: x**3, lambda x: x**3, lambda x: x**3),
    "x ** -1": (lambda x: x**-1, lambda x: x**-1, lambda x: x**-1),
    "x ** 0.5": (lambda x: x**0.5, lambda x: x**0.5, lambda x: x**0.5),
    "x ** 2.4": (lambda x: x**2.4, lambda x: x**2.4, lambda x: x**2.4),
    "x ** 0": (lambda x: x**0, lambda x: x**0, lambda x: x**0),
    "2 ** x": (lambda x: 2**x, lambda x: 2**x, lambda x: 2.0**x),
    "clip": (
        lambda x: functions.clip(x, -1.0, 1.0),
        lambda x: torch.clamp(x, -1.0, 1.0),
        lambda x: jnp.clip(x, -1.0, 1.0),
    ),
    "where": (
        lambda x: functions.where(x > 0, functions.sqrt(x), 0.1 * x),
        lambda x: torch.where(x > 0, torch.sqrt(x.clamp(min=1e-301)), 0.1 * x),
        lambda x: jnp.where(x > 0, jnp.sqrt(jnp.maximum(x, 1e-301)), 0.1 * x),
    ),
}
BINARY: dict[str, tuple[Any, Any, Any]] = {
    "add": (lambda a, b: a + b, torch.add, jnp.add),
    "subtract": (lambda a, b: a - b, torch.sub, jnp.subtract),
    "multiply": (lambda a, b: a * b, torch.mul, jnp.multiply),
    "divide": (lambda a, b: a / b, torch.div, jnp.divide),
    "power": (lambda a, b: a**b, torch.pow, jnp.power),
    "maximum": (functions.maximum, torch.maximum, jnp.maximum),
    "minimum": (functions.minimum, torch.minimum, jnp.minimum),
}
POINTS = [
    *(x / 8 + 0.01 for x in range(-40, 41)),
    *(1e-300, -1e-300, 1e-8, -1e-8, 0.0, 1.0, -1.0, 3.0, 20.5, -20.5, 37.0, -37.0, 300.0, -300.0),
]
PAIRS = [
    *((a / 4 + 0.1, b / 4 - 0.2) for a in range(-8, 9) for b in range(-8, 9)),
    *((2.0, 2.0), (0.0, 2.0), (0.0, 0.0), (1.5, 0.0), (-3.0, -3.0), (1e-9, 5.0), (0.0, -1.0)),
]
PEERS = ("torch", "jax")


def ours(formula: Callable[..., Any], numbers: tuple[float, ...]) -> tuple[float, ...]:
    """Return the value and the gradient by each argument."""
    arguments = [Valor(x) for x in numbers]
    result = formula(*arguments)
    result.propagar_tudo()
    return (result.data, *(argument.grad for argument in arguments))


def torchs(formula: Callable[..., Any], numbers: tuple[float, ...]) -> tuple[float, ...]:
    arguments = [torch.tensor(x, requires_grad=True) for x in numbers]
    result = formula(*arguments)
    slopes = torch.autograd.grad(result, arguments, allow_unused=True)
    return (result.item(), *(0.0 if slope is None else slope.item() for slope in slopes))


def jaxs(formula: Callable[..., Any], numbers: tuple[float, ...]) -> tuple[float, ...]:
    value, slopes = jax.value_and_grad(formula, tuple(range(len(numbers))))(*numbers)
    return (float(value), *map(float, slopes))


def theirs(peer: str, formulas: tuple[Any, Any, Any], numbers: tuple[float, ...]) -> Any:
    return torchs(formulas[1], numbers) if peer == "torch" else jaxs(formulas[2], numbers)


# Where a peer means something else, and why ours is as it is.
DIFFERENCES = {
    # JAX takes the slope from the right; PyTorch, and we, the middle of both.
    ("jax", "absolute", (0.0,)): (0.0, 1.0),
    # JAX's clip is a maximum and a minimum, which share a gradient; PyTorch, and we, keep it whole.
    ("jax", "clip", (-1.0,)): (-1.0, 0.5),
    ("jax", "clip", (1.0,)): (1.0, 0.5),
    # 0 ** 0 is 1 and its gradient by the base 0, as that of x ** 0; JAX computes 0 * (1 / 0).
    ("jax", "power", (0.0, 0.0)): (1.0, nan, 0.0),
    # The slope of 0 ** b by b is infinite below 0, for PyTorch as for us.
    ("jax", "power", (0.0, -1.0)): (math.inf, -math.inf, nan),
}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_values_and_gradients(name: str, peer: str) -> None:
    formulas = {**UNARY, **BINARY}[name]
    for numbers in [(x,) for x in POINTS] if name in UNARY else PAIRS:
        found, expected = ours(formulas[0], numbers), theirs(peer, formulas, numbers)
        # The peers' 1 - t*t and s*(1 - s) are this far from the truth.
        same = pytest.approx(expected, rel=2e-13, abs=1e-15, nan_ok=True)
        if (peer, name, numbers) in DIFFERENCES:
            other = DIFFERENCES[peer, name, numbers]
            assert expected == pytest.approx(other, nan_ok=True), numbers
            assert found != same, numbers
        else:
            assert found == same, numbers


@pytest.mark.parametrize("peer", PEERS)
def test_the_branch_not_taken_gets_0(peer: str) -> None:
    # With a finite derivative in the branch not taken, all agree ...
    safe = (
        lambda x: functions.where(x > 0, functions.exp(x), 3 * x),
        lambda x: torch.where(x > 0, torch.exp(x), 3 * x),
        lambda x: jnp.where(x > 0, jnp.exp(x), 3 * x),
    )
    for x in (-1.0, 0.0, 2.0):
        assert ours(safe[0], (x,)) == pytest.approx(theirs(peer, safe, (x,)), rel=1e-15)
    # ... with an infinite one, ours stays 0 while theirs is lost to 0 * inf.
    unsafe = (
        lambda x: functions.where(x > 0, functions.sqrt(x), 3 * x),
        lambda x: torch.where(x > 0, torch.sqrt(x), 3 * x),
        lambda x: jnp.where(x > 0, jnp.sqrt(x), 3 * x),
    )
    assert ours(unsafe[0], (0.0,)) == (0.0, 3.0)
    assert math.isnan(theirs(peer, unsafe, (0.0,))[1])


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        ("maximum", (3.0, 3.0), (3.0, 0.5, 0.5)),
        ("minimum", (3.0, 3.0), (3.0, 0.5, 0.5)),
        ("maximum", (0.0, 0.0), (0.0, 0.5, 0.5)),
        ("maximum", (3.0, nan), (nan, None, None)),
        ("minimum", (nan, 3.0), (nan, None, None)),
    ],
)
def test_ties_and_nan(
    name: str, numbers: tuple[float, float], expected: tuple[Any, ...], peer: str
) -> None:
    for result in (ours(BINARY[name][0], numbers), theirs(peer, BINARY[name], numbers)):
        known = [pair for pair in zip(result, expected, strict=True) if pair[1] is not None]
        assert all(a == pytest.approx(b, nan_ok=True) for a, b in known)


# Training

X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
Y = [1.0, 0.0, 0.2, 0.5]
STEPS = 200


def network_of(mlp: MLP, activation: torch.nn.Module) -> torch.nn.Sequential:
    """Return PyTorch's network with the same weights."""
    layers: list[torch.nn.Module] = []
    for camada in mlp.camadas:
        pesos = torch.tensor([[p.data for p in n.pesos] for n in camada.neuronios])
        linear = torch.nn.Linear(pesos.shape[1], pesos.shape[0])
        with torch.no_grad():
            linear.weight.copy_(pesos)
            linear.bias.copy_(torch.tensor([n.vies.data for n in camada.neuronios]))
        layers += [linear, activation]
    return torch.nn.Sequential(*layers)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
@pytest.mark.parametrize(
    ("loss", "reduction"), [("sum_squared_error", "sum"), ("mean_squared_error", "mean")]
)
@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": 0.05},
        {"learning_rate": 0.05, "momentum": 0.9},
        {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True},
    ],
    ids=["plain", "momentum", "nesterov"],
)
def test_training_beside_torch(
    options: dict[str, Any], loss: str, reduction: str, activation: str
) -> None:
    mlp = MLP(3, [3, 2, 1], activation=activation, seed=4)
    peer = network_of(mlp, torch.nn.Sigmoid() if activation == "sigmoid" else torch.nn.Tanh())
    sgd = torch.optim.SGD(
        peer.parameters(),
        lr=options["learning_rate"],
        momentum=options.get("momentum", 0.0),
        nesterov=options.get("nesterov", False),
    )
    losses = []
    for _ in range(STEPS):
        sgd.zero_grad()
        error = torch.nn.functional.mse_loss(
            peer(torch.tensor(X))[:, 0], torch.tensor(Y), reduction=reduction
        )
        error.backward()
        sgd.step()
        losses.append(error.item())

    trainer = Trainer(mlp, loss=loss, optimizer=optimizer("gradient_descent", **options))
    run = trainer.fit(X, Y, epochs=STEPS)
    assert losses[-1] < losses[0] / 1.1
    assert list(run.history["loss"]) == pytest.approx(losses, rel=1e-12)
    linears = [layer for layer in peer if isinstance(layer, torch.nn.Linear)]
    for camada, linear in zip(mlp.camadas, linears, strict=True):
        rows = zip(linear.weight.tolist(), linear.bias.tolist(), strict=True)
        for neuronio, (row, bias) in zip(camada.neuronios, rows, strict=True):
            assert [p.data for p in neuronio.pesos] == pytest.approx(row, rel=1e-12)
            assert neuronio.vies.data == pytest.approx(bias, rel=1e-12)


def test_one_step_beside_jax() -> None:
    mlp = MLP(3, [4, 2], activation="tanh", seed=1)
    first = [
        (
            jnp.array([[p.data for p in n.pesos] for n in camada.neuronios]),
            jnp.array([n.vies.data for n in camada.neuronios]),
        )
        for camada in mlp.camadas
    ]

    def total(layers: Any) -> Any:
        values = jnp.array(X)
        for pesos, vies in layers:
            values = jnp.tanh(values @ pesos.T + vies)
        return jnp.sum((values - jnp.array([[y, -y] for y in Y])) ** 2)

    value, slopes = jax.value_and_grad(total)(first)
    run = Trainer(mlp, optimizer=optimizer("gradient_descent", learning_rate=0.1)).fit(
        X, [[y, -y] for y in Y], epochs=1
    )
    assert run.history["loss"][0] == pytest.approx(float(value), rel=1e-14)
    for camada, (pesos, vies), (by_pesos, by_vies) in zip(mlp.camadas, first, slopes, strict=True):
        for at, neuronio in enumerate(camada.neuronios):
            moved = pesos[at] - 0.1 * by_pesos[at]
            assert [p.data for p in neuronio.pesos] == pytest.approx(moved.tolist(), rel=1e-13)
            assert neuronio.vies.data == pytest.approx(
                float(vies[at] - 0.1 * by_vies[at]), rel=1e-13
            )
