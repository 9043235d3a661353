"""The records that plugins yield, and what an engine is given and gives back.

A formula is a plain function: its positional arguments are what the framework gives it, its
keyword-only arguments with defaults are its hyperparameters. A record gives the formula a name;
`bind` gives its hyperparameters values, and checks them.
"""

import math
import random
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import attrs

from valor._records import Formula, Record, checked_by

__all__ = [
    "KINDS",
    "Activation",
    "Callback",
    "Engine",
    "Exporter",
    "Formula",
    "Forward",
    "GradientTransform",
    "Initializer",
    "Loss",
    "Metric",
    "Optimizer",
    "Penalty",
    "Plan",
    "Program",
    "Reader",
    "Record",
    "Scaler",
    "Schedule",
]

_OVER = checked_by(attrs.validators.in_(("neuron", "layer")))
_STATE = checked_by(
    attrs.validators.deep_mapping(
        attrs.validators.instance_of(str),
        attrs.validators.instance_of((int, float)),
        attrs.validators.instance_of(Mapping),  # type: ignore[type-abstract]
    )
)
_SUFFIXES = checked_by(
    attrs.validators.deep_iterable(
        attrs.validators.matches_re(r"\..+"), attrs.validators.instance_of(tuple)
    )
)


@attrs.frozen(eq=False)
class Activation(Formula):
    """``call(v, *, …) -> Valor``; with ``over="layer"``, ``call(values, *, …) -> list``.

    >>> swish = Activation(name="swish", call=lambda v: v * v.sig())
    >>> swish.name
    'swish'
    """

    kind, plural, takes = "activation", "activations", ("v",)
    over: str = attrs.field(default="neuron", validator=_OVER)


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
        default="sum", validator=checked_by(attrs.validators.in_(("sum", "mean")))
    )


class Penalty(Formula):
    """``call(parameter, *, …) -> Valor``, added to a batch's loss for each trainable parameter.

    >>> Penalty("l1", lambda parameter, *, weight=0.01: weight * abs(parameter))(-2.0)
    0.02
    """

    __slots__ = ()
    kind, plural, takes = "penalty", "penalties", ("parameter",)


@attrs.frozen(eq=False)
class Optimizer(Formula):
    """``call(parameter, gradient, state, step, *, learning_rate=…, …) -> (parameter, state)``.

    Attributes:
        state: the names and first values of what the formula remembers for each parameter; it
            gets and returns them as a tuple in this order. `step` counts from 1.

    >>> def descent(parameter, gradient, state, step, *, learning_rate=0.01):
    ...     return parameter - learning_rate * gradient, state
    >>> Optimizer("descent", descent).bind(learning_rate=0.5)(1.0, 3.0, (), 1)
    (-0.5, ())
    """

    kind, plural, takes = "optimizer", "optimizers", ("parameter", "gradient", "state", "step")
    state: Mapping[str, float] = attrs.field(factory=dict, validator=_STATE)


class GradientTransform(Formula):
    """``call(gradients, *, …) -> list``, on the gradients of all trainable parameters at once.

    >>> GradientTransform("halve", lambda gradients: [g / 2 for g in gradients])([1.0, 3.0])
    [0.5, 1.5]
    """

    __slots__ = ()
    kind, plural, takes = "gradient_transform", "gradient_transforms", ("gradients",)


@attrs.frozen(eq=False)
class Schedule(Formula):
    """``call(step, total_steps, *, …) -> float``: stands where a learning rate may stand.

    With a state, ``call(step, total_steps, state, *, …) -> (rate, state)``, which is called before
    the first step of each epoch and holds for the whole of it.

    Attributes:
        state: the names and first values of what the formula remembers from epoch to epoch; it
            gets and returns them as a tuple in this order. What is named ``loss`` is set before
            each call: to the loss of the last epoch, on the validation data where there are any,
            as soon as there is one.

    >>> Schedule("inverse", lambda step, total_steps, *, first=0.1: first / step)(2, 100)
    0.05
    >>> def until(step, total_steps, state, *, goal=0.5):
    ...     return (0.1 if state[0] > goal else 0.01), state
    >>> Schedule("until", until, state={"loss": math.inf})(2, 100, (0.25,))
    (0.01, (0.25,))
    """

    kind, plural, takes = "schedule", "schedules", ("step", "total_steps")
    state: Mapping[str, float] = attrs.field(factory=dict, validator=_STATE)

    @property
    def positional(self) -> tuple[str, ...]:
        """The names of what the framework gives the formula."""
        # It is asked before anybody has looked at what the state is.
        remembers = isinstance(self.state, Mapping) and self.state
        return (*self.takes, "state") if remembers else self.takes


@attrs.frozen(eq=False)
class Initializer(Formula):
    """``call(random, fan_in, fan_out, *, …) -> float``: one first value of a parameter.

    With ``over="layer"``, ``call(…) -> list``: the weights of a whole layer, one row a neuron.

    `random` is the network's own `random.Random`, `fan_in` and `fan_out` the widths of the layer's
    input and output.

    Attributes:
        over: "neuron" to be called for each parameter, "layer" for each layer.
        biases: whether biases are drawn as weights are; if not, they begin at 0. Those of a layer
            that is drawn as a whole always do.

    >>> Initializer("fan", lambda random, fan_in, fan_out: 1.0 / fan_in)(random.Random(0), 4, 2)
    0.25
    """

    kind, plural, takes = "initializer", "initializers", ("random", "fan_in", "fan_out")
    over: str = attrs.field(default="neuron", validator=_OVER)
    biases: bool = attrs.field(
        default=True, validator=checked_by(attrs.validators.instance_of(bool))
    )


class Metric(Formula):
    """``call(predicted, target, *, …) -> float`` on plain numbers, all samples at once.

    >>> Metric("count", lambda predicted, target: float(len(target)))([[0.5]], [[1.0]])
    1.0
    """

    __slots__ = ()
    kind, plural, takes = "metric", "metrics", ("predicted", "target")


@attrs.frozen(eq=False)
class Exporter(Formula):
    """``call(root, *, …) -> Picture or text``.

    Attributes:
        suffixes: the file suffixes it writes, such as ``(".svg",)``.

    >>> Exporter("number", lambda root: str(root.data), suffixes=(".txt",)).suffixes
    ('.txt',)
    """

    kind, plural, takes = "exporter", "exporters", ("root",)
    suffixes: tuple[str, ...] = attrs.field(default=(), validator=_SUFFIXES)


@attrs.frozen(eq=False)
class Reader(Formula):
    """``call(path, *, …) -> rows``: a list of dicts, column name to text or number.

    Attributes:
        suffixes: the file suffixes it reads, such as ``(".csv",)``.

    >>> Reader("one", lambda path: [{"x": 1.0}], suffixes=(".one",))("a.one")
    [{'x': 1.0}]
    """

    kind, plural, takes = "reader", "readers", ("path",)
    suffixes: tuple[str, ...] = attrs.field(default=(), validator=_SUFFIXES)


class Callback(Formula):
    """``call(*, …) -> object`` whose hookimpl methods then listen to one run.

    >>> Callback("nothing", lambda *, path="a.txt": object()).hyperparameters
    {'path': 'a.txt'}
    """

    __slots__ = ()
    kind, plural, takes = "callback", "callbacks", ()


class Scaler(Formula):
    """``call(values, *, …) -> (shift, factor)``, from all values of one column.

    Each value is then scaled to ``(value - shift) * factor``.

    >>> Scaler("halve", lambda values: (0.0, 0.5))([1.0, 3.0])
    (0.0, 0.5)
    """

    __slots__ = ()
    kind, plural, takes = "scaler", "scalers", ("values",)


class Program(Protocol):
    """A training run compiled by an engine for one model, one loss, one optimizer and one plan."""

    def advance(self, steps: int, losses: "array[float]") -> None:
        """Do `steps` optimizer steps, and append the loss of each completed one to `losses`.

        On return, and when it raises, `losses` and `state` are those of the last completed step,
        and so are the parameters once `write_back` has been called. Whoever looked at them then
        may have changed them: the first step after a `write_back` starts from what they hold.
        """

    def write_back(self) -> None:
        """Put the numbers and gradients of the last completed step on the model's parameters.

        It is called before anybody looks, and at the end of a run however that comes about; a
        second call in a row changes nothing.
        """

    def state(self) -> list[tuple[float, ...]]:
        """Return the optimizer's state, one tuple a parameter."""

    def explain(self) -> str:
        """Return what was compiled, and how, in lines for people to read."""

    @property
    def remark(self) -> str:
        """What the engine wants added to `Run.engine_reason`; "" if nothing."""


class Forward(Protocol):
    """Computes a model's outputs, and the losses of samples, and trains nothing."""

    def __call__(
        self, inputs: Sequence[Sequence[float]], targets: Sequence[Sequence[float]]
    ) -> tuple[list[list[float]], list[float]]:
        """Return the outputs and the loss of each sample, by the parameters as they are now.

        Args:
            inputs, targets: one row a sample, as those of a `Plan`; where there is no loss, no
                targets, and no losses come back.
        """


@attrs.frozen(eq=False)
class Engine(Record):
    """``compile(model, loss, optimizer, plan) -> Program``.

    `compile` trains nothing and leaves the model as it is. It may raise `MissingExtraError`, or
    `CannotCompileError` where a formula is not for this engine.

    Attributes:
        automatic: whether the engine promises the bits of the visible graph in mode "exact", so
            that ``engine="auto"`` may choose it.
        forward: ``forward(model, loss, input_width, target_width) -> Forward``, what computes
            outputs and losses without training; None where the engine has none. `loss` is None
            where only outputs are wanted, and `target_width` then 0. It raises as `compile` does.

    >>> Engine("mine", compile=lambda model, loss, optimizer, plan: ...).name
    'mine'
    """

    kind, plural = "engine", "engines"
    compile: Callable[..., Program] = attrs.field(
        validator=checked_by(attrs.validators.is_callable())
    )
    automatic: bool = attrs.field(
        default=False, validator=checked_by(attrs.validators.instance_of(bool))
    )
    forward: Callable[..., Forward] | None = attrs.field(
        default=None,
        validator=checked_by(attrs.validators.optional(attrs.validators.is_callable())),
    )


@attrs.frozen(eq=False)
class Plan:
    """What a program is to do: the data, the order of the batches, and where to go on from.

    Attributes:
        inputs, targets: one row of floats a sample. Where the data came as a NumPy array, they
            have an attribute `array`: that array, uncopied, with two axes.
        batch_size: samples a step; the last batch of an epoch may be smaller.
        epochs: how many epochs are planned.
        shuffle: whether each epoch has an order of its own.
        seed: what the order follows from, together with the epoch's number.
        mode: "exact" for the bits of the visible graph; "fast" lets an engine reorder sums.
        penalties, gradient_transforms: the records that take part.
        first_epoch, first_step: how many epochs and steps were done by earlier runs.
        state: the optimizer's state to go on from; None to start afresh.
        completed_steps: how many steps of this plan are done; a program starts after them, with
            the `state` of then.
        threads: how many threads an engine may use. What it computes does not depend on it.
        notify: what an engine calls within each step, with the name of a hook and its arguments,
            as the eager engine does; None where nobody listens. An engine that builds no graph
            cannot, and is not given such a plan.
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
    completed_steps: int = 0
    threads: int = 1
    notify: Callable[..., None] | None = None

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
        Scaler,
        Callback,
        Engine,
    )
}
