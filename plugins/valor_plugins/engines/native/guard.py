"""The guard: before a run begins, its first samples are computed both ways, and compared.

It catches what tracing twice cannot: a formula that does not compute the same each time it is
called, or a fault of the compiler's.
"""

import itertools
from array import array
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from valor import EAGER, Loss, Optimizer, Plan
from valor.exceptions import CannotCompileError

BUDGET = 50_000  # scalars that may be computed both ways
FAST_TOLERANCE = 1e-9


def first_samples(
    plan: Plan, done: int, cost: int, multiple: int, state: list[tuple[float, ...]]
) -> Plan | None:
    """Return a plan of one step on the first samples of a batch; None if the budget allows none.

    Args:
        plan: what is to be done.
        done: how many steps of it are done.
        cost: scalars a sample.
        multiple: of what the number of samples must be a multiple.
        state: the optimizer's.
    """
    epoch, batch = divmod(done, plan.steps_per_epoch)
    batches = plan.batches(plan.first_epoch + epoch)
    rows: Sequence[int] = next(itertools.islice(batches, batch, None), ())
    count = min(len(rows), BUDGET // cost)
    count -= count % multiple
    if not count:
        return None
    return attrs.evolve(
        plan,
        inputs=[plan.inputs[row] for row in rows[:count]],
        targets=[plan.targets[row] for row in rows[:count]],
        batch_size=count,
        epochs=1,
        shuffle=False,
        first_epoch=0,
        first_step=plan.first_step + done,
        completed_steps=0,
        state=state,
    )


def expected(model: Any, loss: Loss, optimizer: Optimizer, part: Plan) -> Any:
    """Return loss and parameters after one step of eager's; None if it fails."""
    try:
        return _eager_step(model, loss, optimizer, part)
    except Exception:  # the run itself will raise it
        return None


def compare(
    found: Any, expected: Any, mode: str, model: Any, loss: Loss, optimizer: Optimizer
) -> None:
    """Compare loss and parameters after a step that was done both ways.

    Raises:
        CannotCompileError: they differ.
    """
    same = np.array_equal(found, expected)
    if mode == "fast":
        same = np.allclose(found, expected, rtol=FAST_TOLERANCE, atol=FAST_TOLERANCE)
    if same:
        return
    worst = int(np.argmax(np.abs(found - expected)))
    what = "the loss" if not worst else f"parameter {worst - 1}"
    raise CannotCompileError(
        f"after one step on the first samples, {what} is {found[worst]!r} compiled and "
        f"{expected[worst]!r} eagerly: the model (of type {type(model).__qualname__}), {loss} or "
        f"{optimizer} does not compute the same each time it is called; it runs with "
        "engine='eager'"
    )


def try_eagerly(model: Any, loss: Loss, optimizer: Optimizer, plan: Plan) -> None:
    """Do a step of eager's on the first sample, and undo it.

    Raises:
        Exception: whatever the step raises.
    """
    part = attrs.evolve(
        plan,
        inputs=[plan.inputs[0]],
        targets=[plan.targets[0]],
        batch_size=1,
        epochs=1,
        completed_steps=0,
    )
    _eager_step(model, loss, optimizer, part)


def _eager_step(model: Any, loss: Loss, optimizer: Optimizer, part: Plan) -> Any:
    """Return loss and parameters after one step of eager's, and leave the parameters alone."""
    parameters = model.parametros()
    before = [(parameter.data, parameter.grad) for parameter in parameters]
    losses = array("d")
    try:
        EAGER.compile(model, loss, optimizer, part).advance(1, losses)
        return np.array([losses[0], *(parameter.data for parameter in parameters)])
    finally:
        for parameter, (value, gradient) in zip(parameters, before, strict=True):
            parameter.data, parameter.grad = value, gradient
