"""The configuration of a run as it was in effect: with every default and every seed written out.

Read again, it describes the same run, to the same bits, also where defaults have changed since.
"""

import math
import os
from typing import Any

import attrs

from valor._manager import PluginManager
from valor.config._configuration import Configuration
from valor.config._lookup import Lookup
from valor.config._tables import Tables
from valor.config._values import Keys, Named
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
    Scaler,
    Schedule,
)
from valor.exceptions import InvalidArgumentError, shown
from valor.files import path_of

# The kinds of what is named, by table and key.
_KINDS: dict[Keys, type[Formula]] = {
    ("data", "reader"): Reader,
    ("model", "activation"): Activation,
    ("model", "initializer"): Initializer,
    ("training", "scale_inputs"): Scaler,
    ("training", "scale_targets"): Scaler,
    ("loss",): Loss,
    ("optimizer",): Optimizer,
    ("penalties",): Penalty,
    ("gradient_transforms",): GradientTransform,
    ("callbacks",): Callback,
}
_PATHS = {("data", "file"), ("training", "validation"), ("output", "folder")}
_HEADER = """\
# A run, with all its defaults and seeds. `valor train` with this file, or with its folder, repeats
# it, to the same bits; with --resume it goes on from the checkpoint in its folder.

"""


def effective_text(
    configuration: Configuration, folder: str, plugins: PluginManager | None = None
) -> str:
    """Return a configuration file that describes the same run with nothing left out.

    What stands for "none" or "all" where it is left out, such as `batch_size`, stays left out.

    Args:
        configuration: the run.
        folder: where the file is to stand; paths in it are relative to that.
        plugins: the manager to look names up in; the default one if None.

    Raises:
        ConfigurationError: a name is unknown or taken twice, or a hyperparameter is refused.
        InvalidArgumentError: an argument is not what is described here.

    >>> from valor.config import Override, read
    >>> given = {("data", "file"): "a.csv", ("data", "target"): "y", ("model", "layers"): [1],
    ...     ("training", "epochs"): 10}
    >>> configuration = read(None, [Override("--", keys, value) for keys, value in given.items()])
    >>> "learning_rate = 0.01" in effective_text(configuration, ".")
    True
    """
    import tomli_w

    if not isinstance(configuration, Configuration):
        raise InvalidArgumentError(
            f"configuration must be a Configuration, not {shown(configuration)}"
        )
    folder = path_of(folder, "folder")
    writer = _Writer(configuration, folder, Lookup(configuration.origin, plugins))
    return _HEADER + tomli_w.dumps(writer.document())


@attrs.frozen(eq=False)
class _Writer:
    configuration: Configuration
    folder: str
    lookup: Lookup

    def document(self) -> dict[str, Any]:
        """Return the whole of it, as a TOML file holds it."""
        document: dict[str, Any] = {}
        for field in attrs.fields(Tables):
            value = getattr(self.configuration.tables, field.name)
            if field.name == "metrics":
                records = self.configuration.metrics(self.lookup.plugins)
                pairs = zip(value, records, strict=True)
                document["metrics"] = [self._written(named, record) for named, record in pairs]
            elif attrs.has(type(value)) and not isinstance(value, Named):
                entries = {
                    key.name: self._plain(getattr(value, key.name), (field.name, key.name))
                    for key in attrs.fields(type(value))
                }
                document[field.name] = {k: each for k, each in entries.items() if each is not None}
            else:
                document[field.name] = self._plain(value, (field.name,))
        return document

    def _plain(self, value: Any, keys: Keys) -> Any:
        if isinstance(value, Named):
            kind = next(kind for place, kind in _KINDS.items() if keys[: len(place)] == place)
            return self._written(value, self.lookup.record(kind, value, keys))
        if isinstance(value, (tuple, list)):
            return [self._plain(each, (*keys, at)) for at, each in enumerate(value)]
        if isinstance(value, str) and keys in _PATHS:
            return self._relative(value)
        return value

    def _written(self, named: Named, record: Formula) -> dict[str, Any]:
        """Return a name with all its hyperparameters, as they are in effect."""
        found: dict[str, Any] = {"name": named.name}
        for key, value in record.hyperparameters.items():
            if isinstance(value, Schedule):
                found[key] = self._written(named.hyperparameters[key], value)
            elif key == "path" and isinstance(record, Callback) and isinstance(value, str):
                found[key] = self._relative(value)
            elif _is_writable(value):
                found[key] = value
        return found

    def _relative(self, path: str) -> str:
        try:
            return os.path.relpath(path, self.folder)
        except ValueError:  # on another drive there is no such path
            return os.path.abspath(path)


def _is_writable(value: Any) -> bool:
    """Tell whether a file can hold a hyperparameter; where it cannot, it is a default anyhow."""
    return all(
        math.isfinite(each) if isinstance(each, float) else isinstance(each, (bool, int, str))
        for each in (value if isinstance(value, list) else [value])
    )
