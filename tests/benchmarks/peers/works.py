"""What is timed against the peers: networks, data and first weights, the same for everybody.

Everything follows from fixed seeds. W1 to W5 are the five that the goals are stated for; others
show how cost grows, how the time to compile grows, and what other networks cost.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Work:
    """Gradient descent on the sum of squared errors, in float64, batches in the rows' order.

    Attributes:
        name: what it is called.
        widths: inputs, then neurons of each layer.
        activations: "sigmoid", "tanh", "relu", "softplus" or "identity", one a layer.
        inputs, targets: the samples, in rows.
        batch: samples a step; it divides the number of rows.
        rate: the learning rate.
        check: the steps after which losses are compared.
        skips: whether each layer after the first adds its input to its output, all of these
            layers sharing one matrix of weights.
        adam: whether the optimizer is Adam instead of plain descent.
    """

    name: str
    widths: tuple[int, ...]
    activations: tuple[str, ...]
    inputs: Any
    targets: Any
    batch: int
    rate: float
    check: int = 100
    skips: bool = False
    adam: bool = False

    @property
    def batches(self) -> int:
        """How many steps an epoch has."""
        return len(self.inputs) // self.batch

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Inputs and neurons of each layer that has weights of its own."""
        pairs = list(itertools.pairwise(self.widths))
        return [pairs[0], pairs[1], pairs[-1]] if self.skips else pairs

    def weights(self) -> list[tuple[Any, Any]]:
        """Return the first weights, a row a neuron, and biases of each layer."""
        generator = np.random.default_rng(11)
        layers = []
        # Deep networks of large weights are chaotic: roundings alone decide where they end.
        small = max(self.widths) <= 16 and len(self.widths) <= 5 and not self.skips
        for inputs, width in self.shapes:
            reach = 1.0 if small else inputs**-0.5
            layers.append(
                (
                    generator.uniform(-reach, reach, (width, inputs)),
                    generator.uniform(-reach, reach, width),
                )
            )
        return layers

    def flat_weights(self) -> list[float]:
        """Return the first weights neuron by neuron, the bias last: the order of `parametros`."""
        return [
            value
            for weights, biases in self.weights()
            for row, bias in zip(weights.tolist(), biases.tolist(), strict=True)
            for value in (*row, bias)
        ]

    def minibatches(self) -> list[tuple[Any, Any]]:
        """Return inputs and targets of each step of an epoch."""
        shape = self.batches, self.batch, -1
        return list(zip(self.inputs.reshape(shape), self.targets.reshape(shape), strict=True))


def lesson(samples: int = 4) -> Work:
    """The lesson's network, on its four samples or on random ones."""
    if samples == 4:
        inputs = np.array([[2.0, 3, -1], [3, -1, 0.5], [0.5, 1, 1], [1, 1, -1]])
        targets = np.array([[1.0], [0.0], [0.2], [0.5]])
    else:
        generator = np.random.default_rng(21)
        inputs = generator.normal(size=(samples, 3))
        targets = generator.uniform(size=(samples, 1))
    name = "W1" if samples == 4 else f"W1x{samples}"
    rate = 0.04 / samples
    return Work(name, (3, 3, 2, 1), ("sigmoid",) * 3, inputs, targets, samples, rate)


def moons() -> Work:
    from sklearn.datasets import make_moons

    inputs, side = make_moons(100, noise=0.1, random_state=1)
    activations = "tanh", "tanh", "identity"
    targets = 2.0 * side[:, None] - 1
    return Work("W2", (2, 16, 16, 1), activations, inputs, targets, 100, 1e-3)


def digits() -> Work:
    from sklearn.datasets import load_digits

    data = load_digits()
    inputs, targets = data.data[:1792] / 16, np.eye(10)[data.target[:1792]]
    return Work("W3", (64, 32, 10), ("sigmoid",) * 2, inputs, targets, 64, 2e-2, check=56)


def classes(
    name: str, hidden: Sequence[int], batch: int, rate: float, rows: int = 4096, check: int = 32
) -> Work:
    """Pictures of 784 random points in ten classes: what matters here is their size."""
    generator = np.random.default_rng(31)
    inputs = generator.uniform(size=(rows, 784))
    targets = np.eye(10)[generator.integers(0, 10, rows)]
    activations = ("sigmoid",) * (len(hidden) + 1)
    return Work(name, (784, *hidden, 10), activations, inputs, targets, batch, rate, check)


def network(
    name: str,
    hidden: Sequence[int],
    activation: str = "tanh",
    *,
    samples: int = 100,
    inputs: int = 2,
    rate: float | None = None,
    batch: int | None = None,
    **rest: bool,
) -> Work:
    """A network of one output and any shape, on random samples of a smooth function."""
    generator = np.random.default_rng(41)
    rows = generator.uniform(-1, 1, (samples, inputs))
    targets = np.sin(rows.sum(axis=1, keepdims=True))
    activations = (activation,) * len(hidden) + ("identity",)
    widths, batch = (inputs, *hidden, 1), batch or samples
    return Work(name, widths, activations, rows, targets, batch, rate or 0.01 / batch, 20, **rest)


GOALS: dict[str, Callable[[], Work]] = {
    "W1": lesson,
    "W2": moons,
    "W3": digits,
    "W4": lambda: classes("W4", [128], 64, 1e-2, check=64),
    "W5": lambda: classes("W5", [512, 512], 128, 5e-3),
    "W1x40": lambda: lesson(40),
    "W1x400": lambda: lesson(400),
    "W1x4000": lambda: lesson(4000),
}

SAMPLES = (4, 40, 400, 4_000, 40_000)
WIDTHS = (4, 8, 16, 32, 64, 128, 256)
DEPTHS = (1, 2, 4, 8, 16)

CURVES: dict[str, Callable[[], Work]] = {
    **{f"samples {n}": (lambda n=n: network(f"samples {n}", [8, 8], samples=n)) for n in SAMPLES},
    **{f"width {n}": (lambda n=n: network(f"width {n}", [n, n])) for n in WIDTHS},
    **{f"depth {n}": (lambda n=n: network(f"depth {n}", [16] * n)) for n in DEPTHS},
}

# About 10² to 2·10⁶ scalars a sample.
COMPILED_WIDTHS = (5, 20, 68, 220, 705, 1000)

COMPILED: dict[str, Callable[[], Work]] = {
    f"compile {n}": (lambda n=n: network(f"compile {n}", [n, n], "sigmoid", samples=8))
    for n in COMPILED_WIDTHS
}

OTHERS: dict[str, Callable[[], Work]] = {
    "ten layers of 16, tanh": lambda: network("ten layers of 16, tanh", [16] * 10, rate=1e-5),
    "32-4-4-4-1, tanh": lambda: network("32-4-4-4-1, tanh", [4] * 3, inputs=32),
    "16-16, softplus": lambda: network("16-16, softplus", [16, 16], "softplus"),
    "16-16, relu": lambda: network("16-16, relu", [16, 16], "relu"),
    "48-24, relu, batches of 32": lambda: network(
        "48-24, relu, batches of 32", [48, 24], "relu", inputs=10, samples=320, batch=32
    ),
    "skips and shared weights": lambda: network("skips and shared weights", [12] * 5, skips=True),
    "16-16, tanh, Adam": lambda: network("16-16, tanh, Adam", [16, 16], adam=True, rate=1e-3),
}


@cache
def work(name: str) -> Work:
    """Return a work by its name."""
    return {**GOALS, **CURVES, **COMPILED, **OTHERS}[name]()
