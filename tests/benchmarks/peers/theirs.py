"""The peers: NumPy, PyTorch, JAX and micrograd, each as its users would write it.

Each function takes a work and a variant, and returns what trains for some steps from the first
weights and gives the loss of the last step before its update.
"""

import functools
import itertools
import math
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from works import Work

Train = Callable[[int], float]


def numpy(work: Work, variant: str) -> Train:
    """Arrays and derivatives written by hand."""
    pairs = work.minibatches()

    def forward(z: Any, name: str) -> Any:
        if name == "sigmoid":
            return 1 / (1 + np.exp(-z))
        if name == "tanh":
            return np.tanh(z)
        if name == "relu":
            return np.maximum(z, 0)
        return np.logaddexp(0, z) if name == "softplus" else z

    def slope(y: Any, name: str) -> Any:
        if name == "sigmoid":
            return y * (1 - y)
        if name == "tanh":
            return 1 - y * y
        if name == "relu":
            return y > 0
        return 1 - np.exp(-y)  # of softplus

    def train(steps: int) -> float:
        layers = work.weights()
        for step in range(steps):
            inputs, targets = pairs[step % len(pairs)]
            values = [inputs]
            for (weights, biases), name in zip(layers, work.activations, strict=True):
                values.append(forward(values[-1] @ weights.T + biases, name))
            error = values[-1] - targets
            loss = float((error * error).sum())
            delta = 2 * error
            for k in range(len(layers) - 1, -1, -1):
                weights, biases = layers[k]
                if work.activations[k] != "identity":
                    delta = delta * slope(values[k + 1], work.activations[k])
                gradient, bias_gradient = delta.T @ values[k], delta.sum(axis=0)
                if k:
                    delta = delta @ weights
                weights -= work.rate * gradient
                biases -= work.rate * bias_gradient
        return loss

    return train


def pytorch(work: Work, variant: str) -> Train:
    """Tensors, autograd and `torch.optim.SGD`, eagerly."""
    import torch

    torch.set_num_threads(1)
    functions = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "softplus": torch.nn.functional.softplus,
        "identity": lambda z: z,
    }
    pairs = [tuple(torch.from_numpy(a.copy()) for a in pair) for pair in work.minibatches()]

    def train(steps: int) -> float:
        layers = [
            tuple(torch.tensor(a).requires_grad_() for a in layer) for layer in work.weights()
        ]
        descent = torch.optim.SGD([each for layer in layers for each in layer], lr=work.rate)
        for step in range(steps):
            values, targets = pairs[step % len(pairs)]
            for layer, name in zip(layers, work.activations, strict=True):
                values = functions[name](torch.nn.functional.linear(values, *layer))
            descent.zero_grad()
            loss = ((values - targets) ** 2).sum()
            loss.backward()
            descent.step()
        return float(loss.item())

    return train


def jax(work: Work, variant: str) -> Train:
    """The whole loop in one `lax.scan`, compiled.

    The variants unroll eight steps of it, or write a layer as products and a sum, which XLA fuses
    better than a product of small matrices.
    """
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    functions = {
        "sigmoid": jax.nn.sigmoid,
        "tanh": jnp.tanh,
        "relu": jax.nn.relu,
        "softplus": jax.nn.softplus,
        "identity": lambda z: z,
    }
    unroll = 8 if "u8" in variant else 1
    inputs, targets = (jnp.stack(each) for each in zip(*work.minibatches(), strict=True))
    first = jax.tree.map(jnp.asarray, work.weights())

    def layer(x: Any, weights: Any, biases: Any) -> Any:
        if "sums" in variant:
            return (x[:, None, :] * weights).sum(axis=-1) + biases
        return x @ weights.T + biases

    def loss(layers: Any, x: Any, y: Any) -> Any:
        if work.skips:
            layers = [layers[0], *[layers[1]] * (len(work.widths) - 3), layers[2]]
        for k, (name, each) in enumerate(zip(work.activations, layers, strict=True)):
            out = functions[name](layer(x, *each))
            x = x + out if work.skips and 0 < k < len(layers) - 1 else out
        return ((x - y) ** 2).sum()

    def adam(p: Any, g: Any, m: Any, v: Any, count: Any) -> Any:
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        corrected, scale = m / (1 - 0.9**count), v / (1 - 0.999**count)
        return p - work.rate * corrected / (jnp.sqrt(scale) + 1e-8), m, v

    def descend(state: Any, step: Any) -> Any:
        layers, *moments = state
        batch = step % len(inputs) if len(inputs) > 1 else 0
        x, y = inputs[batch], targets[batch]
        value, gradients = jax.value_and_grad(loss)(layers, x, y)
        if not work.adam:
            return (jax.tree.map(lambda p, g: p - work.rate * g, layers, gradients),), value
        count = step + 1.0
        flat, shape = jax.tree.flatten(layers)
        rest = [jax.tree.leaves(each) for each in (gradients, *moments)]
        new = [adam(*each, count) for each in zip(flat, *rest, strict=True)]
        return tuple(shape.unflatten(each) for each in zip(*new, strict=True)), value

    compiled: dict[int, Any] = {}
    zeros = jax.tree.map(jnp.zeros_like, first)
    begin = (first, zeros, zeros) if work.adam else (first,)

    def train(steps: int) -> float:
        if steps not in compiled:
            steps_of = jnp.arange(steps)
            scan = functools.partial(jax.lax.scan, descend, xs=steps_of, unroll=unroll)
            compiled[steps] = jax.jit(scan)
        _, losses = jax.block_until_ready(compiled[steps](begin))
        return float(losses[-1])

    return train


def micrograd(work: Work, variant: str) -> Train:
    """micrograd 0.1.0, with a sigmoid and a tanh of one operation each, as it has its relu."""
    from micrograd.engine import Value

    sys.setrecursionlimit(1_000_000)

    def unary(symbol: str, function: Any, slope: Any) -> Any:
        def call(v: Any) -> Any:
            y = function(v.data)
            out = Value(y, (v,), symbol)

            def backward() -> None:
                v.grad += slope(y) * out.grad

            out._backward = backward
            return out

        return call

    functions = {
        "sigmoid": unary("sigmoid", lambda z: 1 / (1 + math.exp(-z)), lambda y: y * (1 - y)),
        "tanh": unary("tanh", math.tanh, lambda y: 1 - y * y),
        "identity": lambda v: v,
    }
    rows = [(x.tolist(), y.tolist()) for x, y in work.minibatches()]

    def train(steps: int) -> float:
        parameters = [Value(value) for value in work.flat_weights()]
        for step in range(steps):
            loss = Value(0.0)
            for row, targets in zip(*rows[step % len(rows)], strict=True):
                x: list[Any] = row
                left = iter(parameters)
                for (inputs, width), name in zip(
                    itertools.pairwise(work.widths), work.activations, strict=True
                ):
                    outputs = []
                    for _ in range(width):
                        total = sum(
                            (w * v for w, v in zip(itertools.islice(left, inputs), x, strict=True)),
                            Value(0.0),
                        )
                        outputs.append(functions[name](total + next(left)))
                    x = outputs
                loss = sum(((a - b) ** 2 for a, b in zip(x, targets, strict=True)), loss)
            for parameter in parameters:
                parameter.grad = 0.0
            loss.backward()
            for parameter in parameters:
                parameter.data -= work.rate * parameter.grad
        return float(loss.data)

    return train
