"""The properties that a formula must have, one function each.

Each takes the cases to examine, returns a line of figures where the property holds, and raises
`Failed` where it does not.
"""

import math
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any

from valor._graph import Valor
from valor.contracts import Formula
from valor.exceptions import InvalidNumberError
from valor.functions import number
from valor.testing._cases import Case, flat, keep
from valor.testing._probe import Probe, number_in
from valor.testing._report import Failed, told


def hyperparameters(record: Formula) -> str:
    """Every default passes the record's own validators."""
    defaults = record.hyperparameters
    record.bind(**defaults)
    return ", ".join(f"{name}={value!r}" for name, value in defaults.items()) or "none"


def purity(cases: Sequence[Case], wrap: Callable[[float], Any]) -> str:
    """A call changes nothing it was given, and leaves the global random state alone."""
    unchanged_generators(lambda: [case.record.formula(*case.given(wrap, keep)) for case in cases])
    for case in cases:
        given = case.given(wrap, keep)
        before = [seen(part) for part in given]
        case.record.formula(*given)
        for name, part, was in zip(case.record.takes, given, before, strict=True):
            if seen(part) != was:
                raise Failed(f"it changed what it was given as {name}: {was} became {seen(part)}")
    return f"arguments and global random state unchanged by {len(cases)} calls"


def unchanged_generators(call: Callable[[], Any]) -> str:
    """A call leaves the global random state alone."""
    numpy = sys.modules.get("numpy")  # a formula that uses NumPy's generator has imported it
    before = random.getstate(), numpy and numpy.random.get_state()
    try:
        # A state that nobody else has: a formula may have seeded it in an earlier call already.
        random.seed("the conformance kit of valor")
        if numpy:
            numpy.random.seed(4_094_967_291)
        known = _generators(numpy)
        call()
        if _generators(numpy) != known:
            raise Failed(
                "it uses the global random state; only an initializer is random, and that by the "
                "generator it is given"
            )
    finally:
        random.setstate(before[0])
        if numpy:
            numpy.random.set_state(before[1])
    return "global random state unchanged"


def _generators(numpy: Any) -> tuple[Any, str]:
    return random.getstate(), repr(numpy and numpy.random.get_state())


def seen(part: Any) -> str:
    """Return all that can be seen of an argument."""
    if isinstance(part, (list, tuple)):
        return f"[{', '.join(map(seen, part))}]"
    if isinstance(part, Valor):
        made = f", operador_mae={part.operador_mae!r}" if part.progenitor else ""
        return f"Valor(data={part.data!r}, grad={part.grad!r}, rotulo={part.rotulo!r}{made})"
    return repr(part)


def determinism(evaluate: Callable[[Any], Sequence[Any]], cases: Sequence[Any]) -> str:
    """The same arguments give the same bits, whatever was computed in between."""
    first = [evaluate(case) for case in cases]
    again = [evaluate(case) for case in reversed(cases)][::-1]
    for case, one, other in zip(cases, first, again, strict=True):
        if list(map(repr, one)) != list(map(repr, other)):
            raise Failed(
                f"given {case}, it gave {list(one)} first and {list(other)} later: it is random, "
                "or remembers something between calls"
            )
    return f"the same bits twice for {len(cases)} arguments"


def traceability(cases: Sequence[Case], evaluate: Callable[[Case], Sequence[float]]) -> str:
    """A formula that never looks at a number can be compiled."""
    for case in cases:
        try:
            plain = evaluate(case)
        except Exception:
            continue  # that numbers make it raise is for another check to tell
        results = flat(case.record.formula(*case.given(Probe, Probe)))
        for traced, expected in zip(map(number_in, results), plain, strict=True):
            # Python's own ** and pow of the table may differ in the last bit.
            close = math.isclose(traced, expected, rel_tol=1e-12, abs_tol=1e-300)
            if not close and repr(traced) != repr(expected):
                raise Failed(
                    f"given {case}, an engine's stand-in computes {traced!r}, but numbers give "
                    f"{expected!r}"
                )
    return f"{len(cases)} results computed without looking at a number"


def finite(found: Any, what: str, case: Any) -> float:
    """Return a number that a formula gave, if it is one and finite."""
    try:
        value = number(found, what)
    except InvalidNumberError as error:
        raise Failed(f"given {case}: {error}") from None
    if not math.isfinite(value):
        raise Failed(f"given {case}, {what} is {value!r} instead of a finite number")
    return value


def finite_results(cases: Sequence[Case], evaluate: Callable[[Case], Sequence[float]]) -> str:
    """Results are finite, and nothing raises, for extreme arguments."""
    for case in cases:
        try:
            results = evaluate(case)
        except Exception as error:
            raise Failed(f"given {case}, it raised {told(error)}") from error
        for found in results:
            finite(found, "a result", case)
    return f"finite results for {len(cases)} arguments"
