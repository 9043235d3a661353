"""The loop of a run: calls of an engine, and between them those who listen.

An engine runs from one epoch that somebody listens to to the next; where nobody does, for at most
half a second, so that Ctrl-C is answered.
"""

import math
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from valor._manager import PluginManager
from valor._rates import Rates
from valor._run import Run
from valor.contracts import Loss, Plan, Program
from valor.exceptions import FormulaError

LONGEST_CALL = 0.5  # seconds
BATCH_HOOKS = ("valor_before_batch", "valor_after_batch")
EPOCH_HOOKS = ("valor_before_epoch", "valor_after_epoch", "valor_should_stop")
STEP_HOOKS = (
    "valor_after_forward",
    "valor_after_loss",
    "valor_before_backward",
    "valor_after_backward",
    "valor_before_step",
    "valor_after_step",
)


class Interrupts:
    """While it is entered, the first Ctrl-C is only noted, so that it does not break a step in two.

    The second raises KeyboardInterrupt, at once or, where the books are being kept (`held`), when
    they are in order.
    """

    def __init__(self) -> None:
        self.count = 0
        self.held = False
        self._ours = False

    def __enter__(self) -> "Interrupts":
        import signal
        import threading

        self._ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._ours:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._ours:
            import signal

            signal.signal(signal.SIGINT, signal.default_int_handler)

    def release(self) -> None:
        """Let go of what was held: a second Ctrl-C that came meanwhile raises now."""
        self.held = False
        if self.count > 1:
            raise KeyboardInterrupt

    def _note(self, signum: int, frame: Any) -> None:
        self.count += 1
        if self.count > 1 and not self.held:
            raise KeyboardInterrupt


class Loop:
    """Runs a program to the end of its plan, or to a vote, or to Ctrl-C.

    Args:
        program: what the engine compiled.
        plan, loss: what it was compiled for.
        run: what keeps the books; where it was resumed, with those of before.
        manager: whose plugins listen.
        interrupts: where Ctrl-C is noted.
        rates: where the learning rate comes from.
        measure: measures the model at the end of an epoch; None where nothing is measured.

    Attributes:
        losses: of the completed steps of the epoch under way.
        closed_epochs: the epochs whose end everybody who listens has heard of.
        vote: who voted to stop; "" if nobody has.
    """

    def __init__(
        self,
        program: Program,
        plan: Plan,
        loss: Loss,
        run: Run,
        manager: PluginManager,
        interrupts: Interrupts,
        rates: Rates,
        measure: Callable[[], Mapping[str, float]] | None,
    ) -> None:
        self._program = program
        self._plan = plan
        self._run = run
        self._manager = manager
        self._interrupts = interrupts
        self._rates = rates
        self._measure = measure
        # Within a step too, the run's books are those of the step before.
        self._by_batch = manager.listens(*BATCH_HOOKS, *STEP_HOOKS)
        self._by_epoch = (
            self._by_batch
            or manager.listens(*EPOCH_HOOKS)
            or rates.remembers
            or measure is not None
        )
        self._looked_at = self._by_epoch or manager.listens("valor_after_steps")
        self._samples, self._batch_size = len(plan.inputs), plan.batch_size
        self._mean = loss.reduction == "mean"
        self._new: array[float] = array("d")  # losses of steps that are not in the books yet
        self._steps = 1  # how many to ask for at once
        self._last = math.nan  # the loss of the last step
        self.losses: array[float] = array("d")
        self.closed_epochs = 0
        self.vote = ""

    def to_the_end(self) -> None:
        """Run, and note on the run what stopped it."""
        run = self._run
        planned = run.epochs * run.steps_per_epoch
        if self._looked_at:
            # What the first of those who listen put on the model counts too.
            self._program.write_back()
        if not self._by_epoch:
            self.closed_epochs = run.completed_epochs
        if self.closed_epochs < run.completed_epochs:
            self._end_epoch()  # it was resumed from between the end of an epoch and who hears of it
        while not run.stopped_by:
            if run.completed_steps == planned:
                run.stopped_by = "epochs"
            elif self._interrupts.count:
                run.stopped_by = "interrupt"
            else:
                self._one_call(planned - run.completed_steps)

    def _one_call(self, remaining: int) -> None:
        """Call the engine once, and those who listen before and after."""
        run, hook = self._run, self._manager.hook
        if self._by_epoch:
            done = run.completed_steps % run.steps_per_epoch
            remaining = run.steps_per_epoch - done
            if not done:
                step = self._plan.first_step + run.completed_steps + 1
                self._rates.begin_epoch(step, self._plan.total_steps)
                hook.valor_before_epoch(run=run)
        if self._by_batch:
            remaining = 1
            hook.valor_before_batch(run=run)
        self._advance(min(self._steps, remaining))
        if self._looked_at:
            self._program.write_back()
        if self._by_batch:
            hook.valor_after_batch(run=run, loss=self._last)
        if not self._by_epoch:
            self.closed_epochs = run.completed_epochs
        elif run.completed_steps % run.steps_per_epoch == 0:
            self._end_epoch()
        hook.valor_after_steps(run=run)

    def _end_epoch(self) -> None:
        """Measure, and let everybody know what the epoch brought."""
        run, hook = self._run, self._manager.hook
        if self._measure is not None:
            hook.valor_before_validation(run=run)
            for name, value in self._measure().items():
                run.history.extend(name, [value])
            hook.valor_after_validation(run=run, report=run.report)
        column = "validation_loss" if "validation_loss" in run.history else "loss"
        self._rates.end_epoch(run.history[column][-1])
        report = run.report
        hook.valor_after_epoch(run=run, report=report)
        votes = hook.valor_should_stop(run=run, report=report)
        run.stopped_by = self.vote = next((vote for vote in votes if vote), "")
        self.closed_epochs = run.completed_epochs

    def _advance(self, steps: int) -> None:
        start = time.perf_counter()
        self._program.advance(steps, self._new)
        given = len(self._new)
        self._interrupts.held = True
        self.keep_books()
        self._interrupts.release()
        if given != steps:
            raise FormulaError(
                f"engine {self._run.engine!r} was asked for {steps} steps and gave {given} losses"
            )
        seconds = time.perf_counter() - start
        # Never more than twice as many at once: the first steps of a run may be unlike the rest.
        within = int(steps * LONGEST_CALL / max(seconds, 1e-9))
        self._steps = max(1, min(max(self._steps, 2 * steps), within))

    def keep_books(self) -> None:
        """Put completed steps on the run, and the losses of completed epochs in its history.

        After an error it is to be called once more, for the steps completed before it.
        """
        run, new = self._run, self._new
        self._new = array("d")
        if new:
            self._last = new[-1]
        run.completed_steps += len(new)
        count = run.steps_per_epoch
        if count == 1:
            run.history.extend("loss", new)
        else:
            self.losses.extend(new)
            while len(self.losses) >= count:
                run.history.extend("loss", [self._reduced(self.losses[:count])])
                del self.losses[:count]

    def _reduced(self, losses: Sequence[float]) -> float:
        """Return the loss of an epoch: of its batches the sum, or the mean over the samples."""
        total = 0.0  # added up one by one: `sum` of newer Pythons has other last bits
        for position, loss in enumerate(losses):
            size = min(self._batch_size, self._samples - position * self._batch_size)
            total += loss * (size / self._samples) if self._mean else loss
        return total
