"""The gradient that the graph gives, against the slopes that differences find."""

import math
import sys
from collections.abc import Sequence

from valor._graph import Valor
from valor._traversal import topological_order
from valor.testing._cases import Case, Domain, flat, keep
from valor.testing._report import Failed, told

STEPS = (1e-3, 1e-4, 1e-5)  # of the differences: the first that is small enough beside a kink
SHIFTS = (0.0, 0.0123, -0.0217, 0.0371, -0.0533)  # away from a kink
TOLERANCE = 1e-6


def gradient(cases: Sequence[Case], domain: Domain) -> str:
    """The graph's gradient is the slope that central differences find."""
    judged, unjudged, worst, place = 0, 0, 0.0, ""
    for case in cases:
        for axis in range(len(flat(case.arguments[0]))):
            smooth = _smooth(case, axis, domain)
            if smooth is None:
                unjudged += 1
                continue
            judged += 1
            there, slopes, noise = smooth
            found, connected = _graph_slopes(there, axis)
            for slope, expected in zip(found, slopes, strict=True):
                scale, difference = max(abs(slope), abs(expected)), abs(slope - expected)
                allowed = TOLERANCE * scale + noise
                if not difference <= allowed:
                    raise Failed(
                        f"at {there} the graph's gradient by {_axis(there, axis)} is {slope!r}, "
                        f"but central differences give {expected:.9g}"
                        + _why(slope, expected, connected)
                    )
                if difference > worst:
                    worst, place = difference, str(there)
    if judged <= unjudged:
        raise Failed(
            f"central differences of different steps disagree at {unjudged} of "
            f"{judged + unjudged} points: it is not smooth, or gives something new at every call"
        )
    figures = f"{judged} slopes are those of central differences"
    if worst == 0:
        return f"{figures}, to the last bit"
    return f"{figures}; the largest difference is {worst:.1e}, at {place}"


def _axis(case: Case, axis: int) -> str:
    name = case.record.positional[0]
    return f"{name}[{axis}]" if isinstance(case.arguments[0], list) else name


def _why(found: float, expected: float, connected: bool) -> str:
    if not connected:
        return (
            "; no graph leads from there to the result: compute with operators and "
            "valor.functions, never with .data or float()"
        )
    if math.isclose(found, -expected, rel_tol=1e-3):
        return "; its sign is the wrong way round"
    return ""


def _graph_slopes(case: Case, axis: int) -> tuple[list[float], bool]:
    """Return the gradient of each result by one argument, and whether a graph connects them."""
    slopes, connected = [], False
    for position in range(len(case.values())):
        given = case.given(Valor, keep)
        argument = flat(given[0])[axis]
        result = flat(case.record.formula(*given))[position]
        result.propagar_tudo()
        slopes.append(argument.grad)
        connected = connected or any(node is argument for node in topological_order(result))
    return slopes, connected


def _smooth(case: Case, axis: int, domain: Domain) -> tuple[Case, list[float], float] | None:
    """Return a case nearby without a kink, the slopes there, and how far they may be off.

    A kink, or a function steeper than the step, shows in that a step half as large gives other
    slopes.
    """
    start = flat(case.arguments[0])[axis]
    for shift in SHIFTS:
        there = case.shifted(axis, shift * max(1.0, abs(start)))
        centre = flat(there.arguments[0])[axis]
        for relative in STEPS:
            step = relative * max(1.0, abs(centre))
            if not domain[0] <= centre - 2 * step <= centre + 2 * step <= domain[1]:
                continue
            wide, narrow = (_slopes(there, axis, width) for width in (step, step / 2))
            noise = 2 * max(wide[1], narrow[1])
            if all(
                abs(a - b) <= TOLERANCE / 2 * max(abs(a), abs(b)) + noise
                for a, b in zip(wide[0], narrow[0], strict=True)
            ):
                return there, narrow[0], noise
    return None


def _slopes(case: Case, axis: int, step: float) -> tuple[list[float], float]:
    """Return five-point central differences (Abramowitz and Stegun 25.3.6), and their rounding."""
    samples = [case.shifted(axis, multiple * step).values() for multiple in (-2, -1, 1, 2)]
    slopes = [(a - 8 * b + 8 * c - d) / (12 * step) for a, b, c, d in zip(*samples, strict=True)]
    largest = max(abs(value) for sample in samples for value in sample)
    return slopes, 8 * sys.float_info.epsilon * largest / step


def extremes(cases: Sequence[Case]) -> str:
    """Values and gradients are finite, and nothing raises, wherever the formula is meant for."""
    for case in cases:
        try:
            values = case.values()
            slopes = [
                slope
                for axis in range(len(flat(case.arguments[0])))
                for slope in _graph_slopes(case, axis)[0]
            ]
        except Exception as error:
            raise Failed(f"at {case} it raised {told(error)}") from error
        for what, found in (("value", values), ("gradient", slopes)):
            for x in found:
                if not math.isfinite(x):
                    raise Failed(
                        f"at {case} its {what} is {x!r} instead of a finite number; write it so "
                        "that nothing in it overflows (sig, softplus, tanh, log1p and expm1 of "
                        "valor.functions do not), or, where it is meant for some numbers only, "
                        "name them: domain=(low, high)"
                    )
    return f"finite values and gradients at {len(cases)} points"
