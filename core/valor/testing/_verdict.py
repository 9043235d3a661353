"""From a record, and what to check of it, to a report or an error."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from valor._manager import PluginManager
from valor._registry import resolve
from valor.contracts import Formula, Record
from valor.exceptions import ConformanceError
from valor.testing._cases import Case, keep
from valor.testing._properties import determinism, hyperparameters, purity
from valor.testing._report import Report, outcome

F = TypeVar("F", bound=Formula)

Steps = dict[str, Callable[[], str]]  # what to check, by name


def record_of(kind: type[F], given: Any, plugins: PluginManager | None) -> F:
    if callable(given) and not isinstance(given, Record):
        return kind(getattr(given, "__qualname__", type(given).__qualname__), given)
    return resolve(kind, given, plugins, "record")


def verdict(record: Record, first: Steps, then: Steps) -> Report:
    """Run the checks; those of `then` only where the results are of the right kind at all."""
    __tracebackhide__ = True
    checks = []
    if isinstance(record, Formula):
        checks.append(outcome("hyperparameters", lambda: hyperparameters(record)))
    checks += [outcome(name, examine) for name, examine in first.items()]
    if all(check.passed for check in checks):
        checks += [outcome(name, examine) for name, examine in then.items()]
    report = Report(str(record), tuple(checks))
    if not report.passed:
        raise ConformanceError(report)
    return report


def alike_and_pure(cases: Sequence[Case]) -> Steps:
    """Return what is checked of every formula over plain numbers, as steps of a verdict."""
    return {
        "determinism": lambda: determinism(Case.plain_values, cases),
        "purity": lambda: purity(cases, keep),
    }
