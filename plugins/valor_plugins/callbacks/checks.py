"""What callbacks have in common: how they check what they are given, by hand or by a checkpoint."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from valor.exceptions import CheckpointError, InvalidArgumentError


def checked(*validators: Callable[..., Any]) -> Callable[..., None]:
    """Make validators of attrs raise an error of ours.

    >>> @attrs.define(eq=False)
    ... class Patience:
    ...     epochs: int = attrs.field(default=10, validator=checked(attrs.validators.ge(1)))
    >>> Patience(0)
    Traceback (most recent call last):
    valor.exceptions.InvalidArgumentError: 'epochs' must be >= 1: 0
    """

    # No function of this one's own, which could not be pickled with the record it guards.
    return functools.partial(_check, validators)


def _check(
    validators: tuple[Callable[..., Any], ...], callback: Any, attribute: Any, value: Any
) -> None:
    try:
        for validator in validators:
            validator(callback, attribute, value)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(str(error.args[0])) from None


def validators_of(callback: type[Any]) -> dict[str, Callable[..., Any]]:
    """Return the validators of a class's attributes, for the record that stands for it."""
    return {field.name: field.validator for field in attrs.fields(callback) if field.validator}


def restored(owner: str, state: Any, kinds: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    """Return what a checkpoint says of a callback, once it is sure that it says what it should.

    Args:
        owner: the name of the callback.
        state: what the checkpoint has of it.
        kinds: of each key, the types that its value may have; an int counts something, and is not
            negative.

    Raises:
        CheckpointError: it says something else.

    >>> restored("counter", {"count": -3}, {"count": (int,)})
    Traceback (most recent call last):
    valor.exceptions.CheckpointError: counter: the checkpoint says something else than ...
    """
    right = isinstance(state, dict) and state.keys() == kinds.keys()
    if not right or any(
        type(state[name]) not in types or (type(state[name]) is int and state[name] < 0)
        for name, types in kinds.items()
    ):
        raise CheckpointError(
            f"{owner}: the checkpoint says something else than its {', '.join(kinds)}; "
            "it was damaged, or is of another version"
        )
    return dict(state)
