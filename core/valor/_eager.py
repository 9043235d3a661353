"""The eager engine: every step builds the batch's graph, scalar by scalar, and walks it.

This graph defines the numbers. Any other engine gives, bit for bit, what is computed here.
"""

import itertools
import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from valor import _diagnosis
from valor._graph import Valor
from valor._traversal import topological_order
from valor.contracts import (
    Engine,
    Forward,
    GradientTransform,
    Loss,
    Optimizer,
    Penalty,
    Plan,
    Schedule,
)
from valor.exceptions import FormulaError, shown
from valor.functions import number

State = tuple[float, ...]


def outputs_of(model: Any, row: Sequence[float]) -> list[Valor]:
    """Return a model's outputs for one sample as a list, also where there is but one.

    Raises:
        FormulaError: the model returned something else than scalars.
    """
    outputs = model(row)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if not outputs or not all(isinstance(output, Valor) for output in outputs):
        raise FormulaError(
            f"the model must return a Valor or a list of Valor, not {shown(outputs)} (of type "
            f"{type(model).__qualname__})"
        )
    return outputs


def sample_loss(loss: Loss, predicted: list[Valor], target: Sequence[float]) -> Valor:
    """Return the loss of one sample.

    Raises:
        FormulaError: the loss returned something else than a scalar.
    """
    return _scalar(loss, loss(predicted, list(target)))


def _scalar(record: Loss | Penalty, result: Any) -> Valor:
    if not isinstance(result, Valor):
        raise FormulaError(f"{record} must return a Valor, not {shown(result)}")
    return result


def _transformed(transform: GradientTransform, gradients: list[float]) -> list[float]:
    result = transform(list(gradients))
    if not isinstance(result, list) or len(result) != len(gradients):
        raise FormulaError(
            f"{transform} must return a list of {len(gradients)} gradients, not {shown(result)}"
        )
    return [float(number(value, f"a gradient of {transform}")) for value in result]


class EagerProgram:
    """A run on the visible graph. See `valor.contracts.Program`."""

    remark = ""

    def __init__(self, model: Any, loss: Loss, optimizer: Optimizer, plan: Plan) -> None:
        self._model = model
        self._loss = loss
        self._optimizer = optimizer
        schedule = optimizer.hyperparameters.get("learning_rate")
        self._schedule = schedule if isinstance(schedule, Schedule) else None
        self._plan = plan
        self._notify = plan.notify or _nobody
        self._parameters: list[Valor] = model.parametros()
        first = tuple(float(value) for value in optimizer.state.values())
        self._state = plan.state or [first] * len(self._parameters)
        self._step = plan.first_step + plan.completed_steps
        self._batches = self._all_batches()

    def state(self) -> list[State]:
        """Return the optimizer's state, one tuple a parameter."""
        return list(self._state)

    def write_back(self) -> None:
        """Do nothing: the parameters are where the steps happen."""

    def explain(self) -> str:
        """Return what this engine does, and how large the graph of one sample is."""
        inputs, targets = self._plan.inputs, self._plan.targets
        outputs = outputs_of(self._model, inputs[0])
        scalars = len(topological_order(sample_loss(self._loss, outputs, targets[0])))
        return (
            "eager: nothing is compiled; each step builds the graph of its batch in Python, "
            "and walks it\n"
            f"the graph of the first sample's loss has {scalars} scalars\n"
            f"the model has {len(self._parameters)} parameters"
        )

    def advance(self, steps: int, losses: "array[float]") -> None:
        """Do `steps` optimizer steps, and append the loss of each completed one to `losses`."""
        for _ in range(steps):
            epoch, batch, rows = next(self._batches)
            loss, parameters, state = self._compute(epoch, batch, rows)
            self._commit(loss, parameters, state, losses)
            self._notify("valor_after_step")

    def _all_batches(self) -> Iterator[tuple[int, int, Sequence[int]]]:
        plan = self._plan
        first, done = divmod(plan.completed_steps, plan.steps_per_epoch)
        for epoch in range(first, plan.epochs):
            batches = enumerate(plan.batches(plan.first_epoch + epoch), start=1)
            for batch, rows in itertools.islice(batches, done, None):
                yield epoch + 1, batch, rows
            done = 0

    def _compute(
        self, epoch: int, batch: int, rows: Sequence[int]
    ) -> tuple[float, list[float], list[State]]:
        """Return the loss of a batch, the parameters after its step, and the state after it."""
        plan, notify = self._plan, self._notify
        outputs = [outputs_of(self._model, plan.inputs[row]) for row in rows]
        notify("valor_after_forward", outputs=outputs)
        samples = [
            sample_loss(self._loss, predicted, plan.targets[row])
            for predicted, row in zip(outputs, rows, strict=True)
        ]
        total = samples[0]
        for sample in samples[1:]:
            total = total + sample
        if self._loss.reduction == "mean":
            total = total / len(samples)
        notify("valor_after_loss", loss=total)
        for penalty in plan.penalties:
            for parameter in self._parameters:
                if parameter.trainable:
                    total = total + _scalar(penalty, penalty(parameter))
        if not math.isfinite(total.data):
            raise _diagnosis.value_error(total, samples, rows, epoch, batch)
        for parameter in self._parameters:
            parameter.grad = 0
        notify("valor_before_backward", loss=total)
        total.propagar_tudo()
        notify("valor_after_backward")
        parameters, state = self._updated()
        if not all(map(math.isfinite, parameters)):
            error = _diagnosis.gradient_error(total, samples, rows, epoch, batch)
            raise error or self._culprit(parameters, epoch, batch)
        return float(total.data), parameters, state

    def _updated(self) -> tuple[list[float], list[State]]:
        """Return what the optimizer makes of the parameters and of its state."""
        gradients = [float(p.grad) for p in self._parameters if p.trainable]
        for transform in self._plan.gradient_transforms:
            gradients = _transformed(transform, gradients)
        self._notify("valor_before_step", gradients=list(gradients))
        optimizer, step = self._optimizer, self._step + 1
        if self._schedule is not None:
            optimizer = attrs.evolve(
                optimizer,
                bound={**optimizer.bound, "learning_rate": self._rate(self._schedule, step)},
            )
        parameters, states = [], []
        remaining = iter(gradients)
        for parameter, before in zip(self._parameters, self._state, strict=True):
            value, state = parameter.data, before
            if parameter.trainable:
                result = optimizer(value, next(remaining), before, step)
                value, state = self._checked(result, before)
            parameters.append(value)
            states.append(state)
        return parameters, states

    def _rate(self, schedule: Schedule, step: int) -> float:
        rate = schedule(step, self._plan.total_steps)
        return float(number(rate, f"the value of {schedule}"))

    def _culprit(self, parameters: list[float], epoch: int, batch: int) -> Exception:
        """Return the error for a step that goes wrong though every gradient is finite."""
        step = self._step + 1
        gradients = [float(p.grad) for p in self._parameters if p.trainable]
        for transform in self._plan.gradient_transforms:
            given, gradients = gradients, _transformed(transform, gradients)
            for before, after in zip(given, gradients, strict=True):
                if not math.isfinite(after):
                    return _diagnosis.formula_error(
                        transform, "a gradient", {"gradient": before}, after, epoch, batch
                    )
        if self._schedule is not None:
            rate = self._rate(self._schedule, step)
            if not math.isfinite(rate):
                operands = {"step": step, "total_steps": self._plan.total_steps}
                return _diagnosis.formula_error(
                    self._schedule, "the learning rate", operands, rate, epoch, batch
                )
        trainable = [
            (parameter, value)
            for parameter, value in zip(self._parameters, parameters, strict=True)
            if parameter.trainable
        ]
        return next(
            _diagnosis.formula_error(
                self._optimizer,
                parameter.rotulo,
                {"parameter": parameter.data, "gradient": gradient},
                value,
                epoch,
                batch,
            )
            for (parameter, value), gradient in zip(trainable, gradients, strict=True)
            if not math.isfinite(value)
        )

    def _checked(self, result: Any, before: State) -> tuple[float, State]:
        """Return what the optimizer returned, as floats."""
        try:
            value, state = result
            if len(state) == len(before):
                return float(number(value)), tuple(float(number(entry)) for entry in state)
        except (TypeError, ValueError):
            pass
        names = ", ".join(self._optimizer.state) or "nothing"
        raise FormulaError(
            f"{self._optimizer} must return (parameter, state), the state a tuple of {names}; "
            f"it returned {shown(result)}"
        )

    def _commit(
        self, loss: float, parameters: list[float], state: list[State], losses: "array[float]"
    ) -> None:
        """Apply a step wholly or, if an interrupt comes in the middle, not at all."""
        before = [parameter.data for parameter in self._parameters]
        undo = len(losses), self._state, self._step
        try:
            for parameter, value in zip(self._parameters, parameters, strict=True):
                parameter.data = value
            losses.append(loss)
            self._state = state
            self._step += 1
        except BaseException:
            for parameter, value in zip(self._parameters, before, strict=True):
                parameter.data = value
            del losses[undo[0] :]
            self._state, self._step = undo[1:]
            raise


def _nobody(hook: str, **arguments: Any) -> None:
    """Stand for the listeners within a step where there are none."""


def eager_forward(model: Any, loss: Loss | None, input_width: int, target_width: int) -> Forward:
    """Return what computes outputs and losses by the visible graph. See `valor.Forward`."""

    def forward(
        inputs: Sequence[Sequence[float]], targets: Sequence[Sequence[float]]
    ) -> tuple[list[list[float]], list[float]]:
        outputs, losses = [], []
        for position, row in enumerate(inputs):
            predicted = outputs_of(model, row)
            outputs.append([float(output.data) for output in predicted])
            if loss is not None:
                losses.append(float(sample_loss(loss, predicted, targets[position]).data))
        return outputs, losses

    return forward


EAGER = Engine("eager", EagerProgram, forward=eager_forward)
"""The engine that builds the visible graph; others replay a step with it."""
