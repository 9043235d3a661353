"""What is timed: two networks, with the same data and first weights for every contestant."""

import itertools
import math
import random
from dataclasses import dataclass

Rows = list[list[float]]


@dataclass(frozen=True)
class Workload:
    """A full-batch descent on the sum of squared errors.

    Attributes:
        widths: inputs, then neurons of each layer.
        activations: "sigmoid", "tanh" or "identity", one a layer.
        inputs, targets: the samples.
        learning_rate: the step's.
    """

    widths: tuple[int, ...]
    activations: tuple[str, ...]
    inputs: Rows
    targets: list[float]
    learning_rate: float

    def weights(self) -> list[float]:
        """Return the first weights, neuron by neuron, the bias last."""
        generator = random.Random(3)
        layers = itertools.pairwise(self.widths)
        count = sum((inputs + 1) * width for inputs, width in layers)
        return [generator.uniform(-1, 1) for _ in range(count)]


def two_moons(count: int) -> tuple[Rows, list[float]]:
    """Return points on two half circles that reach into each other, with a little noise."""
    generator = random.Random(7)
    inputs, targets = [], []
    for number in range(count):
        angle = math.pi * (number // 2) / (count // 2 - 1)
        upper = number % 2 == 0
        across, up = math.cos(angle), math.sin(angle)
        point = (across, up) if upper else (1 - across, 0.5 - up)
        inputs.append([coordinate + generator.gauss(0, 0.1) for coordinate in point])
        targets.append(1.0 if upper else -1.0)
    return inputs, targets


WORKLOADS = {
    # The lesson's network on its four samples.
    "W1": Workload(
        widths=(3, 3, 2, 1),
        activations=("sigmoid", "sigmoid", "sigmoid"),
        inputs=[[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]],
        targets=[1.0, 0.0, 0.2, 0.5],
        learning_rate=0.01,
    ),
    # A graph of 66,000 scalars, at which the lesson's reference cycles keep the collector busy.
    "W2": Workload(
        widths=(2, 16, 16, 1),
        activations=("tanh", "tanh", "identity"),
        inputs=two_moons(100)[0],
        targets=two_moons(100)[1],
        learning_rate=0.001,
    ),
}
