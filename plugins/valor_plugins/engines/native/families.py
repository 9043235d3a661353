"""The program of a sample as families: what re-rolling makes, and what the emitters are given."""

from typing import Any

import attrs

from valor_plugins.engines.native.tape import OPERATIONS

CONSTANT = -1

Pair = tuple["Operand", "Operand | None"]  # the factors of the terms of a sum: two, or one and None


@attrs.define(eq=False)
class Operand:
    """Which scalars the members of a family take.

    Attributes:
        family: the number of their family; `CONSTANT` for a constant.
        positions: their positions in it, by member (and, in a sum, by term). Behind the last
            parameter is a 1.
        value: the constant.
    """

    family: int
    positions: Any = None
    value: float = 0.0


@attrs.define(eq=False)
class Family:
    """Scalars that are computed alike.

    Attributes:
        code: the operation; of a leaf, which kind.
        size: how many there are.
        operands: of an operation, one each. Of a `select`, the condition comes last.
        runs: of a long sum, one after the other: two factors (or one, and None) of many terms.
        parts: of families that are joined, for sums that take terms of several: their numbers.
        varying: whether they differ from sample to sample.
    """

    code: int
    size: int
    operands: list[Operand] = attrs.field(factory=list)
    runs: list[Pair] = attrs.field(factory=list)
    parts: tuple[int, ...] = ()
    varying: bool = False

    @property
    def name(self) -> str:
        """The operation's name."""
        return OPERATIONS[self.code]


@attrs.define(eq=False)
class Gradients:
    """Parameters whose gradients are collected alike.

    Attributes:
        parameters: their indices.
        contributions: what each sample adds, in order: two factors, or one and None.
    """

    parameters: Any
    contributions: list[Pair]


@attrs.define(eq=False)
class Rolled:
    """A program of families.

    Attributes:
        families: so that operands come first.
        root: where the result is.
        checks: where the conditions are that must not hold.
        gradients: what is collected over the samples.
        scalars: how many scalars it was rolled from.
    """

    families: list[Family]
    root: Operand
    checks: list[Operand]
    gradients: list[Gradients]
    scalars: int

    @property
    def terms(self) -> int:
        """How many terms the long sums have."""
        return sum(family.size * sum(map(terms_of, family.runs)) for family in self.families)

    @property
    def size(self) -> int:
        """How many scalars the families have, the terms of long sums included."""
        return self.terms + sum(family.size for family in self.families if not family.runs)


def terms_of(pair: Pair) -> int:
    """Return how many terms two factors of a long sum have.

    >>> import numpy as np
    >>> terms_of((Operand(0, np.zeros((2, 3), int)), None))
    3
    """
    return max(1 if f is None or f.positions is None else f.positions.shape[1] for f in pair)
