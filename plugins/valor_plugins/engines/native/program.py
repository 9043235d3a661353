"""Room 6, second half: a compiled run at work.

Parameters and optimizer state lie in arrays, twice: a step reads one copy and writes the other.
They go to the model's `Valor` objects when somebody looks. A step that meets a number that is not
finite is done once more by the eager engine, which either finds nothing wrong or names the scalar.
"""

import warnings
from array import array
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from valor import EAGER, Loss, Optimizer, Plan, Schedule, Valor
from valor.exceptions import EngineWarning
from valor.functions import number
from valor_plugins.engines.native import guard
from valor_plugins.engines.native.assemble import assemble, padded
from valor_plugins.engines.native.data import Data, matrix_of, zeros
from valor_plugins.engines.native.emit.step import FIELDS
from valor_plugins.engines.native.explain import explanation, remark

MOST_STEPS = 2**20  # in one native call: so much room is there for losses
FALSE_ALARMS = 3  # steps that eager had to do although nothing was wrong, until it does them all

_FIELD = {name: position for position, name in enumerate(FIELDS)}


@attrs.frozen(eq=False)
class _Call:
    """What is to be known of a call of the machine code, to book what it did.

    Attributes:
        losses: where losses go; `booked` are there already.
        turn: which copies of parameters and state it began with.
        done: how many steps were done before.
        steps: how many it is to do.
        first: the parameters and state it began with, where gradients are kept at its end only.
    """

    losses: "array[float]"
    booked: int
    turn: int
    done: int
    steps: int
    first: tuple[Any, Any] | None


class NativeProgram:
    """A run in machine code. See `valor.Program`."""

    def __init__(self, model: Any, loss: Loss, optimizer: Optimizer, plan: Plan) -> None:
        self._model, self._loss, self._optimizer, self._plan = model, loss, optimizer, plan
        self._parameters: list[Valor] = list(model.parametros())
        self._data = Data(plan)
        schedule = optimizer.hyperparameters.get("learning_rate")
        self._schedule = schedule if isinstance(schedule, Schedule) else None
        self._done = plan.completed_steps
        self._call_under_way: _Call | None = None
        self._looked_at = False  # whether others may have changed the model's parameters
        self._stale = False  # whether the model's parameters are older than ours
        self._eager: Any = None
        self._false_alarms = 0
        self._assemble()
        self._read_parameters()
        self._set_state(plan.state)
        self._guard()

    # Program

    def advance(self, steps: int, losses: "array[float]") -> None:
        """Do `steps` optimizer steps, and append the loss of each completed one to `losses`."""
        self._settle()
        goal = self._done + steps
        if self._looked_at:
            self._look_again()
        while self._done < goal:
            if self._eager is not None:
                self._advance_eagerly(goal - self._done, losses)
                return
            if not self._call(goal - self._done, losses):
                self._replay(losses)

    def write_back(self) -> None:
        """Put the numbers and gradients of the last completed step on the model's parameters."""
        self._settle()
        if self._eager is not None:
            self._eager.write_back()
        elif self._stale:
            for parameter, value in zip(
                self._parameters, self._current()[self._code.slots].tolist(), strict=True
            ):
                parameter.data = value
            gradients = self._gradients[1 - self._turn][self._code.slots].tolist()
            for parameter, value in zip(self._parameters, gradients, strict=True):
                parameter.grad = value
            self._stale = False
        self._looked_at = True

    def state(self) -> list[tuple[float, ...]]:
        """Return the optimizer's state, one tuple a parameter."""
        self._settle()
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
        return remark(self._code, self._plan)

    # Setting up

    def _assemble(self) -> None:
        """Compile, and make room."""
        code = self._code = assemble(
            self._model, self._loss, self._optimizer, self._plan, self._parameters
        )
        stride = padded(len(self._parameters) + 1)
        kinds = max(1, len(self._optimizer.state))
        rows = padded(max(self._plan.batch_size, code.block) + code.block)
        self._areas = {
            "transformed": zeros(stride),
            "scratch": zeros(stride),
            "sample_losses": zeros(rows),
            "rows": zeros(rows),
            "target_rows": zeros(rows),
            "completed": np.zeros(1, np.int64),
            "losses": zeros(1),
            "tables": code.tables,
            **{name: zeros(size) for name, size in code.sizes.items()},
        }
        self._areas["lanes"] = code.lanes(self._areas["frames"].ctypes.data)
        self._values = [zeros(stride), zeros(stride)]
        for copy in self._values:
            copy[len(self._parameters)] = 1.0  # sums multiply by it what has no other factor
        self._gradients = [zeros(stride), zeros(stride)]
        self._states = [zeros(stride * kinds), zeros(stride * kinds)]
        self._turn = 0
        context = self._context = np.zeros(len(FIELDS), np.int64)
        for name, area in self._areas.items():
            context[_FIELD[name]] = area.ctypes.data
        context[_FIELD["inputs"]] = self._data.inputs.ctypes.data
        context[_FIELD["targets"]] = self._data.targets.ctypes.data
        context[_FIELD["row_count"]] = len(self._plan.inputs)
        context[_FIELD["batch_size"]] = self._plan.batch_size
        context[_FIELD["steps_per_epoch"]] = self._plan.steps_per_epoch

    def _read_parameters(self) -> None:
        values = [parameter.data for parameter in self._parameters]
        if {*map(type, values)} != {float}:
            values = [float(number(value)) for value in values]
        self._current()[self._code.slots] = values

    def _current(self) -> Any:
        return self._values[self._turn]

    def _set_state(self, state: Sequence[tuple[float, ...]] | None) -> None:
        first = [float(value) for value in self._optimizer.state.values()]
        for kind, value in enumerate(first):
            for copy in self._states:
                column = copy.reshape(len(first), -1)[kind]
                column[:] = value
                if state is not None:
                    column[self._code.slots] = [entries[kind] for entries in state]

    def _look_again(self) -> None:
        """Take over what others may have changed since the parameters were written back."""
        if self._eager is not None:
            self._looked_at = False
            return
        slots, trainable = self._code.slots, self._code.trainable
        if any(
            parameter.trainable != (slot < trainable)
            for parameter, slot in zip(self._parameters, slots.tolist(), strict=True)
        ):
            self._assemble_again()
        self._read_parameters()
        self._looked_at = False  # at the end, so that whoever interrupts this does not end it

    def _assemble_again(self) -> None:
        """Compile anew, for what has changed, and keep the state."""
        state = self.state()
        before = self.__dict__.copy()
        try:
            self._assemble()
            self._set_state(state)
        except BaseException:
            self.__dict__.update(before)
            raise

    # Running

    def _call(self, steps: int, losses: "array[float]") -> bool:
        """Call the machine code once; tell whether it did all it was told to."""
        plan = self._plan
        epoch, batch = divmod(self._done, plan.steps_per_epoch)
        steps = min(steps, MOST_STEPS)
        if plan.shuffle:
            steps = min(steps, plan.steps_per_epoch - batch)
            self._order = np.fromiter(
                (row for rows in plan.batches(plan.first_epoch + epoch) for row in rows),
                np.int64,
                len(plan.inputs),
            )
            self._context[_FIELD["order"]] = self._order.ctypes.data
        if self._data.in_windows:
            order = self._order if plan.shuffle else None
            steps, addresses = self._data.window(batch, steps, order)
            for name, address in zip(("inputs", "targets"), addresses, strict=True):
                self._context[_FIELD[name]] = address
            self._context[_FIELD["order"]] = 0  # the window is in order
        steps = self._set_rates(steps, plan.total_steps)
        if not steps:
            return False
        context = self._context
        if len(self._areas["losses"]) < steps:
            self._areas["losses"] = zeros(steps)
        # In each call: an interrupt between the two would leave the address of what is gone.
        context[_FIELD["losses"]] = self._areas["losses"].ctypes.data
        self._point(context)
        context[_FIELD["first_batch"]] = batch
        context[_FIELD["first_step"]] = plan.first_step + self._done
        self._areas["completed"][0] = 0
        first = None
        if self._code.updated and steps > 1:
            first = self._current().copy(), self._states[self._turn].copy()
        self._call_under_way = _Call(losses, len(losses), self._turn, self._done, steps, first)
        if self._code.code.run(context.ctypes.data, steps) < 0:
            self._go_on_alone()
            return True
        return self._settle() == steps

    def _go_on_alone(self) -> None:
        """Do without the threads that the system has not got."""
        warnings.warn(
            f"training goes on with one thread: the system did not start {self._plan.threads}",
            EngineWarning,
            stacklevel=2,
        )
        self.write_back()
        self._plan = attrs.evolve(self._plan, threads=1)
        self._assemble_again()
        self._read_parameters()

    def _point(self, context: Any) -> None:
        """Say which copies of parameters and state are the present ones."""
        now, following = self._turn, 1 - self._turn
        if self._code.trainable < len(self._parameters):
            # What is frozen is not written by a step, and so must be there in both copies.
            self._values[following][:] = self._values[now]
            self._states[following][:] = self._states[now]
        context[_FIELD["parameters"]] = self._values[now].ctypes.data
        context[_FIELD["next_parameters"]] = self._values[following].ctypes.data
        context[_FIELD["gradients"]] = self._gradients[now].ctypes.data
        context[_FIELD["next_gradients"]] = self._gradients[following].ctypes.data
        context[_FIELD["state"]] = self._states[now].ctypes.data
        context[_FIELD["next_state"]] = self._states[following].ctypes.data

    def _settle(self) -> int:
        """Book the steps that the last call completed, and return how many they are.

        Ctrl-C may come between any two lines of this, and before it: the call has noted what it
        did, and whoever comes next books it again, to the same effect.
        """
        if self._call_under_way is None:
            return 0
        call = self._call_under_way
        done = int(self._areas["completed"][0])
        if call.first is not None and 0 < done < call.steps:
            self._collect_again(call, done)
        losses = call.losses
        losses.frombytes(self._areas["losses"][len(losses) - call.booked : done].tobytes())
        self._turn = (call.turn + done) % 2
        self._done = call.done + done
        self._stale = self._stale or done > 0
        self._call_under_way = None
        return done

    def _collect_again(self, call: "_Call", steps: int) -> None:
        """Compute the gradients of a call's last completed step, which was not to be its last."""
        assert call.first is not None
        pairs = [(each.copy(), each.copy()) for each in call.first]
        gradients = zeros(len(call.first[0])), zeros(len(call.first[0]))
        losses, completed = np.zeros(steps), np.zeros(1, np.int64)
        context = self._context.copy()
        for name, pair in zip(
            ("parameters", "state", "gradients"), (*pairs, gradients), strict=True
        ):
            context[_FIELD[name]], context[_FIELD[f"next_{name}"]] = (
                each.ctypes.data for each in pair
            )
        context[_FIELD["losses"]] = losses.ctypes.data
        context[_FIELD["completed"]] = completed.ctypes.data
        if self._code.code.run(context.ctypes.data, steps) < 0:  # there are no more threads
            plan = attrs.evolve(self._plan, threads=1)
            alone = assemble(self._model, self._loss, self._optimizer, plan, self._parameters)
            steps = alone.code.run(context.ctypes.data, steps)
        self._gradients[1 - (call.turn + steps) % 2][:] = gradients[1 - steps % 2]

    def _set_rates(self, steps: int, total_steps: int) -> int:
        """Ask the schedule for each step's learning rate; return how many it gave."""
        if self._schedule is None:
            return steps
        rates: list[float] = []
        steps = min(steps, 4096)
        first = self._plan.first_step + self._done + 1
        for step in range(first, first + steps):
            try:
                rate = self._schedule(step, total_steps)
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
        self._eager = eager  # its state is the one that counts, until ours is the same
        self._advance_eagerly(1, losses)
        self._false_alarms += 1
        if self._false_alarms < FALSE_ALARMS:
            self._read_parameters()
            self._set_state(eager.state())
            self._eager = None

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
        """Compute the first samples both ways, as many as the budget allows, and compare."""
        plan, code = self._plan, self._code
        part = guard.first_samples(plan, self._done, code.traced, code.multiple, self.state())
        if part is None:
            return
        expected = guard.expected(self._model, self._loss, self._optimizer, part)
        found = None if expected is None else self._tried(part)
        if found is not None:
            guard.compare(found, expected, plan.mode, self._model, self._loss, self._optimizer)

    def _tried(self, part: Plan) -> Any:
        """Return loss and parameters after one step of a plan's; None if it is not finite."""
        if self._set_rates(1, part.total_steps) < 1:
            return None
        inputs, targets = matrix_of(part.inputs), matrix_of(part.targets)
        losses = np.zeros(1)
        context = self._context.copy()
        self._point(context)
        for name, value in (
            ("inputs", inputs.ctypes.data),
            ("targets", targets.ctypes.data),
            ("order", 0),
            ("row_count", len(inputs)),
            ("batch_size", len(inputs)),
            ("steps_per_epoch", 1),
            ("losses", losses.ctypes.data),
            ("first_batch", 0),
            ("first_step", part.first_step),
        ):
            context[_FIELD[name]] = value
        done = self._code.code.run(context.ctypes.data, 1)
        if done < 0:
            self._go_on_alone()
            return self._tried(part)
        if not done:
            return None  # the run itself will come upon it
        return np.concatenate([losses, self._values[1 - self._turn][self._code.slots]])
