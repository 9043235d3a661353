"""Room 6, without training: outputs and losses, in machine code.

A number that is not finite stops nothing here: infinities and nan are what eager computes, too.
Only a sample for which plain Python would raise, or its ints would go their own way, is computed
eagerly.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from valor import EAGER, Loss, Valor
from valor.exceptions import EngineWarning
from valor_plugins.engines.native.assemble import assemble_forward, padded
from valor_plugins.engines.native.data import WINDOW, matrix_of, zeros
from valor_plugins.engines.native.emit.forward import FIELDS

Rows = Sequence[Sequence[float]]
Found = tuple[list[list[float]], list[float]]


class NativeForward:
    """Outputs and losses in machine code. See `valor.Forward`."""

    def __init__(self, model: Any, loss: Loss | None, input_width: int, target_width: int) -> None:
        self._parameters: list[Valor] = list(model.parametros())
        self._widths = input_width, target_width
        self._loss = loss
        self._code = assemble_forward(model, loss, self._parameters, self._widths)
        assert EAGER.forward is not None
        self._eager = EAGER.forward(model, loss, *self._widths)
        self._compared = self._differs = False

    def __call__(self, inputs: Rows, targets: Rows) -> Found:
        """Return the outputs and the loss of each sample, by the parameters as they are now."""
        parameters = self._numbers()
        fits = parameters is not None and self._fit(inputs, targets)
        if not (fits and self._agrees(parameters, inputs, targets)):
            return self._eager(inputs, targets)
        outputs: list[list[float]] = []
        losses: list[float] = []
        most = max(1, WINDOW // (sum(self._widths) + self._code.results.count))
        for start in range(0, len(inputs), most):
            more = self._window(parameters, inputs, targets, slice(start, start + most))
            outputs += more[0]
            losses += more[1]
        return outputs, losses

    def _numbers(self) -> Any:
        """Return what the parameters hold; None if not all are floats: then eager decides."""
        values = [parameter.data for parameter in self._parameters]
        if not all(issubclass(kind, float) for kind in {*map(type, values)}):
            return None
        numbers = zeros(padded(len(values) + 1))
        numbers[: len(values)] = values
        numbers[len(values)] = 1.0  # sums multiply by it what has no other factor
        return numbers

    def _fit(self, inputs: Rows, targets: Rows) -> bool:
        """Tell whether the data have the widths that the code reads."""
        given = (inputs,) if self._loss is None else (inputs, targets)
        return all(
            len(rows) == len(inputs) and _has_width(rows, width)
            for rows, width in zip(given, self._widths, strict=False)
        )

    def _agrees(self, parameters: Any, inputs: Rows, targets: Rows) -> bool:
        """Tell whether the first sample, computed both ways, was the same to the bit."""
        if not self._compared and len(inputs):
            found = self._window(parameters, inputs, targets, slice(0, 1))
            expected = self._eager_sample(inputs, targets, 0)
            self._differs = _bits(found) != _bits(expected)
            self._compared = True
            if self._differs:
                warnings.warn(
                    f"outputs are computed eagerly: compiled, the first sample gives {found} "
                    f"instead of {expected}; the model or its loss does not compute the same each "
                    "time it is called",
                    EngineWarning,
                    stacklevel=3,
                )
        return not self._differs

    def _window(self, parameters: Any, inputs: Rows, targets: Rows, rows: slice) -> Found:
        """Compute some samples."""
        results = self._code.results
        numbers = self._computed(
            parameters,
            matrix_of(inputs, rows),
            zeros(1) if self._loss is None else matrix_of(targets, rows),
        )
        outputs: list[list[float]] = numbers[:, : results.outputs].tolist()
        losses: list[float] = []
        if self._loss is not None:
            losses = numbers[:, results.outputs].tolist()
        if results.checked:
            for row in np.flatnonzero(numbers[:, -1]).tolist():
                (outputs[row],), loss = self._eager_sample(inputs, targets, rows.start + row)
                losses[row : row + len(loss)] = loss
        return outputs, losses

    def _computed(self, parameters: Any, inputs: Any, targets: Any) -> Any:
        """Return the results of samples, one row each."""
        code = self._code
        count, results = len(inputs), code.results.count
        blocks = -(-count // code.micro)
        # Made anew in each call, so that two threads may call at once.
        areas = {
            "inputs": inputs,
            "targets": targets,
            "parameters": parameters,
            "results": zeros(blocks * results * code.micro),
            "rows": zeros(code.block),
            "target_rows": zeros(code.block),
            "tables": code.tables,
            **{name: zeros(size) for name, size in code.sizes.items()},
        }
        context = np.array([areas[name].ctypes.data for name in FIELDS], np.int64)
        code.code.run(context.ctypes.data, count)
        lanes = areas["results"].reshape(blocks, results, code.micro)
        return lanes.transpose(0, 2, 1).reshape(-1, results)[:count]

    def _eager_sample(self, inputs: Rows, targets: Rows, row: int) -> Found:
        return self._eager([inputs[row]], [] if self._loss is None else [targets[row]])


def _has_width(rows: Any, width: int) -> bool:
    if hasattr(rows, "array"):
        return bool(rows.array.shape[1] == width)
    return {*map(len, rows)} <= {width}


def _bits(found: Found) -> bytes:
    """Return the numbers of one sample as bytes; every nan is the same one."""
    numbers = np.array([*found[0][0], *found[1]])
    return np.where(np.isnan(numbers), np.nan, numbers).tobytes()
