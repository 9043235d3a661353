"""First emitter, straight line: every scalar of a small program in a register, samples in lanes.

Its compile time grows faster than the program, so it is for the small ones, of which it makes the
fastest code: nothing is loaded or stored between two operations.
"""

from typing import Any

import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.collect import gathered, lanes_below
from valor_plugins.engines.native.emit.operations import emit
from valor_plugins.engines.native.emit.update import Update
from valor_plugins.engines.native.emit.writer import Writer, literal, vector
from valor_plugins.engines.native.families import CONSTANT, Operand, Rolled, terms_of


class StraightSamples:
    """The samples of a vector, written out scalar by scalar.

    Args:
        rolled: the program of one sample.
        width: how many doubles a vector has.
        slots: the slot of each parameter.
        shape: how many inputs and targets a sample has.
        even: whether every batch fills its vectors.
        alone: whether a batch is one vector, and gradients begin with it, at +0.
    """

    emitter = "straight line"
    updated = 0

    def __init__(
        self,
        rolled: Rolled,
        width: int,
        slots: Any,
        shape: tuple[int, int],
        even: bool,
        alone: bool,
    ) -> None:
        self.rolled, self.width, self.slots, self.even = rolled, width, slots, even
        self.block = self.micro = width
        self.alone = alone
        self.multiple = width if even else 1
        self.row_bytes = shape[0] * 8, shape[1] * 8
        self.sizes = {"uniform": 0, "frames": 0, "transposed": 0}
        self._shared: dict[tuple[int, int], str] = {}

    def lanes(self, frames: int) -> Any:
        """Return nothing: there are no frames."""
        return np.zeros(0, np.int64)

    def write_uniform(self, writer: Writer) -> None:
        """Write what is the same for all samples of a batch."""
        for number, family in enumerate(self.rolled.families):
            if family.varying:
                continue
            for member in range(family.size):
                if family.code == ops.PARAMETER:
                    at = writer.at("%parameters", int(self.slots[member]) * 8)
                    value = writer.load(at)
                elif family.code == ops.SEED:
                    value = "%seed"
                else:
                    value = self._member(writer, self._shared, number, member, 1)
                self._shared[number, member] = value
            if family.code == ops.PARAMETER:
                self._shared[number, family.size] = literal(1.0)
        # Splats of what samples use, so that they are outside of the loop over vectors.
        self._splats = {
            key: writer.splat(value, self.width)
            for key, value in self._shared.items()
            if self.rolled.families[key[0]].code not in ops.CONDITIONS
        }

    def write_block(
        self, writer: Writer, samples: str, first: str, update: Update | None = None
    ) -> str | None:
        """Write a vector of samples; return a number that is nan if a check fails."""
        width = self.width
        values = dict(self._splats)
        for number, family in enumerate(self.rolled.families):
            if not family.varying:
                continue
            if family.code in (ops.INPUT, ops.TARGET):
                self._write_loading(writer, values, number)
                continue
            if family.parts:
                sources = [
                    (part, k)
                    for part in family.parts
                    for k in range(self.rolled.families[part].size)
                ]
                values |= {(number, k): values[source] for k, source in enumerate(sources)}
                continue
            for member in range(family.size):
                values[number, member] = self._member(writer, values, number, member, width)
        valid = None if self.even else lanes_below(writer, samples, width)
        root = self._value(writer, values, self.rolled.root, 0, width)
        writer.store(root, writer.at("%sample_losses", writer.times(first, 8)), width)
        self._write_gradients(writer, values, valid)
        return self._write_checks(writer, values, valid)

    def _member(
        self,
        writer: Writer,
        values: dict[tuple[int, int], str],
        number: int,
        member: int,
        width: int,
    ) -> str:
        family = self.rolled.families[number]
        if not family.runs:
            operands = [
                self._value(writer, values, operand, member, width) for operand in family.operands
            ]
            return emit(writer, family.code, operands, width)
        kind, total = vector(width), None
        for pair in family.runs:
            columns = [factor for factor in pair if factor is not None]
            for term in range(terms_of(pair)):
                factors = [
                    self._value(writer, values, factor, (member, term), width) for factor in columns
                ]
                value = factors[0]
                if len(factors) == 2:
                    value = writer.op("fmul", kind, factors[0], factors[1])
                total = value if total is None else writer.op("fadd", kind, total, value)
        assert total is not None
        return total

    def _value(
        self,
        writer: Writer,
        values: dict[tuple[int, int], str],
        operand: Operand,
        member: int | tuple[int, int],
        width: int,
    ) -> str:
        if operand.family == CONSTANT:
            return writer.constant(operand.value, width)
        key = operand.family, int(operand.positions[member])
        if key in values:
            return values[key]
        # A condition that is the same for all samples.
        bits = self._shared[key]
        number = emit(writer, ops.SELECT, [literal(1.0), literal(0.0), bits], 1)
        lanes = writer.splat(number, width)
        zero = writer.constant(0.0, width)
        return writer.let(f"fcmp une {vector(width)} {lanes}, {zero}")

    def _write_loading(
        self, writer: Writer, values: dict[tuple[int, int], str], number: int
    ) -> None:
        family = self.rolled.families[number]
        rows = "%rows" if family.code == ops.INPUT else "%target_rows"
        lines = [writer.load(writer.at(rows, lane * 8), kind="ptr") for lane in range(self.width)]
        for member in range(family.size):
            scalars = [writer.load(writer.at(line, member * 8)) for line in lines]
            values[number, member] = gathered(writer, scalars, self.width)

    def _write_gradients(
        self, writer: Writer, values: dict[tuple[int, int], str], valid: str | None
    ) -> None:
        """Write the sums over samples, parameters in lanes, neighbours together."""
        rows: dict[int, list[list[str]]] = {}
        by_count: dict[int, list[int]] = {}
        for group in self.rolled.gradients:
            for k, parameter in enumerate(group.parameters.tolist()):
                slot = int(self.slots[parameter])
                rows[slot] = [
                    [
                        self._value(writer, values, factor, k, self.width)
                        for factor in pair
                        if factor is not None
                    ]
                    for pair in group.contributions
                ]
                by_count.setdefault(len(group.contributions), []).append(slot)
        for count in sorted(by_count):
            slots = np.array(sorted(by_count[count]))
            for start in range(0, len(slots), self.width):
                tile = slots[start : start + self.width].tolist()
                self._write_tile(writer, tile, [rows[slot] for slot in tile], valid)

    def _write_tile(
        self, writer: Writer, slots: list[int], rows: list[list[list[str]]], valid: str | None
    ) -> None:
        width, kind = self.width, vector(self.width)
        zero = writer.constant(0.0, width)
        squares = []
        for c in range(len(rows[0])):
            lines = []
            for contributions in rows:
                factors = contributions[c]
                line = factors[0]
                if len(factors) == 2:
                    line = writer.op("fmul", kind, factors[0], factors[1])
                if valid is not None:
                    bits = vector(width, "i1")
                    line = writer.let(f"select {bits} {valid}, {kind} {line}, {kind} {zero}")
                lines.append(line)
            lines += [zero] * (width - len(lines))
            squares.append(writer.transposed(lines, width))
        together = slots == list(range(slots[0], slots[0] + width))
        places = [writer.at("%gradients", slot * 8) for slot in slots]
        if self.alone:
            total = zero
        elif together:
            total = writer.load(places[0], width)
        else:
            total = gathered(writer, [writer.load(place) for place in places], width)
        for lane in reversed(range(width)):
            for square in squares:
                total = writer.op("fadd", kind, total, square[lane])
        if together:
            writer.store(total, places[0], width)
            return
        for lane, place in enumerate(places):
            writer.store(writer.extract(total, width, lane), place)

    def _write_checks(
        self, writer: Writer, values: dict[tuple[int, int], str], valid: str | None
    ) -> str | None:
        width, kind = self.width, vector(self.width)
        total = None
        for check in self.rolled.checks:
            bits = self._value(writer, values, check, 0, width)
            if valid is not None:
                bits = writer.op("and", vector(width, "i1"), bits, valid)
            nan, zero = writer.constant(float("nan"), width), writer.constant(0.0, width)
            value = emit(writer, ops.SELECT, [nan, zero, bits], width)
            total = value if total is None else writer.op("fadd", kind, total, value)
        if total is None or width == 1:
            return total
        result = writer.extract(total, width, 0)
        for lane in range(1, width):
            result = writer.op("fadd", "double", result, writer.extract(total, width, lane))
        return result
