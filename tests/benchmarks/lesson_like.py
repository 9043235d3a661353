"""A scalar autograd with the cost structure of the lesson's classes, to time the core against.

Every operation makes a closure that refers to its own result (a reference cycle, left to the
collector), the order comes from a recursive visit with a set, a division is a product with a power
of -1, a difference a sum with a product, and the sigmoid is built from two exponentials.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any


class Scalar:
    """A number, its operands, and a closure that sends its gradient to them."""

    def __init__(
        self, data: float, operands: tuple["Scalar", ...] = (), symbol: str = "", label: str = ""
    ) -> None:
        self.data = data
        self.operands = operands
        self.symbol = symbol
        self.label = label
        self.grad: float = 0

    def __add__(self, other: Any) -> "Scalar":
        if not isinstance(other, Scalar):
            other = Scalar(other)
        number = self.data + other.data
        operands = (self, other)
        symbol = "+"
        result = Scalar(number, operands, symbol)

        def send_sum() -> None:
            self.grad += result.grad * 1
            other.grad += result.grad * 1

        result.send = send_sum  # type: ignore[method-assign]
        return result

    def __radd__(self, other: Any) -> "Scalar":
        return self + other

    def __mul__(self, other: Any) -> "Scalar":
        if not isinstance(other, Scalar):
            other = Scalar(other)
        number = self.data * other.data
        operands = (self, other)
        symbol = "*"
        result = Scalar(number, operands, symbol)

        def send_product() -> None:
            self.grad += result.grad * other.data
            other.grad += result.grad * self.data

        result.send = send_product  # type: ignore[method-assign]
        return result

    def __rmul__(self, other: Any) -> "Scalar":
        return self * other

    def __pow__(self, power: float) -> "Scalar":
        assert isinstance(power, (int, float))
        number = self.data**power
        operands = (self,)
        symbol = f"**{power}"
        result = Scalar(number, operands, symbol)

        def send_power() -> None:
            self.grad += result.grad * power * (self.data ** (power - 1))

        result.send = send_power  # type: ignore[method-assign]
        return result

    def __truediv__(self, other: Any) -> "Scalar":
        return self * other ** (-1)

    def __neg__(self) -> "Scalar":
        return self * (-1)

    def __sub__(self, other: Any) -> "Scalar":
        return self + (-other)

    def exp(self) -> "Scalar":
        number = math.exp(self.data)
        operands = (self,)
        symbol = "exp"
        result = Scalar(number, operands, symbol)

        def send_exp() -> None:
            self.grad += result.grad * number

        result.send = send_exp  # type: ignore[method-assign]
        return result

    def sigmoid(self) -> "Scalar":
        return self.exp() / (self.exp() + 1)

    def tanh(self) -> "Scalar":
        return (self * 2).sigmoid() * 2 + (-1)

    def send(self) -> None:
        pass

    def backward(self) -> None:
        order = []
        visited = set()

        def visit(node: "Scalar") -> None:
            if node not in visited:
                visited.add(node)
                for operand in node.operands:
                    visit(operand)
                order.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(order):
            node.send()


class Neuron:
    def __init__(self, inputs: int, activation: Callable[[Any], Any]) -> None:
        weights = []
        for _ in range(inputs):
            weights.append(Scalar(random.uniform(-1, 1)))
        self.weights = weights
        self.bias = Scalar(random.uniform(-1, 1))
        self.activation = activation

    def __call__(self, x: Sequence[Any]) -> Any:
        assert len(x) == len(self.weights)
        total: Any = 0
        for value, weight in zip(x, self.weights):  # noqa: B905 - as bare as the lesson's
            total = total + value * weight
        total = total + self.bias
        return self.activation(total)

    def parameters(self) -> list[Scalar]:
        return [*self.weights, self.bias]


class Layer:
    def __init__(self, inputs: int, width: int, activation: Callable[[Any], Any]) -> None:
        self.neurons = [Neuron(inputs, activation) for _ in range(width)]

    def __call__(self, x: Sequence[Any]) -> Any:
        outputs = []
        for neuron in self.neurons:
            outputs.append(neuron(x))
        return outputs[0] if len(outputs) == 1 else outputs

    def parameters(self) -> list[Scalar]:
        parameters = []
        for neuron in self.neurons:
            parameters.extend(neuron.parameters())
        return parameters


class Network:
    def __init__(
        self, inputs: int, widths: Sequence[int], activations: Sequence[Callable[[Any], Any]]
    ) -> None:
        self.layers = []
        for width, activation in zip(widths, activations, strict=True):
            self.layers.append(Layer(inputs, width, activation))
            inputs = width

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self) -> list[Scalar]:
        parameters = []
        for layer in self.layers:
            parameters.extend(layer.parameters())
        return parameters
