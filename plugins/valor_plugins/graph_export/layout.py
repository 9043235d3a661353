"""Where each box and each edge of a picture goes: columns from left to right, one a layer.

The four steps are those of Sugiyama, Tagawa and Toda, "Methods for visual understanding of
hierarchical system structures", IEEE Trans. SMC 11 (1981): layers by longest path, invisible
waypoints on long edges, orders by barycenter, positions. Each takes time linear in nodes and edges,
up to a logarithm, and none recurses.
"""

import itertools
import math
from collections.abc import Sequence
from unicodedata import east_asian_width

import attrs

from valor_plugins.graph_export.alignment import aligned
from valor_plugins.graph_export.snapshot import Node, shortened
from valor_plugins.graph_export.untangle import ordered

CHARACTER = 6.7  # the width of one, in the monospaced font of the picture
ROW = 18.0
PADDING = 8.0
MARGIN = 16.0
BEFORE_BOX = 16.0  # from an operation to the box of its result
NARROWEST_GAP, WIDEST_GAP = 44.0, 130.0  # between two columns
OPERATION_RADIUS = 11.0  # half the height of an ellipse
PORT = 5.0  # how far apart two operands enter an operation

Point = tuple[float, float]


@attrs.frozen
class Box:
    """The rectangle of one scalar, and the ellipse of what computed it.

    Attributes:
        x, y: the upper left corner.
        width, height: of the rectangle.
        operation_x: the middle of the ellipse, which is as high as the middle of the rectangle.
        operation_width: of the ellipse; 0 for a scalar that was given.
    """

    x: float
    y: float
    width: float
    height: float
    operation_x: float
    operation_width: float

    @property
    def middle(self) -> float:
        """How high the middle is."""
        return self.y + self.height / 2


@attrs.frozen(eq=False)
class Layout:
    """A picture before it is drawn.

    Attributes:
        width, height: of the whole.
        boxes: one a node.
        edges: the points that each edge goes through, from the right of a box to the left of an
            operation; node by node, operand by operand.
    """

    width: float
    height: float
    boxes: list[Box]
    edges: list[list[Point]]


def layout(nodes: Sequence[Node]) -> Layout:
    """Place the nodes of a graph.

    Args:
        nodes: as `snapshot` gives them.

    >>> from valor import Valor
    >>> from valor_plugins.graph_export.snapshot import snapshot
    >>> placed = layout(snapshot(Valor(2) * Valor(3)))
    >>> left, other, product = placed.boxes
    >>> left.x == other.x < product.x, left.y < product.y < other.y
    (True, True)
    """
    layer_of = _layers(nodes)
    chains = _chains(nodes, layer_of)
    count = len(nodes) + sum(len(chain) for chain in chains)
    heights = [_height(node) for node in nodes] + [0.0] * (count - len(nodes))
    neighbours = _Neighbours(nodes, chains, layer_of, count)
    columns = ordered(neighbours.columns, neighbours.before, neighbours.after)
    middles = aligned(columns, neighbours.before, neighbours.after, heights)
    return _placed(nodes, chains, layer_of, columns, middles)


def text_width(text: str) -> float:
    """Return how wide a text is in the picture; Chinese characters and emoji count twice."""
    return CHARACTER * sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _layers(nodes: Sequence[Node]) -> list[int]:
    """Put computed scalars as far left as they can stand, given ones next to their first use."""
    layers = [0] * len(nodes)
    first_use = [len(nodes)] * len(nodes)
    for index, node in enumerate(nodes):
        if node.parents:
            layers[index] = 1 + max(layers[parent] for parent in node.parents)
            for parent in node.parents:
                first_use[parent] = min(first_use[parent], layers[index])
    for index, node in enumerate(nodes[:-1]):
        if not node.parents:
            layers[index] = first_use[index] - 1
    return layers


def _depth_first(nodes: Sequence[Node]) -> list[int]:
    """Rank the nodes so that a tree, its columns sorted by rank, has no crossing."""
    ranks = [-1] * len(nodes)
    stack = [len(nodes) - 1]
    free = len(nodes)
    while stack:
        node = stack.pop()
        if ranks[node] < 0:  # last operand first, ranks from the highest down
            free -= 1
            ranks[node] = free
            stack.extend(nodes[node].parents)
    return ranks


def _chains(nodes: Sequence[Node], layer_of: list[int]) -> list[list[int]]:
    """Give each edge its waypoints, one for each layer it passes; the longest edges get none.

    In a chain whose every link uses one parameter, waypoints would be quadratic in number.
    """
    spans = [
        layer_of[index] - layer_of[parent] - 1
        for index, node in enumerate(nodes)
        for parent in node.parents
    ]
    budget = 1000 + 4 * len(nodes)
    chains: list[list[int]] = [[] for _ in spans]
    free = len(nodes)
    for edge in sorted(range(len(spans)), key=spans.__getitem__):
        if spans[edge] > budget:
            break
        chains[edge] = list(range(free, free + spans[edge]))
        free += spans[edge]
        budget -= spans[edge]
    return chains


class _Neighbours:
    """Nodes and waypoints together: who stands in which layer, and beside whom."""

    def __init__(
        self, nodes: Sequence[Node], chains: list[list[int]], layer_of: list[int], count: int
    ) -> None:
        self.before: list[list[int]] = [[] for _ in range(count)]
        self.after: list[list[int]] = [[] for _ in range(count)]
        rank = _depth_first(nodes) + [0] * (count - len(nodes))
        self.columns: list[list[int]] = [[] for _ in range(max(layer_of) + 1)]
        for index, layer in enumerate(layer_of):
            self.columns[layer].append(index)
        edge = 0
        for index, node in enumerate(nodes):
            for parent in node.parents:
                chain = chains[edge]
                edge += 1
                for offset, waypoint in enumerate(chain, start=1):
                    rank[waypoint] = rank[parent]
                    self.columns[layer_of[parent] + offset].append(waypoint)
                if chain or layer_of[index] - layer_of[parent] == 1:
                    self._connect([parent, *chain, index])
        for column in self.columns:
            column.sort(key=lambda item: (rank[item], item))

    def _connect(self, path: list[int]) -> None:
        for left, right in itertools.pairwise(path):
            self.after[left].append(right)
            self.before[right].append(left)


def _placed(
    nodes: Sequence[Node],
    chains: list[list[int]],
    layer_of: list[int],
    columns: list[list[int]],
    middles: list[float],
) -> Layout:
    count = len(nodes)
    top = min(
        middles[item] - (_height(nodes[item]) / 2 if item < count else 0)
        for column in columns
        for item in column
    )
    middles = [middle - top + MARGIN for middle in middles]
    boxes: list[Box] = [Box(0, 0, 0, 0, 0, 0)] * count
    sides: list[tuple[float, float]] = []
    left = MARGIN
    for column in columns:
        members = [item for item in column if item < count]
        width = max((_width(nodes[item]) for item in members), default=0.0)
        ellipse = max((_ellipse(nodes[item]) for item in members), default=0.0)
        box_left = left + (ellipse + BEFORE_BOX if ellipse else 0.0)
        for item in members:
            height = _height(nodes[item])
            boxes[item] = Box(
                box_left,
                middles[item] - height / 2,
                width,
                height,
                left + ellipse / 2,
                _ellipse(nodes[item]),
            )
        sides.append((left, box_left + width))
        left = box_left + width + min(WIDEST_GAP, NARROWEST_GAP + 1.5 * len(column))
    edges: list[list[Point]] = []
    for index, node in enumerate(nodes):
        for place, parent in enumerate(node.parents):
            chain = chains[len(edges)]
            points = [(boxes[parent].x + boxes[parent].width, middles[parent])]
            for offset, waypoint in enumerate(chain, start=1):
                enter, leave = sides[layer_of[parent] + offset]
                points += [(enter, middles[waypoint]), (leave, middles[waypoint])]
            port = PORT * (place - (len(node.parents) - 1) / 2)
            port = max(-2 * PORT, min(2 * PORT, port))
            box = boxes[index]
            inset = box.operation_width / 2 * math.sqrt(1 - (port / OPERATION_RADIUS) ** 2)
            points.append((box.operation_x - inset, middles[index] + port))
            edges.append(points)
    lowest = max(*middles, *(box.y + box.height for box in boxes))
    return Layout(sides[-1][1] + MARGIN, lowest + MARGIN, boxes, edges)


def _width(node: Node) -> float:
    widest_number = max(map(text_width, node.numbers))
    return 2 * PADDING + max(2 * widest_number + 2 * PADDING, text_width(node.short_label))


def _height(node: Node) -> float:
    return ROW * (2 if node.label else 1) + PADDING / 2


def _ellipse(node: Node) -> float:
    return 0.0 if node.operation is None else max(24.0, text_width(shortened(node.operation)) + 12)
