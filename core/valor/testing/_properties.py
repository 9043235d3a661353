"""The properties that a formula must have, one function each.

Each takes the cases to examine, returns a line of figures where the property holds, and raises
`Failed` where it does not.
"""

import contextlib
import io
import itertools
import math
import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from valor._graph import Valor
from valor.contracts import Formula
from valor.exceptions import InvalidNumberError, shown
from valor.functions import number
from valor.testing._cases import Case, flat, keep
from valor.testing._probe import Probe, number_in
from valor.testing._report import Failed, told


def hyperparameters(record: Formula) -> str:
    """Every default passes the record's own validators."""
    defaults = record.hyperparameters
    record.bind(**defaults)
    return ", ".join(f"{name}={value!r}" for name, value in defaults.items()) or "none"


def purity(cases: Sequence[Case], *wraps: Callable[[float], Any]) -> str:
    """A call changes nothing it was given, prints nothing, and leaves global state alone.

    Args:
        cases: what to give to the formula.
        wraps: what to make of each number of the first argument, in turn.
    """
    no_side_effects(
        lambda: [case.record.formula(*case.given(wraps[0], keep)) for case in cases],
    )
    for case, wrap in itertools.product(cases, wraps):
        given = case.given(wrap, keep)
        before = seen(case.record.positional, given)
        case.record.formula(*given)
        unchanged("what it was given", before, seen(case.record.positional, given))
    return f"arguments and global random state unchanged by {len(cases)} calls"


def trainable(x: float) -> Valor:
    """Return a scalar with a label and a gradient of its own, which a formula must leave there."""
    scalar = Valor(x, rotulo="given")
    scalar.grad = 0.75
    return scalar


def frozen(x: float) -> Valor:
    """Return a scalar like those of `trainable`, that no trainer may change."""
    scalar = trainable(x)
    scalar.trainable = False
    return scalar


def no_side_effects(call: Callable[[], Any]) -> str:
    """A call prints nothing, and leaves the global random state alone."""
    numpy = sys.modules.get("numpy")  # a formula that uses NumPy's generator has imported it
    before = random.getstate(), numpy and numpy.random.get_state()
    printed = io.StringIO()
    try:
        # A state that nobody else has: a formula may have seeded it in an earlier call already.
        random.seed("the conformance kit of valor")
        if numpy:
            numpy.random.seed(4_094_967_291)
        known = _generators(numpy)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
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
    if printed.getvalue():
        raise Failed(
            f"it printed {shown(printed.getvalue())}; a formula only computes, and what is to be "
            "told during a run is for a callback to tell"
        )
    return "nothing printed, global random state unchanged"


def _generators(numpy: Any) -> tuple[Any, str]:
    return random.getstate(), repr(numpy and numpy.random.get_state())


def seen(names: Iterable[str], parts: Iterable[Any]) -> dict[str, str]:
    """Return all that can be seen of arguments, by what a formula would write to see it.

    >>> seen(["v", "target"], [2.0, [0.5]])
    {'v': '2.0', 'len(target)': '1', 'target[0]': '0.5'}
    """
    found: dict[str, str] = {}
    for name, part in zip(names, parts, strict=True):
        if isinstance(part, (list, tuple)):
            found[f"len({name})"] = str(len(part))
            found |= seen([f"{name}[{position}]" for position in range(len(part))], part)
        elif isinstance(part, Valor):
            for attribute in ("data", "grad", "rotulo", "trainable", "progenitor", "operador_mae"):
                found[f"{name}.{attribute}"] = repr(getattr(part, attribute))
            found[f"{name}.propagar"] = getattr(part.propagar, "__qualname__", "a function")
        else:
            found[name] = repr(part)
    return found


def unchanged(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Compare what was seen before a call with what is seen after it.

    Raises:
        Failed: something differs; the text names it.
    """
    for place, was in before.items():
        now = after.get(place, "nothing")
        if now != was:
            raise Failed(f"it changed {what}: {place} was {was} and became {now}")


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
        except Failed:
            raise
        except Exception as error:
            raise Failed(f"given {case}, it raised {told(error)}") from error
        for found in results:
            finite(found, "a result", case)
    return f"finite results for {len(cases)} arguments"
