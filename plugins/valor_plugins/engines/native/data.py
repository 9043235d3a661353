"""The rows of a run as doubles: uncopied where they are, else in windows where they are many."""

import itertools
from typing import Any

import numpy as np

from valor import Plan

WINDOW = 2**23  # numbers that may be converted to doubles at once


class Data:
    """Inputs and targets of a run.

    Args:
        plan: the run.

    Attributes:
        inputs, targets: doubles, a row a sample; of data that go in windows, those of the window.
        in_windows: whether the data are other numbers than doubles, and too many to be converted.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.in_windows = any(map(_is_large, (plan.inputs, plan.targets)))
        first = slice(1) if self.in_windows else slice(None)
        self.inputs, self.targets = matrix_of(plan.inputs, first), matrix_of(plan.targets, first)

    def window(self, batch: int, steps: int, order: Any) -> tuple[int, list[int]]:
        """Convert the rows of some steps of an epoch.

        Args:
            batch: the first step's number in the epoch.
            steps: how many are wanted.
            order: in which order the epoch takes the rows; None for their own.

        Returns:
            How many steps the window has, and where inputs and targets would begin if it were a
            part of all rows.
        """
        plan = self._plan
        width = len(plan.inputs[0]) + len(plan.targets[0])
        most = max(1, WINDOW // (width * plan.batch_size))
        steps = min(steps, plan.steps_per_epoch - batch, most)
        start = batch * plan.batch_size
        rows: Any = slice(start, start + steps * plan.batch_size)
        rows = rows if order is None else order[rows]
        self.inputs, self.targets = matrix_of(plan.inputs, rows), matrix_of(plan.targets, rows)
        return steps, [
            each.ctypes.data - start * each.shape[1] * 8 for each in (self.inputs, self.targets)
        ]


def _is_large(rows: Any) -> bool:
    """Tell whether rows would have to be converted, and are too many for that."""
    array = getattr(rows, "array", None)
    if array is None or array.size <= WINDOW:
        return False
    return bool(array.dtype != np.float64 or not array.flags.c_contiguous)


def matrix_of(rows: Any, which: Any = slice(None)) -> Any:
    """Return some rows as an array of doubles, without a copy where they are one."""
    if hasattr(rows, "array"):
        matrix = np.ascontiguousarray(rows.array[which], np.float64)
        return matrix.reshape(len(matrix), -1)
    chosen = rows[which] if isinstance(which, slice) else [rows[row] for row in which]
    count = sum(map(len, chosen))  # twice as fast as to let NumPy find out the shape of rows
    numbers = np.fromiter(itertools.chain.from_iterable(chosen), np.float64, count)
    return numbers.reshape(len(chosen), -1)


def zeros(size: int) -> Any:
    """Return zeros that begin at a cache line."""
    raw = np.zeros(size + 16)
    skip = -raw.ctypes.data % 64 // 8
    return raw[skip : skip + size]
