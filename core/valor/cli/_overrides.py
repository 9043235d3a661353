"""From options of the command line to values that stand above those of a configuration file."""

import argparse
import tomllib
from typing import Any

from valor.cli._parser import SCALARS, TEXT, TEXTS, TRAIN_OPTIONS, names_in
from valor.config import Override
from valor.exceptions import ConfigurationError


def overrides(options: argparse.Namespace) -> list[Override]:
    """Return what the options of a command stand for in a configuration."""
    found = []
    for option, places, form, _, _ in TRAIN_OPTIONS:
        text = getattr(options, option[2:].replace("-", "_"), None)
        if text is None:  # not given, or not an option of this command
            continue
        value: Any = text if form == TEXT else _scalar(text)
        if form in (TEXTS, SCALARS) and not isinstance(value, list):  # of TOML: [3, 2, 1]
            parts = names_in(text)
            value = [_scalar(part) for part in parts] if form == SCALARS else parts
        if option == "--activation" and len(value) == 1:
            (value,) = value  # for all layers, however many there are
        found += [Override(option, tuple(place.split(".")), value) for place in places]
    if options.fast:
        found.append(Override("--fast", ("training", "mode"), "fast"))
    if options.command == "train":
        if options.shuffle is not None:
            option = "--shuffle" if options.shuffle else "--no-shuffle"
            found.append(Override(option, ("training", "shuffle"), options.shuffle))
        for text in options.set:
            keys, value = _assignment(text)
            found.append(Override(f"--set {'.'.join(keys)}", keys, value))
    return found


def _scalar(text: str) -> Any:
    """Return what a text is in TOML: an int, a float, true, false; or else the text itself."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except ValueError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _assignment(text: str) -> tuple[tuple[str, ...], Any]:
    """Return the keys and the value of a line of TOML; a text may lack its quotes."""
    left, separator, right = text.partition("=")
    try:
        keys: list[str] = []
        value: Any = tomllib.loads(f"{left.strip()} = 0")
        while isinstance(value, dict):
            ((key, value),) = value.items()
            keys.append(key)
    except ValueError:
        separator = ""
    if not separator or len(keys) < 1:
        raise ConfigurationError(f"--set: expected TABLE.KEY=VALUE, not {text!r}")
    return tuple(keys), _scalar(right.strip())
