"""The weights of classes: by the names of their categories, or by their numbers."""

from collections.abc import Sequence
from typing import Any

from valor._data import Rows
from valor._weights import weights_of
from valor.config._origin import Origin
from valor.exceptions import ConfigurationError, InvalidArgumentError
from valor.files import Columns

KEYS = ("training", "class_weight")


def class_weight_of(given: Any, targets: Columns, rows: Rows, origin: Origin) -> Any:
    """Return weights as `Trainer.fit` takes them, by numbers.

    A class is known by its category where there is one target, and it holds categories; otherwise
    by the number of the target or, of several, by the place of the largest.

    Args:
        given: "balanced", or a dict from what a class is called to its weight.
        targets: the columns of the targets.
        rows: their numbers.
        origin: where the weights come from.

    Raises:
        ConfigurationError: a class has no weight, or a weight has no class.
    """
    if not isinstance(given, dict):
        return given
    categories: Sequence[Any] = ()
    if len(targets.names) == 1:
        categories = targets.categories.get(targets.names[0], ())
    numbers = {str(category): float(at) for at, category in enumerate(categories)}
    found = {}
    for key, weight in given.items():
        try:
            found[numbers[key] if categories else float(key)] = weight
        except (KeyError, ValueError):
            known = f"they are: {', '.join(numbers)}" if categories else "they are numbers"
            raise ConfigurationError(
                f"{origin.place(*KEYS, key)}: there is no such class; {known}"
            ) from None
    missing = [category for category in numbers if category not in given]
    if missing:
        raise ConfigurationError(
            f"{origin.place(*KEYS)}: no weight is given for {', '.join(missing)}"
        )
    try:
        weights_of(rows, None, found)
    except InvalidArgumentError as error:
        raise ConfigurationError(f"{origin.place(*KEYS)}: {error}") from error
    return found
