"""Members and terms in an order that suits matrices, for mode "fast".

Eager goes through neurons backwards when it collects gradients, so the families of the backward
pass are in another order than those of the forward pass, and their sums as well. Where sums may be
reassociated, members and terms are put in the order in which their operands lie in memory; then
rows of scalars are read side by side, and long sums are products of matrices.
"""

from typing import Any

import attrs
import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.families import CONSTANT, Family, Gradients, Operand, Pair, Rolled


def aligned(rolled: Rolled, slots: Any) -> Rolled:
    """Return the same program, in another order, each run of a long sum a family of its own.

    Args:
        rolled: the program.
        slots: the slot of each parameter.

    Raises:
        Uneven: sums take terms of several kinds, some more of a kind than others.
    """
    return _Aligner(rolled, slots).run()


class Uneven(Exception):
    """Sums have terms of several kinds, and not equally many of each."""


class _Aligner:
    def __init__(self, rolled: Rolled, slots: Any) -> None:
        self._rolled, self._slots = rolled, slots
        self._families: list[Family] = []
        self._number: list[int] = []  # the new number of each old family
        self._place: list[Any] = []  # the new position of each old member

    def run(self) -> Rolled:
        for family in self._rolled.families:
            if family.parts:  # its sums take their terms part by part
                self._place.append(np.arange(family.size))
                self._number.append(CONSTANT)
                continue
            order, added = self._reordered(family)
            place = np.empty(family.size, np.int64)
            place[order] = np.arange(family.size)
            self._place.append(place)
            self._number.append(len(self._families))
            self._families.append(added)
        rolled = self._rolled
        return attrs.evolve(
            rolled,
            families=self._families,
            root=self._moved(rolled.root),
            checks=[self._moved(check) for check in rolled.checks],
            gradients=[
                Gradients(group.parameters, [self._pair(pair) for pair in group.contributions])
                for group in rolled.gradients
            ],
        )

    def _moved(self, operand: Operand) -> Operand:
        """Return an operand in the new numbers and places."""
        if operand.family == CONSTANT:
            return operand
        place = self._place[operand.family]
        return Operand(self._number[operand.family], place[operand.positions])

    def _pair(self, pair: Pair) -> Pair:
        first, second = pair
        return self._moved(first), None if second is None else self._moved(second)

    def _reordered(self, family: Family) -> tuple[Any, Family]:
        """Return the order of a family's members, and the family in this order."""
        if family.code <= ops.LAST_LEAF:
            return np.arange(family.size), family
        runs = [self._pair(each) for pair in family.runs for each in self._by_kind(pair)]
        operands = [self._moved(operand) for operand in family.operands]
        first = [factor for pair in runs for factor in pair if factor is not None]
        order = self._order(family.size, first or operands)
        operands = [_taken(operand, order) for operand in operands]
        runs = [self._with_sorted_terms(_each(pair, order)) for pair in runs]
        if len(runs) > 1:
            operands, runs = [self._term(family.size, pair) for pair in runs], []
        return order, attrs.evolve(family, operands=operands, runs=runs)

    def _by_kind(self, pair: Pair) -> list[Pair]:
        """Return terms of several kinds kind by kind, if all members have as many of each."""
        first, second = pair
        families = self._rolled.families
        if second is None or CONSTANT in (first.family, second.family):
            return [pair]
        if families[second.family].code != ops.PARAMETER:
            return [pair]
        parts = families[first.family].parts or (first.family,)
        starts = np.cumsum([0, *(families[part].size for part in parts[:-1])])
        which = np.searchsorted(starts, first.positions, "right") - 1
        one = second.positions == families[second.family].size
        if len(parts) == 1 and not one.any():
            return [pair]
        pairs: list[Pair] = []
        for k, part in enumerate(parts):
            for alone in (False, True):
                mine = (which == k) & (one == alone)
                count = mine.sum(axis=1)
                if not count.any():
                    continue
                if (count != count[0]).any():
                    raise Uneven
                shape = len(mine), int(count[0])
                moving = Operand(part, (first.positions[mine] - starts[k]).reshape(shape))
                still = Operand(second.family, second.positions[mine].reshape(shape))
                pairs.append((moving, None if alone else still))
        return pairs

    def _order(self, size: int, operands: list[Operand]) -> Any:
        """Return the members in the order of their first operand that differs for all of them."""
        for varying in (True, False):
            for operand in operands:
                if operand.family == CONSTANT or self._varies(operand) != varying:
                    continue
                where = self._where(operand).reshape(size, -1)[:, 0]
                if len(np.unique(where)) == size:
                    return np.argsort(where)
        return np.arange(size)

    def _varies(self, operand: Operand) -> bool:
        return operand.family != CONSTANT and self._families[operand.family].varying

    def _where(self, operand: Operand) -> Any:
        """Return where members lie in memory, but for a constant offset."""
        if self._families[operand.family].code == ops.PARAMETER:
            return self._slots[operand.positions]
        return operand.positions

    def _with_sorted_terms(self, pair: Pair) -> Pair:
        """Put the terms of a run in the order of what all members share."""
        factors = [each for each in pair if each is not None and each.family != CONSTANT]
        for factor in sorted(factors, key=self._varies, reverse=True):
            where = self._where(factor)
            if (where == where[:1]).all():
                order = np.argsort(where[0], kind="stable")
                return _each(pair, (slice(None), order))
        return pair

    def _term(self, size: int, pair: Pair) -> Operand:
        """Return what is one term of a short sum, from one run of a long one."""
        factors = [factor for factor in pair if factor is not None]
        varying = any(self._varies(factor) for factor in factors)
        if any(f.positions is not None and f.positions.shape[1] > 1 for f in factors):
            added = Family(ops.SUM, size, runs=[pair], varying=varying)
        else:
            flat = [_taken(factor, (slice(None), 0)) for factor in factors]
            if len(flat) == 1:
                return flat[0]
            added = Family(ops.MULTIPLY, size, operands=flat, varying=varying)
        self._families.append(added)
        return Operand(len(self._families) - 1, np.arange(size))


def _taken(operand: Operand, index: Any) -> Operand:
    if operand.positions is None:
        return operand
    return attrs.evolve(operand, positions=operand.positions[index])


def _each(pair: Pair, index: Any) -> Pair:
    first, second = pair
    return _taken(first, index), None if second is None else _taken(second, index)
