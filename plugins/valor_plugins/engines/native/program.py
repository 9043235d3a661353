"""Room 6, second half: a compiled run at work.

Parameters and optimizer state lie in arrays, twice: a step reads one copy and writes the other.
They go to the model's `Valor` objects when somebody looks. A step that meets a number that is not
finite is done once more by the eager engine, which either finds nothing wrong or names the scalar.
"""

import math
from array import array
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from valor import EAGER, Loss, Optimizer, Plan, Schedule, Valor
from valor.functions import number
from valor_plugins.engines.native.assemble import Assembled, assemble, padded
from valor_plugins.engines.native.emit.step import FIELDS
from valor_plugins.engines.native.explain import explanation

MOST_STEPS = 2**20  # in one native call: so much room is there for losses
FALSE_ALARMS = 3  # steps that eager had to do although nothing was wrong, until it does them all
GUARD = 50_000  # scalars that may be computed both ways before a run begins

_FIELD = {name: position for position, name in enumerate(FIELDS)}


class NativeProgram:
    """A run in machine code. See `valor.Program`."""

    def __init__(self, model: Any, loss: Loss, optimizer: Optimizer, plan: Plan) -> None:
        self._model, self._loss, self._optimizer, self._plan = model, loss, optimizer, plan
        self._parameters: list[Valor] = list(model.parametros())
        self._inputs = _matrix(plan.inputs)
        self._targets = _matrix(plan.targets)
        schedule = optimizer.hyperparameters.get("learning_rate")
        self._schedule = schedule if isinstance(schedule, Schedule) else None
        self._done = plan.completed_steps
        self._eager: Any = None
        self._false_alarms = 0
        self._assemble()
        self._read_parameters()
        self._set_state(plan.state)
        self._guard()

    # Program

    def advance(self, steps: int, losses: "array[float]") -> None:
        """Do `steps` optimizer steps, and append the loss of each completed one to `losses`."""
        goal = self._done + steps
        if self._looked_at:
            self._look_again()
        while self._done < goal:
            if self._eager is not None:
                self._advance_eagerly(goal - self._done, losses)
                return
            wanted = self._call(goal - self._done, losses)
            if wanted:
                self._replay(losses)

    def write_back(self) -> None:
        """Put the numbers and gradients of the last completed step on the model's parameters."""
        if self._eager is not None:
            self._eager.write_back()
        elif self._stale:
            for parameter, value in zip(
                self._parameters, self._current()[self._code.slots].tolist(), strict=True
            ):
                parameter.data = value
            gradients = self._areas["gradients"][self._code.slots].tolist()
            for parameter, value in zip(self._parameters, gradients, strict=True):
                parameter.grad = value
            self._stale = False
        self._looked_at = True

    def state(self) -> list[tuple[float, ...]]:
        """Return the optimizer's state, one tuple a parameter."""
        if self._eager is not None:
            state: list[tuple[float, ...]] = self._eager.state()
            return state
        count = len(self._optimizer.state)
        if not count:
            return [()] * len(self._parameters)
        columns = self._states[self._turn].reshape(count, -1)[:, self._code.slots]
        return list(zip(*columns.tolist(), strict=True))

    def explain(self) -> str:
        """Return what was compiled, and how."""
        return explanation(self._code, self._plan)

    @property
    def remark(self) -> str:
        """What the engine wants added to `Run.engine_reason`."""
        return ""

    # Setting up

    def _assemble(self) -> None:
        """Compile, and make room."""
        code = self._code = assemble(
            self._model, self._loss, self._optimizer, self._plan, self._parameters
        )
        stride = padded(len(self._parameters))
        kinds = max(1, len(self._optimizer.state))
        rows = padded(max(self._plan.batch_size, code.block) + code.block)
        self._areas = {
            "gradients": _zeros(stride),
            "transformed": _zeros(stride),
            "scratch": _zeros(stride),
            "sample_losses": _zeros(rows),
            "rows": _zeros(rows),
            "target_rows": _zeros(rows),
            "checked": _zeros(1),
            "parity": np.zeros(1, np.int64),
            "completed": np.zeros(1, np.int64),
            "losses": _zeros(1),
            "tables": code.tables,
            **{name: _zeros(size) for name, size in code.sizes.items()},
        }
        self._values = [_zeros(stride), _zeros(stride)]
        self._states = [_zeros(stride * kinds), _zeros(stride * kinds)]
        self._turn = 0
        self._stale = False
        self._looked_at = False
        context = self._context = np.zeros(len(FIELDS), np.int64)
        for name, area in self._areas.items():
            context[_FIELD[name]] = area.ctypes.data
        context[_FIELD["inputs"]] = self._inputs.ctypes.data
        context[_FIELD["targets"]] = self._targets.ctypes.data
        context[_FIELD["row_count"]] = len(self._inputs)
        context[_FIELD["batch_size"]] = self._plan.batch_size
        context[_FIELD["steps_per_epoch"]] = self._plan.steps_per_epoch

    def _read_parameters(self) -> None:
        values = [float(number(parameter.data)) for parameter in self._parameters]
        self._current()[self._code.slots] = values

    def _current(self) -> Any:
        return self._values[self._turn]

    def _set_state(self, state: Sequence[tuple[float, ...]] | None) -> None:
        first = [float(value) for value in self._optimizer.state.values()]
        for kind, value in enumerate(first):
            column = self._states[self._turn].reshape(len(first), -1)[kind]
            column[:] = value
            if state is not None:
                column[self._code.slots] = [entries[kind] for entries in state]

    def _look_again(self) -> None:
        """Take over what others may have changed since the parameters were written back."""
        self._looked_at = False
        if self._eager is not None:
            return
        slots, trainable = self._code.slots, self._code.trainable
        if any(
            parameter.trainable != (slot < trainable)
            for parameter, slot in zip(self._parameters, slots.tolist(), strict=True)
        ):
            state = self.state()
            self._assemble()
            self._set_state(state)
        self._read_parameters()

    # Running

    def _call(self, steps: int, losses: "array[float]") -> bool:
        """Call the machine code once; tell whether it gave up on a step."""
        plan = self._plan
        epoch, batch = divmod(self._done, plan.steps_per_epoch)
        steps = min(steps, MOST_STEPS)
        if plan.shuffle:
            steps = min(steps, plan.steps_per_epoch - batch)
            self._order = np.fromiter(
                (row for rows in plan.batches(plan.first_epoch + epoch) for row in rows),
                np.int64,
                len(self._inputs),
            )
            self._context[_FIELD["order"]] = self._order.ctypes.data
        steps = self._set_rates(steps)
        if not steps:
            return True
        if len(self._areas["losses"]) < steps:
            self._areas["losses"] = _zeros(steps)
            self._context[_FIELD["losses"]] = self._areas["losses"].ctypes.data
        context, now, following = self._context, self._turn, 1 - self._turn
        context[_FIELD["parameters"]] = self._values[now].ctypes.data
        context[_FIELD["next_parameters"]] = self._values[following].ctypes.data
        context[_FIELD["state"]] = self._states[now].ctypes.data
        context[_FIELD["next_state"]] = self._states[following].ctypes.data
        context[_FIELD["first_batch"]] = batch
        context[_FIELD["first_step"]] = plan.first_step + self._done
        self._areas["completed"][0] = 0
        if self._code.trainable < len(self._parameters):
            # What is frozen is not written by a step, and so must be there in both copies.
            self._values[following][:] = self._values[now]
            self._states[following][:] = self._states[now]
        try:
            self._code.code.run(context.ctypes.data, steps)
        finally:
            self._settle(losses)
        return self._settled < steps

    def _settle(self, losses: "array[float]") -> None:
        """Book the steps that were completed."""
        done = self._settled = int(self._areas["completed"][0])
        losses.frombytes(self._areas["losses"][:done].tobytes())
        self._turn = (self._turn + done) % 2
        self._done += done
        self._stale = self._stale or done > 0

    def _set_rates(self, steps: int) -> int:
        """Ask the schedule for each step's learning rate; return how many it gave."""
        if self._schedule is None:
            return steps
        rates: list[float] = []
        steps = min(steps, 4096)
        first = self._plan.first_step + self._done + 1
        for step in range(first, first + steps):
            try:
                rate = self._schedule(step, self._plan.total_steps)
                rates.append(float(number(rate)))
            except Exception:  # eager will raise it again, and leave the steps before it alone
                break
        self._rates = np.array([*rates, 0.0])
        self._context[_FIELD["rates"]] = self._rates.ctypes.data
        return len(rates)

    def _replay(self, losses: "array[float]") -> None:
        """Let eager do one step; what is wrong with it, if anything, it will say."""
        self.write_back()
        self._looked_at = False
        eager = self._eager_from_here()
        before = len(losses)
        try:
            eager.advance(1, losses)
        finally:
            if len(losses) > before:
                self._done += 1
        self._false_alarms += 1
        if self._false_alarms >= FALSE_ALARMS:
            self._eager = eager
            return
        self._read_parameters()
        self._set_state(eager.state())

    def _eager_from_here(self) -> Any:
        plan = attrs.evolve(self._plan, state=self.state(), completed_steps=self._done)
        return EAGER.compile(self._model, self._loss, self._optimizer, plan)

    def _advance_eagerly(self, steps: int, losses: "array[float]") -> None:
        before = len(losses)
        try:
            self._eager.advance(steps, losses)
        finally:
            self._done += len(losses) - before

    # The guard

    def _guard(self) -> None:
        """Compute the first samples both ways, as many as the budget allows."""


def _zeros(size: int) -> Any:
    """Return zeros that begin at a cache line."""
    raw = np.zeros(size + 16)
    skip = -raw.ctypes.data % 64 // 8
    return raw[skip : skip + size]


def _matrix(rows: Any) -> Any:
    """Return rows as an array of doubles, without a copy where they are one."""
    rows = getattr(rows, "array", rows)
    matrix = np.ascontiguousarray(rows, np.float64)
    return matrix.reshape(len(matrix), -1)


def same_bits(a: float, b: float) -> bool:
    """Tell whether two numbers are the same, the sign of zero included."""
    return a == b and math.copysign(1.0, a) == math.copysign(1.0, b)


__all__ = ["Assembled", "NativeProgram"]
