"""The optimizer's formula, written out for some parameters at a time."""

from collections.abc import Sequence

import attrs

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Scalars
from valor_plugins.engines.native.emit.evaluate import evaluate, poison, same_for_all
from valor_plugins.engines.native.emit.writer import Writer, literal, vector


@attrs.define(eq=False)
class OptimizerProgram:
    """An optimizer's formula, for one parameter.

    Attributes:
        scalars: the program.
        parameter: the id of the new parameter.
        state: the ids of the new state.
    """

    scalars: Scalars
    parameter: int
    state: Sequence[int]


class Update:
    """New parameters and state from old ones and gradients.

    Args:
        optimizer: the formula.
        width: how many doubles a vector has.
        stride: from one kind of optimizer state to the next, in doubles.
        scheduled: whether each step has a learning rate of its own.
    """

    def __init__(
        self, optimizer: OptimizerProgram, width: int, stride: int, scheduled: bool
    ) -> None:
        self._optimizer = optimizer
        self._width, self._stride, self._scheduled = width, stride, scheduled
        self._same: dict[int, str] = {}

    def declare(self, writer: Writer) -> None:
        """Write the cells in which an update notes what is not finite, at the function's start."""
        for lanes in (1, self._width):
            writer.line(f"{_cell(lanes)} = alloca {vector(lanes)}, align 64")

    def begin(self, writer: Writer) -> None:
        """Write what is the same for all parameters of a step."""
        number = writer.let(f"add i64 {writer.plus('%first_step', '%step')}, 1")
        step = writer.let(f"sitofp i64 {number} to double")
        rate = literal(0.0)
        if self._scheduled:
            rate = writer.load(writer.at("%rates", writer.times("%step", 8)))
        scalars = self._optimizer.scalars
        same = same_for_all(scalars, (ops.STEP, ops.RATE))
        leaves = {ops.STEP: step, ops.RATE: rate}
        names = evaluate(writer, scalars, lambda code, index: leaves[code], same, 1)
        self._same = dict(zip(same, names, strict=True))
        for lanes in (1, self._width):
            writer.store(writer.constant(0.0, lanes), _cell(lanes), lanes)

    def write(self, writer: Writer, place: str | int, gradient: str, width: int) -> str:
        """Write the update of some parameters; return lanes that are 0 if it is finite.

        Args:
            writer: where to.
            place: the slot of the first one.
            gradient: their gradients.
            width: how many they are.
        """
        at = writer.times(place, 8)
        optimizer, scalars = self._optimizer, self._optimizer.scalars

        def leaf(code: int, index: int) -> str:
            if code == ops.GRADIENT:
                return gradient
            if code == ops.STATE:
                return writer.load(writer.at("%state", at, 8 * self._stride * index), width)
            return writer.load(writer.at("%parameters", at), width)

        wanted = [optimizer.parameter, *optimizer.state]
        names = evaluate(writer, scalars, leaf, [*wanted, *scalars.checks], width, self._same)
        kind = vector(width)
        new = names[0]
        writer.store(new, writer.at("%next_parameters", at), width)
        for index, name in enumerate(names[1 : len(wanted)]):
            if self._stays(index):
                continue
            writer.store(name, writer.at("%next_state", at, 8 * self._stride * index), width)
        # x * 0 is nan for what is not finite, whose sum with anything stays nan.
        zero = writer.constant(0.0, width)
        first, second = (writer.op("fmul", kind, value, zero) for value in (new, gradient))
        doubt = writer.op("fadd", kind, first, second)
        failed = poison(writer, scalars, names[len(wanted) :], width)
        return doubt if failed is None else writer.op("fadd", kind, doubt, failed)

    def _stays(self, index: int) -> bool:
        """Tell whether a kind of state is handed on as it is: both its copies are the same then."""
        scalars, identity = self._optimizer.scalars, self._optimizer.state[index]
        return bool(
            identity >= 0
            and scalars.code[identity] == ops.STATE
            and scalars.left[identity] == index
        )

    def note(self, writer: Writer, doubts: Sequence[str], width: int) -> None:
        """Write down what updates returned."""
        kind = vector(width)
        total = doubts[0]
        for doubt in doubts[1:]:
            total = writer.op("fadd", kind, total, doubt)
        before = writer.load(_cell(width), width)
        writer.store(writer.op("fadd", kind, before, total), _cell(width), width)

    def doubt(self, writer: Writer) -> str:
        """Return a number that is 0 if all updates of the step were finite."""
        total = writer.load(_cell(1))
        lanes = writer.load(_cell(self._width), self._width)
        for lane in range(self._width):
            total = writer.op("fadd", "double", total, writer.extract(lanes, self._width, lane))
        return total


def _cell(lanes: int) -> str:
    return "%doubt" if lanes == 1 else "%doubts"
