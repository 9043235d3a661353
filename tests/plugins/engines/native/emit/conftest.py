"""A harness: what an emitter writes, as machine code that works on arrays."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from valor_plugins.engines.native.emit.frames import Tables
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.machine import compiled
from valor_plugins.engines.native.vector_math import exp_functions

WIDTHS = [1, 2, 4, 8]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note that what is emitted is the same on every version of Python."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.once)


@pytest.fixture
def executed() -> Callable[..., Writer]:
    """Return a function that compiles what a writer is given, and runs it."""

    def execute(write: Callable[[Writer], None], contract: bool = False, /, **areas: Any) -> Writer:
        """Run it once.

        Args:
            write: writes the body.
            contract: whether products and sums may be fused.
            areas: NumPy arrays that the body knows by their names; a number, as an i64; or a
                function that is asked for an array once everything is written.
        """
        writer = Writer(contract)
        for k, (name, area) in enumerate(areas.items()):
            kind = "i64" if isinstance(area, int) else "ptr"
            writer.line(f"%{name}.at = getelementptr i64, ptr %context, i64 {k}")
            writer.line(f"%{name} = load {kind}, ptr %{name}.at")
        write(writer)
        arrays = [area() if callable(area) else area for area in areas.values()]
        context = np.array(
            [each if isinstance(each, int) else each.ctypes.data for each in (*arrays, 0)],
            np.int64,
        )
        declared = [text for text in writer.declared.values() if "@valor." not in text]
        if len(declared) < len(writer.declared):
            declared += exp_functions(WIDTHS).splitlines()
        once = dict.fromkeys(text for text in declared if text.startswith("declare"))
        others = [text for text in declared if not text.startswith("declare")]
        head = "define i64 @run(ptr noalias %context, i64 %steps) {\nentry:"
        text = "\n".join([*once, *others, head, *writer.lines, "ret i64 0", "}", ""])
        code = compiled(text)  # which owns what is run
        code.run(context.ctypes.data, 1)
        return writer

    return execute


@attrs.define
class Block:
    """What a block of samples leaves behind: numbers by sample, and by parameter."""

    losses: list[float]
    gradients: list[float]
    doubt: float


@pytest.fixture
def block(executed: Callable[..., Writer]) -> Callable[..., Block]:
    """Return a function that runs a block of samples."""

    def run(
        samples: Any,
        slots: Any,
        parameters: Sequence[float],
        rows: Sequence[Sequence[float]],
        targets: Sequence[Sequence[float]],
        seed: float = 1.0,
        before: float = 0.0,
        tables: Tables | None = None,
    ) -> Block:
        """Compute a block.

        Args:
            samples: an emitter.
            slots: the slot of each parameter.
            parameters: by index.
            rows, targets: of each sample.
            seed: what gradients begin with.
            before: what is in the gradients already.
            tables: of the emitter.
        """
        inputs, wanted = np.array(rows, float), np.array(targets, float)
        count = len(inputs)
        values, gradients = np.zeros(len(parameters)), np.full(len(parameters), before)
        values[slots] = parameters
        # Lanes without a sample repeat the last one.
        lanes = np.minimum(np.arange(-(-count // samples.micro) * samples.micro), count - 1)
        frames = np.full(samples.sizes["frames"] + 8, np.nan)
        losses, doubt = np.full(samples.block + samples.micro, 99.0), np.zeros(1)

        def write(writer: Writer) -> None:
            writer.line("%seed = load double, ptr %seeds")
            samples.write_uniform(writer)
            failed = samples.write_block(writer, "%samples", "%first")
            if failed is not None:
                writer.store(failed, "%doubt")

        executed(
            write,
            parameters=values,
            gradients=gradients,
            uniform=np.full(samples.sizes["uniform"] + 1, np.nan),
            frames=frames,
            transposed=np.full(samples.sizes["transposed"] + 1, np.nan),
            rows=inputs.ctypes.data + lanes * inputs.strides[0],
            target_rows=wanted.ctypes.data + lanes * wanted.strides[0],
            lanes=samples.lanes(frames.ctypes.data),
            sample_losses=losses,
            checked=np.zeros(1),
            tables=(tables or Tables()).array,
            seeds=np.array([seed]),
            doubt=doubt,
            samples=count,
            first=0,
        )
        return Block(losses[:count].tolist(), gradients[slots].tolist(), doubt[0])

    return run
