"""Checks of formulas over plain numbers: how networks begin, are judged, and are given data."""

import random
from collections.abc import Callable
from typing import Any

from valor._manager import PluginManager
from valor.contracts import Initializer, Metric, Scaler
from valor.exceptions import shown
from valor.testing import _properties
from valor.testing._cases import EVERYWHERE, Case, extremes_in, flat, keep, points_in
from valor.testing._report import Failed, Report
from valor.testing._verdict import alike_and_pure, record_of, verdict


def check_initializer(
    record: Initializer | Callable[..., Any] | str, *, plugins: PluginManager | None = None
) -> Report:
    """Check an initializer: finite numbers, which follow from the generator it is given alone.

    With ``over="layer"``, as many rows as the layer has neurons, each as long as its input.

    Args:
        record: the record, its name, or a plain function.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.

    >>> check_initializer(lambda random, fan_in, fan_out: random.uniform(-1, 1)).passed
    True
    """
    __tracebackhide__ = True
    known = record_of(Initializer, record, plugins)
    # What draws a whole layer may decompose its matrix, and takes that long.
    most_in, most_out = (12, 20) if known.over == "layer" else (784, 128)
    widths = [(fan_in, fan_out) for fan_in in (1, 3, most_in) for fan_out in (1, 2, most_out)]

    def draw(width: tuple[int, int]) -> list[float]:
        generator = random.Random(str(width))
        if known.over == "layer":
            return flat(known.formula(generator, *width))
        return [known.formula(generator, *width) for _ in range(50)]

    def results() -> str:
        found = []
        for width in widths:
            place = f"fan_in={width[0]}, fan_out={width[1]}"
            if known.over == "layer":
                _check_rows(known.formula(random.Random(0), *width), width, place)
            found += [_properties.finite(value, "the number", place) for value in draw(width)]
        told = f"between {min(found):.3g} and {max(found):.3g}"
        return f"{told} for layers of 1 to {most_in} inputs"

    def purity() -> str:
        return _properties.no_side_effects(lambda: [draw(width) for width in widths])

    return verdict(
        known,
        {"result": results},
        {"determinism": lambda: _properties.determinism(draw, widths), "purity": purity},
    )


def _check_rows(rows: Any, width: tuple[int, int], place: str) -> None:
    lists = isinstance(rows, list) and all(isinstance(row, list) for row in rows)
    if not lists or [len(row) for row in rows] != [width[0]] * width[1]:
        raise Failed(
            f"given {place}, it returned {shown(rows)} instead of a list of {width[1]} lists of "
            f"{width[0]} numbers"
        )


def check_metric(
    record: Metric | Callable[..., Any] | str, *, plugins: PluginManager | None = None
) -> Report:
    """Check a metric: a finite number for any rows of predictions and targets, always the same.

    Args:
        record: the record, its name, or a plain function.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.

    >>> check_metric(lambda predicted, target: float(len(predicted))).passed
    True
    """
    __tracebackhide__ = True
    known = record_of(Metric, record, plugins)
    cases = [
        Case(known, (predicted, target))
        for size in (1, 3)
        for rows in (1, 2, 6)
        for target in ([[1.0] * size] * rows, _classes(size, rows))
        for predicted in (list(points_in(EVERYWHERE, size, rows)), target)
    ]

    def results() -> str:
        found = [
            _properties.finite(known.formula(*case.given(keep, keep)), "the metric", case)
            for case in cases
        ]
        return f"between {min(found):.3g} and {max(found):.3g} for {len(cases)} sets of rows"

    return verdict(known, {"result": results}, alike_and_pure(cases))


def _classes(size: int, rows: int) -> list[list[float]]:
    """Return targets of classes in turn: 0 and 1 of one output, a 1 among 0s of several."""
    turns = range(size) if size > 1 else (1,)
    return [[float(row % max(2, size) == turn) for turn in turns] for row in range(rows)]


def check_scaler(
    record: Scaler | Callable[..., Any] | str, *, plugins: PluginManager | None = None
) -> Report:
    """Check a scaler: a finite shift and a finite factor other than 0 for any column.

    Columns of one number, or of the same number again and again, are among them.

    Args:
        record: the record, its name, or a plain function.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.

    >>> check_scaler(lambda values: (min(values), 0.5)).passed
    True
    """
    __tracebackhide__ = True
    known = record_of(Scaler, record, plugins)
    columns = [column for size in (1, 2, 7, 100) for column in points_in(EVERYWHERE, size, 2)]
    ordinary = [Case(known, (column,)) for column in [*columns, [3.0] * 7, [0.1] * 10]]
    extremes = [
        Case(known, (column,))
        for x in extremes_in(EVERYWHERE)
        for column in ([x], [x, x, x], [x, -x], [x, 0.5, 1.0])
    ]

    def results() -> str:
        factors = [_scaling(case)[1] for case in ordinary]
        told = f"between {min(factors):.3g} and {max(factors):.3g}"
        return f"a shift, and a factor {told}, for {len(ordinary)} columns"

    return verdict(
        known,
        {"result": results},
        {
            "extremes": lambda: _properties.finite_results(extremes, _scaled),
            **alike_and_pure(ordinary),
        },
    )


def _scaling(case: Case) -> tuple[float, float]:
    found = case.record.formula(*case.given(keep, keep))
    if not isinstance(found, tuple) or len(found) != 2:
        raise Failed(f"given {case}, it returned {found!r} instead of (shift, factor)")
    shift, factor = (
        _properties.finite(value, name, case)
        for value, name in zip(found, ("the shift", "the factor"), strict=True)
    )
    if factor == 0:
        raise Failed(f"given {case}, the factor is 0, from which no value finds back")
    return shift, factor


def _scaled(case: Case) -> list[float]:
    shift, factor = _scaling(case)
    return [(value - shift) * factor for value in case.arguments[0]]
