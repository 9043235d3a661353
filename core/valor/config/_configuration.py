"""A checked description of a run: its data, its trainer, and what the trainer is to do."""

import os
from collections.abc import Iterable
from typing import Any

import attrs

from valor._arguments import listed
from valor._data import Rows, as_samples
from valor._manager import PluginManager
from valor._network import MLP
from valor._validation import check_metrics
from valor.config._class_weight import class_weight_of
from valor.config._lookup import Lookup
from valor.config._origin import Origin
from valor.config._tables import Tables
from valor.config._threshold import LOGIT, PROBABILITY, threshold_of
from valor.config._values import Keys, Named
from valor.contracts import (
    Activation,
    Callback,
    GradientTransform,
    Initializer,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Reader,
    Scaler,
)
from valor.exceptions import ConfigurationError, DataError, InvalidArgumentError, nearest, shown
from valor.files import Columns, Samples, by_suffix, read_samples
from valor.trainer import Trainer

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
            plugins: the manager to look names up in; the default one if None.

        Raises:
            ConfigurationError: there is no such reader or column, or the numbers in the
                configuration do not fit each other or the network.
            DataError: the file of the data cannot be used.
        """
        data, lookup = self.tables.data, Lookup(self.origin, plugins)
        if data.file is None:
            with lookup.at("data"):
                x, y = as_samples(data.x, data.y)
            inputs, targets = Columns(_numbered("x", x)), Columns(_numbered("y", y), targets=True)
            return self._fitting(Samples(x, y, inputs, targets))
        loss = lookup.record(Loss, self.tables.loss, ("loss",))
        reader = self._reader(data.file, ("data", "file"), lookup)
        try:
            samples = read_samples(
                data.file,
                target=data.target or (),
                inputs=data.inputs,
                categorical=data.categorical or (),
                threshold=threshold_of(loss),
                weight=data.weight,
                reader=reader,
            )
        except DataError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                folder, name = os.path.split(data.file)
                there = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
                raise ConfigurationError(
                    f"{self.place('data', 'file')}: {error}{nearest(name, there)}"
                ) from error
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
        tables, lookup = self.tables, Lookup(self.origin, plugins)
        model, training = tables.model, tables.training
        activation: Any = model.activation
        if isinstance(activation, Named):
            activation = lookup.record(Activation, activation, ("model", "activation"))
        elif activation is not None:
            activation = lookup.records(Activation, activation, ("model", "activation"))
        initializer: Any = model.initializer
        if initializer is not None:
            initializer = lookup.record(Initializer, initializer, ("model", "initializer"))
        with lookup.at("model", "activation"):
            network = MLP(
                inputs,
                model.layers or (),
                activation=activation,
                initializer=initializer,
                seed=model.seed,
            )
        loss = lookup.record(Loss, tables.loss, ("loss",))
        optimizer = lookup.record(Optimizer, tables.optimizer, ("optimizer",))
        penalties = lookup.records(Penalty, tables.penalties, ("penalties",))
        transforms = lookup.records(
            GradientTransform, tables.gradient_transforms, ("gradient_transforms",)
        )
        named = lookup.records(Callback, tables.callbacks, ("callbacks",))
        with lookup.at("training", "engine"):
            return Trainer(
                network,
                loss,
                optimizer,
                engine=training.engine,
                mode=training.mode,
                callbacks=[*listed(callbacks, "callbacks"), *named],
                seed=training.seed,
                plugins=plugins,
                penalties=penalties,
                gradient_transforms=transforms,
                threads=training.threads,
            )

    def metrics(self, plugins: PluginManager | None = None) -> list[Metric]:
        """Return the metrics.

        Where the loss is of logits, one that takes an output above 0.5 for the second of two
        classes, and is not told otherwise, takes one above 0 for it.

        Args:
            plugins: the manager to look names up in; the default one if None.

        Raises:
            ConfigurationError: a name is unknown, taken twice, or there twice.
        """
        lookup = Lookup(self.origin, plugins)
        given = self.tables.metrics
        records = lookup.records(Metric, given, ("metrics",))
        with lookup.at("metrics"):
            check_metrics(records)
        if records and threshold_of(lookup.record(Loss, self.tables.loss, ("loss",))) == LOGIT:
            for at, (named, record) in enumerate(zip(given, records, strict=True)):
                own = named.hyperparameters.get("threshold")
                if own is None and record.hyperparameters.get("threshold") == PROBABILITY:
                    records[at] = record.bind(threshold=LOGIT)
        return records

    def fit_arguments(
        self, samples: Samples, plugins: PluginManager | None = None
    ) -> dict[str, Any]:
        """Return the arguments of `Trainer.fit`, beside the samples.

        Args:
            samples: the data, as `samples` gives them.
            plugins: the manager to look names up in; the default one if None.

        Raises:
            ConfigurationError: a name is unknown, a class has no weight, the file of the
                validation data cannot be used, or targets are to be scaled that are categories.
        """
        if not isinstance(samples, Samples):
            raise InvalidArgumentError(f"samples must be Samples, not {shown(samples)}")
        training, lookup = self.tables.training, Lookup(self.origin, plugins)
        found: dict[str, Any] = {
            "epochs": training.epochs,
            "batch_size": training.batch_size,
            "shuffle": training.shuffle,
            "stratify": training.stratify,
            "metrics": self.metrics(plugins),
            "sample_weight": samples.weights,
        }
        validation: Any = training.validation
        if isinstance(validation, str):
            validation = self._validation(validation, samples, lookup)
        found["validation"] = validation
        found["class_weight"] = class_weight_of(
            training.class_weight, samples.targets, samples.y, self.origin
        )
        for key, rows in (("scale_inputs", samples.x), ("scale_targets", samples.y)):
            named, place = getattr(training, key), ("training", key)
            found[key] = None if named is None else lookup.record(Scaler, named, place)
            if found[key] is not None:
                try:
                    found[key]([row[0] for row in rows])
                except InvalidArgumentError as error:  # its hyperparameters contradict each other
                    raise ConfigurationError(f"{self.place(*place)}: {error}") from error
        if found["scale_targets"] is not None and samples.targets.categories:
            raise ConfigurationError(
                f"{self.place('training', 'scale_targets')}: categories are not scaled, and the "
                f"target {next(iter(samples.targets.categories))!r} holds some"
            )
        return found

    def _validation(self, path: str, samples: Samples, lookup: Lookup) -> tuple[Rows, Rows]:
        keys = ("training", "validation")
        if self.tables.data.file is None:
            raise ConfigurationError(
                f"{self.place(*keys)}: a file of validation data goes with a file of training "
                "data; here a share such as 0.2 can stand"
            )
        reader = self._reader(path, keys, lookup)
        with lookup.at(*keys):
            return samples.like(path, reader)

    def _reader(self, path: str, keys: Keys, lookup: Lookup) -> Reader:
        """Return what reads a file: what the configuration says, or else by its suffix."""
        named = self.tables.data.reader
        if named is not None:
            return lookup.record(Reader, named, ("data", "reader"))
        with lookup.at(*keys):
            return by_suffix(Reader, path, lookup.plugins)

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


def _numbered(letter: str, rows: Rows) -> tuple[str, ...]:
    width = len(rows[0])
    return tuple(f"{letter}{i + 1}" for i in range(width)) if width > 1 else (letter,)
