"""From a TOML file, and the options of a command line, to a checked description of a run.

Nothing is coerced: "0.5" is no number, 3.7 no int and true no 1. An unknown key is refused with
the nearest one there is, and every error names the file or the option, the table, the key, the
value and what was expected. Paths in a file are relative to the file.
"""

import contextlib
import copy
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import attrs

from valor._data import Rows, as_samples
from valor._manager import PluginManager
from valor._network import MLP
from valor._registry import resolve
from valor.config._tables import Keys, Named, Refusal, Tables, structured
from valor.contracts import (
    Activation,
    Callback,
    Formula,
    GradientTransform,
    Initializer,
    Loss,
    Optimizer,
    Penalty,
    Reader,
    Schedule,
)
from valor.exceptions import ConfigurationError, DataError, InvalidArgumentError, ValorError
from valor.files import Columns, Samples, by_suffix, read_samples
from valor.trainer import Trainer

__all__ = ["Configuration", "Override", "read"]

F = TypeVar("F", bound=Formula)

MOST_NAMED = 8  # targets in an error

Path = str | os.PathLike[str]


@attrs.frozen(eq=False)
class Override:
    """A value that stands in for that of a file.

    Attributes:
        option: what the user wrote it as, such as ``--epochs``.
        keys: the table and the key it is for, such as ``("training", "epochs")``.
        value: the value.

    >>> Override("--epochs", ("training", "epochs"), 100).value
    100
    """

    option: str
    keys: tuple[str, ...]
    value: Any


@attrs.frozen(eq=False)
class Configuration:
    """A checked description of a run.

    Attributes:
        tables: what was given, with defaults for the rest.
        file: the file it came from; "" if there was none.
        overrides: what was given beside the file.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "run.toml"
    ...     _ = path.write_text(
    ...         "[data]\\nx = [[0, 1], [1, 1]]\\ny = [0, 1]\\n"
    ...         "[model]\\nlayers = [1]\\n[training]\\nepochs = 10\\n"
    ...     )
    ...     configuration = read(path)
    >>> samples = configuration.samples()
    >>> trainer = configuration.trainer(len(samples.inputs))
    >>> trainer.fit(samples.x, samples.y, epochs=configuration.tables.training.epochs).stopped_by
    'epochs'
    """

    tables: Tables
    file: str
    overrides: Sequence[Override]

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
                reader=reader,
            )
        except DataError as error:
            for key in ("target", "inputs", "categorical"):
                if error.missing_column in (getattr(data, key) or ()):
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
        """Return what a user calls a place: an option, or the file, the table and the key.

        >>> read(None, [
        ...     Override("--data", ("data", "file"), "a.csv"),
        ...     Override("--target", ("data", "target"), "y"),
        ...     Override("--layers", ("model", "layers"), [1]),
        ...     Override("--epochs", ("training", "epochs"), 10),
        ... ]).place("model", "layers", 0)
        '--layers[0]'
        """
        return _place(keys, self.file, self.overrides)

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


def read(path: Path | None, overrides: Sequence[Override] = ()) -> Configuration:
    """Read and check the description of a run.

    Args:
        path: a TOML file; None if everything is in the overrides.
        overrides: values that stand in for those of the file, the last one counting. One that
            names another loss, optimizer, … sets the hyperparameters of the file's aside.

    Raises:
        ConfigurationError: the file cannot be read, is not TOML, or does not describe a run.

    >>> read(None, [Override("--epochs", ("training", "epochs"), 3.7)])
    Traceback (most recent call last):
    valor.exceptions.ConfigurationError: --epochs: expected an int of at least 1, not 3.7
    """
    file = "" if path is None else os.fspath(path)
    document = _parsed(file) if file else {}
    _checked(document, file, ())
    document = _merged(_anchored(document, os.path.dirname(file)), overrides)
    tables = _checked(document, file, overrides)
    _check_complete(tables, file, overrides)
    return Configuration(_with_both_seeds(tables), file, overrides)


def _with_both_seeds(tables: Tables) -> Tables:
    """Let a seed that was given alone stand for the other one too: one number repeats a run."""
    model, training = tables.model, tables.training
    return attrs.evolve(
        tables,
        model=attrs.evolve(model, seed=training.seed if model.seed is None else model.seed),
        training=attrs.evolve(
            training, seed=model.seed if training.seed is None else training.seed
        ),
    )


def _check_complete(tables: Tables, file: str, overrides: Sequence[Override]) -> None:
    """Check what no single value tells: that nothing is missing, and nothing there twice."""
    data = tables.data
    if data.x is not None or data.y is not None:
        for key in ("file", "reader", "inputs", "target", "categorical"):
            if getattr(data, key) is not None:
                place = _place(("data", key), file, overrides)
                raise ConfigurationError(
                    f"{place}: it is about a file, but x and y hold the data themselves"
                )
        for key, other, what in (("x", "y", "the samples"), ("y", "x", "the targets")):
            if getattr(data, key) is None:
                place = _place(("data",), file, overrides)
                raise ConfigurationError(f"{place} lacks {key}, {what} of {other}")
    for position, name in enumerate(data.inputs or ()):
        if name in (data.target or ()):
            place = _place(("data", "inputs", position), file, overrides)
            raise ConfigurationError(
                f"{place}: column {name!r} is a target, so it cannot be an input too"
            )
    for position, name in enumerate(data.categorical or ()):
        if data.inputs is not None and name not in (*data.inputs, *(data.target or ())):
            place = _place(("data", "categorical", position), file, overrides)
            raise ConfigurationError(f"{place}: column {name!r} is neither an input nor a target")
    needed: list[tuple[Any, str, str]] = [
        (data.file or data.x, "[data] file", "--data"),
        (tables.model.layers, "[model] layers", "--layers"),
        (tables.training.epochs, "[training] epochs", "--epochs"),
    ]
    if data.x is None:
        needed.insert(1, (data.target, "[data] target", "--target"))
    missing = [
        f"{key} (or {option})" if file else option for value, key, option in needed if not value
    ]
    if missing:
        raise ConfigurationError(f"{file or 'the command line'} lacks {', '.join(missing)}")


def _parsed(file: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(file, "rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror or error}") from error
    except RecursionError:
        raise ConfigurationError(f"{file}: it is nested too deeply") from None
    except ValueError as error:
        raise ConfigurationError(f"{file}: it is not TOML: {error}") from error


def _checked(document: dict[str, Any], file: str, overrides: Sequence[Override]) -> Tables:
    tables, refusals = structured(document)
    if tables is None:
        lines = [_line(refusal, file, overrides) for refusal in refusals]
        raise ConfigurationError("\n".join(dict.fromkeys(lines)))  # --seed stands for two keys
    return tables


def _line(refusal: Refusal, file: str, overrides: Sequence[Override]) -> str:
    keys = refusal.keys
    for override in reversed(overrides):
        # Without the overrides the file was fine, so the table that is wrong is the option's.
        if len(keys) < len(override.keys) and override.keys[: len(keys)] == keys:
            return f"{override.option}: {refusal.reason}"
    return f"{_place(keys, file, overrides)}: {refusal.reason}"


def _place(keys: Keys, file: str, overrides: Sequence[Override]) -> str:
    """Return what a user calls the place of some keys: an option, or a table and a key."""
    for override in reversed(overrides):
        length = len(override.keys)
        if override.keys in (keys[:length], (*keys, "name")):
            return override.option + _path(keys[length:])
    place, rest = f"[{keys[0]}]", keys[1:]
    if rest and isinstance(rest[0], int):  # one of an array of tables
        place, rest = f"[[{keys[0]}]] number {rest[0] + 1}", rest[1:]
    path = _path(rest).removeprefix(".")
    return (f"{file}: " if file else "") + place + (f" {path}" if path else "")


def _path(keys: Sequence[str | int]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)


def _anchored(document: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return a document whose paths no longer depend on where its file stands."""
    document = copy.deepcopy(document)
    tables = [(document.get("data", {}), "file"), (document.get("output", {}), "folder")]
    tables += [(entry, "path") for entry in document.get("callbacks", ())]
    for table, key in tables:
        if isinstance(table, dict) and isinstance(table.get(key), str):
            table[key] = os.path.join(folder, table[key])
    return document


def _merged(document: dict[str, Any], overrides: Sequence[Override]) -> dict[str, Any]:
    for override in overrides:
        table = document
        *outer, last = override.keys
        for key in outer:
            inner = table.get(key, {})
            table[key] = inner if isinstance(inner, dict) else {"name": inner}
            table = table[key]
        if last == "name" and table.get("name", override.value) != override.value:
            table.clear()  # the hyperparameters were those of something else
        if override.keys == ("data", "file"):
            table.pop("x", None)
            table.pop("y", None)
        table[last] = copy.deepcopy(override.value)
    return document


def _numbered(letter: str, rows: Rows) -> tuple[str, ...]:
    width = len(rows[0])
    return tuple(f"{letter}{i + 1}" for i in range(width)) if width > 1 else (letter,)
