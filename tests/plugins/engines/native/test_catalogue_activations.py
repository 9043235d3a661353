"""Each bundled activation: the native engine trains with it to eager's bits, on its own."""

import random
from typing import Any

import pytest

import valor_plugins.engines.native.program as native_program
from valor import EAGER, MLP, Trainer, activation, optimizer
from valor_plugins import BUNDLED

pytestmark = pytest.mark.once

ACTIVATIONS: list[tuple[str, dict[str, Any]]] = [
    ("celu", {}),
    ("celu", {"alpha": 0.7}),
    ("elu", {}),
    ("elu", {"alpha": 0.7}),
    ("exponential", {}),
    ("gelu", {}),
    ("gelu", {"tanh_approximation": True}),
    ("hard_sigmoid", {}),
    ("hard_tanh", {}),
    ("identity", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"slope": 0.0}),
    ("log_softmax", {}),
    ("mish", {}),
    ("relu", {}),
    ("relu6", {}),
    ("selu", {}),
    ("sigmoid", {}),
    ("silu", {}),
    ("softmax", {}),
    ("softplus", {}),
    ("softplus", {"beta": 3.0}),
    ("softsign", {}),
    ("tanh", {}),
]
# What parameters are multiplied by, and the learning rate, with which none of them diverges:
# ordinary ones; zeros, where sums are tied and at a kink; and large ones, where sums reach the flat
# parts, and with them exponentials that are 0 or cancel.
STARTS = {"ordinary": (1.0, 1e-4), "zero": (0.0, 1e-2), "large": (300.0, 1e-18)}
SAMPLES = 11


def trained(
    engine: str, name: str, hyperparameters: dict[str, Any], start: str, widths: list[int]
) -> tuple[Any, list[float]]:
    """Train a network that has the activation in every layer; return the run, and parameters."""
    record = activation(name, **hyperparameters)
    scale, rate = STARTS[start]
    model = MLP(3, widths, activation=record, seed=2)
    draw = random.Random(f"{name} {widths}")
    for parameter in model.parametros():
        parameter.data *= scale
    if name == "exponential":
        for parameter in model.parametros():  # above 709.78, it would end the run
            parameter.data = -abs(parameter.data)
    x = [[draw.choice([0.0, draw.uniform(0, 2)]) for _ in range(3)] for _ in range(SAMPLES)]
    y = [[draw.uniform(-1, 1) for _ in range(widths[-1])] for _ in x]
    trainer = Trainer(
        model,
        loss="mean_squared_error",
        optimizer=optimizer("gradient_descent", learning_rate=rate, momentum=0.5),
        engine=engine,
    )
    run = trainer.fit(x, y, epochs=10, batch_size=4)
    return run, [parameter.data for parameter in model.parametros()]


@pytest.mark.parametrize("widths", [[4, 1], [17, 5, 3]], ids=str)
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(("name", "hyperparameters"), ACTIVATIONS, ids=str)
def test_activations(
    name: str,
    hyperparameters: dict[str, Any],
    start: str,
    widths: list[int],
    differences: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(native_program, "EAGER", differences.counted(EAGER))
    given = name, hyperparameters, start, widths
    eager, expected = trained("eager", *given)
    native, found = trained("native", *given)
    assert (eager.engine, native.engine) == ("eager", "native")
    assert differences.replayed == 0  # no step was left to eager
    losses = list(eager.history["loss"])
    assert list(map(float.hex, native.history["loss"])) == list(map(float.hex, losses))
    assert list(map(float.hex, found)) == list(map(float.hex, expected))
    assert len(losses) == 10


def test_every_bundled_activation_is_here() -> None:
    names = {module.rpartition(".")[2] for module in BUNDLED if ".activations." in module}
    assert names == {name for name, _ in ACTIVATIONS}
