"""A graph as SVG text of our own: no Graphviz, no script, no font, and no reference to the outside.

It reads in a light and in a dark page. Its style rules are scoped to its class, because the rules
of an SVG inside an HTML page hold for the whole page; it has no ids, which must be unique there.
"""

from collections.abc import Sequence
from html import escape

from valor_plugins.graph_export.layout import OPERATION_RADIUS, PADDING, ROW, Box, Point, layout
from valor_plugins.graph_export.snapshot import Node, compact, shortened

FRAME = """\
.valor-graph{font:11px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
.valor-graph text{white-space:pre;dominant-baseline:central}
.valor-graph .name{font-weight:bold}
.valor-graph .operation text{text-anchor:middle}
.valor-graph .root rect{stroke-width:2.5}
.valor-graph .frozen rect{stroke-dasharray:4 3}
.valor-graph .rule{stroke-opacity:.5}
.valor-graph .edge{fill:none}
"""
COLOURS = """\
.valor-graph .paper{{fill:{paper}}}
.valor-graph text{{fill:{ink}}}
.valor-graph .scalar rect{{fill:{box}}}
.valor-graph .leaf rect{{fill:{leaf}}}
.valor-graph .operation ellipse{{fill:{operation}}}
.valor-graph rect,.valor-graph ellipse,.valor-graph .edge,.valor-graph .rule{{stroke:{line}}}
.valor-graph .paper{{stroke:none}}
.valor-graph .heads{{fill:{line}}}
"""
LIGHT = {
    "paper": "#ffffff",
    "ink": "#0f172a",
    "line": "#64748b",
    "box": "#f8fafc",
    "leaf": "#e0edff",
    "operation": "#fff3d6",
}
DARK = {
    "paper": "#0f172a",
    "ink": "#f1f5f9",
    "line": "#94a3b8",
    "box": "#1e293b",
    "leaf": "#1e3a5f",
    "operation": "#57451a",
}
STYLE = (
    f"<style>\n{FRAME}{COLOURS.format_map(LIGHT)}"
    f"@media (prefers-color-scheme:dark){{\n{COLOURS.format_map(DARK)}}}\n</style>\n"
)
HEAD_LENGTH, HEAD_HALF = 6.0, 3.0
DESCRIPTION = (
    "Each box is a scalar with its label, its number (data) and its gradient (grad). Each ellipse "
    "is the operation that computed the box to its right from the boxes it is connected with on "
    "its left, the first operand uppermost. Boxes without an ellipse were given."
)


def drawing(nodes: Sequence[Node]) -> str:
    """Return the picture of a graph as SVG.

    Args:
        nodes: as `snapshot` gives them.

    >>> from valor import Valor
    >>> from valor_plugins.graph_export.snapshot import snapshot
    >>> drawing(snapshot(Valor(2) * Valor(3))).count("<rect")
    4
    """
    placed = layout(nodes)
    size = f"{placed.width:.0f} {placed.height:.0f}"
    width, height = size.split()
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="valor-graph" role="img" '
        f'width="{width}" height="{height}" viewBox="0 0 {size}">\n',
        f"<title>{escape(_title(nodes))}</title>\n<desc>{DESCRIPTION}</desc>\n",
        STYLE,
        f'<rect class="paper" width="{width}" height="{height}"/>\n',
    ]
    # The longest edges are drawn behind all boxes, so edges come first.
    heads = []
    for points in placed.edges:
        lines.append(f'<path class="edge" d="{_curve(points)}"/>\n')
        heads.append(_head(points[-1]))
    for box in placed.boxes:
        if box.operation_width:
            start, end = box.operation_x + box.operation_width / 2, box.x
            lines.append(
                f'<path class="edge result" d="M{start:.1f} {box.middle:.1f}H{end:.1f}"/>\n'
            )
            heads.append(_head((end, box.middle)))
    lines.append(f'<path class="heads" d="{"".join(heads)}"/>\n')
    for index, (node, box) in enumerate(zip(nodes, placed.boxes, strict=True)):
        if node.operation is not None:
            lines.append(_operation(node.operation, box))
        lines.append(_scalar(node, box, is_root=index == len(nodes) - 1))
    lines.append("</svg>\n")
    return "".join(lines)


def _title(nodes: Sequence[Node]) -> str:
    operations = sum(node.operation is not None for node in nodes)
    root = nodes[-1]
    value = compact(root.value)
    name = f"{root.short_label} = {value}" if root.label else value
    return f"Graph of {name}: {len(nodes)} scalars, {operations} operations"


def _curve(points: list[Point]) -> str:
    """Return a path that runs level through each column and bends between columns only."""
    x, y = points[0]
    parts = [f"M{x:.1f} {y:.1f}"]
    for position, (next_x, next_y) in enumerate(points[1:]):
        if position % 2:  # from the left of a column to its right
            parts.append(f"H{next_x:.1f}")
        else:
            bend = (x + next_x) / 2
            parts.append(f"C{bend:.1f} {y:.1f} {bend:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return "".join(parts)


def _head(tip: Point) -> str:
    x, y = tip
    return f"M{x:.1f} {y:.1f}l{-HEAD_LENGTH} {-HEAD_HALF}v{2 * HEAD_HALF}z"


def _operation(symbol: str, box: Box) -> str:
    return (
        f'<g class="operation"><title>{escape(symbol)}</title>'
        f'<ellipse cx="{box.operation_x:.1f}" cy="{box.middle:.1f}" '
        f'rx="{box.operation_width / 2:.1f}" ry="{OPERATION_RADIUS}"/>'
        f'<text x="{box.operation_x:.1f}" y="{box.middle:.1f}">'
        f"{escape(shortened(symbol))}</text></g>\n"
    )


def _scalar(node: Node, box: Box, is_root: bool) -> str:
    classes = ["scalar"]
    if node.operation is None:
        classes.append("leaf")
    if node.frozen:
        classes.append("frozen")
    if is_root:
        classes.append("root")
    x, y, width = box.x, box.y, box.width
    right, half = x + width, x + width / 2
    row = y + box.height - ROW / 2 - PADDING / 4  # the middle of the row of numbers
    parts = [
        f'<g class="{" ".join(classes)}"><title>{escape(node.tooltip)}</title>'
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{box.height:.1f}" rx="4"/>'
    ]
    rule = box.y
    if node.label:
        name_row = y + ROW / 2 + PADDING / 4
        rule = y + box.height / 2
        parts.append(
            f'<text class="name" x="{x + PADDING:.1f}" y="{name_row:.1f}">'
            f"{escape(node.short_label)}</text>"
            f'<path class="rule" d="M{x:.1f} {rule:.1f}H{right:.1f}"/>'
        )
    first, second = node.numbers
    parts.append(
        f'<path class="rule" d="M{half:.1f} {rule:.1f}V{y + box.height:.1f}"/>'
        f'<text x="{x + PADDING:.1f}" y="{row:.1f}">{first}</text>'
        f'<text x="{half + PADDING:.1f}" y="{row:.1f}">{second}</text></g>\n'
    )
    return "".join(parts)
