"""Each bundled loss and penalty: the native engine trains with it to eager's bits, on its own."""

import random
from typing import Any

import pytest

import valor_plugins.engines.native.program as native_program
from valor import EAGER, MLP, Trainer, loss, optimizer, penalty

pytestmark = pytest.mark.once

SAMPLES = 13

# The loss, the activation before it, and what its targets are.
LOSSES: list[tuple[str, dict[str, Any], str, str]] = [
    ("binary_cross_entropy", {}, "sigmoid", "labels"),
    ("binary_cross_entropy", {}, "sigmoid", "shares"),
    ("binary_cross_entropy_from_logits", {}, "identity", "labels"),
    ("binary_cross_entropy_from_logits", {}, "identity", "shares"),
    ("categorical_cross_entropy", {}, "softmax", "one of all"),
    ("categorical_cross_entropy", {}, "softmax", "distribution"),
    ("categorical_cross_entropy", {}, "sigmoid", "labels"),
    ("categorical_cross_entropy_from_logits", {}, "identity", "one of all"),
    ("categorical_cross_entropy_from_logits", {}, "identity", "distribution"),
    ("hinge", {}, "identity", "labels"),
    ("hinge", {}, "identity", "signs"),
    ("huber", {}, "identity", "numbers"),
    ("huber", {"delta": 0.3}, "tanh", "numbers"),
    ("kullback_leibler", {}, "softmax", "distribution"),
    ("kullback_leibler", {}, "softmax", "one of all"),
    ("log_cosh", {}, "identity", "numbers"),
    ("mean_absolute_error", {}, "identity", "numbers"),
    ("mean_squared_error", {}, "identity", "numbers"),
    ("poisson", {}, "exponential", "counts"),
    ("poisson", {"log_input": True}, "identity", "counts"),
    ("squared_hinge", {}, "identity", "labels"),
    ("squared_hinge", {}, "identity", "signs"),
    ("sum_squared_error", {}, "identity", "numbers"),
]
# From ordinary parameters; from equal ones, where outputs are tied and at a kink; from large ones,
# where activations saturate and errors are far out.
STARTS = {"ordinary": 1.0, "equal": 0.0, "large": 60.0}


def targets(kind: str, width: int) -> list[list[float]]:
    draw = random.Random(f"{kind} {width}")
    rows = []
    for _ in range(SAMPLES):
        if kind == "labels":
            row = [float(draw.random() < 0.5) for _ in range(width)]
        elif kind == "signs":
            row = [draw.choice([-1.0, 1.0]) for _ in range(width)]
        elif kind == "shares":
            row = [draw.choice([0.0, 1.0, draw.random()]) for _ in range(width)]
        elif kind == "counts":
            row = [float(draw.randrange(5)) for _ in range(width)]
        elif kind == "numbers":
            row = [draw.choice([0.0, draw.uniform(-3, 3)]) for _ in range(width)]
        else:
            at = draw.randrange(width)
            row = [float(k == at) for k in range(width)]
            if kind == "distribution" and width > 1:
                share = draw.choice([0.0, draw.random()])
                row[at], row[at - 1] = 1 - share, share
        rows.append(row)
    return rows


def trained(
    engine: str, given: Any, activation: str, y: list[list[float]], start: str, **around: Any
) -> tuple[Any, list[float]]:
    """Train a network; return the run, and its parameters."""
    model = MLP(3, [4, len(y[0])], activation=["tanh", activation], seed=5)
    for parameter in model.parametros():
        parameter.data *= STARTS[start]
    if given.name == "poisson" and start == "large":  # where an exponential is 0, not infinite
        for neuronio in model.camadas[-1].neuronios:
            neuronio.vies.data = -800.0
    draw = random.Random("inputs")
    x = [[draw.choice([0.0, draw.uniform(-2, 2)]) for _ in range(3)] for _ in y]
    trainer = Trainer(
        model,
        loss=given,
        optimizer=optimizer("gradient_descent", learning_rate=0.05, momentum=0.5),
        engine=engine,
        **around,
    )
    run = trainer.fit(x, y, epochs=12, batch_size=5)
    return run, [parameter.data for parameter in model.parametros()]


def compare(differences: Any, monkeypatch: pytest.MonkeyPatch, *given: Any, **around: Any) -> None:
    monkeypatch.setattr(native_program, "EAGER", differences.counted(EAGER))
    eager, expected = trained("eager", *given, **around)
    native, found = trained("native", *given, **around)
    assert native.engine == "native"
    assert differences.replayed == 0  # no step was left to eager
    losses = list(eager.history["loss"])
    assert list(map(float.hex, native.history["loss"])) == list(map(float.hex, losses))
    assert list(map(float.hex, found)) == list(map(float.hex, expected))
    assert len(losses) == 12


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize(
    ("name", "hyperparameters", "activation", "kind"),
    LOSSES,
    ids=[f"{name}-{kind}" for name, _, _, kind in LOSSES],
)
def test_losses(
    name: str,
    hyperparameters: dict[str, Any],
    activation: str,
    kind: str,
    width: int,
    start: str,
    differences: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = loss(name, **hyperparameters), activation, targets(kind, width), start
    compare(differences, monkeypatch, *given)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("penalties", [["l1"], ["l2"], ["l1", "l2"]])
def test_penalties(
    penalties: list[str],
    width: int,
    start: str,
    differences: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = loss("log_cosh"), "identity", targets("numbers", width), start
    added = [penalty(name, weight=0.03) for name in penalties]
    compare(differences, monkeypatch, *given, penalties=added)


def test_every_bundled_loss_and_penalty_is_here() -> None:
    from valor_plugins import BUNDLED

    names = {module.rpartition(".")[2] for module in BUNDLED if ".losses." in module}
    assert names == {name for name, *_ in LOSSES}
    assert {module for module in BUNDLED if ".penalties." in module} == {
        "valor_plugins.penalties.l1",
        "valor_plugins.penalties.l2",
    }
