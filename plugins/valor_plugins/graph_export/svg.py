"""The exporter "svg": a drawing that stands by itself, in a file or within an HTML page."""

from collections.abc import Iterator

from valor import Exporter, Valor, hookimpl
from valor_plugins.graph_export.drawing import drawing
from valor_plugins.graph_export.picture import Picture


def svg(root: Valor) -> Picture:
    """Take the picture of a graph; its source is SVG.

    Args:
        root: the scalar whose graph is asked for.

    >>> svg(Valor(2.0, rotulo="a")).source[:4]
    '<svg'
    """
    return Picture.of(root, drawing)


@hookimpl
def valor_register_exporters() -> Iterator[Exporter]:
    yield Exporter(name="svg", call=svg, suffixes=(".svg",))
