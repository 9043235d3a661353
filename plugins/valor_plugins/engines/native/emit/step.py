"""The compiled function: many optimizer steps in one call.

A step takes the rows of a batch block by block, from the last to the first, because that is the
order in which eager collects gradients; sums the samples' losses from the first to the last; adds
penalties; transforms the gradients; and writes new parameters and optimizer state beside the old
ones. They take the old ones' place only if everything is finite. Otherwise the function returns,
and the step is for eager to do, which knows how to name a number that went wrong.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Protocol

import attrs

from valor_plugins.engines.native.derive import Scalars
from valor_plugins.engines.native.emit.evaluate import evaluate
from valor_plugins.engines.native.emit.frames import Index, position, write_rows
from valor_plugins.engines.native.emit.team import barrier, by_one, shared, total
from valor_plugins.engines.native.emit.update import Update
from valor_plugins.engines.native.emit.writer import INDEX, POINTER, Writer, literal, vector

# What the function is handed: addresses and whole numbers, 8 bytes each, in this order.
FIELDS = (
    "inputs",
    "targets",
    "order",
    "row_count",
    "batch_size",
    "steps_per_epoch",
    "losses",
    "parameters",
    "next_parameters",
    "state",
    "next_state",
    "gradients",
    "next_gradients",
    "transformed",
    "uniform",
    "frames",
    "transposed",
    "rows",
    "target_rows",
    "lanes",
    "sample_losses",
    "scratch",
    "tables",
    "rates",
    "first_batch",
    "first_step",
    "completed",
    "team",
)
# There are two copies of these, which change places after each completed step. A step reads
# parameters and state in the one and writes them in the other. Gradients it writes in the first:
# the other has those of the last completed step.
_TURNING = ("parameters", "state", "gradients")
_NUMBERS = ("row_count", "batch_size", "steps_per_epoch", "first_batch", "first_step")


class Samples(Protocol):
    """How the samples of a block are computed: written out, or in loops."""

    block: int  # samples a block
    micro: int  # samples that are loaded at once, even if fewer are left
    width: int  # doubles a vector
    row_bytes: tuple[int, int]  # of inputs and targets
    alone: bool  # whether a batch is one block, which sets gradients instead of adding to them
    updated: int  # how many parameters are updated where their gradients are collected

    def write_uniform(self, writer: Writer) -> None:
        """Write what is the same for all samples of a batch."""

    def write_block(
        self, writer: Writer, samples: str, first: str, update: Update | None = None
    ) -> str | None:
        """Write a block: its losses and gradients; return a number that is nan if a check fails."""


class Transforms(Protocol):
    """From %gradients to %transformed."""

    def write(self, writer: Writer) -> str | None:
        """Write the transforms; return a number that is nan if a check fails."""


@attrs.define(eq=False)
class PenaltyProgram:
    """A penalty's value and gradient, for one parameter."""

    scalars: Scalars


@attrs.define(eq=False)
class Step:
    """A whole step.

    Attributes:
        samples: what is computed for each sample.
        penalties, transforms, update: what comes after it.
        mean: whether the batch's loss is the mean of the samples'.
        in_order: the slots of those that are trained, in the order of the parameters; only
            penalties need it.
        parameters: how many there are; the first `trainable` of them are trained.
        same_rows: whether every step takes all rows, in one block and in their own order.
        contract: whether products and sums may be fused.
        threads: how many run it.
    """

    samples: Samples
    penalties: Sequence[PenaltyProgram]
    transforms: Transforms | None
    update: Update
    in_order: Index | None
    mean: bool
    parameters: int
    trainable: int
    same_rows: bool
    contract: bool
    threads: int

    def write(self) -> Writer:
        """Return what a thread does, given %context and %steps; it returns the steps completed."""
        writer = Writer(self.contract, self.threads)
        for number, field in enumerate(FIELDS):
            turns = field.removeprefix("next_") in _TURNING
            name = f"first_{field}" if turns else field
            writer.given(name, number, INDEX if field in _NUMBERS else POINTER)
        head, body, commit, again, end = (
            f"step_{part}" for part in ("head", "body", "commit", "again", "end")
        )
        self.update.declare(writer)
        writer.line(f"br label %{head}")
        writer.begin(head)
        writer.line(f"%step = phi i64 [ 0, %entry ], [ %step_after, %{again} ]")
        for now in _TURNING:
            following = f"next_{now}"
            for name, other in ((now, following), (following, now)):
                writer.line(f"%{name} = phi ptr [ %first_{name}, %entry ], [ %{other}, %{again} ]")
        more = writer.let("icmp slt i64 %step, %steps")
        writer.line(f"br i1 {more}, label %{body}, label %{end}")
        writer.begin(body)
        writer.line("%step_after = add i64 %step, 1")
        writer.line("%last = icmp eq i64 %step_after, %steps")
        self.update.begin(writer)
        loss, doubt = self._write_gradients(writer)
        doubt = total(writer, self._write_update(writer, doubt))
        doubt = writer.op("fadd", "double", doubt, writer.op("fsub", "double", loss, loss))
        sound = writer.let(f"fcmp oeq double {doubt}, {literal(0.0)}")
        writer.line(f"br i1 {sound}, label %{commit}, label %{end}")
        writer.begin(commit)
        with by_one(writer):
            writer.store(loss, writer.at("%losses", writer.times("%step", 8)))
            writer.line("store i64 %step_after, ptr %completed")
        writer.line(f"br label %{again}")
        writer.begin(again)
        writer.line(f"br label %{head}")
        writer.begin(end)
        writer.line("ret i64 %step")
        return writer

    # From data to gradients

    def _write_gradients(self, writer: Writer) -> tuple[str, str]:
        """Write the batch's loss and gradients; return the loss, and what is 0 if all is well."""
        number = writer.plus("%first_batch", "%step")
        batch = writer.let(f"urem i64 {number}, %steps_per_epoch")
        start = writer.let(f"mul i64 {batch}, %batch_size")
        left = writer.let(f"sub i64 %row_count, {start}")
        fewer = writer.let(f"icmp slt i64 {left}, %batch_size")
        count = writer.let(f"select i1 {fewer}, i64 {left}, i64 %batch_size")
        size = writer.let(f"sitofp i64 {count} to double")
        writer.line(f"%seed = fdiv double {literal(1.0)}, {size}")
        if not self.samples.alone:
            self._write_first_gradients(writer)
        with by_one(writer):
            self.samples.write_uniform(writer)
        barrier(writer)
        block = self.samples.block
        blocks = writer.let(f"udiv i64 {writer.plus(count, block - 1)}, {block}")
        zero = literal(0.0)
        with writer.loop(blocks, 0, -1, [("double", zero)], prefix="block") as each:
            first = writer.let(f"mul i64 {each.index}, {block}")
            rest = writer.let(f"sub i64 {count}, {first}")
            partial = writer.let(f"icmp slt i64 {rest}, {block}")
            samples = writer.let(f"select i1 {partial}, i64 {rest}, i64 {block}")
            # Where all steps take the same rows, one note of where they are will do.
            once = writer.let("icmp eq i64 %step, 0") if self.same_rows else None
            with writer.when(once, "rows") if once else nullcontext():
                lanes = self.samples.row_bytes, self.samples.micro
                write_rows(writer, *lanes, writer.plus(start, first), samples, "%order")
            failed = self.samples.write_block(writer, samples, first, self.update)
            barrier(writer)
            doubt = each.values[0]
            if failed is not None:
                doubt = writer.op("fadd", "double", doubt, failed)
            each.next = [doubt]
        # -0.0 is what changes no first loss, of whichever sign.
        with writer.loop(0, count, 1, [("double", literal(-0.0))], prefix="loss") as sample:
            value = writer.load(writer.at("%sample_losses", writer.times(sample.index, 8)))
            sample.next = [writer.op("fadd", "double", sample.values[0], value)]
        loss = sample.result[0]
        if self.mean:
            loss = writer.op("fdiv", "double", loss, size)
        for penalty in self.penalties:
            loss = self._write_penalty(writer, penalty, loss)
        return loss, each.result[0]

    # Penalties

    def _write_first_gradients(self, writer: Writer) -> None:
        """Write what gradients begin with: +0, then what penalties push, the last one first."""

        def write(place: str | int, width: int) -> None:
            total = writer.constant(0.0, width)
            at = writer.times(place, 8)
            for penalty in reversed(self.penalties):
                if len(penalty.scalars.contributions):
                    for name in evaluate(
                        writer,
                        penalty.scalars,
                        lambda code, index: writer.load(writer.at("%parameters", at), width),
                        penalty.scalars.contributions[0].tolist(),
                        width,
                    ):
                        total = writer.op("fadd", vector(width), total, name)
            writer.store(total, writer.at("%gradients", at), width)

        self._for_each(writer, write, self.trainable)
        zero = literal(0.0)
        with shared(writer, self.trainable, self.parameters, prefix="frozen") as each:
            writer.store(zero, writer.at("%gradients", writer.times(each.index, 8)))

    def _write_penalty(self, writer: Writer, penalty: PenaltyProgram, loss: str) -> str:
        def write(place: str | int, width: int) -> None:
            at = writer.times(place, 8)
            value = evaluate(
                writer,
                penalty.scalars,
                lambda code, index: writer.load(writer.at("%parameters", at), width),
                [penalty.scalars.root],
                width,
            )[0]
            writer.store(value, writer.at("%scratch", at), width)

        self._for_each(writer, write, self.trainable)
        barrier(writer)
        assert self.in_order is not None
        with writer.loop(0, self.trainable, 1, [("double", loss)], prefix="penalty") as each:
            slot = position(writer, self.in_order, (each.index,))
            value = writer.load(writer.at("%scratch", writer.times(slot, 8)))
            each.next = [writer.op("fadd", "double", each.values[0], value)]
        barrier(writer)
        return each.result[0]

    def _for_each(
        self, writer: Writer, write: Callable[[str | int, int], None], count: int
    ) -> None:
        """Write something for each parameter: in lanes, and the last few one by one."""
        width = self.samples.width
        whole = count - count % width
        for start, stop, lanes in ((0, whole, width), (whole, count, 1)):
            if stop > start:
                with shared(writer, start, stop, lanes, "each") as each:
                    write(each.index, lanes)

    # The update

    def _write_update(self, writer: Writer, doubt: str) -> str:
        source = "%gradients"
        if self.trainable < self.parameters:
            doubt = self._doubted(writer, doubt, self.trainable, self.parameters)
        if self.transforms is not None:
            source = "%transformed"
            # As they are before a transform makes them finite.
            doubt = self._doubted(writer, doubt, 0, self.trainable)
            before = writer.block
            with by_one(writer):
                failed = self.transforms.write(writer)
                there = writer.block
            if failed is not None:
                if writer.threads > 1:
                    zero = literal(0.0)
                    failed = writer.let(f"phi double [ {zero}, %{before} ], [ {failed}, %{there} ]")
                doubt = writer.op("fadd", "double", doubt, failed)
            barrier(writer)
        width = self.samples.width
        first = self.samples.updated
        whole = first + (self.trainable - first) // width * width
        for start, stop, lanes in ((first, whole, width), (whole, self.trainable, 1)):
            if stop > start:
                with shared(writer, start, stop, lanes, "update") as each:
                    at = writer.times(each.index, 8)
                    gradient = writer.load(writer.at(source, at), lanes)
                    doubtful = self.update.write(writer, each.index, gradient, lanes)
                    self.update.note(writer, [doubtful], lanes)
        return writer.op("fadd", "double", doubt, self.update.doubt(writer))

    def _doubted(self, writer: Writer, doubt: str, start: int, stop: int) -> str:
        """Look at gradients; return what is 0 if they are finite, and so was what there was."""
        zero = literal(0.0)
        with writer.loop(start, stop, 1, [("double", doubt)], prefix="look") as each:
            gradient = writer.load(writer.at("%gradients", writer.times(each.index, 8)))
            value = writer.op("fmul", "double", gradient, zero)
            each.next = [writer.op("fadd", "double", each.values[0], value)]
        return each.result[0]
