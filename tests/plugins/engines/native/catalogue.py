"""Whatever formulas come with Valor, drawn at random, with hyperparameters beside the defaults."""

import functools
import random
from typing import Any, TypeVar

from valor import plugin_manager
from valor.contracts import Formula
from valor.exceptions import HyperparameterError
from valor.testing import records

F = TypeVar("F", bound=Formula)


@functools.cache
def bundled(kind: type[F]) -> tuple[F, ...]:
    """Return the bundled records of a kind, in the order of their names."""
    manager = plugin_manager(strict=True, environment=False)
    found = [each for each in records("valor-framework", manager) if isinstance(each, kind)]
    return tuple(sorted(found, key=lambda record: record.name))


def varied(record: F, draw: random.Random) -> F:
    """Return a record with some hyperparameters changed: to what its validators allow."""
    for name, value in record.hyperparameters.items():
        if draw.random() < 0.7:
            continue
        try:
            record = record.bind(**{name: _another(value, draw)})
        except HyperparameterError:
            continue
    return record


def _another(value: Any, draw: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + draw.choice([-1, 1, 2])
    if isinstance(value, float):
        return draw.choice([value / 2, value * 2, 0.5 + value / 2, draw.random()])
    return value
