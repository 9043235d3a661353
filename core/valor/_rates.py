"""The learning rate of a run: a number, a schedule, or a schedule that remembers the losses."""

import math
from array import array

import attrs

from valor.contracts import Optimizer, Schedule
from valor.exceptions import FormulaError, shown
from valor.functions import number


class Rates:
    """Gives every step its learning rate.

    An engine asks a schedule for the rate of a step, and knows of no state. So what a schedule with
    a state says before an epoch stands, for the engine, as a schedule of its own: it gives the same
    rate to each step until the next epoch begins.

    Args:
        optimizer: whose learning rate it is about.

    Attributes:
        optimizer: the optimizer for the engine.
        remembers: whether the schedule has a state, so that the trainer has to stop at each epoch.

    >>> from valor.contracts import Optimizer
    >>> def descent(parameter, gradient, state, step, *, learning_rate=0.25):
    ...     return parameter - learning_rate * gradient, state
    >>> Rates(Optimizer("descent", descent)).at(1, 100)
    0.25
    """

    def __init__(self, optimizer: Optimizer) -> None:
        rate = optimizer.hyperparameters.get("learning_rate", math.nan)
        self._schedule = rate if isinstance(rate, Schedule) else None
        self._constant = rate if isinstance(rate, float) else math.nan
        self._state: tuple[float, ...] = ()
        self._rate = math.nan
        self._asked = 0  # the step for which the schedule was last asked
        self._loss: float | None = None
        self.remembers = self._schedule is not None and bool(self._schedule.state)
        self.optimizer = optimizer
        if self._schedule is not None and self.remembers:
            self._state = tuple(float(value) for value in self._schedule.state.values())
            held = attrs.evolve(
                self._schedule,
                call=lambda step, total_steps: self._rate,
                state={},
                validators={},
                bound={},
            )
            self.optimizer = attrs.evolve(
                optimizer, bound={**optimizer.bound, "learning_rate": held}
            )

    def begin_epoch(self, step: int, total_steps: int) -> None:
        """Ask a schedule with a state for the rate of the epoch that begins.

        It is asked once, also where the epoch then fails before its first step, and begins again.

        Args:
            step: the epoch's first step, counted from 1.
            total_steps: the step with which the run is to end.

        Raises:
            FormulaError: the schedule returned something else than (rate, state).
        """
        schedule = self._schedule
        if schedule is None or not self.remembers or step == self._asked:
            return
        given = tuple(
            self._loss if name == "loss" and self._loss is not None else value
            for name, value in zip(schedule.state, self._state, strict=True)
        )
        result = schedule(step, total_steps, given)
        try:
            rate, state = result
            rate, state = float(number(rate)), tuple(float(number(value)) for value in state)
        except (TypeError, ValueError):
            state = ()
        if len(state) != len(given):
            raise FormulaError(
                f"{schedule} must return (rate, state), the state a tuple of "
                f"{', '.join(schedule.state)}; it returned {shown(result)}"
            )
        self._rate, self._state, self._asked = rate, state, step

    def end_epoch(self, loss: float) -> None:
        """Note the loss of the epoch that ends, for the next call of a schedule with a state."""
        self._loss = loss

    def at(self, step: int, total_steps: int) -> float:
        """Return the rate of a step; of the present epoch where the schedule has a state."""
        if self._schedule is None:
            return self._constant
        if self.remembers:
            return self._rate
        return float(number(self._schedule(step, total_steps)))

    def kept(self) -> "array[float]":
        """Return what a resumed run has to know: nothing, but of a schedule with a state."""
        if not self.remembers:
            return array("d")
        loss = math.nan if self._loss is None else self._loss
        known = float(self._loss is not None)
        return array("d", [self._rate, self._asked, known, loss, *self._state])

    def restore(self, kept: "array[float]") -> bool:
        """Take back what `kept` gave; tell whether it fits this schedule."""
        expected = 4 + len(self._state) if self.remembers else 0
        if len(kept) != expected:
            return False
        if self.remembers:
            self._rate, asked, known, loss, *state = kept
            self._asked = int(asked)
            self._loss = loss if known else None
            self._state = tuple(state)
        return True
