"""One call of `Trainer.fit`: from a plan, through all hooks, to a finished run."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from valor._auto import AUTO, compile_or_fall_back
from valor._loop import STEP_HOOKS, Interrupts, Loop
from valor._manager import PluginManager
from valor._preparation import Prepared
from valor._rates import Rates
from valor._resuming import restore, snapshot_of, tell_plugins
from valor._run import History, Run
from valor._validation import forward_of
from valor.contracts import Engine, Optimizer, Plan, Program
from valor.exceptions import InvalidArgumentError

if TYPE_CHECKING:
    from valor.checkpoint import Snapshot


@attrs.define(eq=False)
class Session:
    """Does a run.

    Attributes:
        run: what keeps the books.
        plan, samples, rates: what is to be done.
        optimizer: whose state a checkpoint holds.
        manager: whose plugins listen.
        asked_for, engine: the engine that was asked for, and the one that was chosen.
        reason: why it is that one.
        remember: called at the end, whatever it is, when the books are in order.
        snapshot: where the run goes on from; None if it is a new one.
        program, loop: from when on there are any.
        values: the parameters' numbers at the end; plugins may put others on the model after it.
        within: the hook within a step that is being called, or "".
        unscaled: whether the model had no scaling before.
    """

    run: Run
    plan: Plan
    samples: Prepared
    rates: Rates
    optimizer: Optimizer
    manager: PluginManager
    asked_for: Engine
    engine: Engine
    reason: str
    remember: Callable[["Session"], None]
    snapshot: "Snapshot | None" = None
    program: Program | None = None
    loop: Loop | None = None
    values: list[float] | None = None
    within: str = ""
    unscaled: bool = False

    def go(self) -> None:
        """Do the run; whatever ends it, the books are in order."""
        run, manager = self.run, self.manager
        try:
            self._go()
        except BaseException as error:
            run.stopped_by = "error"
            error.add_note(
                f"training stopped; model and optimizer are in the state of completed step "
                f"{run.completed_steps} of this run"
            )
            try:
                manager.call_all("valor_on_training_error", run=run, error=error)
            except Exception as second:
                error.add_note(f"then valor_on_training_error failed too: {second!r}")
                for note in getattr(second, "__notes__", ()):
                    error.add_note(note)
            run._save = None
            raise
        try:
            manager.call_all("valor_after_training", run=run)
        finally:
            run._save = None

    def state(self) -> list[tuple[float, ...]] | None:
        """Return the optimizer's state; None before the first step of all."""
        return self.plan.state if self.program is None else self.program.state()

    def save(self, path: Any) -> None:
        """Write a checkpoint of the run as it is.

        Raises:
            InvalidArgumentError: it is within a step.
        """
        from valor.checkpoint import write_snapshot

        if self.within:
            raise InvalidArgumentError(
                f"a run cannot be saved in {self.within}, within a step; save it in "
                "valor_after_batch, when the step is done"
            )
        write_snapshot(
            path,
            snapshot_of(
                self.run,
                self.plan,
                self.samples,
                self.optimizer,
                self.rates,
                self.state(),
                self.loop,
                self.values,
                self.manager.answers("valor_save_checkpoint", run=self.run),
            ),
        )

    def _go(self) -> None:
        run, manager, snapshot = self.run, self.manager, self.snapshot
        manager.hook.valor_before_training(run=run)
        # After the hook, which may still change the model: freeze it, give it other weights.
        program = self._compiled()
        run.engine = self.engine.name
        run.engine_reason = f"{self.reason}; {program.remark}" if program.remark else self.reason
        run._save = self.save
        with Interrupts() as interrupts:
            loop = self.loop = Loop(
                program,
                self.plan,
                self.samples.loss,
                run,
                manager,
                interrupts,
                self.rates,
                self._measure_by(),
            )
            if snapshot is not None:
                loop.losses, loop.closed_epochs = snapshot.losses[:], snapshot.closed_epochs
                loop.vote = snapshot.stopped_by
            try:
                loop.to_the_end()
            finally:
                interrupts.held = True
                program.write_back()  # an interrupted program books its last call here
                loop.keep_books()
                self.values = [parameter.data for parameter in run.model.parametros()]
                self._forget_scaling()
                self.remember(self)

    def _compiled(self) -> Program:
        """Make all ready for the first step; if that fails, model and run are as they were."""
        run, plan = self.run, self.plan
        parameters = run.model.parametros()
        before = [(parameter.data, parameter.trainable) for parameter in parameters]
        self.unscaled = getattr(run.model, "scaling", None) is None
        for parameter in parameters:
            parameter.data = float(parameter.data)
        try:
            if self.snapshot is not None:
                restore(self.snapshot, run)
            else:
                # An engine compares its first step with eager's, at the rate of the first epoch.
                self.rates.begin_epoch(plan.first_step + 1, plan.total_steps)
            if self.samples.scaling is not None:
                run.model.scaling = self.samples.scaling
            if self.manager.listens(*STEP_HOOKS):
                plan = attrs.evolve(plan, notify=self._notify)
            given = run.model, self.samples.loss, self.rates.optimizer, plan
            if self.asked_for is AUTO:
                # Whoever called `Trainer.fit`, which called `go`, which called `_go`.
                self.engine, self.reason, self.program = compile_or_fall_back(
                    self.engine, self.reason, *given, level=5
                )
            else:
                self.program = self.engine.compile(*given)
            if self.snapshot is not None:
                tell_plugins(self.snapshot, run, self.manager)
            return self.program
        except BaseException:
            run.history, run.completed_steps = History(), 0
            for parameter, (value, trainable) in zip(parameters, before, strict=True):
                parameter.data, parameter.trainable = value, trainable
            self._forget_scaling()
            raise

    def _forget_scaling(self) -> None:
        """Take the scaling from a model again that no step has trained on it."""
        if self.unscaled and self.samples.scaling is not None and not self.run.completed_steps:
            self.run.model.scaling = None

    def _notify(self, hook: str, **arguments: Any) -> None:
        self.within = hook
        try:
            getattr(self.manager.hook, hook)(run=self.run, **arguments)
        finally:
            self.within = ""

    def _measure_by(self) -> Callable[[], Mapping[str, float]] | None:
        given, model, loss = self.samples.measured, self.run.model, self.run.loss
        if given is None:
            return None
        measured = given.as_tables()
        forward = forward_of(self.engine, model, loss, measured.inputs, measured.targets)
        return lambda: measured.columns(forward, loss)
