"""What has to be traced for a run: the model and its loss, penalties, transforms, the optimizer."""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from valor import Loss, Optimizer, Schedule, Valor
from valor.exceptions import CannotCompileError, FormulaError
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Lists, Scalars, derive
from valor_plugins.engines.native.emit.evaluate import forward_only
from valor_plugins.engines.native.emit.step import PenaltyProgram
from valor_plugins.engines.native.emit.update import OptimizerProgram
from valor_plugins.engines.native.tape import Tape
from valor_plugins.engines.native.trace import Tracer

MOST_STEPS = 2.0**48  # more than any run will ever have


@attrs.define(eq=False)
class SampleTrace:
    """One sample's loss, as a program.

    Attributes:
        scalars: the program, with gradients.
        traced: how many scalars were traced.
    """

    scalars: Scalars
    traced: int


@attrs.define(eq=False)
class Results:
    """What is computed for a sample without training, as a program.

    Attributes:
        scalars: the program; in place of contributions it has the results.
        outputs: how many of the results are the model's, the first ones; then comes the loss.
        count: how many results there are.
        checked: whether the last one is not 0 where a check fails, and the others do not hold.
    """

    scalars: Scalars
    outputs: int
    count: int
    checked: bool


def trace_sample(
    model: Any, loss: Loss, parameters: Sequence[Valor], shape: tuple[int, int]
) -> SampleTrace:
    """Trace a model and its loss on one sample, twice.

    Args:
        model, loss, parameters: what the run trains.
        shape: how many inputs and targets a sample has.

    Raises:
        CannotCompileError: a formula looks at numbers, or is not the same the second time.
    """
    tracer = Tracer()
    tape = tracer.tape
    (*_, root), traced = _traced_twice(tracer, model, loss, parameters, shape)
    if root < 0 or tape.code[root] <= ops.LAST_LEAF:
        raise CannotCompileError(f"{loss} returns what it was given, and computes nothing")
    seed = tape.append(ops.SEED, 0) if loss.reduction == "mean" else tape.constant(1.0)
    return SampleTrace(derive(tape, root, seed), traced)


def trace_results(
    model: Any, loss: Loss | None, parameters: Sequence[Valor], shape: tuple[int, int]
) -> Results:
    """Trace a model, and its loss if there is one, on one sample, twice.

    Args:
        model, loss, parameters: what is to be computed, and by which numbers.
        shape: how many inputs and targets a sample has.

    Raises:
        CannotCompileError: a formula looks at numbers, or is not the same the second time.
    """
    tracer = Tracer()
    tape = tracer.tape
    results, _ = _traced_twice(tracer, model, loss, parameters, shape)
    outputs = len(results) if loss is None else len(results) - 1
    if tape.checks:
        failed = tape.checks[0]
        for check in tape.checks[1:]:
            failed = tape.compute(ops.EITHER, failed, check)
        one, zero = tape.constant(1.0), tape.constant(0.0)
        results.append(tape.compute(ops.SELECT, one, zero, failed))
    scalars = forward_only(tape)
    scalars.checks = ()
    scalars.contributions = _one_each(results)
    return Results(scalars, outputs, len(results), bool(tape.checks))


def _traced_twice(
    tracer: Tracer,
    model: Any,
    loss: Loss | None,
    parameters: Sequence[Valor],
    shape: tuple[int, int],
) -> tuple[list[int], int]:
    """Return the ids of outputs and loss, and how many scalars a sample has."""
    tape = tracer.tape
    with tracer.parameters(parameters):
        start = len(tape)
        results = _traced(tracer, model, loss, shape)
        stop, checks = len(tape), list(tape.checks)
        tape.forget()
        again = _traced(tracer, model, loss, shape)
    moved = [each + stop - start if each >= start else each for each in results]
    if again != moved or not _repeats(tape, start, stop):
        raise CannotCompileError(
            f"{_named(model)}{f' or {loss}' if loss else ''} does not compute the same for every "
            "sample: it draws random numbers, counts its calls or keeps what it computed; such a "
            "formula cannot be compiled, but runs with engine='eager'"
        )
    tape.checks = checks
    tape.cut(stop)
    return results, stop - start


def _named(model: Any) -> str:
    return f"the model (of type {type(model).__qualname__})"


def _traced(tracer: Tracer, model: Any, loss: Loss | None, shape: tuple[int, int]) -> list[int]:
    """Trace one sample; return the ids of its outputs and, last, of its loss."""
    inputs = tracer.numbers(ops.INPUT, shape[0])
    targets = tracer.numbers(ops.TARGET, shape[1])
    outputs = model(inputs)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if not outputs or not all(map(tracer.is_scalar, outputs)):
        raise FormulaError(f"{_named(model)} must return a Valor or a list of Valor")
    results = list(map(tracer.id_of, outputs))
    if loss is not None:
        result = loss(outputs, targets)
        if not tracer.is_scalar(result):
            raise FormulaError(f"{loss} must return a Valor, not {type(result).__name__}")
        results.append(tracer.id_of(result))
    return results


def _one_each(ids: Sequence[int]) -> Lists:
    """Return lists of one scalar each, owned by 0, 1, 2 …"""
    count = len(ids)
    return Lists(np.arange(count, dtype=np.int32), np.arange(count + 1), np.array(ids, np.int32))


def _repeats(tape: Tape, start: int, stop: int) -> bool:
    """Tell whether what was written from `stop` on repeats what was written from `start` on."""
    length = stop - start
    if len(tape) - stop != length:
        return False
    code = np.frombuffer(tape.code, np.int8)
    if not np.array_equal(code[start:stop], code[stop:]):
        return False
    leaf = code[start:stop] <= ops.LAST_LEAF
    for column in (tape.left, tape.right):
        ids = np.frombuffer(column, np.int32)
        first, second = ids[start:stop], ids[stop:]
        moved = np.where((first >= start) & ~leaf, first + length, first)
        if not np.array_equal(moved, second):
            return False

    def moved_id(identity: int) -> int:
        return identity + length if identity >= start else identity

    for table in (tape.condition, tape.slopes):
        once = {k: v for k, v in table.items() if k < stop}
        again = {k: v for k, v in table.items() if k >= stop}
        expected: dict[int, Any] = {}
        for k, value in once.items():
            expected[k + length] = (
                tuple(map(moved_id, value)) if isinstance(value, tuple) else moved_id(value)
            )
        if expected != again:
            return False
    return True


def trace_penalty(record: Any, forbidden: Sequence[Valor]) -> PenaltyProgram:
    """Trace a penalty on one parameter."""
    tracer = Tracer(forbidden)
    parameter = Valor(1.0)
    with tracer.parameters([parameter]):
        result = record(parameter)
        if not tracer.is_scalar(result):
            raise FormulaError(f"{record} must return a Valor, not {type(result).__name__}")
        root = tracer.id_of(result)
    if root < 0 or tracer.tape.code[root] <= ops.LAST_LEAF:
        raise CannotCompileError(f"{record} returns what it was given, and computes nothing")
    if tracer.tape.checks:
        raise CannotCompileError(f"{record} computes with plain numbers")
    return PenaltyProgram(derive(tracer.tape, root, tracer.tape.constant(1.0)))


def trace_transforms(records: Sequence[Any], count: int) -> Scalars | None:
    """Trace gradient transforms, one after the other, on the gradients of all parameters."""
    if not records:
        return None
    tracer = Tracer()
    gradients = tracer.numbers(ops.GRADIENT, count)
    for record in records:
        gradients = record(list(gradients))
        if not isinstance(gradients, list) or len(gradients) != count:
            raise FormulaError(f"{record} must return a list of {count} gradients")
    scalars = forward_only(tracer.tape)
    scalars.contributions = _one_each(list(map(tracer.id_of, gradients)))
    return scalars


def trace_optimizer(optimizer: Optimizer) -> OptimizerProgram:
    """Trace an optimizer's formula on one parameter."""
    tracer = Tracer()
    tape = tracer.tape
    (parameter,) = tracer.numbers(ops.PARAMETER, 1)
    (gradient,) = tracer.numbers(ops.GRADIENT, 1)
    state = tuple(tracer.numbers(ops.STATE, len(optimizer.state)))
    (step,) = tracer.numbers(ops.STEP, 1)
    tape.whole[step.index] = tape.ALWAYS
    tape.largest[step.index] = MOST_STEPS
    if scheduled(optimizer):
        (rate,) = tracer.numbers(ops.RATE, 1)
        optimizer = attrs.evolve(optimizer, bound={**optimizer.bound, "learning_rate": rate})
    result = optimizer(parameter, gradient, state, step)
    if not isinstance(result, tuple) or len(result) != 2 or len(result[1]) != len(state):
        raise FormulaError(f"{optimizer} must return (parameter, state)")
    ids = [tracer.id_of(each) for each in (result[0], *result[1])]
    return OptimizerProgram(forward_only(tape), ids[0], ids[1:])


def scheduled(optimizer: Optimizer) -> bool:
    """Tell whether the learning rate follows a schedule."""
    return isinstance(optimizer.hyperparameters.get("learning_rate"), Schedule)
