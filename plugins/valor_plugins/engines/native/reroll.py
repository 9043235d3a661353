"""Room 4, re-roll: from scalars back to loops.

A graph of a hundred thousand scalars is a few formulas, repeated. Scalars that are computed alike
are put into one family: the same operation on operands of the same families. What is left of the
single scalars are index arrays: which member of the operand's family each member takes. Equal
scalars are one, and what nobody needs is dropped.

Sums that take the same kinds of terms, but in another order each, are one family still: the kinds
are *joined*, and a term without a second factor has 1. Where an input skips a layer, eager adds its
gradient in another place for each neuron.
"""

import itertools
from typing import Any

import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Lists, Scalars
from valor_plugins.engines.native.families import CONSTANT, Family, Gradients, Operand, Rolled
from valor_plugins.engines.native.simplify import LONG, Collapsed, collapsed
from valor_plugins.engines.native.tape import NOTHING, Tape

# A leaf's family has every leaf of its kind; the others have one.
LEAF_FAMILIES = (ops.PARAMETER, ops.INPUT, ops.TARGET, ops.GRADIENT, ops.STATE)


def reroll(scalars: Scalars) -> Rolled:
    """Return the families of a scalar program."""
    return _Roller(collapsed(scalars)).roll()


class _Roller:
    def __init__(self, collapsed: Collapsed) -> None:
        self._scalars = collapsed.scalars
        self._collapsed = collapsed
        self._tape: Tape = collapsed.scalars.tape
        size = len(collapsed.code)
        self._same = np.arange(size)  # the scalar that stands for each
        self._family = np.full(size, NOTHING, np.int64)
        self._position = np.zeros(size, np.int64)
        self._families: list[Family] = []
        self._members: list[list[Any]] = []
        self._known: dict[Any, int] = {}
        self._numbers: dict[Any, int] = {}
        self._joined: dict[tuple[int, ...], int] = {}
        self._sequences: dict[int, set[Any]] = {}  # of sums: in which orders they have their kinds
        self._mixed: set[int] = set()

    def roll(self) -> Rolled:
        scalars, collapsed = self._scalars, self._collapsed
        self._enter_leaves()
        live = self._live()
        for node in np.flatnonzero(collapsed.kept & live).tolist():
            terms = collapsed.sums.get(node)
            if terms is not None and len(terms) >= LONG:
                self._enter_sum(node, terms)
            else:
                self._enter(node, terms)
        self._drop_idle_joins()
        for number, (family, members) in enumerate(zip(self._families, self._members, strict=True)):
            if family.parts:
                family.size = sum(self._families[part].size for part in family.parts)
            elif number in self._mixed:
                self._finish_mixed(family, members)
            else:
                self._finish(family, members)
        return Rolled(
            families=self._families,
            root=self._operand(np.array([scalars.root]))
            if scalars.root != NOTHING
            else Operand(CONSTANT),
            checks=[self._operand(np.array([check])) for check in scalars.checks],
            gradients=self._gradients(scalars.contributions),
            scalars=len(scalars.code),
        )

    # Leaves

    def _enter_leaves(self) -> None:
        code = self._collapsed.code
        for leaf in range(ops.LAST_LEAF + 1):
            ids = np.flatnonzero(code == leaf)
            if not len(ids):
                continue
            positions = self._scalars.left[ids] if leaf in LEAF_FAMILIES else 0
            self._family[ids] = len(self._families)
            self._position[ids] = positions
            self._families.append(
                Family(leaf, int(np.max(positions)) + 1, varying=leaf in (ops.INPUT, ops.TARGET))
            )
            self._members.append([])

    def _live(self) -> Any:
        """Return what the results need."""
        scalars, collapsed = self._scalars, self._collapsed
        live = np.zeros(len(collapsed.code), bool)
        left, right = scalars.left, scalars.right
        product = collapsed.product

        def mark(ids: Any) -> None:
            ids = ids[ids >= 0]
            parts = ids[product[ids]]
            live[ids] = True
            for side in (left[parts], right[parts]):
                live[side[side >= 0]] = True

        mark(np.array([scalars.root, *scalars.checks], np.int64))
        mark(scalars.contributions.ids)
        for node in np.flatnonzero(collapsed.kept)[::-1].tolist():
            if not live[node]:
                continue
            if node in collapsed.sums:
                mark(collapsed.sums[node])
                continue
            for operand in self._operands(node):
                if operand >= 0:
                    live[operand] = True
        return live

    def _operands(self, node: int) -> tuple[int, ...]:
        left, right = int(self._scalars.left[node]), int(self._scalars.right[node])
        condition = self._scalars.condition.get(node)
        if condition is not None:
            return left, right, condition
        return (left,) if right == NOTHING else (left, right)

    # One scalar after the other

    def _enter(self, node: int, terms: Any) -> None:
        """Find the family of an operation, or the equal scalar that is there already."""
        code = int(self._collapsed.code[node])
        same = self._same
        given = self._operands(node) if terms is None else terms.tolist()
        operands = tuple(int(same[each]) if each >= 0 else each for each in given)
        simpler = self._collapsed.simpler(code, operands, same)
        if simpler is None:
            if code in (ops.ADD, ops.MULTIPLY) and operands[0] < operands[1]:
                operands = operands[::-1]  # they commute, to the bit
            simpler = self._known.setdefault((code, operands), node)
        same[node] = simpler
        if simpler != node:
            if simpler < 0:
                self._alias_constant(node, simpler)
            return
        key = code, tuple(int(self._family[each]) if each >= 0 else each for each in operands)
        self._join(node, key, code, operands)

    def _enter_sum(self, node: int, terms: Any) -> None:
        first, second = self._factors(terms)
        kinds = self._kinds(first), self._kinds(second)
        sequence: Any = ops.SUM, kinds[0].tobytes(), kinds[1].tobytes()
        several = self._kinds_if_mixed(*kinds)
        if several is None:
            self._join(node, sequence, ops.SUM, (first, second))
            return
        key = ops.SUM, len(terms), several.tobytes()
        if key not in self._numbers:
            self._join_parts(tuple(np.unique(several[0]).tolist()))
        self._join(node, key, ops.SUM, (first, second))
        self._sequences.setdefault(self._numbers[key], set()).add(sequence)

    def _kinds_if_mixed(self, first: Any, second: Any) -> Any:
        """Return the kinds of terms of a sum that may have them in any order; None for others."""
        lowest = int(first.min())
        if lowest < 0 or not self._families[lowest].varying:
            return None
        if (first == lowest).all() and (second == second[0]).all():
            return None
        several = np.unique(np.stack((first, second)), axis=1)
        varying = all(self._families[kind].varying for kind in several[0].tolist())
        fits = varying and all(
            kind == NOTHING or (kind >= 0 and self._families[kind].code == ops.PARAMETER)
            for kind in several[1].tolist()
        )
        return several if fits and several.shape[1] > 1 else None

    def _join_parts(self, parts: tuple[int, ...]) -> None:
        """Make room for a family that has the members of others, part by part."""
        if len(parts) > 1 and parts not in self._joined:
            self._joined[parts] = len(self._families)
            self._families.append(Family(ops.COPY, 0, parts=parts, varying=True))
            self._members.append([])

    def _drop_idle_joins(self) -> None:
        """Drop the joined families that no sum turned out to need, and number the others anew."""
        needed = {
            self._parts_of(self._members[number])
            for number, sequences in self._sequences.items()
            if len(sequences) > 1
        }
        stays = np.array(
            [not family.parts or family.parts in needed for family in self._families], bool
        )
        new = np.cumsum(stays) - 1
        self._family = np.where(self._family >= 0, new[np.maximum(self._family, 0)], NOTHING)
        self._mixed = {
            int(new[number]) for number, each in self._sequences.items() if len(each) > 1
        }
        chosen = [number for number, stay in enumerate(stays.tolist()) if stay]
        self._families = [self._families[number] for number in chosen]
        self._members = [self._members[number] for number in chosen]
        self._joined = {
            tuple(new[list(parts)].tolist()): int(new[number])
            for parts, number in self._joined.items()
            if stays[number]
        }
        for family in self._families:
            family.parts = tuple(new[list(family.parts)].tolist()) if family.parts else ()

    def _parts_of(self, members: list[Any]) -> tuple[int, ...]:
        return tuple(np.unique(self._kinds(members[0][0])).tolist())

    def _join(self, node: int, key: Any, code: int, operands: Any) -> None:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._families)
            several = operands if isinstance(operands[0], np.ndarray) else [np.array(operands)]
            kinds = dict.fromkeys(kind for ids in several for kind in self._kinds(ids).tolist())
            varying = any(kind >= 0 and self._families[kind].varying for kind in kinds)
            self._families.append(Family(code, 0, varying=varying))
            self._members.append([])
        self._family[node] = number
        self._position[node] = self._families[number].size
        self._families[number].size += 1
        self._members[number].append(operands)

    def _alias_constant(self, node: int, constant: int) -> None:
        # An entry of its own: a copy of the constant, so that every id keeps a place.
        self._same[node] = node
        self._join(node, (ops.COPY, (constant,)), ops.COPY, (constant,))

    def _factors(self, terms: Any) -> tuple[Any, Any]:
        """Return the two factors of each term; NOTHING where there is but one."""
        inside = np.maximum(terms, 0)
        part = (terms >= 0) & self._collapsed.product[inside]
        first = np.where(part, self._scalars.left[inside], terms).astype(np.int64)
        second = np.where(part, self._scalars.right[inside], NOTHING).astype(np.int64)
        first, second = self._canonical(first), self._canonical(second)
        swap = part & (self._kinds(first) < self._kinds(second))
        return np.where(swap, second, first), np.where(swap, first, second)

    def _canonical(self, ids: Any) -> Any:
        return np.where(ids >= 0, self._same[np.maximum(ids, 0)], ids)

    def _kinds(self, ids: Any) -> Any:
        """Return the families of scalars; a constant is its own."""
        return np.where(ids >= 0, self._family[np.maximum(ids, 0)], ids)

    # From members to index arrays

    def _finish(self, family: Family, members: list[Any]) -> None:
        if not members:
            return
        if isinstance(members[0][0], np.ndarray):
            first = np.stack([each[0] for each in members])
            second = np.stack([each[1] for each in members])
            kinds = self._kinds(first[0]), self._kinds(second[0])
            changes = (np.diff(kinds[0]) != 0) | (np.diff(kinds[1]) != 0)
            # Constants have no positions, so that a run of them could not tell how many they are.
            changes |= (kinds[0][1:] < 0) & (kinds[1][1:] < 0)
            cuts = [0, *(np.flatnonzero(changes) + 1).tolist(), first.shape[1]]
            for start, stop in itertools.pairwise(cuts):
                family.runs.append(self._pair(first[:, start:stop], second[:, start:stop]))
        else:
            columns = np.array(members, np.int64)
            family.operands = [self._operand(columns[:, k]) for k in range(columns.shape[1])]

    def _finish_mixed(self, family: Family, members: list[Any]) -> None:
        """Make one run of terms that are of several kinds, in another order for each member."""
        first, second = (np.stack([each[k] for each in members]) for k in (0, 1))
        parts = self._parts_of(members)
        start = np.zeros(len(self._families), np.int64)
        sizes = [self._families[part].size for part in parts]
        start[list(parts)] = np.cumsum([0, *sizes[:-1]])
        kinds = self._kinds(first)
        number = self._joined[parts] if len(parts) > 1 else parts[0]
        moving = Operand(number, start[kinds] + self._position[first])
        parameter = int(self._family[np.flatnonzero(self._collapsed.code == ops.PARAMETER)[0]])
        one = self._families[parameter].size
        places = np.where(second >= 0, self._position[np.maximum(second, 0)], one)
        family.runs.append((moving, Operand(parameter, places)))

    def _pair(self, first: Any, second: Any) -> tuple[Operand, Operand | None]:
        alone = second.flat[0] == NOTHING
        return self._operand(first), None if alone else self._operand(second)

    def _operand(self, ids: Any) -> Operand:
        ids = self._canonical(ids)
        some = int(ids.flat[0])
        if some < 0:
            return Operand(CONSTANT, value=self._tape.constants[some])
        return Operand(int(self._family[some]), self._position[ids])

    def _gradients(self, contributions: Lists) -> list[Gradients]:
        first, second = self._factors(contributions.ids)
        kinds = np.stack([self._kinds(first), self._kinds(second)], axis=1)
        count = np.diff(contributions.start)
        groups: dict[Any, list[int]] = {}
        single = np.flatnonzero(count == 1)
        begin = contributions.start[single]
        if len(single):
            # Both kinds in one number, which sorts much faster than pairs do.
            pairs = kinds[begin] - kinds.min()
            _, which = np.unique(pairs[:, 0] * (pairs.max() + 1) + pairs[:, 1], return_inverse=True)
            by_kind = np.argsort(which, kind="stable")
            cuts = np.flatnonzero(np.diff(which[by_kind])) + 1
            for number, rows in enumerate(np.split(by_kind, cuts)):
                groups[number] = single[rows].tolist()
        for k in np.flatnonzero(count > 1).tolist():
            key = kinds[contributions.start[k] : contributions.start[k + 1]].tobytes()
            groups.setdefault(key, []).append(k)
        return [
            self._collected(contributions, np.asarray(rows), first, second)
            for rows in groups.values()
        ]

    def _collected(self, contributions: Lists, rows: Any, first: Any, second: Any) -> Gradients:
        begin = contributions.start[rows]
        count = int(contributions.start[rows[0] + 1] - begin[0])
        order = np.argsort(contributions.owner[rows], kind="stable")
        begin = begin[order]
        return Gradients(
            parameters=contributions.owner[rows][order],
            contributions=[self._pair(first[begin + c], second[begin + c]) for c in range(count)],
        )
