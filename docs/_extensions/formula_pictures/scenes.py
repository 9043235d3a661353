"""From a record to the curves that show what it does.

A kind has one scene, which shows every record of it alike; what needs other numbers than the rest
of its kind stands in a table here.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from valor import Valor
from valor.contracts import (
    Activation,
    Formula,
    GradientTransform,
    Initializer,
    Loss,
    Optimizer,
    Penalty,
    Schedule,
)

from .svg import Curve, Point, Scene

STEPS = 320  # of a curve


def scene(record: Formula) -> Scene:
    """Return what is to be drawn of a record.

    Raises:
        KeyError: its kind has no scene.
    """
    return SCENES[type(record)](record)


def grid(low: float, high: float) -> list[float]:
    """Return evenly spaced numbers, with both ends."""
    return [low + (high - low) * k / STEPS for k in range(STEPS + 1)]


def bounds(curves: Sequence[Curve], low: float, high: float) -> tuple[float, float]:
    """Return what holds the curves, with some room, and is not beyond two limits."""
    heights = [y for curve in curves for _, y in curve.points if math.isfinite(y)]
    bottom, top = max(low, min(heights)), min(high, max(heights))
    room = 0.06 * (top - bottom) or 0.5
    return bottom - room, top + room


# Activations and penalties: value and derivative


def _value_and_derivative(
    record: Formula, call: Callable[[Valor], Valor], numbers: list[float], name: str
) -> Scene:
    values: list[Point] = []
    slopes: list[Point] = []
    for x in numbers:
        v = Valor(x)
        result = call(v)
        result.propagar_tudo()
        values.append((x, result.data))
        slopes.append((x, v.grad))
    curves = [Curve(slopes, "second", "derivative"), Curve(values, "first", "value")]
    up = bounds(curves, -3.0, 7.0)
    return Scene(curves, (numbers[0], numbers[-1]), up, name)


def activation(record: Activation) -> Scene:
    """Return value and derivative; over a layer, of the first of three sums: v, 0 and 1."""

    def call(v: Valor) -> Valor:
        if record.over == "layer":
            first: Valor = record([v, Valor(0.0), Valor(1.0)])[0]
            return first
        result: Valor = record(v)
        return result

    return _value_and_derivative(record, call, grid(-7.0, 7.0), "v")


def penalty(record: Penalty) -> Scene:
    """Return value and derivative."""
    return _value_and_derivative(record, record, grid(-3.0, 3.0), "parameter")


# Losses


def _probabilities(p: float) -> list[float]:
    return [p, 1.0 - p]


def _logits(p: float) -> list[float]:
    return [p, 0.0]


# Losses over classes, of which there must be two: what the predictions are.
OVER_CLASSES: dict[str, Callable[[float], list[float]]] = {
    "categorical_cross_entropy": _probabilities,
    "categorical_cross_entropy_from_logits": _logits,
    "kullback_leibler": _probabilities,
}


def loss(record: Loss) -> Scene:
    """Return the loss over the prediction, for the targets 0 and 1."""
    predictions = OVER_CLASSES.get(record.name)

    def at(p: float, target: float) -> float:
        if predictions is None:
            return float(record([p], [target]))
        return float(record(predictions(p), _probabilities(target)))

    # Some are meant for probabilities only, and are nan elsewhere.
    low, high = next(
        each
        for each in ((-3.0, 4.0), (0.0, 4.0), (0.0, 1.0))
        if not any(math.isnan(at(p, 1.0)) for p in each)
    )
    curves = [
        Curve([(p, at(p, target)) for p in grid(low, high)], role, f"target {target:g}")
        for target, role in ((1.0, "second"), (0.0, "first"))
    ]
    return Scene(curves, (low, high), bounds(curves, -1.0, 5.0), "prediction")


# What a run is steered by

ACROSS, ALONG = 12.0, 1.0  # how steep the valley's walls and its floor are
START = (-2.5, 1.0)
LONGEST = 150  # steps
# A rate at which all get somewhere; those whose rate by default is larger keep that.
RATE = 0.05


def optimizer(record: Optimizer) -> Scene:
    """Return the path down a valley, (a² + 12 b²) / 2, from its wall to its lowest point."""
    rate = max(RATE, record.hyperparameters["learning_rate"])
    bound = record.bind(learning_rate=rate)
    place = list(START)
    states = [tuple(record.state.values())] * 2
    path = [START]
    for step in range(1, LONGEST + 1):
        slopes = ALONG * place[0], ACROSS * place[1]
        for axis in range(2):
            place[axis], states[axis] = bound(place[axis], slopes[axis], states[axis], step)
        path.append((place[0], place[1]))
    rings = [_ring(height) for height in (0.1, 0.5, 1.5, 4.0, 8.0)]
    label = f"{LONGEST} steps with learning_rate {rate:g}"
    return Scene([*rings, Curve(path, "first", label, marks=True)], (-3.0, 1.5), (-1.3, 1.3), "a")


def _ring(height: float) -> Curve:
    """Return where the valley is so high."""
    a, b = math.sqrt(2 * height / ALONG), math.sqrt(2 * height / ACROSS)
    turns = [math.pi * k / 32 for k in range(65)]
    return Curve([(a * math.cos(turn), b * math.sin(turn)) for turn in turns], "ground")


def schedule(record: Schedule) -> Scene:
    """Return the rate over 3,000 steps, in 100 epochs whose loss falls until the 40th."""
    total, epoch = 3000, 30
    rates: list[Point] = []
    state = dict(record.state)
    for step in range(1, total + 1):
        if not record.state:
            rate = record(step, total)
        elif step % epoch == 1:
            done = step // epoch
            if done and "loss" in state:
                state["loss"] = max(0.2, 1.0 - done / 50)
            rate, after = record(step, total, tuple(state.values()))
            state = dict(zip(state, after, strict=True))
        if step % 10 in (0, 1):  # both sides of where it may jump
            rates.append((float(step), rate))
    curve = Curve(rates, "first", "rate")
    top = max(rate for _, rate in rates)
    return Scene([curve], (0.0, float(total)), (-0.06 * top, 1.06 * top), "step")


def gradient_transform(record: GradientTransform) -> Scene:
    """Return what becomes of two gradients, g and 1."""
    numbers = grid(-3.0, 3.0)
    pairs = [record([g, 1.0]) for g in numbers]
    curves = [
        Curve([(g, pair[axis]) for g, pair in zip(numbers, pairs, strict=True)], role, label)
        for axis, role, label in ((1, "second", "of 1"), (0, "first", "of g"))
    ]
    return Scene(curves, (-3.0, 3.0), bounds(curves, -3.0, 3.0), "g")


# Initializers

FAN, BINS = 100, 41


def initializer(record: Initializer) -> Scene:
    """Return a histogram of 10,000 weights of a layer of 100 neurons with 100 inputs."""
    generator = random.Random(0)
    if record.over == "layer":
        weights = [weight for row in record(generator, FAN, FAN) for weight in row]
    else:
        weights = [record(generator, FAN, FAN) for _ in range(FAN * FAN)]
    reach = 1.1 * max(map(abs, weights)) or 1.0
    counts = [0] * BINS
    for weight in weights:
        counts[min(BINS - 1, int((weight + reach) / (2 * reach) * BINS))] += 1
    edges = [reach * (2 * k / BINS - 1) for k in range(BINS + 1)]
    steps: list[Point] = [(-reach, 0.0)]
    for k, count in enumerate(counts):
        share = 100 * count / len(weights)
        steps += [(edges[k], share), (edges[k + 1], share)]
    curve = Curve([*steps, (reach, 0.0)], "first", "% of the weights")
    top = 100 * max(counts) / len(weights)
    return Scene([curve], (-reach, reach), (-0.06 * top, 1.06 * top), "weight")


SCENES: dict[type[Formula], Callable[[Any], Scene]] = {
    Activation: activation,
    Loss: loss,
    Penalty: penalty,
    Optimizer: optimizer,
    GradientTransform: gradient_transform,
    Schedule: schedule,
    Initializer: initializer,
}
