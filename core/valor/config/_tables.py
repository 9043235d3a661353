"""The tables and keys of a configuration, and the strict reading of their values.

cattrs goes through the tables; what a value may be is said here, without its conversions: "0.5" is
no number, 3.7 no int, true no 1, and no number is NaN or infinite.
"""

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NewType

import attrs

from valor.exceptions import nearest, shown
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


@attrs.frozen(eq=False)
class Data:
    """``[data]``: a file and its columns, or the numbers themselves."""

    file: str | None = None
    reader: Named | None = None
    inputs: Names | None = None
    target: Names | None = None
    categorical: Names | None = None
    weight: str | None = None
    x: Rows | None = None
    y: Rows | None = None


@attrs.frozen(eq=False)
class Model:
    """``[model]``: the network."""

    layers: Widths | None = None
    activation: OneOrSeveral | None = None
    initializer: OneInitializer | None = None
    seed: int | None = None


@attrs.frozen(eq=False)
class Training:
    """``[training]``: how to go through the data."""

    epochs: AtLeastOne | None = None
    batch_size: AtLeastOne | None = None
    shuffle: bool = False
    seed: int | None = None
    engine: str = "auto"
    mode: Mode = Mode("exact")
    threads: AtLeastOne = AtLeastOne(1)
    validation: Validation | None = None
    stratify: bool = False
    class_weight: ClassWeight | None = None
    scale_inputs: Named | None = None
    scale_targets: Named | None = None


@attrs.frozen(eq=False)
class Output:
    """``[output]``: where the results go."""

    folder: str | None = None
    checkpoint_every: Seconds = Seconds(10.0)


@attrs.frozen(eq=False)
class Tables:
    """All tables of a configuration."""

    data: Data = attrs.field(factory=Data)
    model: Model = attrs.field(factory=Model)
    loss: OneLoss = attrs.field(default=OneLoss(Named("sum_squared_error")))
    optimizer: OneOptimizer = attrs.field(default=OneOptimizer(Named("gradient_descent")))
    training: Training = attrs.field(factory=Training)
    penalties: Several = Several(())
    gradient_transforms: Several = Several(())
    metrics: Several = Several(())
    callbacks: Several = Several(())
    output: Output = attrs.field(factory=Output)


def structured(document: Mapping[str, Any]) -> tuple[Tables | None, list[Refusal]]:
    """Return the tables of a parsed document, and everything that is wrong with it.

    >>> tables, refusals = structured({"training": {"epochs": 10}})
    >>> tables.training.epochs, refusals
    (10, [])
    >>> [refusal.keys for refusal in structured({"training": {"epochs": 3.7}})[1]]
    [('training', 'epochs')]
    """
    try:
        return _converter().structure(document, Tables), []
    except Exception as error:
        return None, list(_refusals(error, ()))


def _shown(value: Any) -> str:
    """Return a value as an error shows it, as TOML writes it where that differs."""
    if isinstance(value, bool):
        return str(value).lower()
    return "a table" if isinstance(value, dict) else shown(value)


@functools.cache
def _converter() -> Any:
    import cattrs
    import cattrs.gen

    converter = cattrs.Converter(forbid_extra_keys=True)

    @converter.register_structure_hook_factory(attrs.has)
    def table_of(cls: type) -> Callable[[Any, Any], Any]:
        structure: Any = cattrs.gen.make_dict_structure_fn(
            cls, converter, _cattrs_forbid_extra_keys=True
        )
        return lambda value, kind: structure(_table(value), kind)

    for kind, read in _READERS.items():
        converter.register_structure_hook(kind, _hook(read))
    return converter


def _hook(read: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda value, kind: read(value)


def _refusals(error: BaseException, keys: Keys) -> Iterator[Refusal]:
    """Flatten what cattrs raised into refusals with their full keys."""
    from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError

    if isinstance(error, ClassValidationError):
        of_keys, others = error.group_exceptions()
        for inner, note in of_keys:
            yield from _refusals(inner, (*keys, note.name))
        for inner in others:
            yield from _refusals(inner, keys)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [attribute.name for attribute in attrs.fields(error.cl)]
        for key in sorted(error.extra_fields):
            hint = nearest(key, known) or f"; there are: {', '.join(known)}"
            yield Refusal(f"there is no such {'key' if keys else 'table'}{hint}", *keys, key)
    elif isinstance(error, Refusal):
        yield Refusal(error.reason, *keys, *error.keys)
    else:
        raise error


def _expected(what: str, value: Any, *keys: str | int) -> Refusal:
    return Refusal(f"expected {what}, not {_shown(value)}", *keys)


def _exactly(kind: type, what: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise _expected(what, value)
        return value

    return read


def _table(value: Any) -> Any:
    if not isinstance(value, dict):
        raise _expected("a table", value)
    return value


def _at_least_one(value: Any) -> Any:
    if type(value) is not int or value < 1:
        raise _expected("an int of at least 1", value)
    return value


def _seconds(value: Any) -> Any:
    _check_number(value)
    if value < 0:
        raise _expected("a number of seconds, or 0 for never", value)
    return float(value)


def _validation(value: Any) -> Any:
    if type(value) is float and 0 < value < 1:
        return value
    if isinstance(value, str):
        return value
    raise _expected("a share of the samples such as 0.2, or the path of a file", value)


def _class_weight(value: Any) -> Any:
    if value == "balanced":
        return value
    if not isinstance(value, dict) or not value:
        raise _expected('"balanced", or a table with a number for each class', value)
    for key, weight in value.items():
        _check_number(weight, key)
        if weight < 0:
            raise _expected("a number that is not negative", weight, key)
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


def _check_number(value: Any, *keys: str | int) -> None:
    try:
        right = type(value) in (int, float) and math.isfinite(value)
    except OverflowError:  # an int that no float can hold
        right = False
    if not right:
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
        raise _expected("a list of names, or of tables with a name and hyperparameters", value)
    found = []
    for position, entry in enumerate(value):
        try:
            found.append(_named(entry))
        except Refusal as refusal:
            raise Refusal(refusal.reason, position, *refusal.keys) from None
    return tuple(found)


_READERS: dict[Any, Callable[[Any], Any]] = {
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
