"""The compiled function that trains nothing: what a program computes for each of many samples.

Outputs and losses are *results*. They stand in a program where that of a run has what samples
contribute to gradients: one scalar each, or a product of two. Nothing is summed over samples, so
that a block of them is done with once its results are stored.
"""

from typing import Any

from valor_plugins.engines.native.emit.frames import Index, Tables, position, read, write_rows
from valor_plugins.engines.native.emit.loops import BLOCK, Loops
from valor_plugins.engines.native.emit.writer import Writer, vector
from valor_plugins.engines.native.families import Rolled

# What the function is handed: addresses, 8 bytes each, in this order.
FIELDS = (
    "inputs",
    "targets",
    "parameters",
    "results",
    "uniform",
    "frames",
    "rows",
    "target_rows",
    "tables",
)


class Forward(Loops):
    """The results of any number of samples, block by block.

    Args:
        rolled, width, slots, tables, shape: as of `Loops`.
    """

    def __init__(
        self, rolled: Rolled, width: int, slots: Any, tables: Tables, shape: tuple[int, int]
    ) -> None:
        super().__init__(rolled, width, slots, tables, shape, BLOCK)
        self._count = sum(len(group.parameters) for group in rolled.gradients)

    def write(self) -> Writer:
        """Return what is done, given %context and, as %steps, how many samples there are."""
        writer = Writer()
        for number, field in enumerate(FIELDS):
            writer.given(field, number)
        self.write_samples(writer, "%steps")
        writer.line("ret i64 %steps")
        return writer

    def write_samples(self, writer: Writer, count: str) -> None:
        """Write the way from rows of data to results, micro-block by micro-block.

        In the area %results, each has one row of lanes for each result.

        Args:
            writer: where to.
            count: how many samples there are.
        """
        self.write_uniform(writer)
        blocks = writer.let(f"udiv i64 {writer.plus(count, self.block - 1)}, {self.block}")
        with writer.loop(0, blocks, prefix="block") as each:
            first = writer.times(each.index, self.block)
            samples = writer.least(writer.let(f"sub i64 {count}, {first}"), self.block)
            write_rows(writer, self.row_bytes, self.micro, first, samples)
            results = writer.at("%results", writer.times(first, self._count * 8))
            self._write_results(writer, samples, results)

    def _write_results(self, writer: Writer, samples: str, results: str) -> None:
        """Write a block, and the way of its results out of the frames."""
        layout, width, row_bytes = self.layout, self.width, self.micro * 8
        blocks = self.write_families(writer, samples)
        with writer.loop(*blocks, prefix="results") as block:
            frame = writer.at("%frames", writer.times(block.index, layout.frame_bytes))
            target = writer.at(results, writer.times(block.index, self._count * row_bytes))
            for group in self.rolled.gradients:
                index = Index.of(group.parameters) or layout.tables.add(group.parameters)
                factors = [factor for factor in group.contributions[0] if factor is not None]
                with writer.loop(0, len(group.parameters), prefix="each") as each:
                    counters = (each.index,)
                    row = writer.times(position(writer, index, counters), row_bytes)
                    for lane in range(0, self.micro, width):
                        values = [
                            read(writer, layout, factor, counters, frame, lane, width)
                            for factor in factors
                        ]
                        value = values[0]
                        if len(values) == 2:
                            value = writer.op("fmul", vector(width), *values)
                        writer.store(value, writer.at(target, row, lane * 8), width)
