"""A checked description of a run: its data, its trainer, and what the trainer is to do."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import attrs

from valor._data import Rows, as_samples
from valor._manager import PluginManager
from valor._network import MLP
from valor._registry import resolve
from valor.config._origin import Origin
from valor.config._tables import Keys, Named, Tables
from valor.contracts import (
    Activation,
    Callback,
    Formula,
    GradientTransform,
    Initializer,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Reader,
    Scaler,
    Schedule,
)
from valor.exceptions import ConfigurationError, DataError, InvalidArgumentError, ValorError
from valor.files import Columns, Samples, by_suffix, read_samples
from valor.trainer import Trainer

F = TypeVar("F", bound=Formula)

MOST_NAMED = 8  # targets in an error


@attrs.frozen(eq=False)
class Configuration:
    """A checked description of a run.

    Attributes:
        tables: what was given, with defaults for the rest.
        origin: where it comes from.

    >>> import pathlib, tempfile
    >>> from valor.config import read
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "run.toml"
    ...     _ = path.write_text(
    ...         "[data]\\nx = [[0, 1], [1, 1]]\\ny = [0, 1]\\n"
    ...         "[model]\\nlayers = [1]\\n[training]\\nepochs = 10\\n"
    ...     )
    ...     configuration = read(path)
    >>> samples = configuration.samples()
    >>> trainer = configuration.trainer(len(samples.inputs))
    >>> trainer.fit(samples.x, samples.y, **configuration.fit_arguments(samples)).stopped_by
    'epochs'
    """

    tables: Tables
    origin: Origin

    def samples(self, plugins: PluginManager | None = None) -> Samples:
        """Return the data, read from their file or as they stand in the configuration.

        Args:
            plugins: the manager to look the reader up in; the default one if None.

        Raises:
            ConfigurationError: there is no such reader or column, or the numbers in the
                configuration do not fit each other.
            DataError: the file of the data cannot be used.
        """
        data = self.tables.data
        if data.file is None:
            with self._at("data"):
                x, y = as_samples(data.x, data.y)
            inputs, targets = Columns(_numbered("x", x)), Columns(_numbered("y", y), targets=True)
            return self._fitting(Samples(x, y, inputs, targets))
        reader = None
        if data.reader is not None:
            reader = self._record(Reader, data.reader, ("data", "reader"), plugins)
        with self._at("data", "file"):
            reader = reader or by_suffix(Reader, data.file, plugins)
        try:
            samples = read_samples(
                data.file,
                target=data.target or (),
                inputs=data.inputs,
                categorical=data.categorical or (),
                weight=data.weight,
                reader=reader,
            )
        except DataError as error:
            for key in ("target", "inputs", "categorical", "weight"):
                named = getattr(data, key) or ()
                if error.missing_column in ((named,) if isinstance(named, str) else named):
                    raise ConfigurationError(f"{self.place('data', key)}: {error}") from error
            raise  # the file is to blame, not who chose its columns
        except InvalidArgumentError as error:  # no column is left
            raise ConfigurationError(f"{self.place('data', 'target')}: {error}") from error
        return self._fitting(samples)

    def trainer(
        self, inputs: int, plugins: PluginManager | None = None, callbacks: Iterable[Any] = ()
    ) -> Trainer:
        """Return a trainer with a new model.

        Args:
            inputs: how many inputs the model has.
            plugins: the manager to look names up in; the default one if None.
            callbacks: more callbacks, before those of the configuration.

        Raises:
            ConfigurationError: a name is unknown or taken twice, or a hyperparameter is refused.
        """
        tables = self.tables
        model, training = tables.model, tables.training
        activation: Any = model.activation
        if isinstance(activation, Named):
            activation = self._record(Activation, activation, ("model", "activation"), plugins)
        elif activation is not None:
            activation = self._records(Activation, activation, ("model", "activation"), plugins)
        initializer: Any = model.initializer
        if initializer is not None:
            initializer = self._record(Initializer, initializer, ("model", "initializer"), plugins)
        with self._at("model", "activation"):
            network = MLP(
                inputs,
                model.layers or (),
                activation=activation,
                initializer=initializer,
                seed=model.seed,
            )
        loss = self._record(Loss, tables.loss, ("loss",), plugins)
        optimizer = self._record(Optimizer, tables.optimizer, ("optimizer",), plugins)
        penalties = self._records(Penalty, tables.penalties, ("penalties",), plugins)
        transforms = self._records(
            GradientTransform, tables.gradient_transforms, ("gradient_transforms",), plugins
        )
        named = self._records(Callback, tables.callbacks, ("callbacks",), plugins)
        with self._at("training", "engine"):
            return Trainer(
                network,
                loss,
                optimizer,
                engine=training.engine,
                mode=training.mode,
                callbacks=[*callbacks, *named],
                seed=training.seed,
                plugins=plugins,
                penalties=penalties,
                gradient_transforms=transforms,
                threads=training.threads,
            )

    def fit_arguments(
        self, samples: Samples, plugins: PluginManager | None = None
    ) -> dict[str, Any]:
        """Return the arguments of `Trainer.fit`, beside the samples.

        Args:
            samples: the data, as `samples` gives them.
            plugins: the manager to look names up in; the default one if None.

        Raises:
            ConfigurationError: a name is unknown, or a class has no weight.
            DataError: the file of the validation data cannot be used.
        """
        training = self.tables.training
        found: dict[str, Any] = {
            "epochs": training.epochs or 1,
            "batch_size": training.batch_size,
            "shuffle": training.shuffle,
            "stratify": training.stratify,
            "metrics": self._records(Metric, self.tables.metrics, ("metrics",), plugins),
            "sample_weight": samples.weights,
        }
        validation: Any = training.validation
        if isinstance(validation, str):
            validation = self._validation(validation, samples, plugins)
        found["validation"] = validation
        if training.class_weight is not None:
            found["class_weight"] = self._class_weight(training.class_weight, samples.targets)
        for key in ("scale_inputs", "scale_targets"):
            named = getattr(training, key)
            if named is not None:
                found[key] = self._record(Scaler, named, ("training", key), plugins)
        return found

    def _validation(
        self, path: str, samples: Samples, plugins: PluginManager | None
    ) -> tuple[Rows, Rows]:
        data = self.tables.data
        with self._at("training", "validation"):
            if data.file is None:
                raise ConfigurationError(
                    "a file of validation data goes with a file of training data; here a share "
                    "such as 0.2 can stand"
                )
            reader = None
            if data.reader is not None:
                reader = self._record(Reader, data.reader, ("data", "reader"), plugins)
            return samples.like(path, reader or by_suffix(Reader, path, plugins))

    def _class_weight(self, given: Any, targets: Columns) -> Any:
        """Return the weights of the classes by their numbers, from those by their names."""
        if not isinstance(given, dict):
            return given
        categories: Sequence[Any] = ()
        if len(targets.names) == 1:
            categories = targets.categories.get(targets.names[0], ())
        numbers = {str(category): float(at) for at, category in enumerate(categories)}
        found = {}
        for key, weight in given.items():
            try:
                found[numbers[key] if categories else float(key)] = weight
            except (KeyError, ValueError):
                known = ", ".join(numbers) if categories else "numbers"
                raise ConfigurationError(
                    f"{self.place('training', 'class_weight', key)}: there is no such class; the "
                    f"classes are: {known}"
                ) from None
        return found

    def _fitting(self, samples: Samples) -> Samples:
        """Return the data, after checking that the network is as wide as they are."""
        outputs, targets = (self.tables.model.layers or (0,))[-1], len(samples.targets)
        if outputs != targets:
            named = ", ".join([*samples.targets[:MOST_NAMED], *(["…"] * (targets > MOST_NAMED))])
            raise ConfigurationError(
                f"{self.place('model', 'layers')}: the last layer must be as wide as there are "
                f"targets, {targets} ({named}), not {outputs}"
            )
        return samples

    def place(self, *keys: str | int) -> str:
        """Return what a user calls a place: an option, or the file, its line, table and key."""
        return self.origin.place(*keys)

    def _records(
        self, kind: type[F], given: Sequence[Named], keys: Keys, plugins: PluginManager | None
    ) -> list[F]:
        return [
            self._record(kind, named, (*keys, position), plugins)
            for position, named in enumerate(given)
        ]

    def _record(self, kind: type[F], named: Named, keys: Keys, plugins: PluginManager | None) -> F:
        with self._at(*keys):
            record = resolve(kind, named.name, plugins, kind.kind)
        for name, value in named.hyperparameters.items():
            given = value
            if isinstance(value, Named):
                given = self._record(Schedule, value, (*keys, name), plugins)
            with self._at(*keys, name):
                record = record.bind(**{name: given})
        return record

    @contextlib.contextmanager
    def _at(self, *keys: str | int) -> Iterator[None]:
        """Name the place in the configuration that an error is about."""
        try:
            yield
        except ValorError as error:
            raise ConfigurationError(f"{self.place(*keys)}: {error}") from error


def _numbered(letter: str, rows: Rows) -> tuple[str, ...]:
    width = len(rows[0])
    return tuple(f"{letter}{i + 1}" for i in range(width)) if width > 1 else (letter,)
