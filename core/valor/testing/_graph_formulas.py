"""Checks of formulas over the graph: activations, losses, penalties, and exporters."""

from collections.abc import Callable, Sequence
from typing import Any

from valor._graph import Valor
from valor._manager import PluginManager
from valor._traversal import topological_order
from valor.contracts import Activation, Exporter, Formula, Loss, Penalty
from valor.testing import _gradients, _properties
from valor.testing._cases import EVERYWHERE, Case, Domain, checked, extremes_in, keep, points_in
from valor.testing._report import Failed, Report
from valor.testing._verdict import record_of, verdict


def check_activation(
    record: Activation | Callable[..., Any] | str,
    *,
    domain: Domain = EVERYWHERE,
    plugins: PluginManager | None = None,
) -> Report:
    """Check an activation.

    Its results are scalars, its gradient is what central differences find, values and gradients are
    finite at extremes, it is deterministic and pure, and an engine can trace it.

    Args:
        record: the record, its name, or a plain function.
        domain: the numbers the formula is meant for. Of 0, ±1e-300, ±37, ±710, ±1e6 and the bounds
            themselves, those in the domain are the extremes.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.
        InvalidArgumentError: an argument is not what it should be.

    >>> print(check_activation(lambda v: v * v.sig()).checks[1])
    ok   result: each a Valor
    """
    __tracebackhide__ = True
    known, domain = record_of(Activation, record, plugins), checked(domain)
    if known.over == "neuron":
        return _check_scalars(known, domain)
    ordinary = [Case(known, (point,)) for size in (1, 2, 5) for point in points_in(domain, size, 6)]
    first = ordinary[0].arguments[0][0]
    extremes = [
        Case(known, (values,))
        for x in extremes_in(domain)
        for values in ([x], [x, first], [first, x, x])
    ]
    return _check_graph(known, ordinary, extremes, domain)


def check_penalty(
    record: Penalty | Callable[..., Any] | str,
    *,
    domain: Domain = EVERYWHERE,
    plugins: PluginManager | None = None,
) -> Report:
    """Check a penalty for what `check_activation` asks of an activation.

    Args:
        record: the record, its name, or a plain function.
        domain: the parameters the formula is meant for.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.

    >>> check_penalty(lambda parameter, *, weight=0.01: weight * parameter**2).passed
    True
    """
    __tracebackhide__ = True
    return _check_scalars(record_of(Penalty, record, plugins), checked(domain))


def check_loss(
    record: Loss | Callable[..., Any] | str,
    *,
    domain: Domain = EVERYWHERE,
    targets: Domain | None = None,
    plugins: PluginManager | None = None,
) -> Report:
    """Check a loss for what `check_activation` asks of an activation, with 1 and with 3 outputs.

    Args:
        record: the record, its name, or a plain function.
        domain: the predictions the formula is meant for, such as ``(0.0, 1.0)``.
        targets: the targets it is meant for; those of `domain` if None.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.

    >>> check_loss(lambda predicted, target: (predicted[0] - target[0]) ** 2).passed
    True
    """
    __tracebackhide__ = True
    known, domain = record_of(Loss, record, plugins), checked(domain)
    targets = domain if targets is None else checked(targets, "targets")
    ordinary = []
    for size in (1, 3):
        goals = [*points_in(targets, size, 8)][::-1]  # backwards, so as not to be the predictions
        goals.append([_bound(targets)] * size)
        predictions = points_in(domain, size, 9)
        ordinary += [Case(known, pair) for pair in zip(predictions, goals, strict=True)]
    predicted, target = ordinary[-1].arguments
    extremes = [
        Case(known, pair)
        for x in extremes_in(domain)
        for goal in dict.fromkeys([_bound(targets), min(max(x, targets[0]), targets[1]), target[0]])
        for pair in (([x], [goal]), ([*predicted[:2], x], [*target[:2], goal]))
    ]
    return _check_graph(known, ordinary, extremes, domain)


def _bound(domain: Domain) -> float:
    """Return the number of a domain that is nearest to 1, which as a target is special."""
    return min(max(1.0, domain[0]), domain[1])


def check_exporter(
    record: Exporter | Callable[..., Any] | str, *, plugins: PluginManager | None = None
) -> Report:
    """Check an exporter: text or a picture with a source, always the same, of an untouched graph.

    Args:
        record: the record, its name, or a plain function.
        plugins: the manager to look a name up in; the default one if None.

    Raises:
        ConformanceError: a check failed.

    >>> check_exporter(lambda root: f"{root.operador_mae} makes {root.data}").passed
    True
    """
    __tracebackhide__ = True
    known = record_of(Exporter, record, plugins)
    graphs = {"one scalar": _one_scalar, "a small graph": _small_graph}

    def result() -> str:
        for name, graph in graphs.items():
            found = known.formula(graph())
            if not isinstance(getattr(found, "source", found), str):
                raise Failed(
                    f"given {name}, it returned {found!r} instead of a str or a picture, an object "
                    "with a str as its source"
                )
        return "text, or a picture with a source"

    def source(name: str) -> list[str]:
        found = known.formula(graphs[name]())
        return [getattr(found, "source", found)]

    def purity() -> str:
        root = _small_graph()
        nodes = topological_order(root)
        names = [f"topological_order(root)[{position}]" for position in range(len(nodes))]
        before = _properties.seen(names, nodes)
        _properties.no_side_effects(lambda: known.formula(root))
        if topological_order(root) != nodes:
            raise Failed("it changed the graph: it is no longer made of the same scalars")
        _properties.unchanged("the graph", before, _properties.seen(names, nodes))
        return f"a graph of {len(nodes)} scalars unchanged"

    return verdict(
        known,
        {"result": result},
        {"determinism": lambda: _properties.determinism(source, list(graphs)), "purity": purity},
    )


def _one_scalar() -> Valor:
    return Valor(-0.5, rotulo='<b>"&\\')


def _small_graph() -> Valor:
    a, b = Valor(2.0, rotulo="a"), Valor(-3, rotulo="b | {c}")
    product = a * b
    root = (product + a * a).tanh() + product / 10
    root.rotulo = "root"
    root.propagar_tudo()
    return root


def _check_scalars(known: Activation | Penalty, domain: Domain) -> Report:
    ordinary = [Case(known, (x,)) for (x,) in points_in(domain, 1, 24)]
    extremes = [Case(known, (x,)) for x in extremes_in(domain)]
    return _check_graph(known, ordinary, extremes, domain)


def _check_graph(
    known: Formula, ordinary: list[Case], extremes: list[Case], domain: Domain
) -> Report:
    """Check a formula over the graph: an activation, a loss, a penalty."""
    __tracebackhide__ = True
    return verdict(
        known,
        {"result": lambda: _graph_results(ordinary, getattr(known, "over", "") == "layer")},
        {
            "gradient": lambda: _gradients.gradient(ordinary, domain),
            "extremes": lambda: _gradients.extremes(extremes),
            "determinism": lambda: _properties.determinism(Case.values, ordinary),
            "purity": lambda: _properties.purity(
                ordinary, _properties.trainable, _properties.frozen
            ),
            "traceability": lambda: _properties.traceability(ordinary + extremes, Case.values),
        },
    )


def _graph_results(cases: Sequence[Case], layer: bool) -> str:
    for case in cases:
        found = case.record.formula(*case.given(Valor, keep))
        if not layer:
            if not isinstance(found, Valor):
                raise Failed(f"given {case}, it returned {found!r} instead of a Valor")
            continue
        count = len(case.arguments[0])
        if not isinstance(found, list) or len(found) != count:
            raise Failed(f"given {case}, it returned {found!r} instead of a list of {count} Valor")
        for result in found:
            if not isinstance(result, Valor):
                raise Failed(f"given {case}, it returned {result!r} in its list instead of a Valor")
    return "a list of as many Valor as it was given" if layer else "each a Valor"
