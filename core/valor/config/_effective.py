"""The configuration of a run as it was in effect: with every default and every seed written out.

Read again, it describes the same run, to the same bits, also where defaults have changed since.
"""

import os
from collections.abc import Sequence
from typing import Any

import attrs

from valor._manager import PluginManager
from valor._registry import resolve
from valor.config._configuration import Configuration
from valor.config._tables import Named, Tables
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

# The kinds of what is named, by table and key.
_KINDS: dict[tuple[str, ...], type[Formula]] = {
    ("data", "reader"): Reader,
    ("model", "activation"): Activation,
    ("model", "initializer"): Initializer,
    ("training", "scale_inputs"): Scaler,
    ("training", "scale_targets"): Scaler,
    ("loss",): Loss,
    ("optimizer",): Optimizer,
    ("penalties",): Penalty,
    ("gradient_transforms",): GradientTransform,
    ("metrics",): Metric,
    ("callbacks",): Callback,
}
_PATHS = {("data", "file"), ("training", "validation"), ("output", "folder")}


def effective_text(
    configuration: Configuration, folder: str, plugins: PluginManager | None = None
) -> str:
    """Return a configuration file that describes the same run with nothing left out.

    Args:
        configuration: the run.
        folder: where the file is to stand; paths in it are relative to that.
        plugins: the manager to look names up in; the default one if None.

    >>> from valor.config import Override, read
    >>> given = {("data", "file"): "a.csv", ("data", "target"): "y", ("model", "layers"): [1],
    ...     ("training", "epochs"): 10}
    >>> configuration = read(None, [Override("--", keys, value) for keys, value in given.items()])
    >>> "learning_rate = 0.01" in effective_text(configuration, ".")
    True
    """
    import tomli_w

    document: dict[str, Any] = {}
    for field in attrs.fields(Tables):
        value = getattr(configuration.tables, field.name)
        if attrs.has(type(value)) and not isinstance(value, Named):
            table = {
                each.name: _plain(
                    getattr(value, each.name), (field.name, each.name), folder, plugins
                )
                for each in attrs.fields(type(value))
            }
            document[field.name] = {key: each for key, each in table.items() if each is not None}
        else:
            document[field.name] = _plain(value, (field.name,), folder, plugins)
    return tomli_w.dumps(document)


def _plain(value: Any, keys: tuple[str, ...], folder: str, plugins: PluginManager | None) -> Any:
    """Return a value as a file holds it."""
    if isinstance(value, Named):
        return _named(_KINDS[keys], value, folder, plugins)
    if isinstance(value, (tuple, list)):
        return [_plain(each, keys, folder, plugins) for each in value]
    if isinstance(value, str) and keys in _PATHS:
        return _relative(value, folder)
    return value


def _named(
    kind: type[Formula], named: Named, folder: str, plugins: PluginManager | None
) -> dict[str, Any]:
    record = resolve(kind, named.name, plugins, kind.kind)
    found: dict[str, Any] = {"name": named.name}
    for name, default in record.hyperparameters.items():
        value = named.hyperparameters.get(name, default)
        if isinstance(value, Named):
            found[name] = _named(Schedule, value, folder, plugins)
        elif name == "path" and kind is Callback and isinstance(value, str):
            found[name] = _relative(value, folder)
        elif value is not None:
            found[name] = (
                list(value) if isinstance(value, Sequence) and type(value) is not str else value
            )
    return found


def _relative(path: str, folder: str) -> str:
    """Return a path as it is from a folder; on another drive there is no such path."""
    try:
        return os.path.relpath(path, folder)
    except ValueError:
        return os.path.abspath(path)
