"""How high the boxes of each column stand: edges should run level where they can."""

import itertools
import math

BETWEEN_BOXES = 14.0
BETWEEN_WAYPOINTS = 5.0
SWEEPS = 8


def aligned(
    columns: list[list[int]],
    before: list[list[int]],
    after: list[list[int]],
    heights: list[float],
) -> list[float]:
    """Return, by item, where its middle stands: near its neighbours, in order, without overlap.

    Args:
        columns: the items of each column, from the top.
        before, after: by item, its neighbours in the column to the left and to the right.
        heights: by item; 0 for the waypoint of an edge.

    >>> aligned([[0, 1], [2]], [[], [], [0, 1]], [[2], [2], []], [20.0, 20.0, 20.0])
    [-17.0, 17.0, 0.0]
    """
    middles = [0.0] * len(heights)
    apart: list[list[float]] = []  # by column, each item's distance from the column's first
    for column in columns:
        distances = [0.0]
        for upper, lower in itertools.pairwise(column):
            gap = BETWEEN_BOXES if heights[upper] or heights[lower] else BETWEEN_WAYPOINTS
            distances.append(distances[-1] + (heights[upper] + heights[lower]) / 2 + gap)
        apart.append(distances)
        for item, distance in zip(column, distances, strict=True):
            middles[item] = distance - distances[-1] / 2
    for sweep in range(SWEEPS):
        rightward = sweep % 2 == 0
        last = sweep >= SWEEPS - 2
        side, other = (before, after) if rightward else (after, before)
        for position in range(len(columns)) if rightward else reversed(range(len(columns))):
            column = columns[position]
            wanted = []
            for item in column:
                near = side[item] + other[item] if last else side[item] or other[item]
                # fsum, because from Python 3.12 on sum gives other last bits than before
                total = math.fsum(middles[each] for each in near)
                wanted.append(total / len(near) if near else middles[item])
            for item, middle in zip(column, _apart(wanted, apart[position]), strict=True):
                middles[item] = middle
    return middles


def _apart(wanted: list[float], distances: list[float]) -> list[float]:
    """Return the positions nearest to those wanted (least squares) that keep their distances.

    With the distances subtracted this is isotonic regression; pool adjacent violators (Ayer et
    al., "An empirical distribution function for sampling with incomplete information", 1955).
    """
    pools: list[tuple[float, int]] = []
    for target, distance in zip(wanted, distances, strict=True):
        mean, size = target - distance, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean = (mean * size + other * others) / (size + others)
            size += others
        pools.append((mean, size))
    levels = [mean for mean, size in pools for _ in range(size)]
    return [level + distance for level, distance in zip(levels, distances, strict=True)]
