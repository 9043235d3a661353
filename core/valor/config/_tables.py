"""The tables and keys of a configuration, and the strict reading of them.

cattrs goes through the tables; what a value may be stands in `_values.py`.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from valor.config._values import (
    READERS,
    AtLeastOne,
    ClassWeight,
    Keys,
    Mode,
    Named,
    Names,
    OneInitializer,
    OneLoss,
    OneOptimizer,
    OneOrSeveral,
    Refusal,
    Rows,
    Seconds,
    Several,
    Validation,
    Widths,
    read_table,
)
from valor.exceptions import nearest


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
    mode: Mode = attrs.field(default=Mode("exact"))
    threads: AtLeastOne = attrs.field(default=AtLeastOne(1))
    validation: Validation | None = None
    stratify: bool = False
    class_weight: ClassWeight | None = None
    scale_inputs: Named | None = None
    scale_targets: Named | None = None


@attrs.frozen(eq=False)
class Output:
    """``[output]``: where the results go."""

    folder: str | None = None
    checkpoint_every: Seconds = attrs.field(default=Seconds(10.0))


@attrs.frozen(eq=False)
class Tables:
    """All tables of a configuration."""

    data: Data = attrs.field(factory=Data)
    model: Model = attrs.field(factory=Model)
    loss: OneLoss = attrs.field(default=OneLoss(Named("sum_squared_error")))
    optimizer: OneOptimizer = attrs.field(default=OneOptimizer(Named("gradient_descent")))
    training: Training = attrs.field(factory=Training)
    penalties: Several = attrs.field(default=Several(()))
    gradient_transforms: Several = attrs.field(default=Several(()))
    metrics: Several = attrs.field(default=Several(()))
    callbacks: Several = attrs.field(default=Several(()))
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
        return lambda value, kind: structure(read_table(value), kind)

    for kind, read in READERS.items():
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
            if keys and key in attrs.fields_dict(Tables):
                hint = "; it stands at the top of the file, above all tables"
            yield Refusal(f"there is no such {'key' if keys else 'table'}{hint}", *keys, key)
    elif isinstance(error, Refusal):
        yield Refusal(error.reason, *keys, *error.keys)
    else:
        raise error
