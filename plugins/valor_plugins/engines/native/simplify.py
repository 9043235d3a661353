"""Room 3, simplify: the same numbers, from fewer scalars.

Long chains of additions become one sum with a list of terms, and a product that is used only as
one of these terms becomes a part of the sum. Of identities, only those are used that hold for every
float, the sign of zero included: x·1 is x, but x + 0 is not, as x may be -0. Equal scalars get
one number while they are re-rolled, which loses nothing once the gradients are derived.
"""

from typing import Any

import attrs
import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Scalars
from valor_plugins.engines.native.tape import NOTHING

LONG = 8  # a sum of fewer terms is written out


@attrs.define(eq=False)
class Collapsed:
    """A scalar program with its long sums.

    Attributes:
        scalars: the program.
        code: the operations, of which the last addition of a chain became a sum.
        kept: by a mask, which operations have not become part of a sum.
        sums: the terms of each sum, in order.
        product: by a mask, which products are used as a term only.
    """

    scalars: Scalars
    code: Any
    kept: Any
    sums: dict[int, Any]
    product: Any

    def simpler(self, code: int, operands: tuple[int, ...], same: Any) -> int | None:
        """Return what an operation is equal to, bit for bit; None if nothing simpler.

        Args:
            code, operands: the operation.
            same: of each scalar, the one that stands for it.
        """
        constants = self.scalars.tape.constants
        if code == ops.COPY:
            return operands[0]
        if code == ops.MULTIPLY:
            for one, other in (operands, operands[::-1]):
                if one < 0 and constants[one] == 1.0:
                    return other
        if code == ops.DIVIDE and operands[1] < 0 and constants[operands[1]] == 1.0:
            return operands[0]
        if code == ops.NEGATIVE and operands[0] >= 0:
            inner = operands[0]
            if self.code[inner] == ops.NEGATIVE and self.kept[inner]:
                before = int(self.scalars.left[inner])
                return int(same[before]) if before >= 0 else before
        return None


def collapsed(scalars: Scalars) -> Collapsed:
    """Return a scalar program with its chains of additions as long sums."""
    code, left, right = scalars.code.copy(), scalars.left, scalars.right
    uses = _uses(scalars)
    kept = code > ops.LAST_LEAF
    sums = {int(k): scalars.sums[i] for i, k in enumerate(scalars.sums.owner)}
    for top, terms, links in _chains(code, left, right, uses):
        sums[top] = terms
        code[top] = ops.SUM
        kept[links] = False
    product = np.zeros(len(code), bool)
    parts = [terms for terms in sums.values() if len(terms) >= LONG]
    for ids in (*parts, scalars.contributions.ids):
        mine = ids[ids >= 0]
        mine = mine[(uses[mine] == 1) & (code[mine] == ops.MULTIPLY)]
        product[mine] = True
    kept &= ~product
    return Collapsed(scalars, code, kept, sums, product)


def _uses(scalars: Scalars) -> Any:
    """Return how often each scalar is used."""
    size = len(scalars.code)
    operation = scalars.code > ops.LAST_LEAF
    others = [scalars.root, *scalars.checks, *scalars.condition.values()]
    columns = (
        scalars.left[operation],
        scalars.right[operation],
        scalars.sums.ids,
        scalars.contributions.ids,
        np.array(others, np.int64),
    )
    return sum(np.bincount(column[column >= 0], minlength=size) for column in columns)


def _chains(code: Any, left: Any, right: Any, uses: Any) -> Any:
    """Yield the long chains ``((a + b) + c) + …``: the last addition, the terms, the others."""
    adds = np.flatnonzero(code == ops.ADD)
    lower = left[adds]
    linked = (lower >= 0) & (code[np.maximum(lower, 0)] == ops.ADD) & (uses[lower] == 1)
    if not linked.any():
        return
    index = np.full(len(code), NOTHING, np.int64)
    index[adds] = np.arange(len(adds))
    up = np.arange(len(adds))
    up[index[lower[linked]]] = np.flatnonzero(linked)
    while not (up[up] == up).all():
        up = up[up]
    members = np.argsort(up, kind="stable")
    starts = np.flatnonzero(np.diff(up[members], prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(members)], strict=True):
        if stop - start + 1 < LONG:
            continue
        chain = adds[members[start:stop]]
        terms = np.concatenate([left[chain[:1]], right[chain]])
        yield int(chain[-1]), terms, chain[:-1]
