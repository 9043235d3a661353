"""The conformance kit: does a plugin's formula do what its record promises?

Each ``check_…`` takes a record, the name of one, or a plain function. It returns a `Report` with
the figures of every check, or raises `valor.exceptions.ConformanceError` with that report as its
text. The tests of a package with plugins need no more than::

    @pytest.mark.parametrize("record", records("valor-swish"), ids=str)
    def test_conformance(record):
        check(record)

pytest finds this module by itself, for the fixture ``valor_manager``: a plugin manager of the
test's own, for which a plugin that cannot be loaded is an error.
"""

from collections.abc import Callable
from typing import Any

from valor._discovery import manager_for, plugin_manager
from valor._manager import PluginManager, normalized
from valor.contracts import (
    Activation,
    Exporter,
    GradientTransform,
    Initializer,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Record,
    Scaler,
    Schedule,
)
from valor.exceptions import InvalidArgumentError, shown
from valor.testing._graph_formulas import (
    check_activation,
    check_exporter,
    check_loss,
    check_penalty,
)
from valor.testing._number_formulas import check_initializer, check_metric, check_scaler
from valor.testing._report import Check, Report
from valor.testing._step_formulas import (
    check_gradient_transform,
    check_optimizer,
    check_schedule,
)
from valor.testing._verdict import verdict

__all__ = [
    "Check",
    "Report",
    "check",
    "check_activation",
    "check_exporter",
    "check_gradient_transform",
    "check_initializer",
    "check_loss",
    "check_metric",
    "check_optimizer",
    "check_penalty",
    "check_scaler",
    "check_schedule",
    "records",
]

_CHECKS: dict[type[Record], Callable[..., Report]] = {
    Activation: check_activation,
    Loss: check_loss,
    Penalty: check_penalty,
    Optimizer: check_optimizer,
    GradientTransform: check_gradient_transform,
    Schedule: check_schedule,
    Initializer: check_initializer,
    Metric: check_metric,
    Scaler: check_scaler,
    Exporter: check_exporter,
}


def records(distribution: str | None = None, plugins: PluginManager | None = None) -> list[Record]:
    """Return the records of the plugins of one distribution, or of all plugins.

    Args:
        distribution: the name of the distribution; None for all that are installed.
        plugins: the manager that knows them; the default one if None.

    Raises:
        InvalidArgumentError: the distribution has no plugin, or one failed to load.

    >>> "gradient_descent" in [record.name for record in records("valor-framework")]
    True
    """
    if distribution is not None and not isinstance(distribution, str):
        raise InvalidArgumentError(
            f"distribution must be a text or None, not {shown(distribution)}"
        )
    found = [
        plugin
        for plugin in manager_for(plugins).plugins
        if distribution is None or normalized(plugin.distribution) == normalized(distribution)
    ]
    if not found and distribution is not None:
        raise InvalidArgumentError(f"distribution {distribution!r} has no plugin for Valor")
    for plugin in found:
        if plugin.state == "failed":
            raise InvalidArgumentError(f"{plugin} failed to load ({plugin.reason})")
    return [record for plugin in found for record in plugin.records]


def check(record: Record, **options: Any) -> Report:
    """Check a record by the rules of its kind.

    Of kinds without a ``check_…`` of their own (readers, callbacks), only the hyperparameters are
    checked; of an engine, nothing.

    Args:
        record: any record.
        **options: more arguments for the ``check_…`` of its kind, such as ``domain``.

    Raises:
        ConformanceError: a check failed.
        InvalidArgumentError: it is no record.

    >>> check(Activation("half", lambda v: v / 2)).passed
    True
    """
    __tracebackhide__ = True  # pytest then shows the report, and no line of the kit
    for kind, check_kind in _CHECKS.items():
        if isinstance(record, kind):
            return check_kind(record, **options)
    if not isinstance(record, Record):
        raise InvalidArgumentError(
            f"record must be a record such as Activation, not {shown(record)}"
        )
    return verdict(record, {}, {})


def pytest_configure(config: Any) -> None:
    """Give pytest its fixture; called by pytest, which therefore is imported already."""
    import pytest

    class Fixtures:
        @pytest.fixture
        def valor_manager(self) -> PluginManager:
            """A plugin manager of the test's own; a plugin that cannot be loaded is an error."""
            return plugin_manager(strict=True)

    config.pluginmanager.register(Fixtures(), "valor-fixtures")
