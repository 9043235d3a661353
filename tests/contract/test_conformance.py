"""Every record of every bundled plugin goes through the conformance kit.

A plugin that is added to `valor_plugins.BUNDLED` is covered by that alone.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from valor import plugin_manager
from valor.contracts import Formula, Record
from valor.testing import check, records
from valor_plugins import BUNDLED

MANAGER = plugin_manager(strict=True, environment=False)
BUNDLED_RECORDS = records("valor-framework", MANAGER)

# Formulas that are meant for some numbers only, which the kit has to be told.
DOMAINS: dict[str, dict[str, Any]] = {}
# Hyperparameters, beside the defaults and each bool turned round, that make another formula.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "optimizer gradient_descent": [
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
    ],
}


def variants(record: Record) -> Iterator[Record]:
    """Yield a record, then the same with hyperparameters that change what it computes."""
    yield record
    if isinstance(record, Formula):
        for name, value in record.hyperparameters.items():
            if isinstance(value, bool):
                yield record.bind(**{name: not value})
        for bound in VARIANTS.get(f"{record.kind} {record.name}", []):
            yield record.bind(**bound)


def told(record: Record) -> str:
    bound = ",".join(f"{name}={value}" for name, value in getattr(record, "bound", {}).items())
    return f"{record.kind}-{record.name}" + (f"-{bound}" if bound else "")


@pytest.mark.parametrize(
    "record", [variant for record in BUNDLED_RECORDS for variant in variants(record)], ids=told
)
def test_a_bundled_record_conforms(record: Record) -> None:
    report = check(record, **DOMAINS.get(f"{record.kind} {record.name}", {}))
    assert report.passed
    assert report.checks or not isinstance(record, Formula)


def test_no_bundled_plugin_is_forgotten() -> None:
    covered = {record.provider.split("'")[1] for record in BUNDLED_RECORDS}
    assert covered == {module.rpartition(".")[2] for module in BUNDLED}


def test_the_exceptions_are_about_what_exists() -> None:
    names = {f"{record.kind} {record.name}" for record in BUNDLED_RECORDS}
    assert set(DOMAINS) | set(VARIANTS) <= names
