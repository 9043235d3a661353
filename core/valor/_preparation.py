"""From what users pass to `Trainer.fit` to the samples that are trained and measured on."""

import functools
from array import array
from collections.abc import Sequence
from typing import Any

import attrs

from valor._checks import check_widths
from valor._data import Rows, Table, as_rows, as_samples, batches_as_samples
from valor._scaling import Scaling, fitted
from valor._validation import Measured
from valor._weights import sample_weights, weighted, weights_of
from valor.contracts import Loss, Metric, Scaler
from valor.data import split
from valor.exceptions import DataError, InvalidArgumentError, InvalidNumberError, shown
from valor.functions import number


@attrs.frozen(eq=False)
class Request:
    """What `Trainer.fit` was asked to take samples from, and how. See there.

    Attributes:
        seed: what a split follows from.
    """

    x: Any
    y: Any
    validation: Any = None
    stratify: bool = False
    metrics: Sequence[Metric] = ()
    sample_weight: Any = None
    class_weight: Any = None
    input_scaler: Scaler | None = None
    target_scaler: Scaler | None = None
    seed: int = 0


@attrs.define(eq=False)
class Prepared:
    """The samples of a run.

    Attributes:
        inputs, targets: what is trained on: scaled, and with a weight after the targets where there
            are weights.
        loss: the loss for these targets.
        measured: what is measured at the end of each epoch; None if nothing is.
        scaling: how the data were scaled.
        forward: how many seconds one forward call took.
        batch_size: that of an iterator of batches; None where there was none.
    """

    inputs: Rows
    targets: Rows
    loss: Loss
    measured: Measured | None
    scaling: Scaling | None
    forward: float
    batch_size: int | None

    @property
    def measures(self) -> int:
        """How many samples are measured at the end of an epoch."""
        return 0 if self.measured is None else len(self.measured.inputs)

    @functools.cached_property
    def digest(self) -> str:
        """A digest of all numbers that are trained on."""
        return _digest(self.inputs, self.targets)

    @functools.cached_property
    def validation_digest(self) -> str:
        """A digest of all numbers that are validated on; "" where there are none."""
        if self.measured is None or not self.measured.prefix:
            return ""
        return _digest(self.measured.inputs, self.measured.targets)


def prepared(model: Any, loss: Loss, request: Request) -> Prepared:
    """Return the samples of a run, after all checks; nothing is changed.

    Raises:
        DataError: they are empty, ragged, not finite, too few to split, or do not fit the model.
        InvalidArgumentError: another argument is not what is described at `Trainer.fit`.
    """
    fraction = None if request.validation is None else _fraction(request.validation)
    if request.stratify and fraction is None:
        raise InvalidArgumentError(
            "stratify is about the share of the samples to validate on, so that validation must be "
            f"one, such as 0.2, not {shown(request.validation)}"
        )
    size = None
    if request.y is None:
        inputs, targets, size = batches_as_samples(request.x)
    else:
        inputs, targets = as_samples(request.x, request.y)
    own = sample_weights(request.sample_weight, len(targets))
    others = None
    if fraction is not None:
        kept, left = _positions(targets, fraction, request)
        others = _chosen(inputs, left), _chosen(targets, left)
        inputs, targets = _chosen(inputs, kept), _chosen(targets, kept)
        own = own and [own[position] for position in kept]
    elif request.validation is not None:
        others = _given(request.validation, inputs, targets)
    weights = weights_of(targets, own, request.class_weight)
    scaling = _scaling(model, inputs, targets, request)
    if scaling is not None:
        inputs, targets = scaling.scaled_inputs(inputs), scaling.scaled_targets(targets)
        if others is not None:
            others = scaling.scaled_inputs(others[0]), scaling.scaled_targets(others[1])
    forward = check_widths(model, inputs, targets)
    measured = None
    if others is not None or request.metrics:
        measured = Measured(
            *(others or (inputs, targets)),
            metrics=request.metrics,
            prefix="validation_" if others is not None else "",
            scaling=scaling,
        )
    if weights is not None:
        loss = weighted(loss)
        targets = [[*row, weight] for row, weight in zip(targets, weights, strict=True)]
    return Prepared(inputs, targets, loss, measured, scaling, forward, size)


def _scaling(model: Any, inputs: Rows, targets: Rows, request: Request) -> Scaling | None:
    """Return the scaling that the model has, or else the one that is asked for."""
    known: Scaling | None = getattr(model, "scaling", None)
    if known is None:
        return fitted(inputs, targets, request.input_scaler, request.target_scaler)
    for side, pairs, scaler in (
        ("inputs", known.inputs, request.input_scaler),
        ("targets", known.targets, request.target_scaler),
    ):
        if scaler is not None and pairs is None:
            raise InvalidArgumentError(
                f"scale_{side} comes too late: the model has been trained with a scaling that "
                f"leaves {side} as they are; begin anew, with a new model"
            )
    return known


def _fraction(validation: Any) -> float | None:
    """Return the share of the samples to validate on; None where data are given."""
    if isinstance(validation, (tuple, list)):
        return None
    try:
        fraction = float(number(validation))
    except InvalidNumberError:
        fraction = 0.0
    if not 0 < fraction < 1:
        raise InvalidArgumentError(
            "validation must be a share of the samples, such as 0.2, or data (x, y), not "
            f"{shown(validation)}"
        )
    return fraction


def _given(validation: Any, inputs: Rows, targets: Rows) -> tuple[Rows, Rows]:
    if len(validation) != 2:
        raise InvalidArgumentError(
            f"validation must be two, (x, y), not {len(validation)}: {shown(validation)}"
        )
    names = "validation[0]", "validation[1]"
    others = as_rows(validation[0], names[0]), as_rows(validation[1], names[1])
    if len(others[0]) != len(others[1]):
        raise DataError(
            f"validation must have as many samples twice, but x has {len(others[0])} and y has "
            f"{len(others[1])}"
        )
    for rows, like, name in zip(others, (inputs, targets), names, strict=True):
        if len(rows[0]) != len(like[0]):
            raise DataError(
                f"{name} must have {len(like[0])} values a sample, as the training data, not "
                f"{len(rows[0])}"
            )
    return others


def _positions(targets: Rows, fraction: float, request: Request) -> tuple[list[int], list[int]]:
    """Return which samples are trained on, and which are left to validate."""
    kept, _, left, _ = split(
        list(range(len(targets))),
        list(targets),
        fraction=fraction,
        seed=request.seed,
        stratify=request.stratify,
    )
    return kept, left


def _chosen(rows: Rows, positions: Sequence[int]) -> Rows:
    if isinstance(rows, Table):
        return Table(rows.array[positions])
    return [rows[position] for position in positions]


def _digest(*tables: Rows) -> str:
    import hashlib

    digest = hashlib.sha256()
    for rows in tables:
        digest.update(f"{len(rows)} {len(rows[0])};".encode())
        for row in rows:
            digest.update(array("d", row).tobytes())
    return digest.hexdigest()
