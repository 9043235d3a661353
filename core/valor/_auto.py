"""What ``engine="auto"`` does: it runs eagerly until the work is worth a compile.

A compiled program does a step in a hundredth of eager's time or less, but has to be compiled first.
So the question is only how long the run would take eagerly, and what the compile costs:

* A step of a sample takes about three times as long as its forward call: the graph is built
  with the loss on top, walked back, and freed.
* To compile costs `SETUP` at most (a compiler has to be imported and set to work), and some passes
  over the model's graph, each about as long as a forward call: `PASSES`.

Where the run would take longer than that, the compile pays for itself within the run. The time of
the forward call is measured, on the call that the trainer makes anyway to check the data.
"""

import time
import warnings
from collections.abc import Sequence
from typing import Any

from valor._checks import first_outputs
from valor._data import Rows
from valor._eager import EAGER, EagerProgram
from valor._loop import STEP_HOOKS
from valor._manager import PluginManager
from valor._validation import forward_of
from valor.contracts import Engine, Forward, Loss, Optimizer, Plan, Program
from valor.exceptions import CannotCompileError, EngineWarning, MissingExtraError

SETUP = 0.5  # seconds
PASSES = 10
HICCUP = 0.1  # seconds that a busy machine may add to a call

AUTO = Engine("auto", EagerProgram)
"""What stands for ``engine="auto"`` on a trainer; each run chooses the engine that runs."""

ALWAYS_EXACT = "; mode 'fast' changes nothing in the eager engine, which is always exact"


def eager_seconds(forward: float, samples: int, epochs: int) -> float:
    """Estimate how long a run takes eagerly.

    Args:
        forward: the seconds of one forward call.
        samples, epochs: the size of the run.
    """
    return 3 * forward * samples * epochs


def is_worth_compiling(forward: float, samples: int, epochs: int) -> bool:
    """Tell whether a run would take longer eagerly than it takes to compile it.

    >>> is_worth_compiling(30e-6, 4, 10), is_worth_compiling(30e-6, 4, 10_000)
    (False, True)
    """
    return eager_seconds(forward, samples, epochs) > SETUP + PASSES * forward


def automatic_engine(manager: PluginManager) -> Engine | None:
    """Return the first engine that "auto" may choose; None if no plugin provides one."""
    for plugin in manager.plugins:
        for record in plugin.records:
            if isinstance(record, Engine) and record.automatic:
                return record
    return None


def chosen(
    asked_for: Engine,
    manager: PluginManager,
    plan: Plan,
    model: Any,
    forward: float,
    measured: int = 0,
) -> tuple[Engine, str]:
    """Return the engine for a run, and why it is that one.

    Args:
        asked_for: the engine of the trainer, which may be `AUTO`.
        manager: whose plugins' engines there are, and who listens.
        plan, model: the run.
        forward: the seconds that one forward call took.
        measured: how many samples are measured at the end of an epoch.

    Raises:
        CannotCompileError: an engine that was asked for by name builds no graph, and somebody
            listens to what happens within a step.
    """
    within = [use for use in manager.hook_uses() if use.hook in STEP_HOOKS]
    if within and asked_for is not EAGER:
        who = f"{within[0].plugin} listens to {within[0].hook}, within a step"
        if asked_for is not AUTO:
            raise CannotCompileError(
                f"engine {asked_for.name!r} cannot be used, because {who}, which needs the visible "
                "graph: engine='eager'"
            )
        return EAGER, f"auto: eager, because {who}"
    if asked_for is not AUTO:
        exact = ALWAYS_EXACT if asked_for is EAGER and plan.mode == "fast" else ""
        return asked_for, f"asked for{exact}"
    automatic = automatic_engine(manager)
    if plan.mode == "fast":  # asked for by name, so the estimate has no say
        if automatic is None:
            return EAGER, f"auto: no plugin provides an engine that compiles{ALWAYS_EXACT}"
        return automatic, "auto: mode 'fast' was asked for"
    # What is measured is not walked back: a third of the work of a step.
    samples, epochs = len(plan.inputs) + measured // 3, plan.epochs
    if automatic is not None:
        # A small job must never pay for a compile because the machine was busy for a moment.
        for _ in range(2):
            if forward < HICCUP and is_worth_compiling(forward, samples, epochs):
                forward = min(forward, _forward_seconds(model, plan.inputs))
    work = f"auto: an estimated {_shown(eager_seconds(forward, samples, epochs))} of eager work is"
    if not is_worth_compiling(forward, samples, epochs):
        return EAGER, f"{work} not worth compiling"
    if automatic is None:
        return EAGER, f"{work} worth compiling, but no plugin provides an engine that compiles"
    return automatic, f"{work} worth compiling"


def forward_for(
    asked_for: Engine,
    manager: PluginManager,
    model: Any,
    loss: Loss | None,
    inputs: Rows,
    targets: Rows,
) -> Forward:
    """Return what computes outputs, and losses if there is one: compiled where that is worth it."""
    engine = asked_for
    if engine is AUTO:
        engine = automatic_engine(manager) or EAGER
    seconds = _forward_seconds(model, inputs)
    # A third of the work of an epoch of training.
    if not is_worth_compiling(seconds, len(inputs) // 3, 1):
        engine = EAGER
    return forward_of(engine, model, loss, inputs, targets)


def _forward_seconds(model: Any, inputs: Sequence[Sequence[float]]) -> float:
    start = time.perf_counter()
    first_outputs(model, inputs)
    return time.perf_counter() - start


def _shown(seconds: float) -> str:
    return f"{max(seconds, 0.01):.2f} s" if seconds < 10 else f"{seconds:,.0f} s"


def compile_or_fall_back(
    engine: Engine,
    reason: str,
    model: Any,
    loss: Loss,
    optimizer: Optimizer,
    plan: Plan,
    *,
    level: int,
) -> tuple[Engine, str, Program]:
    """Compile with the engine that was chosen, or eagerly where that one cannot.

    Args:
        engine, reason: the engine, and why it is that one.
        model, loss, optimizer, plan: what is to be compiled.
        level: how many functions up the one is that a warning is about.

    Returns:
        The engine that compiled, why it was that one, and the program.
    """
    try:
        return engine, reason, engine.compile(model, loss, optimizer, plan)
    except MissingExtraError as error:
        reason = f"auto: compiled, a long run would be faster, but {error}"
    except CannotCompileError as error:
        message = f"training runs eagerly, because {error}"
        warnings.warn(message, EngineWarning, stacklevel=level + 1)
        reason = f"auto: eager, because {error}"
    if plan.mode == "fast":
        reason += ALWAYS_EXACT
    return EAGER, reason, EAGER.compile(model, loss, optimizer, plan)
