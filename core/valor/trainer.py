"""`Trainer`: a model, a loss and an optimizer, brought together with data."""

import math
import os
from collections.abc import Iterable
from typing import Any, TypeVar

from valor._arguments import listed, whole
from valor._auto import AUTO, automatic_engine, chosen, compile_or_fall_back, forward_for
from valor._checks import check_widths, parameters_of
from valor._data import Rows, as_rows, as_samples, at_least_one, truth
from valor._discovery import manager_for
from valor._eager import EAGER
from valor._graph import Valor
from valor._manager import PluginManager
from valor._preparation import Prepared, Request, prepared
from valor._rates import Rates
from valor._registry import resolve
from valor._resuming import resumed_plan, seed_for
from valor._run import Run
from valor._session import Session
from valor._validation import Measured, check_metrics
from valor.contracts import (
    Callback,
    Engine,
    Formula,
    Forward,
    GradientTransform,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Plan,
    Scaler,
)
from valor.exceptions import InvalidArgumentError, shown

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
        seed: what the order of shuffled samples, and the share to validate on, follow from; if
            None, it is drawn when it is first needed, kept, and noted on the run.
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
                f"model must be a network to call, with a method parametros, not {shown(model)}"
            )
        if not isinstance(mode, str) or mode not in MODES:
            raise InvalidArgumentError(f"mode must be one of {', '.join(MODES)}, not {shown(mode)}")
        self._manager = plugins
        self.model = model
        self.loss = resolve(Loss, loss, plugins, "loss")
        self.optimizer = resolve(Optimizer, optimizer, plugins, "optimizer")
        built_in = {"auto": AUTO, "eager": EAGER}.get(engine) if isinstance(engine, str) else None
        self.engine = built_in or resolve(Engine, engine, plugins, "engine")
        self.mode = mode
        self.callbacks = [self._callback(each) for each in listed(callbacks, "callbacks")]
        objects = [each for each in self.callbacks if not isinstance(each, Callback)]
        manager_for(plugins).fork(objects)  # refuses now what would break in `fit`
        self.seed = None if seed is None else whole(seed, "seed", "an int or None")
        self.penalties = self._records(Penalty, "penalties", penalties)
        self.gradient_transforms = self._records(
            GradientTransform, "gradient_transforms", gradient_transforms
        )
        self.threads = at_least_one(threads, "threads")
        self.run: Run | None = None
        self._state: list[tuple[float, ...]] | None = None
        self._state_of: tuple[Optimizer, list[Valor]] = self.optimizer, []
        self._rates_of: Rates | None = None
        self._completed_steps = 0
        self._completed_epochs = 0
        self._drawn: int | None = None

    def fit(
        self,
        x: Any,
        y: Any = None,
        *,
        epochs: int,
        batch_size: int | None = None,
        shuffle: bool = False,
        validation: Any = None,
        stratify: bool = False,
        metrics: Iterable[Any] = (),
        sample_weight: Any = None,
        class_weight: Any = None,
        scale_inputs: Any = None,
        scale_targets: Any = None,
        resume_from: str | os.PathLike[str] | None = None,
    ) -> Run:
        """Train for some epochs, and return the run.

        Ctrl-C ends the run after the step under way, as if a plugin had voted to stop; a second
        Ctrl-C raises KeyboardInterrupt. Whatever ends a run, model and optimizer are in the state
        of its last completed step, and `run` on the trainer says which that was.

        Args:
            x: the samples: rows of as many numbers as the model has inputs; a data frame of pandas
                or polars; or an array of NumPy, which is not copied, and may be a `numpy.memmap`
                larger than memory. Without `y`, batches: pairs of samples and targets.
            y: the targets, one a sample: a number, or a row where the model has several outputs.
            epochs: how often to go through the samples, at least 1.
            batch_size: how many samples a step takes; all of them if None.
            shuffle: whether to take the samples in another order each epoch.
            validation: what to measure the loss on after each epoch, ``validation_loss`` in the
                history: data ``(x, y)``; or a share such as 0.2 of the samples, which are drawn by
                the seed, and then not trained on.
            stratify: whether that share is to have each class as often as the whole has.
            metrics: names, records or functions of metrics, to be measured after each epoch: on
                the validation data (``validation_accuracy``), or else on the training data.
            sample_weight: by what to multiply the loss of each sample, one number a sample.
            class_weight: likewise, of each class: a dict from the class (the target, or the place
                of the largest of several) to a number, or "balanced" for classes that count alike.
                What is measured, the validation loss and metrics, is without weights.
            scale_inputs, scale_targets: names, records or functions of scalers, to be fitted to
                the samples that are trained on; ``model.scaling`` then keeps what was found, and
                is used again by a later call.
            resume_from: a checkpoint of a run of the same model, data and arguments; this run then
                goes on from there, and ends with the same bits as if it had never been stopped.
                `epochs` counts those that are done already.

        Raises:
            DataError: the data are empty, ragged, not finite, or do not fit the model.
            InvalidArgumentError: another argument is not what is described here.
            CheckpointError: the checkpoint cannot be read, or is of another run.
            MissingExtraError, CannotCompileError: the engine that was asked for by name cannot
                run; "auto" runs eagerly then.
            NonFiniteError: a loss or a parameter stopped being finite.
        """
        snapshot = None
        if resume_from is not None:
            from valor.checkpoint import read_snapshot

            snapshot = read_snapshot(resume_from)
        records = self._records(Metric, "metrics", metrics)
        check_metrics(records)
        shuffle = truth(shuffle, "shuffle")
        # Data to validate on are not drawn from the samples.
        drawn = shuffle or not (validation is None or isinstance(validation, (tuple, list)))
        request = Request(
            x,
            y,
            validation=validation,
            stratify=truth(stratify, "stratify"),
            metrics=records,
            sample_weight=sample_weight,
            class_weight=class_weight,
            input_scaler=self._scaler("scale_inputs", scale_inputs),
            target_scaler=self._scaler("scale_targets", scale_targets),
            seed=seed_for(self.seed, self._drawn, drawn, snapshot),
        )
        samples, plan = self._plan(request, epochs, batch_size, shuffle)
        rates = self._rates()
        if snapshot is not None:
            rates = Rates(self.optimizer)
            given = self.model, self.loss, self.optimizer, samples, plan, rates
            plan = resumed_plan(snapshot, str(resume_from), *given)
        manager = manager_for(self._manager).fork(self.callbacks)
        engine, reason = chosen(
            self.engine, manager, plan, self.model, samples.forward, samples.measures
        )
        if drawn:
            self._drawn = plan.seed
        run = self.run = Run(
            model=self.model,
            loss=self.loss,
            optimizer=self.optimizer,
            epochs=plan.epochs,
            steps_per_epoch=plan.steps_per_epoch,
            engine=engine.name,
            engine_reason=reason,
            seed=plan.seed if drawn else None,
            rate=lambda step: rates.at(plan.first_step + step, plan.total_steps),
            uses=manager.hook_uses,
        )
        session = Session(
            run,
            plan,
            samples,
            rates,
            self.optimizer,
            manager,
            self.engine,
            engine,
            reason,
            self._remember,
            snapshot,
        )
        session.go()
        return run

    def predict(self, x: Any) -> list[Any]:
        """Return what the model says of samples.

        Args:
            x: the samples, as for `fit`.

        Returns:
            One float a sample, or one list of floats where the model has several outputs.

        Raises:
            DataError: the data are empty, ragged or not finite, or have another width than the
                model's inputs.
        """
        rows, scaling = as_rows(x, "x"), getattr(self.model, "scaling", None)
        if scaling is not None:
            rows = scaling.scaled_inputs(rows)
        outputs, _ = self._forward(None, rows)(rows, [])
        if scaling is not None:
            outputs = scaling.unscaled_outputs(outputs)
        return [row[0] for row in outputs] if len(outputs[0]) == 1 else outputs

    def evaluate(self, x: Any, y: Any, metrics: Iterable[Any] = ()) -> dict[str, float]:
        """Return the loss over all samples, without penalties, and metrics, by name.

        Where the model has a scaling, the loss is of the scaled targets, as in training; metrics
        are of the numbers as they are given here.

        Args:
            x, y: the samples and targets, as for `fit`.
            metrics: names, records or functions of metrics.

        Raises:
            DataError: the data are empty, ragged, not finite, or do not fit the model.
        """
        records = self._records(Metric, "metrics", metrics)
        check_metrics(records)
        inputs, targets = as_samples(x, y)
        scaling = getattr(self.model, "scaling", None)
        if scaling is not None:
            inputs, targets = scaling.scaled_inputs(inputs), scaling.scaled_targets(targets)
        check_widths(self.model, inputs, targets)
        measured = Measured(inputs, targets, records, scaling=scaling)
        return measured.numbers(self._forward(self.loss, inputs, targets), self.loss)

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
        shuffle = truth(shuffle, "shuffle")
        samples, plan = self._plan(Request(x, y), 1, batch_size, shuffle)
        manager = manager_for(self._manager)
        engine, reason = chosen(self.engine, manager, plan, self.model, samples.forward)
        wanted = engine
        if self.engine is AUTO:
            wanted = automatic_engine(manager) or EAGER
        before = [
            (parameter, parameter.data, parameter.grad) for parameter in parameters_of(self.model)
        ]
        for parameter, value, _ in before:
            parameter.data = float(value)
        rates = Rates(self.optimizer)
        rates.begin_epoch(1, plan.total_steps)
        given = self.model, samples.loss, rates.optimizer, plan
        try:
            used, why = wanted, reason
            if self.engine is AUTO:
                used, why, program = compile_or_fall_back(wanted, reason, *given, level=2)
            else:
                program = wanted.compile(*given)
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

    def _remember(self, session: Session) -> None:
        """Note what a later run goes on from."""
        run, plan = session.run, session.plan
        self._state = session.state()
        self._rates_of = session.rates
        self._state_of = self.optimizer, self.model.parametros()
        self._completed_steps = plan.first_step + run.completed_steps
        self._completed_epochs = plan.first_epoch + math.ceil(
            run.completed_steps / run.steps_per_epoch
        )

    def _rates(self) -> Rates:
        """Return where the learning rate comes from: a schedule goes on from where it was."""
        if self._rates_of is not None and self._goes_on(parameters_of(self.model)):
            return self._rates_of
        return Rates(self.optimizer)

    def _goes_on(self, parameters: list[Valor]) -> bool:
        """Tell whether what the optimizer remembers is of these parameters."""
        optimizer, remembered = self._state_of
        return optimizer is self.optimizer and remembered == parameters

    def _forward(self, loss: Loss | None, inputs: Rows, targets: Rows = ()) -> Forward:
        return forward_for(
            self.engine, manager_for(self._manager), self.model, loss, inputs, targets
        )

    def _plan(
        self, request: Request, epochs: int, batch_size: int | None, shuffle: bool
    ) -> tuple[Prepared, Plan]:
        """Return the samples, and what is to be done with them."""
        parameters = parameters_of(self.model)
        samples = prepared(self.model, self.loss, request)
        count = len(samples.inputs)
        size = batch_size if batch_size is not None else samples.batch_size
        goes_on = self._goes_on(parameters)
        plan = Plan(
            inputs=samples.inputs,
            targets=samples.targets,
            batch_size=min(count if size is None else at_least_one(size, "batch_size"), count),
            epochs=at_least_one(epochs, "epochs"),
            shuffle=shuffle,
            seed=request.seed,
            mode=self.mode,
            penalties=self.penalties,
            gradient_transforms=self.gradient_transforms,
            first_epoch=self._completed_epochs,
            first_step=self._completed_steps if goes_on else 0,
            state=self._state if goes_on else None,
            threads=self.threads,
        )
        return samples, plan

    def _callback(self, given: Any) -> Any:
        if isinstance(given, (str, Callback)):
            return resolve(Callback, given, self._manager, "callbacks")
        return given

    def _scaler(self, argument: str, given: Any) -> Scaler | None:
        return None if given is None else resolve(Scaler, given, self._manager, argument)

    def _records(self, kind: type[F], argument: str, given: Any) -> tuple[F, ...]:
        return tuple(
            resolve(kind, each, self._manager, argument) for each in listed(given, argument)
        )
