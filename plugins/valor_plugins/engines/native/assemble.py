"""Room 6, first half: from a run's formulas to machine code; which emitter, and what it needs."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

from valor import Loss, Optimizer, Plan, Valor
from valor_plugins.engines.native.emit import team
from valor_plugins.engines.native.emit.blas import BlasSamples, blas_samples
from valor_plugins.engines.native.emit.dgemm import on_one_thread
from valor_plugins.engines.native.emit.forward import Forward
from valor_plugins.engines.native.emit.frames import Tables
from valor_plugins.engines.native.emit.loops import LoopSamples, LoopTransforms
from valor_plugins.engines.native.emit.step import FIELDS, Step
from valor_plugins.engines.native.emit.straight import StraightSamples
from valor_plugins.engines.native.emit.update import Update
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.families import Gradients, Rolled
from valor_plugins.engines.native.formulas import (
    Results,
    scheduled,
    trace_optimizer,
    trace_penalty,
    trace_results,
    trace_sample,
    trace_transforms,
)
from valor_plugins.engines.native.machine import Code, compiled, machine
from valor_plugins.engines.native.reroll import reroll
from valor_plugins.engines.native.vector_math import exp_functions

STRAIGHT = 1500  # scalars; beyond it compile time would grow faster than what is won


@attrs.define(eq=False)
class Assembled:
    """A compiled run.

    Attributes:
        code: its machine code.
        rolled: the program of one sample, in families.
        traced: how many scalars one sample has.
        emitter: "straight line", "re-rolled loops" or "matrix products".
        width: lanes a vector.
        threads: how many threads run it.
        block: samples a block.
        multiple: of what the size of every batch must be a multiple.
        slots: the slot of each parameter; `trainable` of them are trained.
        updated: how many of the trainable ones are updated where their gradients are collected,
            which are kept only of a call's last step.
        fast_pays: whether most of the work is in sums that mode "fast" may reorder.
        sizes: doubles by area.
        tables: positions that follow no rule.
        lanes: gives, from the address of the first frame, that of each sample's lane.
        seconds: what each stage took.
    """

    code: Code
    rolled: Rolled
    traced: int
    emitter: str
    width: int
    threads: int
    block: int
    multiple: int
    slots: Any
    trainable: int
    updated: int
    fast_pays: bool
    sizes: dict[str, int]
    tables: Any
    lanes: Callable[[int], Any]
    seconds: dict[str, float]


@attrs.define(eq=False)
class AssembledForward:
    """What computes outputs, and losses, of samples.

    Attributes:
        code: its machine code.
        results: what it computes for a sample.
        micro: samples a micro-block; results come in whole ones.
        block: samples a block.
        sizes: doubles by area.
        tables: positions that follow no rule.
        seconds: what each stage took.
    """

    code: Code
    results: Results
    micro: int
    block: int
    sizes: dict[str, int]
    tables: Any
    seconds: dict[str, float]


def padded(count: int) -> int:
    """Return a count of doubles that fills cache lines."""
    return max(8, -(-count // 8) * 8)


def lanes_for(batch: int, most: int) -> int:
    """Return how many lanes a vector should have: no more than a batch needs.

    >>> lanes_for(batch=3, most=8), lanes_for(batch=100, most=8)
    (4, 8)
    """
    return min(most, max(2, 1 << (batch - 1).bit_length()))


def slots_of(parameters: Sequence[Valor], gradients: Sequence[Gradients]) -> Any:
    """Return a slot for each parameter, the trainable ones first.

    What is collected alike lies together: first the gradients that are products, as those of a
    matrix are, the largest matrix first.
    """
    products: list[Any] = []
    others: list[Any] = []
    for group in gradients:
        are_products = all(second is not None for _, second in group.contributions)
        (products if are_products else others).append(group.parameters)
    products.sort(key=len, reverse=True)
    order = np.concatenate([*products, *others, np.arange(len(parameters))])
    _, first = np.unique(order, return_index=True)
    trainable = np.array([parameter.trainable for parameter in parameters], bool)
    by_slot = np.lexsort((first, ~trainable))
    slots = np.empty(len(parameters), np.int64)
    slots[by_slot] = np.arange(len(parameters))
    return slots


def assemble(
    model: Any, loss: Loss, optimizer: Optimizer, plan: Plan, parameters: Sequence[Valor]
) -> Assembled:
    """Trace, derive, re-roll, emit and compile a run.

    Raises:
        CannotCompileError: a formula cannot be traced.
    """
    clock = _Clock()
    shape = len(plan.inputs[0]), len(plan.targets[0])
    trainable = sum(parameter.trainable for parameter in parameters)
    sample = trace_sample(model, loss, parameters, shape)
    penalties = [trace_penalty(penalty, parameters) for penalty in plan.penalties]
    transforms = trace_transforms(plan.gradient_transforms, trainable)
    formula = trace_optimizer(optimizer)
    clock.note("trace and derive")
    rolled = reroll(sample.scalars)
    slots = slots_of(parameters, rolled.gradients)
    in_order = slots[slots < trainable]  # of what is trained, in the order of the parameters
    rolled_transforms = None if transforms is None else reroll(transforms)
    clock.note("re-roll")
    width = lanes_for(plan.batch_size, machine().width)
    samples = _samples(rolled, width, slots, plan, 0 if plan.gradient_transforms else trainable)
    tables = Tables() if isinstance(samples, StraightSamples) else samples.layout.tables
    threads = 1
    if isinstance(samples, LoopSamples) and team.available():
        threads = min(plan.threads, team.MOST)
    sizes = {**samples.sizes, "team": team.size(threads)}
    loops = None
    if rolled_transforms is not None:
        loops = LoopTransforms(rolled_transforms, in_order, tables, sizes["uniform"])
        sizes["uniform"] = loops.layout.uniform_size
    step = Step(
        samples=samples,
        penalties=penalties,
        transforms=loops,
        update=Update(formula, width, padded(len(parameters) + 1), scheduled(optimizer)),
        in_order=tables.add(in_order) if penalties else None,
        mean=loss.reduction == "mean",
        parameters=len(parameters),
        trainable=trainable,
        same_rows=len(plan.inputs) <= min(plan.batch_size, samples.block) and not plan.shuffle,
        contract=plan.mode == "fast",
        threads=threads,
    )
    text = _module(step.write(), width)
    clock.note("emit")
    code = compiled(text)
    if isinstance(samples, BlasSamples):
        code.run = on_one_thread(code.run)
    clock.note("load" if code.cached else "compile")
    return Assembled(
        code=code,
        rolled=rolled,
        traced=sample.traced,
        emitter=samples.emitter,
        width=width,
        threads=threads,
        block=samples.block,
        multiple=samples.multiple,
        slots=slots,
        trainable=trainable,
        updated=samples.updated,
        fast_pays=plan.mode == "exact" and 2 * rolled.terms > rolled.size > STRAIGHT,
        sizes=sizes,
        tables=tables.array(),
        lanes=samples.lanes,
        seconds=clock.seconds,
    )


def _samples(
    rolled: Rolled, width: int, slots: Any, plan: Plan, at_once: int
) -> StraightSamples | LoopSamples | BlasSamples:
    """Return the emitter for a program: how the samples of a batch are computed.

    Args:
        rolled: the program of one sample.
        width: how many lanes a vector has.
        slots: the slot of each parameter.
        plan: the run.
        at_once: how many parameters may be updated as soon as their gradients are there.
    """
    shape, batch = (len(plan.inputs[0]), len(plan.targets[0])), plan.batch_size
    begun = bool(plan.penalties)
    if rolled.size <= STRAIGHT:
        even = batch % width == 0 and len(plan.inputs) % width == 0
        return StraightSamples(rolled, width, slots, shape, even, batch <= width and not begun)
    blas = None
    if plan.mode == "fast":
        blas = blas_samples(rolled, width, slots, shape, batch, begun)
    return blas or LoopSamples(rolled, width, slots, Tables(), shape, batch, begun, at_once)


def assemble_forward(
    model: Any, loss: Loss | None, parameters: Sequence[Valor], shape: tuple[int, int]
) -> AssembledForward:
    """Trace, re-roll, emit and compile outputs, and losses if there is a loss.

    Raises:
        CannotCompileError: a formula cannot be traced.
    """
    clock = _Clock()
    traced = trace_results(model, loss, parameters, shape)
    clock.note("trace")
    rolled = reroll(traced.scalars)
    clock.note("re-roll")
    width, slots, tables = machine().width, np.arange(len(parameters)), Tables()
    samples = Forward(rolled, width, slots, tables, shape)
    text = _module(samples.write(), width)
    clock.note("emit")
    code = compiled(text)
    clock.note("load" if code.cached else "compile")
    return AssembledForward(
        code=code,
        results=traced,
        micro=samples.micro,
        block=samples.block,
        sizes=samples.sizes,
        tables=tables.array(),
        seconds=clock.seconds,
    )


def _module(writer: Writer, width: int) -> str:
    """Return the whole module: the function, and those of the C library and of ours it calls."""
    lines = list(writer.declared.values())
    if any(name.startswith("valor.exp") for name in writer.declared):
        lines += exp_functions(sorted({1, width})).splitlines()
    declared: dict[str, str] = {}
    rest = []
    for line in lines:
        if line.startswith("declare"):
            declared.setdefault(line.partition("@")[2].partition("(")[0].strip('"'), line)
        else:
            rest.append(line)
    outside = [line for name, line in declared.items() if not name.startswith("valor.")]
    return "\n".join([*outside, *rest, team.function(writer, FIELDS.index("team"))])


class _Clock:
    """Notes what each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def note(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now
