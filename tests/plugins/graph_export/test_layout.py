"""Where boxes and edges go."""

import itertools
import random

from valor import MLP, Valor
from valor_plugins.graph_export.alignment import aligned
from valor_plugins.graph_export.layout import Layout, layout, text_width
from valor_plugins.graph_export.snapshot import snapshot
from valor_plugins.graph_export.untangle import crossings, ordered


def overlaps(placed: Layout) -> int:
    """Count the pairs of boxes, each with its operation, that overlap."""
    areas = [
        (
            box.operation_x - box.operation_width / 2 if box.operation_width else box.x,
            box.x + box.width,
            box.y,
            box.y + box.height,
        )
        for box in placed.boxes
    ]
    return sum(
        a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]
        for a, b in itertools.combinations(areas, 2)
    )


def wide_graph() -> Valor:
    outputs = MLP(3, [6, 5, 4], activation="tanh", seed=1)([1.0, Valor(2, rotulo="漢" * 30), -1.0])
    total: Valor = sum(outputs)
    return total


def test_no_boxes_overlap_and_all_are_inside(lesson_loss: Valor) -> None:
    for root in (lesson_loss, wide_graph()):
        placed = layout(snapshot(root))
        assert overlaps(placed) == 0
        for box in placed.boxes:
            assert 0 < box.x < box.x + box.width < placed.width
            assert 0 < box.y < box.y + box.height < placed.height
        for points in placed.edges:
            assert all(0 < x < placed.width and 0 < y < placed.height for x, y in points)


def test_every_edge_runs_to_the_right(lesson_loss: Valor) -> None:
    nodes = snapshot(lesson_loss)
    placed = layout(nodes)
    assert len(placed.edges) == sum(len(node.parents) for node in nodes)
    for points in placed.edges:
        assert all(left[0] < right[0] for left, right in itertools.pairwise(points))


def test_routed_edges_pass_between_the_boxes(lesson_loss: Valor) -> None:
    placed = layout(snapshot(lesson_loss))
    levels = [
        (points[place][0], points[place + 1][0], points[place][1])
        for points in placed.edges
        for place in range(1, len(points) - 1, 2)
    ]
    assert len(levels) > 20
    for left, right, y in levels:
        for box in placed.boxes:
            beside = right <= box.x or box.x + box.width <= left
            assert beside or not box.y - 4 < y < box.y + box.height + 4


def test_a_tree_has_no_crossings() -> None:
    generator = random.Random(0)
    trees = [Valor(float(i)) for i in range(60)]
    while len(trees) > 1:
        a = trees.pop(generator.randrange(len(trees)))
        b = trees.pop(generator.randrange(len(trees)))
        trees.append(a * b)
    placed = layout(snapshot(trees[0]))
    # All segments between the same two columns keep the order of their ends.
    segments: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for points in placed.edges:
        for index, ((x, y), (next_x, next_y)) in enumerate(itertools.pairwise(points)):
            if index % 2 == 0:
                column = round(next_x / 10)  # an operation's left end depends on its port
                segments.setdefault((x, column), []).append((y, next_y))
    assert len(segments) > 3
    for ends in segments.values():
        for (y, next_y), (other, next_other) in itertools.combinations(ends, 2):
            assert (y - other) * (next_y - next_other) >= 0


def test_crossings_are_counted_as_by_hand() -> None:
    generator = random.Random(1)
    for _ in range(20):
        left, right = list(range(6)), list(range(6, 13))
        after = [[generator.choice(right) for _ in range(2)] for _ in left] + [[]] * 7
        edges = [(a, b) for a in left for b in after[a]]
        by_hand = sum((a - c) * (b - d) < 0 for (a, b), (c, d) in itertools.combinations(edges, 2))
        assert crossings([left, right], after) == by_hand


def test_sweeps_never_make_it_worse_and_mostly_better() -> None:
    generator = random.Random(2)
    before_total = after_total = 0
    for _ in range(50):
        columns = [list(range(10 * k, 10 * k + 10)) for k in range(4)]
        after: list[list[int]] = [[] for _ in range(40)]
        before: list[list[int]] = [[] for _ in range(40)]
        for left, right in itertools.pairwise(columns):
            for item in left:
                for other in generator.sample(right, 2):
                    after[item].append(other)
                    before[other].append(item)
        result = ordered(columns, before, after)
        assert [sorted(column) for column in result] == columns
        first, last = crossings(columns, after), crossings(result, after)
        assert last <= first
        # A good order is not given up for a later one that is worse.
        assert crossings(ordered(result, before, after), after) <= last
        before_total, after_total = before_total + first, after_total + last
    assert after_total < 0.8 * before_total


def test_alignment_keeps_order_and_distance() -> None:
    generator = random.Random(3)
    columns = [list(range(0, 8)), list(range(8, 12))]
    before: list[list[int]] = [[] for _ in range(12)]
    after: list[list[int]] = [[] for _ in range(12)]
    for item in columns[0]:
        other = generator.choice(columns[1])
        after[item].append(other)
        before[other].append(item)
    heights = [generator.choice([22.0, 40.0]) for _ in range(12)]
    middles = aligned(columns, before, after, heights)
    for column in columns:
        for upper, lower in itertools.pairwise(column):
            gap = middles[lower] - middles[upper] - (heights[upper] + heights[lower]) / 2
            assert gap > 13.99


def test_wide_characters_count_twice() -> None:
    assert text_width("漢字🙂") == 2 * text_width("abc")


def test_a_parameter_shared_by_a_long_chain_does_not_explode() -> None:
    x = Valor(1.0)
    total = x
    for _ in range(3000):
        total = total * x
    placed = layout(snapshot(total))
    assert len(placed.boxes) == 3001
    waypoints = sum(len(points) - 2 for points in placed.edges) / 2
    assert 0 < waypoints <= 1000 + 4 * 3001
