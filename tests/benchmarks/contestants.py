"""One contestant on one workload, in a process of its own, so that no other's garbage slows it.

Run as ``python contestants.py lesson W1``. For each number read from standard input it takes as
many steps, and writes the seconds and the loss of the last step, each before its update.
"""

import gc
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from workloads import WORKLOADS, Workload

Steps = Callable[[int], float]


def loop(
    workload: Workload,
    network: Callable[[Any], Any],
    parameters: Callable[[], Iterable[Any]],
    backward: Callable[[Any], None],
) -> Steps:
    """Return the lesson's loop over epochs, for any class of scalars."""
    rate = workload.learning_rate
    for parameter, weight in zip(parameters(), workload.weights(), strict=True):
        parameter.data = weight

    def take(steps: int) -> float:
        for _ in range(steps):
            predictions = []
            for row in workload.inputs:
                predictions.append(network(row))
            for parameter in parameters():
                parameter.grad = 0
            squares = []
            for predicted, target in zip(predictions, workload.targets, strict=True):
                squares.append((predicted - target) ** 2)
            loss: Any = sum(squares)
            backward(loss)
            for parameter in parameters():
                parameter.data = parameter.data - parameter.grad * rate
        number: float = loss.data
        return number

    return take


def lesson(workload: Workload) -> Steps:
    """The lesson's way to write it."""
    from lesson_like import Network, Scalar

    functions = {"sigmoid": Scalar.sigmoid, "tanh": Scalar.tanh, "identity": lambda v: v}
    network = Network(
        workload.widths[0],
        workload.widths[1:],
        [functions[name] for name in workload.activations],
    )
    return loop(workload, network, network.parameters, Scalar.backward)


def micrograd(workload: Workload) -> Steps:
    """micrograd 0.1.0, with a sigmoid and a tanh of one operation each, as it has its relu."""
    from micrograd.engine import Value

    def sigmoid(v: Any) -> Any:
        y = 1 / (1 + math.exp(-v.data))
        out = Value(y, (v,), "sigmoid")

        def _backward() -> None:
            v.grad += y * (1 - y) * out.grad

        out._backward = _backward
        return out

    def tanh(v: Any) -> Any:
        y = math.tanh(v.data)
        out = Value(y, (v,), "tanh")

        def _backward() -> None:
            v.grad += (1 - y * y) * out.grad

        out._backward = _backward
        return out

    functions = {"sigmoid": sigmoid, "tanh": tanh, "identity": lambda v: v}
    layers = [
        ([[Value(0.0) for _ in range(inputs + 1)] for _ in range(width)], functions[name])
        for (inputs, width), name in zip(
            itertools.pairwise(workload.widths), workload.activations, strict=True
        )
    ]
    parameters = [p for neurons, _ in layers for neuron in neurons for p in neuron]

    def network(x: Any) -> Any:
        for neurons, activation in layers:
            outputs = []
            for *weights, bias in neurons:
                total = bias
                for weight, value in zip(weights, x, strict=True):
                    total = total + weight * value
                outputs.append(activation(total))
            x = outputs
        return x[0]

    return loop(workload, network, lambda: parameters, Value.backward)


def by_hand(workload: Workload) -> Steps:
    """Our classes, in the lesson's loop."""
    from valor import MLP, Valor

    network = MLP(workload.widths[0], workload.widths[1:], activation=list(workload.activations))
    return loop(workload, network, network.parametros, Valor.propagar_tudo)


def trainer(workload: Workload) -> Steps:
    """Our trainer, on the eager engine."""
    from valor import MLP, Trainer, optimizer

    network = MLP(workload.widths[0], workload.widths[1:], activation=list(workload.activations))
    for parameter, weight in zip(network.parametros(), workload.weights(), strict=True):
        parameter.data = weight
    descent = optimizer("gradient_descent", learning_rate=workload.learning_rate)
    chosen = Trainer(network, optimizer=descent, engine="eager")

    def take(steps: int) -> float:
        return chosen.fit(workload.inputs, workload.targets, epochs=steps).history["loss"][-1]

    return take


CONTESTANTS = {
    "lesson": lesson,
    "micrograd": micrograd,
    "valor by hand": by_hand,
    "valor trainer": trainer,
}


def main(contestant: str, workload: str) -> None:
    take = CONTESTANTS[contestant](WORKLOADS[workload])
    for line in sys.stdin:
        assert gc.isenabled()
        start = time.perf_counter()
        loss = take(int(line))
        print(time.perf_counter() - start, loss, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
