"""The order of the items within each column of a picture: few edges should cross."""

import itertools

Columns = list[list[int]]

SWEEPS = 8


def ordered(columns: Columns, before: Columns, after: Columns) -> Columns:
    """Return the columns, each reordered so that fewer edges cross.

    Args:
        columns: the items of each column, from the top; an order that is good already is kept.
        before, after: by item, its neighbours in the column to the left and to the right.

    >>> ordered([[0, 1], [2, 3]], [[], [], [1], [0]], [[3], [2], [], []])
    [[0, 1], [3, 2]]
    """
    best, fewest = columns, crossings(columns, after)
    current = columns
    for sweep in range(SWEEPS):
        if not fewest:
            break
        current = _swept(current, before, after, rightward=sweep % 2 == 0)
        found = crossings(current, after)
        if found < fewest:
            best, fewest = current, found
    return best


def _swept(columns: Columns, before: Columns, after: Columns, rightward: bool) -> Columns:
    """Sort each column by the mean place of the neighbours in the column passed just before."""
    side = before if rightward else after
    place = _places(columns)
    result = [list(column) for column in columns]
    for column in result if rightward else reversed(result):
        means = {
            item: sum(place[each] for each in side[item]) / len(side[item])
            if side[item]
            else float(place[item])
            for item in column
        }
        column.sort(key=means.__getitem__)  # stable: items that tie keep their order
        for position, item in enumerate(column):
            place[item] = position
    return result


def crossings(columns: Columns, after: Columns) -> int:
    """Return how many pairs of edges cross between neighbouring columns.

    Two edges cross where their ends are in opposite order, so that the crossings of a column are
    the inversions of a list, counted with a binary indexed tree (Fenwick 1994).

    >>> crossings([[0, 1], [2, 3]], [[3], [2], [], []])
    1
    """
    place = _places(columns)
    total = 0
    for left, right in itertools.pairwise(columns):
        ends = [end for item in left for end in sorted(place[each] for each in after[item])]
        tree = [0] * (len(right) + 1)
        for seen, end in enumerate(ends):
            position, not_below = end + 1, 0
            while position:
                not_below += tree[position]
                position &= position - 1
            total += seen - not_below
            position = end + 1
            while position < len(tree):
                tree[position] += 1
                position += position & -position
    return total


def _places(columns: Columns) -> list[int]:
    places = [0] * sum(map(len, columns))
    for column in columns:
        for position, item in enumerate(column):
            places[item] = position
    return places
