"""Checks of what moves a network: optimizers, gradient transforms and schedules."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from valor._manager import PluginManager
from valor.contracts import GradientTransform, Optimizer, Schedule
from valor.functions import number
from valor.testing import _properties
from valor.testing._cases import EVERYWHERE, Case, extremes_in, keep, points_in
from valor.testing._report import Failed, Report
from valor.testing._verdict import alike_and_pure, record_of, verdict

STEPS = 500  # that an optimizer is followed for
RUNS = (1, 2, 10, 1000)  # how many steps a schedule is followed for


def check_optimizer(
    record: Optimizer | Callable[..., Any] | str, *, plugins: PluginManager | None = None
) -> Report:
    """Check an optimizer.

    It returns a parameter and a state of the right length, goes downhill on a parabola, is finite
    at extremes, remembers nothing but by its state, is pure, and an engine can trace it.

    Args:
        record: the record, its name, or (for one without state) a plain function.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.

    >>> def descent(parameter, gradient, state, step, *, learning_rate=0.01):
    ...     return parameter - learning_rate * gradient, state
    >>> print(check_optimizer(descent).checks[2])
    ok   descent: (parameter - 1)**2 fell from 4 to 6.73e-09 in 500 steps with learning_rate=0.01
    """
    __tracebackhide__ = True
    known = record_of(Optimizer, record, plugins)
    rate = known.hyperparameters.get("learning_rate")
    if isinstance(rate, Schedule):  # a trainer too gives the formula numbers only
        known = known.bind(learning_rate=rate.formula(1, STEPS))
    first = tuple(float(value) for value in known.state.values())
    later = tuple(abs(value) + 0.125 for value in first)
    ordinary = [
        Case(known, (parameter, slope, state, step))
        for parameter, slope in points_in(EVERYWHERE, 2, 4)
        for state, step in ((first, 1), (later, 2), (later, 1000))
    ]
    extremes = [
        Case(known, (parameter, slope, first, 1))
        for slope in extremes_in(EVERYWHERE)
        for parameter in (0.5, slope)
    ]
    return verdict(
        known,
        {"result": lambda: _optimizer_results(known, ordinary)},
        {
            "descent": lambda: _descent(known, first),
            "extremes": lambda: _properties.finite_results(extremes, Case.plain_values),
            "determinism": lambda: _properties.determinism(Case.plain_values, ordinary),
            "memory": lambda: _memory(known, first),
            "purity": lambda: _properties.purity(ordinary, keep),
            "traceability": lambda: _properties.traceability(
                ordinary + extremes, Case.plain_values
            ),
        },
    )


def _optimizer_results(known: Optimizer, cases: Sequence[Case]) -> str:
    if "learning_rate" not in known.hyperparameters:
        raise Failed("it has no hyperparameter learning_rate, for which a schedule may stand")
    names = f"({', '.join(known.state)})"
    for case in cases:
        result = known.formula(*case.arguments)
        if not isinstance(result, tuple) or len(result) != 2:
            raise Failed(f"given {case}, it returned {result!r} instead of (parameter, state)")
        _properties.finite(result[0], "the parameter", case)
        if not isinstance(result[1], tuple) or len(result[1]) != len(known.state):
            raise Failed(
                f"given {case}, it returned the state {result[1]!r} instead of a tuple of "
                f"{len(known.state)}: {names}"
            )
        for name, value in zip(known.state, result[1], strict=True):
            _properties.finite(value, f"the state {name!r}", case)
    return f"a parameter and the state {names}"


def _travel(known: Optimizer, state: tuple[float, ...], goals: Sequence[float]) -> list[float]:
    """Return where the steps from 3 lead, on a parabola around each goal, side by side."""
    places = [(3.0, state)] * len(goals)
    for step in range(1, STEPS + 1):
        for at, ((parameter, state), goal) in enumerate(zip(places, goals, strict=True)):
            places[at] = known.formula(parameter, 2 * (parameter - goal), state, step)
    return [parameter for parameter, _ in places]


def _descent(known: Optimizer, first: tuple[float, ...]) -> str:
    (end,) = _travel(known, first, [1.0])
    rate = known.hyperparameters["learning_rate"]
    told = f"from 4 to {(end - 1) ** 2:.3g} in {STEPS} steps with learning_rate={rate}"
    if not (end - 1) ** 2 < 4:
        raise Failed(f"(parameter - 1)**2 went {told}; it should fall")
    return f"(parameter - 1)**2 fell {told}"


def _memory(known: Optimizer, first: tuple[float, ...]) -> str:
    goals = [1.0, -7.0, 3.5]
    alone = [_travel(known, first, [goal])[0] for goal in goals]
    together = _travel(known, first, goals)
    if list(map(repr, alone)) != list(map(repr, together)):
        raise Failed(
            f"three parameters that are updated side by side end at {together}, but at {alone} one "
            "after the other: what it remembers must be in its state"
        )
    return "parameters do not influence each other"


def check_gradient_transform(
    record: GradientTransform | Callable[..., Any] | str, *, plugins: PluginManager | None = None
) -> Report:
    """Check a gradient transform: as many finite gradients as it was given, pure, traceable.

    Args:
        record: the record, its name, or a plain function.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.

    >>> check_gradient_transform(lambda gradients: [g / 2 for g in gradients]).passed
    True
    """
    __tracebackhide__ = True
    known = record_of(GradientTransform, record, plugins)
    ordinary = [
        Case(known, (point,)) for size in (1, 2, 7) for point in points_in(EVERYWHERE, size, 4)
    ]
    extremes = [
        Case(known, (gradients,))
        for x in extremes_in(EVERYWHERE)
        for gradients in ([x], [x, x], [x, 0.5, -x])
    ]

    def results() -> str:
        for case in ordinary:
            found, count = known.formula(*case.given(keep, keep)), len(case.arguments[0])
            if not isinstance(found, list) or len(found) != count:
                raise Failed(f"given {case}, it returned {found!r} instead of a list of {count}")
            for value in found:
                _properties.finite(value, "a gradient", case)
        return "as many gradients as it was given"

    return verdict(
        known,
        {"result": results},
        {
            "extremes": lambda: _properties.finite_results(extremes, Case.plain_values),
            "determinism": lambda: _properties.determinism(Case.plain_values, ordinary),
            "purity": lambda: _properties.purity(ordinary, keep),
            "traceability": lambda: _properties.traceability(
                ordinary + extremes, Case.plain_values
            ),
        },
    )


def check_schedule(
    record: Schedule | Callable[..., Any] | str, *, plugins: PluginManager | None = None
) -> Report:
    """Check a schedule: a finite number that is not negative at every step, always the same.

    One with a state is followed through runs whose loss falls and then rises.

    Args:
        record: the record, its name, or (for one without state) a plain function.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.

    >>> print(check_schedule(lambda step, total_steps: 0.1 / step).checks[1])
    ok   result: between 0.0001 and 0.1 over runs of 1, 2, 10 and 1000 steps
    """
    __tracebackhide__ = True
    known = record_of(Schedule, record, plugins)
    cases: list[Case] = []  # a state is known only once the steps before have been taken

    def results() -> str:
        rates = []
        for case, found in (pair for total in RUNS for pair in _followed(known, total)):
            rate = _properties.finite(found, "the rate", case)
            if rate < 0:
                raise Failed(f"given {case}, it returned {rate!r}; a rate is not negative")
            rates.append(rate)
            cases.append(case)
        return f"between {min(rates):g} and {max(rates):g} over runs of 1, 2, 10 and 1000 steps"

    return verdict(known, {"result": results}, alike_and_pure(cases))


def _followed(known: Schedule, total: int) -> Iterator[tuple[Case, Any]]:
    """Yield, for each step of a run, what a schedule is given and the rate that it returns."""
    state = {name: float(value) for name, value in known.state.items()}
    for step in range(1, total + 1):
        if not state:
            yield Case(known, (step, total)), known.formula(step, total)
            continue
        if "loss" in state and step > 1:
            state["loss"] = abs(total / 2 - step) / total
        case = Case(known, (step, total, tuple(state.values())))
        result = known.formula(*case.arguments)
        pair = result if isinstance(result, tuple) and len(result) == 2 else (None, None)
        if not isinstance(pair[1], tuple) or len(pair[1]) != len(state):
            raise Failed(
                f"given {case}, it returned {result!r} instead of (rate, state) with a tuple of "
                f"{len(state)}: ({', '.join(state)})"
            )
        for name, value in zip(state, pair[1], strict=True):
            state[name] = number(value, f"the state {name!r}")
            if math.isnan(value):
                raise Failed(f"given {case}, the state {name!r} is nan")
        yield case, pair[0]
