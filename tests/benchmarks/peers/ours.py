"""Valor: the eager engine, and the native one in both its modes, by the contract of engines."""

import time
from array import array
from collections.abc import Callable
from typing import Any

from works import Work

from valor import EAGER, MLP, Activation, Camada, Optimizer, Plan, Valor, engine, loss, optimizer
from valor.functions import softplus, sqrt


class Skips:
    """A hand-written model: a layer in, one layer many times over with skips, a layer out."""

    def __init__(self, work: Work) -> None:
        first, between, last = work.shapes
        self.repeats = len(work.widths) - 3
        self.camadas = [
            Camada(inputs, width, activation=activation, seed=0)
            for (inputs, width), activation in zip(
                (first, between, last), work.activations[:2] + work.activations[-1:], strict=True
            )
        ]

    def __call__(self, x: Any) -> list[Valor]:
        first, between, last = self.camadas
        values = first.outputs(x)
        for _ in range(self.repeats):
            outputs = between.outputs(values)
            values = [a + b for a, b in zip(values, outputs, strict=True)]
        return last.outputs(values)

    def parametros(self) -> list[Valor]:
        return [parameter for camada in self.camadas for parameter in camada.parametros()]


def adam(p: Any, g: Any, state: Any, step: int, *, learning_rate: float = 0.001) -> Any:
    m, v = 0.9 * state[0] + 0.1 * g, 0.999 * state[1] + 0.001 * g * g
    corrected, scale = m / (1 - 0.9**step), v / (1 - 0.999**step)
    return p - learning_rate * corrected / (sqrt(scale) + 1e-8), (m, v)


ADAM = Optimizer("adam", adam, state={"m": 0.0, "v": 0.0})
OWN = {"softplus": Activation("softplus", softplus)}  # those that have no name


class Rows:
    """An array as the trainer hands it to an engine."""

    def __init__(self, values: Any) -> None:
        self.array = values

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, row: int) -> Any:
        return self.array[row].tolist()


def contestant(variant: str, work: Work) -> Callable[[int], tuple[float, float]]:
    """Return what trains from the first weights, and times the steps alone.

    Args:
        variant: "eager", "exact" or "fast".
        work: what is trained.
    """
    chosen = EAGER if variant == "eager" else engine("native")
    formula = (ADAM if work.adam else optimizer("gradient_descent")).bind(learning_rate=work.rate)
    plan = Plan(
        inputs=Rows(work.inputs),
        targets=Rows(work.targets),
        batch_size=work.batch,
        epochs=10**9,
        mode="fast" if variant == "fast" else "exact",
    )
    activations = [OWN.get(name, name) for name in work.activations]
    notes: dict[str, Any] = {}

    def take(steps: int) -> tuple[float, float]:
        model: Any = (
            Skips(work)
            if work.skips
            else MLP(work.widths[0], work.widths[1:], activation=activations, seed=0)
        )
        for parameter, value in zip(model.parametros(), work.flat_weights(), strict=True):
            parameter.data = value
        start, began = time.process_time(), time.perf_counter()
        program = chosen.compile(model, loss("sum_squared_error"), formula, plan)
        compiled, done = time.process_time(), time.perf_counter()
        losses = array("d")
        program.advance(steps, losses)
        end = time.process_time()
        if not notes:  # The cache of this process's own was empty.
            notes.update(cold=compiled - start, cold_wall=done - began)
            notes.update(explanation=program.explain())
        return end - compiled, losses[-1]

    take.notes = notes  # type: ignore[attr-defined]
    return take
