"""Reading a configuration: a file, and the options that stand above it."""

import copy
import os
import tomllib
from collections.abc import Sequence
from typing import Any

import attrs

from valor._arguments import listed, path_of
from valor.config._configuration import Configuration
from valor.config._origin import Origin, Override
from valor.config._tables import Tables, structured
from valor.config._values import Refusal
from valor.exceptions import ConfigurationError, InvalidArgumentError, shown

Path = str | os.PathLike[str]


def read(path: Path | None, overrides: Sequence[Override] = ()) -> Configuration:
    """Read and check the description of a run.

    Args:
        path: a TOML file; None if everything is in the overrides.
        overrides: values that stand in for those of the file, the last one counting. One that
            names another loss, optimizer, … sets the hyperparameters of the file's aside.

    Raises:
        ConfigurationError: the file cannot be read, is not TOML, or does not describe a run.
        InvalidArgumentError: an argument is not what is described here.

    >>> read(None, [Override("--epochs", ("training", "epochs"), 3.7)])
    Traceback (most recent call last):
    valor.exceptions.ConfigurationError: --epochs: expected an int of at least 1, not 3.7
    """
    file = "" if path is None else path_of(path)
    overrides = listed(overrides, "overrides")
    for position, override in enumerate(overrides):
        if not isinstance(override, Override):
            raise InvalidArgumentError(
                f"overrides[{position}] must be an Override, not {shown(override)}"
            )
    text = _text(file) if file else ""
    document = _parsed(file, text)
    _checked(document, Origin(file, text))
    document = _merged(_anchored(document, os.path.dirname(file)), overrides)
    origin = Origin(file, text, overrides)
    tables = _checked(document, origin)
    _check_complete(tables, origin)
    return Configuration(_with_both_seeds(tables), origin)


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


def _check_complete(tables: Tables, origin: Origin) -> None:
    """Check what no single value tells: that nothing is missing, and nothing there twice."""
    data = tables.data
    if data.x is not None or data.y is not None:
        for key in ("file", "reader", "inputs", "target", "categorical", "weight"):
            if getattr(data, key) is not None:
                place = origin.place("data", key)
                raise ConfigurationError(
                    f"{place}: it is about a file, but x and y hold the data themselves"
                )
        for key, other, what in (("x", "y", "the samples"), ("y", "x", "the targets")):
            if getattr(data, key) is None:
                place = origin.place("data")
                raise ConfigurationError(f"{place} lacks {key}, {what} of {other}")
    for position, name in enumerate(data.inputs or ()):
        if name in (data.target or ()):
            place = origin.place("data", "inputs", position)
            raise ConfigurationError(
                f"{place}: column {name!r} is a target, so it cannot be an input too"
            )
    columns = (*(data.inputs or ()), *(data.target or ()))
    if data.weight in columns:
        place = origin.place("data", "weight")
        raise ConfigurationError(
            f"{place}: column {data.weight!r} is an input or a target, so it cannot hold the "
            "weights of the samples"
        )
    for position, name in enumerate(data.categorical or ()):
        if name == data.weight or (data.inputs is not None and name not in columns):
            place = origin.place("data", "categorical", position)
            raise ConfigurationError(f"{place}: column {name!r} is neither an input nor a target")
    if tables.training.stratify and not isinstance(tables.training.validation, float):
        raise ConfigurationError(
            f"{origin.place('training', 'stratify')}: it is about the share of the samples to "
            "validate on; give that too, as in validation = 0.2"
        )
    needed: list[tuple[Any, str, str]] = [
        (data.file or data.x, "[data] file", "--data"),
        (tables.model.layers, "[model] layers", "--layers"),
        (tables.training.epochs, "[training] epochs", "--epochs"),
    ]
    if data.x is None:
        needed.insert(1, (data.target, "[data] target", "--target"))
    missing = [
        f"{key} (or {option})" if origin.file else option
        for value, key, option in needed
        if not value
    ]
    if missing:
        raise ConfigurationError(f"{origin.file or 'the command line'} lacks {', '.join(missing)}")


def _text(file: str) -> str:
    try:
        with open(file, encoding="utf-8", newline="") as stream:
            return stream.read()
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: it is not TOML: {error}") from error


def _parsed(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigurationError(f"{file}: it is nested too deeply") from None
    except ValueError as error:
        raise ConfigurationError(
            f"{file}: it is not TOML: {error}{_remedy(file, str(error))}"
        ) from error


def _remedy(file: str, error: str) -> str:
    """Return what to do about a file that is not TOML; "" if nothing is known."""
    if os.path.splitext(file)[1].lower() not in ("", ".toml"):
        return "; a table of samples is given with --data"
    if error.startswith("Invalid value"):
        return "; texts stand in quotes, and true and false are written like this"
    if "hex value" in error or "Unescaped '\\'" in error:
        return "; in double quotes a backslash is written twice, in single quotes once"
    return ""


def _checked(document: dict[str, Any], origin: Origin) -> Tables:
    tables, refusals = structured(document)
    if tables is None:
        lines = [_line(refusal, origin) for refusal in refusals]
        raise ConfigurationError("\n".join(dict.fromkeys(lines)))  # --seed stands for two keys
    return tables


def _line(refusal: Refusal, origin: Origin) -> str:
    keys = refusal.keys
    for override in reversed(origin.overrides):
        # Without the overrides the file was fine, so the table that is wrong is the option's.
        if len(keys) < len(override.keys) and override.keys[: len(keys)] == keys:
            return f"{override.option}: {refusal.reason}"
    return f"{origin.place(*keys)}: {refusal.reason}"


def _anchored(document: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return a document whose paths no longer depend on where its file stands."""
    document = copy.deepcopy(document)
    tables = [
        (document.get("data", {}), "file"),
        (document.get("training", {}), "validation"),
        (document.get("output", {}), "folder"),
    ]
    tables += [(entry, "path") for entry in document.get("callbacks", ())]
    for table, key in tables:
        if isinstance(table, dict) and isinstance(table.get(key), str):
            table[key] = os.path.join(folder, table[key]) if table[key] != "." else folder or "."
    return document


def _merged(document: dict[str, Any], overrides: Sequence[Override]) -> dict[str, Any]:
    for override in overrides:
        table = document
        *outer, last = override.keys
        for key in outer:
            inner = table.get(key, {})
            if not isinstance(inner, dict):  # a name stands for a table with it; "balanced" is none
                inner = {} if key == "class_weight" else {"name": inner}
            table[key] = inner
            table = inner
        if last == "name" and table.get("name", override.value) != override.value:
            table.clear()  # the hyperparameters were those of something else
        if override.keys == ("data", "file"):
            table.pop("x", None)
            table.pop("y", None)
        try:
            table[last] = copy.deepcopy(override.value)
        except (TypeError, RecursionError):
            raise ConfigurationError(
                f"{override.option}: expected what a file can hold, not {shown(override.value)}"
            ) from None
    return document
