"""The exporter "dot": Graphviz's language, for everything else that reads it."""

from collections.abc import Iterator

from valor import Exporter, Valor, hookimpl
from valor_plugins.graph_export.dot_language import dot_source
from valor_plugins.graph_export.picture import Picture


def dot(root: Valor) -> Picture:
    """Take the picture of a graph; its source is DOT.

    Args:
        root: the scalar whose graph is asked for.

    >>> print(dot(Valor(2.0, rotulo="a")).source.splitlines()[0])
    digraph {
    """
    return Picture.of(root, dot_source, ("dot", "gv"))


@hookimpl
def valor_register_exporters() -> Iterator[Exporter]:
    yield Exporter(name="dot", call=dot, suffixes=(".dot", ".gv", ".png", ".pdf"))
