"""Valor: neural networks from single scalars, with plugins that are single formulas."""

from typing import Any

from valor import exceptions, functions
from valor._discovery import plugin_manager
from valor._eager import EAGER
from valor._graph import Valor
from valor._manager import HookUse, Plugin, PluginManager
from valor._network import MLP, Camada, Neuronio
from valor._registry import (
    activation,
    callback,
    engine,
    exporter,
    gradient_transform,
    initializer,
    loss,
    metric,
    optimizer,
    penalty,
    reader,
    resolve,
    scaler,
    schedule,
)
from valor._run import EpochReport, History, Run
from valor._scaling import Scaling
from valor._traversal import topological_order
from valor.contracts import (
    Activation,
    Callback,
    Engine,
    Exporter,
    Forward,
    GradientTransform,
    Initializer,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Plan,
    Program,
    Reader,
    Scaler,
    Schedule,
)
from valor.hookspecs import hookimpl
from valor.trainer import Trainer

__all__ = [
    "EAGER",
    "MLP",
    "Activation",
    "Callback",
    "Camada",
    "Engine",
    "EpochReport",
    "Exporter",
    "Forward",
    "GradientTransform",
    "History",
    "HookUse",
    "Initializer",
    "Loss",
    "Metric",
    "Neuronio",
    "Optimizer",
    "Penalty",
    "Plan",
    "Plugin",
    "PluginManager",
    "Program",
    "Reader",
    "Run",
    "Scaler",
    "Scaling",
    "Schedule",
    "Trainer",
    "Valor",
    "activation",
    "callback",
    "engine",
    "exceptions",
    "exporter",
    "functions",
    "gradient_transform",
    "hookimpl",
    "initializer",
    "loss",
    "metric",
    "optimizer",
    "penalty",
    "plota_grafo",
    "plugin_manager",
    "reader",
    "scaler",
    "schedule",
    "topological_order",
]


def plota_grafo(root: Valor, *, exporter: str = "dot", plugins: PluginManager | None = None) -> Any:
    """Draw the graph of everything a scalar was computed from (plot graph).

    Args:
        root: the scalar.
        exporter: the name of an exporter: "dot", "svg", "mermaid", or a plugin's.
        plugins: the manager to look the exporter up in; the default one if None.

    Returns:
        A picture, which shows itself in a notebook; ``picture.render("name", format="png")``
        writes it to a file, and ``picture.source`` is its text.

    >>> "digraph" in plota_grafo(Valor(2.0) * Valor(3.0)).source
    True
    """
    return resolve(Exporter, exporter, plugins, "exporter").formula(root)
