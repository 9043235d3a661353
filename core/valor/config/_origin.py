"""Where a value of a configuration comes from, as an error tells it: an option, or a line."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from valor.config._lines import lines_of
from valor.config._values import Keys
from valor.exceptions import InvalidArgumentError, shown


@attrs.frozen(eq=False)
class Override:
    """A value that stands in for that of a file.

    Attributes:
        option: what the user wrote it as, such as ``--epochs``.
        keys: the table and the key it is for, such as ``("training", "epochs")``.
        value: the value.

    Raises:
        InvalidArgumentError: the keys are not what is described here.

    >>> Override("--epochs", ("training", "epochs"), 100).value
    100
    """

    option: str
    keys: tuple[str, ...]
    value: Any

    def __attrs_post_init__(self) -> None:
        keys = self.keys
        if not isinstance(keys, tuple) or not all(isinstance(key, str) for key in keys) or not keys:
            raise InvalidArgumentError(
                f"keys must be a tuple of texts, such as ('training', 'epochs'), not {shown(keys)}"
            )


@attrs.frozen(eq=False)
class Origin:
    """Where a configuration comes from.

    Attributes:
        file: its file; "" if there is none.
        text: what is in the file.
        overrides: what was given beside it.

    >>> origin = Origin("run.toml", "[model]\\nlayers = [3, 0]\\n")
    >>> origin.place("model", "layers", 1)
    'run.toml, line 2: [model] layers[1]'
    >>> Origin(overrides=[Override("--layers", ("model", "layers"), [0])]).place("model", "layers")
    '--layers'
    """

    file: str = ""
    text: str = ""
    overrides: Sequence[Override] = ()

    def place(self, *keys: str | int) -> str:
        """Return what a user calls the place of some keys: an option, or a table and a key."""
        for override in reversed(self.overrides):
            length = len(override.keys)
            if override.keys in (keys[:length], (*keys, "name")):
                return override.option + _path(keys[length:])
        lines = lines_of(self.text)
        for override in reversed(self.overrides):
            # It made the table that the place is of, as --set model.initializer.low=0 does.
            if len(keys) > 1 and keys not in lines and override.keys[: len(keys)] == keys:
                return override.option
        place, rest = f"[{keys[0]}]", keys[1:]
        if rest and isinstance(rest[0], int):  # one of an array of tables
            place, rest = f"[[{keys[0]}]] number {rest[0] + 1}", rest[1:]
        path = _path(rest).removeprefix(".")
        return self._beginning(keys, lines) + place + (f" {path}" if path else "")

    def _beginning(self, keys: Keys, lines: Mapping[Keys, int]) -> str:
        if not self.file:
            return ""
        for length in range(len(keys), 0, -1):
            if keys[:length] in lines:
                return f"{self.file}, line {lines[keys[:length]]}: "
        return f"{self.file}: "


def _path(keys: Sequence[str | int]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
