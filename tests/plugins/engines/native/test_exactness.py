"""The native engine gives the bits of the visible graph: random networks, batches, optimizers."""

import random
from typing import Any

from valor import MLP, Activation, Valor
from valor.functions import clip, erf, exp, log1p, maximum, softplus, sqrt, tanh, where

ACTIVATIONS = (
    "identity",
    "relu",
    "sigmoid",
    "tanh",
    Activation("leaky", lambda v: where(v > 0, v, 0.01 * v)),
    Activation("swish", lambda v: v * v.sig()),
    Activation("gelu", lambda v: 0.5 * v * (1 + erf(v / 2**0.5))),
    Activation("elu", lambda v: where(v > 0, v, v.expm1())),
    Activation("squareplus", lambda v: (v + sqrt(v * v + 4)) / 2),
    Activation("mish", lambda v: v * tanh(softplus(v))),
    Activation("soft_sign", lambda v: v / (1 + abs(v))),
    Activation("hard", lambda v: clip(v * 0.2 + 0.5, 0, 1)),
    Activation("relu_by_maximum", lambda v: maximum(v, 0)),
    Activation("relu_squared", lambda v: maximum(0, v) ** 2),
    Activation("log", lambda v: where(v > 0, 1, -1) * log1p(abs(v))),
)


def softmax(values: list[Valor]) -> list[Valor]:
    exponentials = [exp(clip(v, -30, 30)) for v in values]
    total = sum(exponentials[1:], exponentials[0])
    return [e / total for e in exponentials]


LAYERS = (Activation("softmax", softmax, over="layer"),)


def network(seed: int) -> tuple[MLP, tuple[int, int], int]:
    """Draw a network; return it, its shape, and about how many scalars a sample has."""
    r = random.Random(f"network {seed}")
    depth = r.choice([1, 1, 2, 2, 2, 3, 3, 4, 5, 6])
    widest = r.choice([3, 3, 6, 6, 12, 20, 40]) if depth < 4 else r.choice([2, 4, 8])
    inputs, *widths = (r.randint(1, widest) for _ in range(depth + 1))
    if r.random() < 0.5:
        widths[-1] = 1
    activations: list[Any] = [r.choice(ACTIVATIONS) for _ in widths]
    for k, width in enumerate(widths):
        if width > 1 and r.random() < 0.1:
            activations[k] = LAYERS[0]
    model = MLP(inputs, widths, activation=activations, seed=seed)
    sizes = zip([inputs, *widths], widths, strict=False)
    return model, (inputs, widths[-1]), sum(12 * n + 4 * m * n for m, n in sizes)


def test_networks(cases: Any, around: Any, exact: Any) -> None:
    failures = {}
    for seed in cases(60):

        def make(seed: int = seed) -> Any:
            model, shape, cost = network(seed)
            given = around(seed)
            given.freeze(model.parametros())
            return model, given.loss(shape[1]), given.optimizer(), given.plan(shape, cost=cost)

        draw = around(-seed - 1)
        failures[seed] = exact(make, draw.calls(), draw.change())
    assert {seed: text for seed, text in failures.items() if text} == {}
