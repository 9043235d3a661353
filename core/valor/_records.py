"""What every record does: it has a name, knows its formula, and binds hyperparameters.

The kinds of records stand in `valor.contracts`.
"""

import functools
import inspect
import math
import operator
import sys
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import attrs

from valor.exceptions import (
    HyperparameterError,
    InvalidArgumentError,
    InvalidNumberError,
    shown,
)
from valor.functions import number


def _owner(record: Any) -> str:
    return f"{type(record).__name__}({shown(record.name)})"


def _check_name(record: Any, attribute: Any, name: Any) -> None:
    if not isinstance(name, str) or not name or ":" in name or name != "".join(name.split()):
        raise InvalidArgumentError(
            f"{type(record).__name__}: name must be a word without spaces or colons, not "
            f"{shown(name)}"
        )


def _check_call(record: Any, attribute: Any, call: Any) -> None:
    """Check that a formula takes what the framework will give it."""
    owner = _owner(record)
    takes = record.positional
    expected = ", ".join((*takes, "*", "…"))
    if not callable(call):
        raise InvalidArgumentError(
            f"{owner}: call must be a function of ({expected}), not {shown(call)}"
        )
    try:
        parameters = inspect.signature(call).parameters.values()
    except ValueError:  # a builtin that does not tell
        return
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    starred = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    missing = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if missing:
        raise InvalidArgumentError(f"{owner}: hyperparameter {missing[0]!r} needs a default")
    if len(positional) == len(takes) or (starred and len(positional) < len(takes)):
        return
    names = ", ".join(p.name for p in positional)
    hint = "; a hyperparameter goes after a *" if len(positional) > len(takes) else ""
    raise InvalidArgumentError(f"{owner}: call must take ({expected}), not ({names}){hint}")


def _check_validators(record: Any, attribute: Any, validators: Mapping[str, Any]) -> None:
    owner = _owner(record)
    if not isinstance(validators, Mapping):
        raise InvalidArgumentError(
            f"{owner}: validators must be a dict from hyperparameter to validator, not "
            f"{shown(validators)}"
        )
    for name, validator in validators.items():
        if name not in _defaults(record.call):
            raise InvalidArgumentError(
                f"{owner}: validators names no hyperparameter: {shown(name)}"
            )
        if not callable(validator):
            raise InvalidArgumentError(
                f"{owner}: the validator of {name!r} must be a function, not {shown(validator)}"
            )


def checked_by(validator: Callable[..., Any]) -> Callable[..., None]:
    """Make attrs' validator raise an error of ours that names the record."""

    def check(record: Any, attribute: Any, value: Any) -> None:
        try:
            validator(record, attribute, value)
        except (TypeError, ValueError, RecursionError) as error:
            reason = str(error.args[0])
            if not reason.startswith(f"'{attribute.name}'"):  # it is not attrs that says so
                reason = f"{attribute.name} must not be {shown(value)}"
            raise InvalidArgumentError(f"{_owner(record)}: {reason}") from None

    return check


@attrs.frozen(eq=False)
class Record:
    """What every plugin yields: something with a name.

    Attributes:
        name: what users call it.
        provider: the plugin and distribution it came from; "" for a record made by hand.
    """

    kind: ClassVar[str]
    plural: ClassVar[str]

    name: str = attrs.field(validator=_check_name)
    provider: str = attrs.field(default="", kw_only=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}" + (f" of {self.provider}" if self.provider else "")


@attrs.frozen(eq=False)
class Formula(Record):
    """A record around a formula.

    Attributes:
        call: the formula.
        validators: attrs validators by hyperparameter.
        bound: the hyperparameters that have been given a value.
    """

    takes: ClassVar[tuple[str, ...]]

    call: Callable[..., Any] = attrs.field(validator=_check_call)
    validators: Mapping[str, Callable[..., Any]] = attrs.field(
        factory=dict, validator=_check_validators, kw_only=True
    )
    bound: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)

    @property
    def positional(self) -> tuple[str, ...]:
        """The names of what the framework gives the formula."""
        return self.takes

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """Every hyperparameter with the value it has now.

        >>> from valor import Activation
        >>> def leaky(v, *, slope=0.01):
        ...     return v * slope
        >>> Activation("leaky", leaky).bind(slope=0.5).hyperparameters
        {'slope': 0.5}
        """
        return {**_defaults(self.call), **self.bound}

    def __call__(self, *arguments: Any) -> Any:
        """Call the formula with its hyperparameters; an exception says which record raised it."""
        try:
            return self.call(*arguments, **self.bound)
        except Exception as error:
            error.add_note(f"raised by {self}")
            raise

    @property
    def formula(self) -> Callable[..., Any]:
        """The formula with its hyperparameters bound, ready to be called."""
        return functools.partial(self.call, **self.bound) if self.bound else self.call

    def bind(self, **hyperparameters: Any) -> Self:
        """Return the record with hyperparameters bound.

        Args:
            **hyperparameters: values of the kind of their default: a float takes any finite real
                number, an int an int, a bool a bool, a str a str.

        Raises:
            HyperparameterError: one is unknown, of the wrong kind, or refused by its validator.
        """
        defaults = _defaults(self.call)
        values = {}
        for name, value in hyperparameters.items():
            if name not in defaults:
                known = ", ".join(defaults) or "none"
                raise HyperparameterError(f"{self} has no hyperparameter {name!r}; it has: {known}")
            values[name] = self._checked(name, value, defaults[name])
        return attrs.evolve(self, bound={**self.bound, **values})

    def _checked(self, name: str, value: Any, default: Any) -> Any:
        if name == "learning_rate" and isinstance(value, Record) and value.kind == "schedule":
            return value
        try:
            value = _like(value, default, name)
            validator = self.validators.get(name)
            if validator is not None:
                validator(self, SimpleNamespace(name=name), value)
        except (TypeError, ValueError, RecursionError) as error:
            told = error.args and not isinstance(error, RecursionError)
            reason = error.args[0] if told else f"{name} is refused: {shown(value)}"
            raise HyperparameterError(f"{self}: {reason}") from error
        return value


def _defaults(call: Callable[..., Any]) -> dict[str, Any]:
    try:
        parameters = inspect.signature(call).parameters.values()
    except ValueError:
        return {}
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def _like(value: Any, default: Any, name: str) -> Any:
    """Return `value` as the type of `default`, or refuse it."""
    if default is None:
        return value
    if isinstance(default, float):
        value = float(number(value, name))
        if not math.isfinite(value) and value != default:
            raise InvalidNumberError(f"{name} must be a finite number, not {value}")
        return value
    if isinstance(default, bool):
        if type(value).__name__ in ("bool", "bool_"):  # Python's and NumPy's
            return bool(value)
    elif isinstance(default, int) and not isinstance(value, bool) and hasattr(value, "__index__"):
        whole = operator.index(value)
        if abs(whole) > sys.maxsize:
            raise InvalidNumberError(f"{name} must be an int of 64 bits, not {shown(value)}")
        return whole
    if type(value) is not type(default):
        expected = type(default).__name__
        raise TypeError(f"{name} must be of type {expected}, not {shown(value)}")
    return value
