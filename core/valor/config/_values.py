"""What the values of a configuration may be: one reader each, which converts nothing.

"0.5" is no number, 3.7 no int, true no 1, and no number is NaN or infinite.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NewType

import attrs

from valor.exceptions import shown
from valor.trainer import MODES

Keys = tuple[str | int, ...]

# What a value may be where the type alone does not say it: each has its reader below.
AtLeastOne = NewType("AtLeastOne", int)
Names = NewType("Names", tuple[str, ...])
Widths = NewType("Widths", tuple[int, ...])
Rows = NewType("Rows", list[Any])
Mode = NewType("Mode", str)
Seconds = NewType("Seconds", float)
Validation = NewType("Validation", object)
ClassWeight = NewType("ClassWeight", object)


class Refusal(Exception):
    """A value is not what its place expects.

    Attributes:
        keys: where it stands, from the place that was being read.
        reason: what was expected, and what was found.
    """

    def __init__(self, reason: str, *keys: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.keys: Keys = keys


@attrs.frozen(eq=False)
class Named:
    """A name, and the hyperparameters to bind to what it stands for."""

    name: str
    hyperparameters: Mapping[str, Any] = attrs.field(factory=dict)


OneLoss = NewType("OneLoss", Named)
OneInitializer = NewType("OneInitializer", Named)
OneOptimizer = NewType("OneOptimizer", Named)
Several = NewType("Several", tuple[Named, ...])
OneOrSeveral = NewType("OneOrSeveral", tuple[Named, ...] | Named)  # type: ignore[valid-newtype]

_ALMOST_A_SHARE = re.compile(r"[\d.,]+ *%?")  # "20%", "0,2"


def _shown(value: Any) -> str:
    """Return a value as an error shows it, as TOML writes it where that differs."""
    if isinstance(value, bool):
        return str(value).lower()
    return "a table" if isinstance(value, dict) else shown(value)


def _expected(what: str, value: Any, *keys: str | int) -> Refusal:
    return Refusal(f"expected {what}, not {_shown(value)}", *keys)


def _exactly(kind: type, what: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise _expected(what, value)
        return value

    return read


def read_table(value: Any) -> Any:
    if not isinstance(value, dict):
        raise _expected("a table", value)
    return value


def _at_least_one(value: Any) -> Any:
    if type(value) is not int or value < 1:
        raise _expected("an int of at least 1", value)
    return value


def _seconds(value: Any) -> Any:
    if not _is_number(value) or value < 0:
        raise _expected("a number of seconds, or 0 for never", value)
    return float(value)


def _validation(value: Any) -> Any:
    if type(value) is float and 0 < value < 1:
        return value
    if isinstance(value, str) and not _ALMOST_A_SHARE.fullmatch(value):
        return value
    raise _expected("a share of the samples such as 0.2, or the path of a file", value)


def _class_weight(value: Any) -> Any:
    if value == "balanced":
        return value
    if not isinstance(value, dict):
        raise _expected('"balanced", or a table with a number for each class', value)
    if not value:
        raise Refusal("it is empty; expected a number for each class")
    for key, weight in value.items():
        if not _is_number(weight) or weight < 0:
            raise _expected("a finite number from 0", weight, key)
    return {key: float(weight) for key, weight in value.items()}


def _mode(value: Any) -> Any:
    if value not in MODES:
        raise _expected(" or ".join(map(repr, MODES)), value)
    return value


def _names(value: Any) -> Any:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names:
        raise _expected("the name of a column, or a list of them", value)
    for position, name in enumerate(names):
        if not isinstance(name, str):
            raise _expected("the name of a column", name, position)
        if name in names[:position]:
            raise Refusal(f"column {name!r} is named twice", position)
    return tuple(names)


def _widths(value: Any) -> Any:
    if not isinstance(value, list) or not value:
        raise _expected("a list of widths such as [3, 2, 1], one a layer", value)
    for position, width in enumerate(value):
        if type(width) is not int or width < 1:
            raise _expected("an int of at least 1", width, position)
    return tuple(value)


def _rows(value: Any) -> Any:
    if not isinstance(value, list):
        raise _expected("a list with a number or a list of numbers for each sample", value)
    if not value:
        raise Refusal("it is empty; expected a number or a list of numbers for each sample")
    for position, row in enumerate(value):
        if isinstance(row, list):
            for column, entry in enumerate(row):
                _check_number(entry, position, column)
        else:
            _check_number(row, position)
    return value


def _is_number(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:  # an int that no float can hold
        return False


def _check_number(value: Any, *keys: str | int) -> None:
    if not _is_number(value):
        raise _expected("a finite number", value, *keys)


def _named(value: Any, name: str | None = None) -> Named:
    if isinstance(value, str):
        return Named(value)
    if not isinstance(value, dict):
        raise _expected("a name, or a table with a name and hyperparameters", value)
    hyperparameters = dict(value)
    name = hyperparameters.pop("name", name)
    if not isinstance(name, str):
        if name is None:
            raise Refusal("expected a table with a name; it has none")
        raise _expected("a text", name, "name")
    return Named(name, {key: _hyperparameter(key, given) for key, given in hyperparameters.items()})


def _hyperparameter(key: str, value: Any) -> Any:
    if key == "learning_rate" and isinstance(value, dict):
        try:
            return _named(value)  # a schedule
        except Refusal as refusal:
            raise Refusal(refusal.reason, key, *refusal.keys) from None
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if isinstance(entry, float):
            if not math.isfinite(entry):
                raise _expected("a finite number", entry, key)
        elif not isinstance(entry, (bool, int, str)):
            raise _expected("a number, a text, true, false, or a list of them", entry, key)
    return value


def _several(value: Any) -> Any:
    if not isinstance(value, list):
        refusal = _expected("a list of names, or of tables with a name and hyperparameters", value)
        if isinstance(value, str):
            refusal.reason += f'; write ["{value}"]'
        elif isinstance(value, dict):
            refusal.reason += "; a block for each begins with two brackets, as in [[callbacks]]"
        raise refusal
    found = []
    for position, entry in enumerate(value):
        try:
            found.append(_named(entry))
        except Refusal as refusal:
            raise Refusal(refusal.reason, position, *refusal.keys) from None
    return tuple(found)


READERS: dict[Any, Callable[[Any], Any]] = {
    int: _exactly(int, "an int"),
    bool: _exactly(bool, "true or false"),
    str: _exactly(str, "a text"),
    AtLeastOne: _at_least_one,
    Mode: _mode,
    Seconds: _seconds,
    Validation: _validation,
    ClassWeight: _class_weight,
    Names: _names,
    Widths: _widths,
    Rows: _rows,
    Named: _named,
    OneLoss: lambda value: _named(value, "sum_squared_error"),
    OneInitializer: lambda value: _named(value, "uniform"),
    OneOptimizer: lambda value: _named(value, "gradient_descent"),
    Several: _several,
    OneOrSeveral: lambda value: _several(value) if isinstance(value, list) else _named(value),
}
