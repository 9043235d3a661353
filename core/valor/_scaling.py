"""Scaled data: for each column of numbers a shift and a factor, kept with the model.

A value becomes ``(value - shift) * factor``; an output goes back by ``output / factor + shift``.
"""

import math
from array import array
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, TypeAlias

import attrs

from valor._data import Rows, Table, as_rows
from valor.contracts import Scaler
from valor.exceptions import (
    DataError,
    FormulaError,
    InvalidArgumentError,
    InvalidNumberError,
    shown,
)
from valor.functions import number

Pairs: TypeAlias = tuple[tuple[float, float], ...]

AT_ONCE = 2**23  # numbers of an array that may be scaled at once; of more, rows when asked for


def _as_pairs(given: Any) -> Any:
    """Return pairs as tuples of floats; what is not that is left to the validator."""
    if not isinstance(given, (list, tuple)):
        return given
    try:
        return tuple(tuple(float(number(value)) for value in pair) for pair in given)
    except TypeError:  # something in it is no number, or no pair
        return given


def _check_pairs(scaling: Any, attribute: Any, pairs: Any) -> None:
    if pairs is None:
        return
    if not isinstance(pairs, tuple) or not pairs or not all(isinstance(p, tuple) for p in pairs):
        raise InvalidArgumentError(
            f"scaling: {attribute.name} must be a list of (shift, factor), one a column, or None, "
            f"not {shown(pairs)}"
        )
    for column, pair in enumerate(pairs):
        fault = _fault(pair)
        if fault:
            raise InvalidArgumentError(f"scaling: {attribute.name}[{column}] {fault}")


def _fault(pair: Any) -> str:
    """Return what is wrong with a shift and a factor, or ""."""
    if not isinstance(pair, tuple) or len(pair) != 2:
        return f"must be (shift, factor), not {shown(pair)}"
    if not all(map(math.isfinite, pair)):
        return f"must be two finite numbers, not {pair}"
    return "" if pair[1] else f"must have a factor other than 0, not {pair}"


@attrs.frozen
class Scaling:
    """How the numbers that users give and get become those that a model was trained on, and back.

    Attributes:
        inputs: a (shift, factor) for each of the model's inputs; None to leave them as they are.
        targets: likewise, for each of its outputs.

    >>> scaling = Scaling(inputs=[(2.0, 0.5)], targets=[(0.0, 0.1)])
    >>> scaling.scaled_inputs([[4.0], [2.0]]), scaling.unscaled_outputs([[0.5]])
    ([[1.0], [0.0]], [[5.0]])
    """

    inputs: Pairs | None = attrs.field(default=None, converter=_as_pairs, validator=_check_pairs)
    targets: Pairs | None = attrs.field(default=None, converter=_as_pairs, validator=_check_pairs)

    def scaled_inputs(self, rows: Rows) -> Rows:
        """Return inputs as the model takes them.

        Args:
            rows: what users give. An array of more than `AT_ONCE` numbers is scaled row by row,
                when rows are asked for.

        Raises:
            DataError: they are no rows of numbers; there are more columns than in the scaling or
                fewer; or a scaled number is larger than a float can hold.
        """
        return rows if self.inputs is None else _scaled(rows, self.inputs, "x")

    def scaled_targets(self, rows: Rows) -> Rows:
        """Return targets as the model is to give them. See `scaled_inputs`."""
        return rows if self.targets is None else _scaled(rows, self.targets, "y")

    def unscaled_outputs(self, rows: Rows) -> Rows:
        """Return what the model gives as what users get."""
        if self.targets is None:
            return rows
        rows = _as_rows(rows, "the outputs")
        _check_width(rows, self.targets, "the outputs")
        try:
            return [
                [
                    value / factor + shift
                    for value, (shift, factor) in zip(row, self.targets, strict=True)
                ]
                for row in rows
            ]
        except (TypeError, ValueError):
            as_rows(rows, "the outputs")  # says what is wrong with them
            raise


def fitted(
    inputs: Rows, targets: Rows, input_scaler: Scaler | None, target_scaler: Scaler | None
) -> Scaling | None:
    """Return the scaling that scalers make of the data of a training; None without any.

    Raises:
        FormulaError: a scaler returned something else than a finite shift and a finite factor
            other than 0.
    """
    if input_scaler is None and target_scaler is None:
        return None
    return Scaling(
        None if input_scaler is None else _pairs(inputs, input_scaler, "x"),
        None if target_scaler is None else _pairs(targets, target_scaler, "y"),
    )


def _pairs(rows: Rows, scaler: Scaler, argument: str) -> Pairs:
    pairs = []
    for column in range(len(rows[0])):
        result = scaler(_column(rows, column))
        pair: Any = tuple(result) if isinstance(result, (tuple, list)) else result
        try:
            if isinstance(pair, tuple):
                pair = tuple(float(number(value)) for value in pair)
            fault = _fault(pair)
        except InvalidNumberError:
            fault = f"must be two numbers, not {shown(result)}"
        if fault:
            raise FormulaError(
                f"{scaler}: what it returns for column {column} of {argument} {fault}"
            )
        pairs.append(pair)
    return tuple(pairs)


def _column(rows: Rows, column: int) -> Sequence[float]:
    if isinstance(rows, Table):
        return array("d", rows.array[:, column].astype("float64").tobytes())
    return array("d", [row[column] for row in rows])


def _as_rows(rows: Any, argument: str) -> Rows:
    """Return what anybody gives as rows; those of a training have been looked at before."""
    rowwise = isinstance(rows, list) and rows and all(type(row) is list for row in rows)
    return rows if rowwise or isinstance(rows, Table) else as_rows(rows, argument)


def _check_width(rows: Rows, pairs: Pairs, argument: str) -> None:
    if len(rows[0]) != len(pairs):
        raise DataError(
            f"{argument} must have {len(pairs)} values a sample, as many as the model's scaling, "
            f"not {len(rows[0])}"
        )


def _scaled(rows: Rows, pairs: Pairs, argument: str) -> Rows:
    rows = _as_rows(rows, argument)
    _check_width(rows, pairs, argument)
    if isinstance(rows, Table):
        scaled = _ScaledArray(rows.array, pairs, argument)
        return Table(scaled if scaled.size > AT_ONCE else scaled[:])
    try:
        result = [
            [(value - shift) * factor for value, (shift, factor) in zip(row, pairs, strict=True)]
            for row in rows
        ]
    except (TypeError, ValueError):
        as_rows(rows, argument)  # says what is wrong with them
        raise
    for position, row in enumerate(result):
        for column, value in enumerate(row):
            if not math.isfinite(value):
                raise _too_large(argument, position, column)
    return result


def _too_large(argument: str, row: int, column: int) -> DataError:
    return DataError(
        f"{argument}[{row}][{column}] is, after scaling, larger than a float can hold; it is far "
        "from the numbers that the scaling was made for"
    )


class _ScaledArray:
    """An array of NumPy that is scaled where it is looked at: it may be larger than memory.

    It has what engines ask of an array: its shape, the numbers of some rows, and, by its flags,
    that they do not lie in memory.
    """

    ndim = 2
    flags = SimpleNamespace(c_contiguous=False)

    def __init__(self, array: Any, pairs: Pairs, argument: str) -> None:
        import numpy as np

        self._array = array
        self._argument = argument
        self._shifts, self._factors = np.array(pairs, np.float64).T
        self.shape: tuple[int, int] = array.shape
        self.size = int(array.size)
        self.dtype = np.dtype(np.float64)

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, which: Any) -> Any:
        import numpy as np

        with np.errstate(over="ignore"):
            scaled = (self._array[which].astype(np.float64) - self._shifts) * self._factors
        if not np.isfinite(scaled).all():
            row, column = np.argwhere(~np.isfinite(np.atleast_2d(scaled)))[0].tolist()
            position = np.atleast_1d(np.arange(len(self))[which])[row]
            raise _too_large(self._argument, int(position), column)
        return scaled

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        import numpy as np

        return np.asarray(self[:], dtype)
