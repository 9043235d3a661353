"""Every record of every bundled plugin goes through the conformance kit.

A plugin that is added to `valor_plugins.BUNDLED` is covered by that alone.
"""

import math
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
DOMAINS: dict[str, dict[str, Any]] = {
    "activation exponential": {"domain": (-math.inf, 700.0)},  # beyond, it is infinite
    "loss binary_cross_entropy": {"domain": (0.0, 1.0)},
    "loss binary_cross_entropy_from_logits": {"targets": (0.0, 1.0)},
    "loss categorical_cross_entropy": {"domain": (0.0, 1.0)},
    "loss categorical_cross_entropy_from_logits": {"targets": (0.0, 1.0)},
    "loss hinge": {"targets": (-1.0, 1.0)},
    "loss kullback_leibler": {"domain": (0.0, 1.0)},
    "loss poisson": {"domain": (0.0, 700.0)},  # rates, or logarithms whose exponential is finite
    "loss squared_hinge": {"targets": (-1.0, 1.0)},
}
# Hyperparameters, beside the defaults and each bool turned round, that make another formula.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "activation celu": [{"alpha": 0.5}],
    "activation elu": [{"alpha": 0.5}],
    "activation softplus": [{"beta": 3.0}],
    "optimizer gradient_descent": [
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"weight_decay": 0.01},
        {"momentum": 0.9, "weight_decay": 0.01},
    ],
    "optimizer lion": [{"weight_decay": 0.1}],
    "optimizer rmsprop": [
        {"momentum": 0.9},
        {"momentum": 0.9, "centered": True},
    ],
    "schedule cosine_with_restarts": [{"cycle": 3}, {"cycle": 1, "growth": 2}],
    "schedule on_plateau": [{"patience": 0, "cooldown": 2, "lowest": 1e-3}],
    "schedule warm_up": [
        {"steps": 5, "then": "linear"},
        {"steps": 5, "then": "cosine", "last": 1e-3},
    ],
    "metric f1": [{"average": "macro"}, {"average": "weighted"}],
    "metric precision": [{"average": "macro"}, {"average": "weighted"}],
    "metric recall": [{"average": "macro"}, {"average": "weighted"}],
    "scaler min_max": [{"low": -1.0}],
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
