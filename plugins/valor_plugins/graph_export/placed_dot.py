"""The layout of a picture in DOT with every position given, so that Graphviz only has to paint.

Graphviz's own layout of a graph in which all links of a chain share a parameter takes minutes from
500 scalars on; painting takes time in proportion. It also makes a PNG look like the SVG.
"""

import itertools
import math
from collections.abc import Sequence

from valor.exceptions import InvalidArgumentError
from valor_plugins.graph_export.dot_language import markup, quoted
from valor_plugins.graph_export.drawing import HEAD_LENGTH, LIGHT
from valor_plugins.graph_export.layout import OPERATION_RADIUS, ROW, Box, Layout, Point, layout
from valor_plugins.graph_export.snapshot import Node, shortened

POINTS = 0.75  # of 1/72 inch in a pixel of 1/96 inch
SHARPEST, COARSEST = 96.0, 48.0  # pixels an inch; below, the numbers cannot be read
LONGEST_SIDE = 32_000  # pixels; Cairo, which paints for Graphviz, ends at 32,767
LARGEST_AREA = 100_000_000  # pixels, of four bytes each
HEAD = """\
digraph {{
graph [dpi="{resolution:.2f}" bgcolor="{paper}" pad="0.1"]
node [fontname="DejaVu Sans Mono,monospace" fontsize="8.25" fontcolor="{ink}" color="{line}"]
node [shape="plain" penwidth="0.75"]
edge [color="{line}" arrowsize="0.4" penwidth="0.75"]
"""


def placed_dot(nodes: Sequence[Node], raster: bool) -> str:
    """Return the picture of a graph for Graphviz's engine `nop2`.

    Args:
        nodes: as `snapshot` gives them.
        raster: whether the picture will consist of pixels; then its size has a limit.

    Raises:
        InvalidArgumentError: the picture has more pixels than can be painted.

    >>> from valor import Valor
    >>> from valor_plugins.graph_export.snapshot import snapshot
    >>> placed_dot(snapshot(Valor(2)), raster=True).count("pos=")
    1
    """
    placed = layout(nodes)
    resolution = _resolution(placed, len(nodes)) if raster else SHARPEST
    lines = [HEAD.format(resolution=resolution, **LIGHT)]
    for index, (node, box) in enumerate(zip(nodes, placed.boxes, strict=True)):
        centre = _point((box.x + box.width / 2, box.middle))
        lines.append(f'n{index} [pos="{centre}" label={_table(node, box)}]\n')
        if node.operation is not None:
            centre = _point((box.operation_x, box.middle))
            lines.append(
                f'o{index} [pos="{centre}" shape="ellipse" fixedsize="true" style="filled" '
                f'fillcolor="{LIGHT["operation"]}" label=<{markup(shortened(node.operation))}> '
                f'width="{box.operation_width / 96:.4f}" height="{OPERATION_RADIUS / 48:.4f}"]\n'
            )
            right = (box.operation_x + box.operation_width / 2, box.middle)
            lines.append(f"o{index} -> n{index} [pos={_spline([right, (box.x, box.middle)])}]\n")
    edges = iter(placed.edges)
    for index, node in enumerate(nodes):
        for parent in node.parents:
            lines.append(f"n{parent} -> o{index} [pos={_spline(next(edges))}]\n")
    lines.append("}\n")
    return "".join(lines)


def _resolution(placed: Layout, count: int) -> float:
    """Return how many pixels an inch has: fewer where the picture is large."""
    inches = placed.width / 96, placed.height / 96
    finest = min(
        SHARPEST, LONGEST_SIDE / max(inches), math.sqrt(LARGEST_AREA / (inches[0] * inches[1]))
    )
    if finest < COARSEST:
        raise InvalidArgumentError(
            f"a graph of {count} scalars is too large for a picture of pixels "
            f"({placed.width:.0f} x {placed.height:.0f}); use format='svg' or 'pdf', or draw a "
            "smaller part of it, such as one sample or one neuron"
        )
    return finest


def _table(node: Node, box: Box) -> str:
    width, height = box.width * POINTS, ROW * POINTS
    style = ' style="dashed"' if node.frozen else ""
    half = f'width="{width / 2:.0f}" height="{height:.0f}"{style}'
    first, second = node.numbers
    rows = f"<tr><td {half}>{first}</td><td {half}>{second}</td></tr>"
    if node.label:
        name = f"<b>{markup(node.short_label)}</b>"
        whole = f'colspan="2" width="{width:.0f}" height="{height:.0f}"{style}'
        rows = f"<tr><td {whole}>{name}</td></tr>{rows}"
    color = LIGHT["leaf" if node.operation is None else "box"]
    return (
        f'<<table border="0" cellborder="1" cellspacing="0" cellpadding="0" '
        f'bgcolor="{color}">{rows}</table>>'
    )


def _point(point: Point) -> str:
    return f"{point[0] * POINTS:.2f},{-point[1] * POINTS:.2f}"  # Graphviz counts upward


def _spline(points: list[Point]) -> str:
    """Return the Bézier curve of an edge, which ends where its arrow head begins."""
    tip = points[-1]
    points = [*points[:-1], (tip[0] - HEAD_LENGTH, tip[1])]
    controls = [points[0]]
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        bend = (x + next_x) / 2
        controls += [(bend, y), (bend, next_y), (next_x, next_y)]
    return quoted(f"e,{_point(tip)} {' '.join(map(_point, controls))}")
