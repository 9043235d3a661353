"""gradient_descent: plain, with Polyak's momentum, and with Nesterov's.

The numbers were worked out on paper from the recurrences

    v(n) = m v(n-1) + g(n)
    w(n) = w(n-1) - r v(n)                 momentum
    w(n) = w(n-1) - r (g(n) + m v(n))      Nesterov

for f(w) = w**2, whose gradient is 2 w, from w = 1 with r = 1/8 and m = 1/2: powers of two, so that
every step is exact. A weight decay of 1/2 adds w/2 to the gradient.
"""

from typing import Any

import pytest

from valor import MLP, Trainer, Valor, optimizer
from valor.exceptions import HyperparameterError
from valor_plugins.optimizers.gradient_descent import gradient_descent

# (parameter, velocity) after each of three steps; without momentum no velocity is kept
PLAIN = [(3 / 4, 0.0), (9 / 16, 0.0), (27 / 64, 0.0)]
MOMENTUM = [
    (3 / 4, 2.0),  # v = 2, w = 1 - 2/8
    (7 / 16, 5 / 2),  # v = 1 + 3/2, w = 3/4 - 5/16
    (11 / 64, 17 / 8),  # v = 5/4 + 7/8, w = 7/16 - 17/64
]
NESTEROV = [
    (5 / 8, 2.0),  # v = 2, w = 1 - (2 + 1)/8
    (21 / 64, 9 / 4),  # v = 1 + 5/4, w = 5/8 - (5/4 + 9/8)/8
    (69 / 512, 57 / 32),  # v = 9/8 + 21/32, w = 21/64 - (21/32 + 57/64)/8
]
DECAY = [(11 / 16, 0.0), (121 / 256, 0.0), (1331 / 4096, 0.0)]  # w times 1 - 5/16
DECAY_MOMENTUM = [
    (11 / 16, 5 / 2),  # g = v = 5/2, w = 1 - 5/16
    (81 / 256, 95 / 32),  # v = 5/4 + 55/32, w = 11/16 - 95/256
    (131 / 4096, 1165 / 512),  # v = 95/64 + 405/512, w = 81/256 - 1165/4096
]
DECAY_NESTEROV = [
    (17 / 32, 5 / 2),  # g = v = 5/2, w = 1 - (5/2 + 5/4)/8
    (209 / 1024, 165 / 64),  # v = 5/4 + 85/64, w = 17/32 - (85/64 + 165/128)/8
    (913 / 32768, 3685 / 2048),  # v = 165/128 + 1045/2048, w = 209/1024 - (1045/2048 + v/2)/8
]
CASES: list[tuple[dict[str, Any], Any]] = [
    ({}, PLAIN),
    ({"momentum": 0.0}, PLAIN),
    ({"weight_decay": 0.0}, PLAIN),
    ({"nesterov": True}, PLAIN),  # without momentum there is nothing to look ahead to
    ({"momentum": 0.5}, MOMENTUM),
    ({"momentum": 0.5, "nesterov": True}, NESTEROV),
    ({"weight_decay": 0.5}, DECAY),
    ({"weight_decay": 0.5, "momentum": 0.5}, DECAY_MOMENTUM),
    ({"weight_decay": 0.5, "momentum": 0.5, "nesterov": True}, DECAY_NESTEROV),
]


@pytest.mark.parametrize(("hyperparameters", "expected"), CASES)
def test_three_steps_down_a_parabola(hyperparameters: dict[str, Any], expected: Any) -> None:
    w, state = 1.0, (0.0,)
    for step, (parameter, velocity) in enumerate(expected, start=1):
        w, state = gradient_descent(w, 2 * w, state, step, learning_rate=1 / 8, **hyperparameters)
        assert (w, *state) == (parameter, velocity)


@pytest.mark.parametrize(("hyperparameters", "expected"), CASES)
def test_three_steps_of_a_trainer(hyperparameters: dict[str, Any], expected: Any) -> None:
    model = MLP(1, [1], activation="identity")
    weight, bias = model.parametros()
    weight.data, bias.data = 1.0, 0.0
    bias.trainable = False
    descent = optimizer("gradient_descent", learning_rate=1 / 8, **hyperparameters)
    trainer = Trainer(model, optimizer=descent)
    for parameter, _ in expected:
        trainer.fit([1.0], [0.0], epochs=1)
        assert weight.data == parameter


def test_nesterov_looks_ahead() -> None:
    # As Sutskever et al. write it, the gradient is taken where the kept velocity leads:
    # u = m u - r f'(t + m u); t = t + u. The parameter is that point, t + m u.
    r, m = 0.05, 0.9
    t, u = 1.0, 0.0
    w, state = 1.0, (0.0,)
    for step in range(1, 50):
        u = m * u - r * 4 * (t + m * u) ** 3
        t = t + u
        w, state = gradient_descent(
            w, 4 * w**3, state, step, learning_rate=r, momentum=m, nesterov=True
        )
        assert w == pytest.approx(t + m * u, rel=1e-9)


def test_it_is_the_lessons_update() -> None:
    for p, g in ((0.1, 0.7), (-0.3, 1e-9), (5.5, -2.2)):
        assert gradient_descent(p, g, (0.0,), 1, learning_rate=0.01)[0] == p - g * 0.01
    assert optimizer("gradient_descent").hyperparameters == {
        "learning_rate": 0.01,
        "momentum": 0.0,
        "nesterov": False,
        "weight_decay": 0.0,
    }


def test_the_step_number_does_not_matter() -> None:
    results = {gradient_descent(1.0, 2.0, (0.5,), step, momentum=0.9) for step in (1, 2, 1000)}
    assert len(results) == 1


def test_momentum_carries_over_a_flat_place() -> None:
    p, state = gradient_descent(1.0, 0.0, (4.0,), 7, learning_rate=0.25, momentum=0.5)
    assert (p, state) == (1.0 - 0.25 * 2.0, (2.0,))


def test_it_finds_the_least_of_a_parabola() -> None:
    class Parabola:
        def __init__(self) -> None:
            self.w = Valor(-4.0)

        def parametros(self) -> list[Valor]:
            return [self.w]

        def __call__(self, x: Any) -> Valor:
            return self.w

    for hyperparameters, _ in CASES:
        model = Parabola()
        descent = optimizer("gradient_descent", learning_rate=0.1, **hyperparameters)
        Trainer(model, optimizer=descent).fit([0.0], [3.0], epochs=400)
        least = 6 / (2 + hyperparameters.get("weight_decay", 0.0))  # 2 (w - 3) + decay w = 0
        assert model.w.data == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_weight_decay_is_the_penalty_that_the_loss_does_not_show(momentum: float) -> None:
    x, y = [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]], [1.0, 0.0, 0.5]
    ends, losses = [], []
    for weight_decay, penalties in ((0.1, ()), (0.0, [lambda w: 0.05 * w * w])):
        model = MLP(2, [3, 1], activation="tanh", seed=2)
        chosen = optimizer(
            "gradient_descent", learning_rate=0.1, momentum=momentum, weight_decay=weight_decay
        )
        run = Trainer(model, optimizer=chosen, penalties=penalties).fit(x, y, epochs=50)
        ends.append([parameter.data for parameter in model.parametros()])
        losses.append(run.history["loss"][-1])
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)
    assert losses[0] < losses[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", -0.01),
        ("learning_rate", float("inf")),
        ("learning_rate", float("nan")),
        ("learning_rate", "fast"),
        ("momentum", -0.1),
        ("momentum", 1.0),
        ("momentum", float("nan")),
        ("momentum", None),
        ("nesterov", 1),
        ("nesterov", "yes"),
        ("weight_decay", -0.1),
        ("weight_decay", float("inf")),
        ("lr", 0.1),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=f"optimizer 'gradient_descent'.*{name}"):
        optimizer("gradient_descent", **{name: value})
