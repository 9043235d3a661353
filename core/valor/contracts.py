"""The records that plugins yield, and what an engine is given and gives back.

A formula is a plain function: its positional arguments are what the framework gives it, its
keyword-only arguments with defaults are its hyperparameters. A record gives the formula a name;
`bind` gives its hyperparameters values, and checks them.
"""

import functools
import inspect
import math
import operator
import random
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar, Protocol, Self

import attrs

from valor.exceptions import HyperparameterError, InvalidArgumentError, InvalidNumberError
from valor.functions import number


def _check_name(record: Any, attribute: Any, name: Any) -> None:
    if not isinstance(name, str) or not name or ":" in name or name != "".join(name.split()):
        raise InvalidArgumentError(
            f"{type(record).__name__}: name must be a word without spaces or colons, not {name!r}"
        )


def _check_call(record: Any, attribute: Any, call: Any) -> None:
    """Check that a formula takes what the framework will give it."""
    owner = f"{type(record).__name__}({record.name!r})"
    expected = ", ".join((*record.takes, "*", "…"))
    if not callable(call):
        raise InvalidArgumentError(
            f"{owner}: call must be a function of ({expected}), not {call!r}"
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
    if len(positional) == len(record.takes) or (starred and len(positional) < len(record.takes)):
        return
    names = ", ".join(p.name for p in positional)
    hint = "; a hyperparameter goes after a *" if len(positional) > len(record.takes) else ""
    raise InvalidArgumentError(f"{owner}: call must take ({expected}), not ({names}){hint}")


def _check_validators(record: Any, attribute: Any, validators: Mapping[str, Any]) -> None:
    unknown = [name for name in validators if name not in _defaults(record.call)]
    if unknown:
        owner = f"{type(record).__name__}({record.name!r})"
        raise InvalidArgumentError(f"{owner}: validators names no hyperparameter: {unknown[0]!r}")


def _checked_by(validator: Callable[..., Any]) -> Callable[..., None]:
    """Make attrs' validator raise an error of ours that names the record."""

    def check(record: Any, attribute: Any, value: Any) -> None:
        try:
            validator(record, attribute, value)
        except (TypeError, ValueError) as error:
            owner = f"{type(record).__name__}({record.name!r})"
            raise InvalidArgumentError(f"{owner}: {error.args[0]}") from None

    return check


_SUFFIXES = _checked_by(
    attrs.validators.deep_iterable(
        attrs.validators.matches_re(r"\..+"), attrs.validators.instance_of(tuple)
    )
)


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
    def hyperparameters(self) -> dict[str, Any]:
        """Every hyperparameter with the value it has now.

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
        if name == "learning_rate" and isinstance(value, Schedule):
            return value
        try:
            value = _like(value, default, name)
            validator = self.validators.get(name)
            if validator is not None:
                validator(self, SimpleNamespace(name=name), value)
        except (TypeError, ValueError) as error:
            reason = error.args[0] if error.args else f"{name} is refused: {value!r}"
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
        return operator.index(value)
    if type(value) is not type(default):
        expected = type(default).__name__
        raise TypeError(f"{name} must be of type {expected}, not {value!r}")
    return value


@attrs.frozen(eq=False)
class Activation(Formula):
    """``call(v, *, …) -> Valor``; with ``over="layer"``, ``call(values, *, …) -> list``.

    >>> swish = Activation(name="swish", call=lambda v: v * v.sig())
    >>> swish.name
    'swish'
    """

    kind, plural, takes = "activation", "activations", ("v",)
    over: str = attrs.field(
        default="neuron", validator=_checked_by(attrs.validators.in_(("neuron", "layer")))
    )


@attrs.frozen(eq=False)
class Loss(Formula):
    """``call(predicted, target, *, …) -> Valor`` for one sample: two lists, one output or many.

    Attributes:
        reduction: how a batch's samples become one loss, "sum" or "mean".

    >>> Loss("absolute_error", lambda predicted, target: abs(predicted[0] - target[0])).reduction
    'sum'
    """

    kind, plural, takes = "loss", "losses", ("predicted", "target")
    reduction: str = attrs.field(
        default="sum", validator=_checked_by(attrs.validators.in_(("sum", "mean")))
    )


class Penalty(Formula):
    """``call(parameter, *, …) -> Valor``, added to a batch's loss for each trainable parameter."""

    __slots__ = ()
    kind, plural, takes = "penalty", "penalties", ("parameter",)


@attrs.frozen(eq=False)
class Optimizer(Formula):
    """``call(parameter, gradient, state, step, *, learning_rate=…, …) -> (parameter, state)``.

    Attributes:
        state: the names and first values of what the formula remembers for each parameter; it
            gets and returns them as a tuple in this order. `step` counts from 1.
    """

    kind, plural, takes = "optimizer", "optimizers", ("parameter", "gradient", "state", "step")
    state: Mapping[str, float] = attrs.field(
        factory=dict,
        validator=_checked_by(
            attrs.validators.deep_mapping(
                attrs.validators.instance_of(str), attrs.validators.instance_of((int, float))
            )
        ),
    )


class GradientTransform(Formula):
    """``call(gradients, *, …) -> list``, on the gradients of all trainable parameters at once."""

    __slots__ = ()
    kind, plural, takes = "gradient_transform", "gradient_transforms", ("gradients",)


class Schedule(Formula):
    """``call(step, total_steps, *, …) -> float``: stands where a learning rate may stand."""

    __slots__ = ()
    kind, plural, takes = "schedule", "schedules", ("step", "total_steps")


class Initializer(Formula):
    """``call(random, fan_in, fan_out, *, …) -> float``: one first value of a parameter.

    `random` is the network's own `random.Random`, `fan_in` and `fan_out` the widths of the layer's
    input and output.
    """

    __slots__ = ()
    kind, plural, takes = "initializer", "initializers", ("random", "fan_in", "fan_out")


class Metric(Formula):
    """``call(predicted, target, *, …) -> float`` on plain numbers, all samples at once."""

    __slots__ = ()
    kind, plural, takes = "metric", "metrics", ("predicted", "target")


@attrs.frozen(eq=False)
class Exporter(Formula):
    """``call(root, *, …) -> Picture or text``.

    Attributes:
        suffixes: the file suffixes it writes, such as ``(".svg",)``.
    """

    kind, plural, takes = "exporter", "exporters", ("root",)
    suffixes: tuple[str, ...] = attrs.field(default=(), validator=_SUFFIXES)


@attrs.frozen(eq=False)
class Reader(Formula):
    """``call(path, *, …) -> rows``: a list of dicts, column name to text or number.

    Attributes:
        suffixes: the file suffixes it reads, such as ``(".csv",)``.
    """

    kind, plural, takes = "reader", "readers", ("path",)
    suffixes: tuple[str, ...] = attrs.field(default=(), validator=_SUFFIXES)


class Callback(Formula):
    """``call(*, …) -> object`` whose hookimpl methods then listen to one run."""

    __slots__ = ()
    kind, plural, takes = "callback", "callbacks", ()


class Program(Protocol):
    """A training run compiled by an engine for one model, one loss, one optimizer and one plan."""

    def advance(self, steps: int, losses: "array[float]") -> None:
        """Do `steps` optimizer steps, and append the loss of each completed one to `losses`.

        On return, and when it raises, the model's parameters, `losses` and `state` are those of
        the last completed step.
        """

    def state(self) -> list[tuple[float, ...]]:
        """Return the optimizer's state, one tuple a parameter."""


@attrs.frozen(eq=False)
class Engine(Record):
    """``compile(model, loss, optimizer, plan) -> Program``."""

    kind, plural = "engine", "engines"
    compile: Callable[..., Program] = attrs.field(
        validator=_checked_by(attrs.validators.is_callable())
    )


@attrs.frozen(eq=False)
class Plan:
    """What a program is to do: the data, the order of the batches, and where to go on from.

    Attributes:
        inputs, targets: one row of floats a sample.
        batch_size: samples a step; the last batch of an epoch may be smaller.
        epochs: how many epochs are planned.
        shuffle: whether each epoch has an order of its own.
        seed: what the order follows from, together with the epoch's number.
        mode: "exact" for the bits of the visible graph; "fast" lets an engine reorder sums.
        penalties, gradient_transforms: the records that take part.
        first_epoch, first_step: how many epochs and steps were done by earlier runs.
        state: the optimizer's state to go on from; None to start afresh.
    """

    inputs: Sequence[Sequence[float]]
    targets: Sequence[Sequence[float]]
    batch_size: int
    epochs: int
    shuffle: bool = False
    seed: int = 0
    mode: str = "exact"
    penalties: tuple[Penalty, ...] = ()
    gradient_transforms: tuple[GradientTransform, ...] = ()
    first_epoch: int = 0
    first_step: int = 0
    state: list[tuple[float, ...]] | None = None

    @property
    def steps_per_epoch(self) -> int:
        """How many batches one epoch has."""
        return math.ceil(len(self.inputs) / self.batch_size)

    @property
    def total_steps(self) -> int:
        """The step, counted over all runs of the trainer, with which this plan ends."""
        return self.first_step + self.epochs * self.steps_per_epoch

    def batches(self, epoch: int) -> Iterator[Sequence[int]]:
        """Yield, batch by batch, the rows of one epoch.

        Args:
            epoch: counted from 0 over all runs of the trainer.

        >>> plan = Plan([[0.0]] * 5, [[0.0]] * 5, batch_size=2, epochs=1)
        >>> [list(batch) for batch in plan.batches(0)]
        [[0, 1], [2, 3], [4]]
        """
        order: Sequence[int] = range(len(self.inputs))
        if self.shuffle:
            # A string seeds by its SHA-512: the same on every platform and in every process.
            order = random.Random(f"{self.seed}:{epoch}").sample(order, len(order))
        for first in range(0, len(order), self.batch_size):
            yield order[first : first + self.batch_size]


KINDS: dict[str, type[Record]] = {
    record.kind: record
    for record in (
        Activation,
        Loss,
        Penalty,
        Optimizer,
        GradientTransform,
        Schedule,
        Initializer,
        Metric,
        Exporter,
        Reader,
        Callback,
        Engine,
    )
}
