"""`Trainer`: a model, a loss and an optimizer, brought together with data."""

import math
import operator
from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar

from valor._auto import ALWAYS_EXACT, AUTO, automatic_engine, choose, compile_or_fall_back
from valor._checks import check_widths, parameters_of
from valor._data import as_rows, as_samples, at_least_one
from valor._discovery import default_manager
from valor._eager import EAGER, outputs_of, sample_loss
from valor._graph import Valor
from valor._loop import Interrupts, Loop
from valor._manager import PluginManager
from valor._registry import resolve
from valor._run import Run
from valor.contracts import (
    Callback,
    Engine,
    Formula,
    GradientTransform,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Plan,
    Program,
)
from valor.exceptions import InvalidArgumentError
from valor.functions import number

F = TypeVar("F", bound=Formula)

MODES = ("exact", "fast")


class Trainer:
    """Trains a model, and goes on from where it was when `fit` is called again.

    Args:
        model: a network: something to call with one sample, with `parametros()`.
        loss: the name, the record or the function of a loss.
        optimizer: the name or the record of an optimizer.
        engine: the name or the record of an engine; "eager" for the visible graph itself; "auto"
            for eager until the work is worth a compile, which gives the same bits.
        mode: "exact" for the bits of the visible graph; "fast" lets an engine reorder sums, and
            has "auto" compile however small the work.
        callbacks: the names or records of callbacks, or objects with lifecycle hooks.
        seed: what the order of shuffled samples follows from; drawn, and noted on the run, if None.
        plugins: the manager to look names up in; the default one if None.
        penalties: names, records or functions of penalties.
        gradient_transforms: names, records or functions of gradient transforms.
        threads: how many threads an engine may use; the results do not depend on it. The native
            engine shares out what has long sums, and does the rest on one.

    Attributes:
        run: the last run; None before the first.

    Raises:
        InvalidArgumentError: an argument is not what is described here.
        UnknownNameError, NameConflictError: no plugin, or more than one, provides a name.

    >>> from valor import MLP
    >>> trainer = Trainer(MLP(2, [1], seed=0))
    >>> run = trainer.fit([[0, 1], [1, 0]], [0, 1], epochs=100)
    >>> run.stopped_by, run.history["loss"][-1] < run.history["loss"][0]
    ('epochs', True)
    """

    def __init__(
        self,
        model: Any,
        loss: Any = "sum_squared_error",
        optimizer: Any = "gradient_descent",
        engine: Any = "auto",
        mode: str = "exact",
        callbacks: Iterable[Any] = (),
        seed: int | None = None,
        plugins: PluginManager | None = None,
        *,
        penalties: Iterable[Any] = (),
        gradient_transforms: Iterable[Any] = (),
        threads: int = 1,
    ) -> None:
        usable = callable(model) and callable(getattr(model, "parametros", None))
        if isinstance(model, type) or not usable:
            raise InvalidArgumentError(
                f"model must be a network to call, with a method parametros, not {model!r}"
            )
        if mode not in MODES:
            raise InvalidArgumentError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        if isinstance(seed, bool) or not (seed is None or hasattr(seed, "__index__")):
            raise InvalidArgumentError(f"seed must be an int or None, not {seed!r}")
        self._manager = plugins
        self.model = model
        self.loss = resolve(Loss, loss, plugins, "loss")
        self.optimizer = resolve(Optimizer, optimizer, plugins, "optimizer")
        built_in = {"auto": AUTO, "eager": EAGER}.get(engine) if isinstance(engine, str) else None
        self.engine = built_in or resolve(Engine, engine, plugins, "engine")
        self.mode = mode
        self.callbacks = [self._callback(each) for each in _several("callbacks", callbacks)]
        objects = [each for each in self.callbacks if not isinstance(each, Callback)]
        (plugins or default_manager()).fork(objects)  # refuses now what would break in `fit`
        self.seed = None if seed is None else operator.index(seed)
        self.penalties = self._records(Penalty, "penalties", penalties)
        self.gradient_transforms = self._records(
            GradientTransform, "gradient_transforms", gradient_transforms
        )
        self.threads = at_least_one(threads, "threads")
        self.run: Run | None = None
        self._state: list[tuple[float, ...]] | None = None
        self._state_of: tuple[Optimizer, list[Valor]] = self.optimizer, []
        self._completed_steps = 0
        self._completed_epochs = 0

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        epochs: int,
        batch_size: int | None = None,
        shuffle: bool = False,
    ) -> Run:
        """Train for some epochs, and return the run.

        Ctrl-C ends the run after the step under way, as if a plugin had voted to stop; a second
        Ctrl-C raises KeyboardInterrupt. Whatever ends a run, model and optimizer are in the state
        of its last completed step, and `run` on the trainer says which that was.

        Args:
            x: the samples: rows of as many numbers as the model has inputs. An array of NumPy is
                not copied, and may be a `numpy.memmap` larger than memory.
            y: the targets, one a sample: a number, or a row where the model has several outputs.
            epochs: how often to go through the samples, at least 1.
            batch_size: how many samples a step takes; all of them if None.
            shuffle: whether to take the samples in another order each epoch.

        Raises:
            DataError: the data are empty, ragged, not finite, or do not fit the model.
            InvalidArgumentError: `epochs` or `batch_size` is not an int of at least 1.
            MissingExtraError, CannotCompileError: the engine that was asked for by name cannot
                run; "auto" runs eagerly then.
            NonFiniteError: a loss or a parameter stopped being finite.
        """
        plan, forward = self._plan(x, y, epochs, batch_size, shuffle)
        engine, reason = self._chosen(plan, forward)
        manager = (self._manager or default_manager()).fork(self.callbacks)
        run = self.run = Run(
            model=self.model,
            loss=self.loss,
            optimizer=self.optimizer,
            epochs=plan.epochs,
            steps_per_epoch=plan.steps_per_epoch,
            engine=engine.name,
            engine_reason=reason,
            seed=plan.seed if shuffle else None,
        )
        try:
            manager.hook.valor_before_training(run=run)
            # After the hook, which may still change the model: freeze it, give it other weights.
            engine, reason, program = self._compiled(engine, reason, plan)
            run.engine = engine.name
            run.engine_reason = f"{reason}; {program.remark}" if program.remark else reason
            self._train(program, plan, run, manager)
        except BaseException as error:
            run.stopped_by = "error"
            error.add_note(
                f"training stopped; model and optimizer are in the state of completed step "
                f"{run.completed_steps} of this run"
            )
            try:
                manager.hook.valor_on_training_error(run=run, error=error)
            except Exception as second:
                error.add_note(f"then valor_on_training_error failed too: {second!r}")
            raise
        manager.hook.valor_after_training(run=run)
        return run

    def predict(self, x: Any) -> list[Any]:
        """Return what the model says of samples.

        Args:
            x: the samples, as for `fit`.

        Returns:
            One float a sample, or one list of floats where the model has several outputs.

        Raises:
            DataError: the data are empty, ragged or not finite.
            InvalidArgumentError: they have another width than the model's inputs.
        """
        rows = [_numbers(outputs_of(self.model, row)) for row in as_rows(x, "x")]
        return [row[0] for row in rows] if len(rows[0]) == 1 else rows

    def evaluate(self, x: Any, y: Any, metrics: Iterable[Any] = ()) -> dict[str, float]:
        """Return the loss over all samples, without penalties, and metrics, by name.

        Args:
            x, y: the samples and targets, as for `fit`.
            metrics: names, records or functions of metrics.

        Raises:
            DataError: the data are empty, ragged, not finite, or do not fit the model.
        """
        records = self._records(Metric, "metrics", metrics)
        names = ["loss", *(record.name for record in records)]
        for name in names:
            if names.count(name) > 1:
                raise InvalidArgumentError(
                    f"metrics must have names of their own, not two {name!r}"
                )
        inputs, targets = as_samples(x, y)
        check_widths(self.model, inputs, targets)
        total, outputs = 0.0, []
        for row, target in zip(inputs, targets, strict=True):
            predicted = outputs_of(self.model, row)
            total += float(sample_loss(self.loss, predicted, target))
            outputs.append(_numbers(predicted))
        result = {"loss": total / len(inputs) if self.loss.reduction == "mean" else total}
        for record in records:
            result[record.name] = float(number(record(outputs, list(targets)), str(record)))
        return result

    def explain(
        self, x: Any, y: Any, *, batch_size: int | None = None, shuffle: bool = False
    ) -> str:
        """Compile as `fit` would, train nothing, and return what was compiled and how.

        Args:
            x, y: the samples and targets, as for `fit`.
            batch_size, shuffle: as for `fit`.

        Returns:
            Lines for people to read. Which engine one epoch would run on, and why; with "auto",
            which one a long run would use; then what this one has to say.

        Raises:
            MissingExtraError, CannotCompileError: the engine that was asked for by name cannot run.

        >>> from valor import MLP
        >>> print(Trainer(MLP(2, [1], seed=0), engine="eager").explain([[0, 1]], [1]))
        one epoch: engine eager, asked for
        eager: nothing is compiled; each step builds the graph of its batch in Python, and walks it
        the graph of the first sample's loss has 13 scalars
        the model has 3 parameters
        """
        plan, forward = self._plan(x, y, 1, batch_size, shuffle)
        engine, reason = self._chosen(plan, forward)
        wanted = engine
        if self.engine is AUTO:
            wanted = automatic_engine(self._manager or default_manager()) or EAGER
        before = [
            (parameter, parameter.data, parameter.grad) for parameter in parameters_of(self.model)
        ]
        try:
            used, why, program = self._compiled(wanted, reason, plan)
            if used is not wanted:
                engine, reason = used, why
            text = f"one epoch: engine {engine.name}, {reason}"
            if used is not engine:
                text += f"\na long run: engine {used.name}"
            if program.remark:
                text += f"; {program.remark}"
            return f"{text}\n{program.explain()}"
        finally:
            for parameter, value, gradient in before:
                parameter.data, parameter.grad = value, gradient

    def _train(self, program: Program, plan: Plan, run: Run, manager: PluginManager) -> None:
        with Interrupts() as interrupts:
            loop = Loop(program, plan, self.loss, run, manager, interrupts)
            try:
                loop.to_the_end()
            finally:
                interrupts.held = True
                program.write_back()  # an interrupted program books its last call here
                loop.keep_books()
                self._state = program.state()
                self._state_of = self.optimizer, self.model.parametros()
                self._completed_steps = plan.first_step + run.completed_steps
                self._completed_epochs += math.ceil(run.completed_steps / run.steps_per_epoch)

    def _chosen(self, plan: Plan, forward: float) -> tuple[Engine, str]:
        """Return the engine for a plan, and why it is that one."""
        if self.engine is AUTO:
            call = partial(outputs_of, self.model, plan.inputs[0])
            return choose(self._manager or default_manager(), plan, forward, call)
        exact = ALWAYS_EXACT if self.engine is EAGER and self.mode == "fast" else ""
        return self.engine, f"asked for{exact}"

    def _compiled(self, engine: Engine, reason: str, plan: Plan) -> tuple[Engine, str, Program]:
        """Turn the parameters into floats and compile; if that fails, they are as they were.

        Returns:
            The engine that compiled, why it was that one, and the program.
        """
        given = self.model, self.loss, self.optimizer, plan
        parameters = self.model.parametros()
        before = [parameter.data for parameter in parameters]
        for parameter in parameters:
            parameter.data = float(parameter.data)
        try:
            if self.engine is AUTO:
                return compile_or_fall_back(engine, reason, *given)
            return engine, reason, engine.compile(*given)
        except BaseException:
            for parameter, value in zip(parameters, before, strict=True):
                parameter.data = value
            raise

    def _plan(
        self, x: Any, y: Any, epochs: int, batch_size: int | None, shuffle: bool
    ) -> tuple[Plan, float]:
        """Return what is to be done, and the seconds of one forward call."""
        inputs, targets = as_samples(x, y)
        parameters = parameters_of(self.model)
        forward = check_widths(self.model, inputs, targets)
        size = len(inputs) if batch_size is None else at_least_one(batch_size, "batch_size")
        if type(shuffle).__name__ not in ("bool", "bool_"):  # Python's and NumPy's
            raise InvalidArgumentError(f"shuffle must be True or False, not {shuffle!r}")
        seed = self.seed
        if seed is None:
            import secrets

            seed = secrets.randbits(32) if shuffle else 0
        # What the optimizer remembers is of these parameters; of others it starts afresh.
        optimizer, remembered = self._state_of
        goes_on = optimizer is self.optimizer and remembered == parameters
        plan = Plan(
            inputs=inputs,
            targets=targets,
            batch_size=min(size, len(inputs)),
            epochs=at_least_one(epochs, "epochs"),
            shuffle=bool(shuffle),
            seed=seed,
            mode=self.mode,
            penalties=self.penalties,
            gradient_transforms=self.gradient_transforms,
            first_epoch=self._completed_epochs,
            first_step=self._completed_steps if goes_on else 0,
            state=self._state if goes_on else None,
            threads=self.threads,
        )
        return plan, forward

    def _callback(self, given: Any) -> Any:
        if isinstance(given, (str, Callback)):
            return resolve(Callback, given, self._manager, "callbacks")
        return given

    def _records(self, kind: type[F], argument: str, given: Any) -> tuple[F, ...]:
        return tuple(
            resolve(kind, each, self._manager, argument) for each in _several(argument, given)
        )


def _numbers(scalars: Iterable[Valor]) -> list[float]:
    return [float(scalar.data) for scalar in scalars]


def _several(argument: str, given: Any) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidArgumentError(f"{argument} must be a list, not {given!r}")
    return list(given)
