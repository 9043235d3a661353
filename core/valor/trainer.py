"""`Trainer`: a model, a loss and an optimizer, brought together with data."""

import math
from collections.abc import Iterable
from typing import Any, TypeVar

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
)
from valor.exceptions import DataError, InvalidArgumentError
from valor.functions import number

F = TypeVar("F", bound=Formula)

MODES = ("exact", "fast")


class Trainer:
    """Trains a model, and goes on from where it was when `fit` is called again.

    Args:
        model: a network: something to call with one sample, with `parametros()`.
        loss: the name, the record or the function of a loss.
        optimizer: the name or the record of an optimizer.
        engine: the name or the record of an engine; "auto" for the fastest that can run the model.
        mode: "exact" for the bits of the visible graph; "fast" lets an engine reorder sums.
        callbacks: the names or records of callbacks, or objects with lifecycle hooks.
        seed: what the order of shuffled samples follows from; drawn, and noted on the run, if None.
        plugins: the manager to look names up in; the default one if None.
        penalties: names, records or functions of penalties.
        gradient_transforms: names, records or functions of gradient transforms.

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
    ) -> None:
        if not callable(model) or not callable(getattr(model, "parametros", None)):
            raise InvalidArgumentError(
                f"model must be a network to call, with a method parametros, not {model!r}"
            )
        if mode not in MODES:
            raise InvalidArgumentError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
            raise InvalidArgumentError(f"seed must be an int or None, not {seed!r}")
        self._manager = plugins
        self.model = model
        self.loss = resolve(Loss, loss, plugins, "loss")
        self.optimizer = resolve(Optimizer, optimizer, plugins, "optimizer")
        self.engine, self._engine_reason = self._choose_engine(engine)
        self.mode = mode
        self.callbacks = [self._callback(each) for each in _several("callbacks", callbacks)]
        objects = [each for each in self.callbacks if not isinstance(each, Callback)]
        (plugins or default_manager()).fork(objects)  # refuses now what would break in `fit`
        self.seed = seed
        self.penalties = self._records(Penalty, "penalties", penalties)
        self.gradient_transforms = self._records(
            GradientTransform, "gradient_transforms", gradient_transforms
        )
        self.run: Run | None = None
        self._state: list[tuple[float, ...]] | None = None
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
            x: the samples: rows of as many numbers as the model has inputs.
            y: the targets, one a sample: a number, or a row where the model has several outputs.
            epochs: how often to go through the samples, at least 1.
            batch_size: how many samples a step takes; all of them if None.
            shuffle: whether to take the samples in another order each epoch.

        Raises:
            DataError: the data are empty, ragged, not finite, or do not fit the model.
            InvalidArgumentError: `epochs` or `batch_size` is not an int of at least 1.
            NonFiniteError: a loss or a parameter stopped being finite.
        """
        plan = self._plan(x, y, epochs, batch_size, shuffle)
        objects = [
            each.formula() if isinstance(each, Callback) else each for each in self.callbacks
        ]
        manager = (self._manager or default_manager()).fork(objects)
        run = self.run = Run(
            model=self.model,
            loss=self.loss,
            optimizer=self.optimizer,
            epochs=plan.epochs,
            steps_per_epoch=plan.steps_per_epoch,
            engine=self.engine.name,
            engine_reason=self._engine_reason,
            seed=plan.seed if shuffle else None,
        )
        try:
            manager.hook.valor_before_training(run=run)
            self._train(plan, run, manager)
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
        inputs, targets = as_samples(x, y)
        self._check_widths(inputs, targets)
        outputs = [outputs_of(self.model, row) for row in inputs]
        total = 0.0
        for predicted, target in zip(outputs, targets, strict=True):
            total += float(sample_loss(self.loss, predicted, target))
        result = {"loss": total / len(inputs) if self.loss.reduction == "mean" else total}
        numbers = [_numbers(row) for row in outputs]
        for record in records:
            result[record.name] = float(number(record.formula(numbers, targets), str(record)))
        return result

    def _train(self, plan: Plan, run: Run, manager: PluginManager) -> None:
        for parameter in self.model.parametros():
            parameter.data = float(number(parameter.data, f"parameter {parameter.rotulo!r}"))
        program = self.engine.compile(self.model, self.loss, self.optimizer, plan)
        with Interrupts() as interrupts:
            loop = Loop(program, plan, self.loss, run, manager, interrupts)
            try:
                loop.to_the_end()
            finally:
                interrupts.held = True
                loop.keep_books()
                self._state = program.state()
                self._completed_steps += run.completed_steps
                self._completed_epochs += math.ceil(run.completed_steps / run.steps_per_epoch)

    def _plan(self, x: Any, y: Any, epochs: int, batch_size: int | None, shuffle: bool) -> Plan:
        inputs, targets = as_samples(x, y)
        parameters = self.model.parametros()
        if not parameters or not all(isinstance(each, Valor) for each in parameters):
            raise InvalidArgumentError(
                f"model.parametros() must return a list of Valor, not {parameters!r}"
            )
        self._check_widths(inputs, targets)
        size = len(inputs) if batch_size is None else at_least_one(batch_size, "batch_size")
        seed = self.seed
        if seed is None:
            import secrets

            seed = secrets.randbits(32) if shuffle else 0
        same_model = self._state is not None and len(self._state) == len(parameters)
        return Plan(
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
            first_step=self._completed_steps,
            state=self._state if same_model else None,
        )

    def _check_widths(self, inputs: list[list[float]], targets: list[list[float]]) -> None:
        try:
            outputs = outputs_of(self.model, inputs[0])
        except InvalidArgumentError as error:
            raise DataError(f"x does not fit the model: {error}") from error
        if len(outputs) != len(targets[0]):
            raise DataError(
                f"y must have {len(outputs)} values a sample, as many as the model has outputs, "
                f"not {len(targets[0])}"
            )

    def _choose_engine(self, given: Any) -> tuple[Engine, str]:
        if given == "auto":
            return EAGER, "auto: the eager engine runs every model, and no compiler is installed"
        if given == "eager":
            return EAGER, "asked for"
        return resolve(Engine, given, self._manager, "engine"), "asked for"

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
