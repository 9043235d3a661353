"""Walking a graph, without recursion: the order of its scalars, and copies of them.

The order is that of a depth-first visit, parents from left to right, each scalar once and after its
parents. It depends on nothing but how the graph was built.
"""

import itertools
import threading
from typing import TYPE_CHECKING, Any

from valor.exceptions import GraphCopyError, GraphCycleError, InvalidArgumentError, shown
from valor.functions import Function

if TYPE_CHECKING:
    from valor._graph import Valor

_marks = itertools.count(1, 2)  # each walk takes two: one for "open", the next for "closed"
_walking = threading.RLock()  # the marks are on the scalars: two walks at once would mix them up


def topological_order(root: "Valor") -> list["Valor"]:
    """Return `root` and all it was computed from, each after its parents.

    Computed scalars stand in the order of a depth-first visit, parents from left to right, each
    once; a given scalar (a leaf) stands just before the first one that was computed from it.

    Args:
        root: the scalar whose graph is asked for.

    Raises:
        GraphCycleError: a scalar is its own ancestor.
        InvalidArgumentError: `root` is not a `Valor`.

    >>> from valor import Valor
    >>> a, b = Valor(1, rotulo="a"), Valor(2, rotulo="b")
    >>> [node.rotulo or node.operador_mae for node in topological_order(a * b + a)]
    ['a', 'b', '*', '+']
    """
    if not hasattr(root, "_operation"):
        raise InvalidArgumentError(f"root must be a Valor, not {shown(root)}")
    order: list[Valor] = []
    seen: set[int] = set()
    for node in computed_nodes(root)[0]:
        for parent in node.progenitor:
            if parent._operation is None and id(parent) not in seen:
                seen.add(id(parent))
                order.append(parent)
        order.append(node)
    return order or [root]


def computed_nodes(root: "Valor") -> tuple[list["Valor"], dict["Valor", float]]:
    """Return the scalars of a graph that were computed, parents first, and the leaves' gradients.

    Only leaves whose gradient is not zero are returned, with that gradient.
    """
    if root._operation is None:
        return [], {root: root.grad} if root.grad else {}
    order: list[Valor] = []
    held: dict[Valor, float] = {}
    stack = [root]
    with _walking:
        opened = next(_marks)
        closed = opened + 1
        while stack:
            node = stack[-1]
            if node._mark == opened:  # all it was computed from is in order
                node._mark = closed
                order.append(stack.pop())
            elif node._mark == closed:
                stack.pop()
            else:
                node._mark = opened
                operation = node._operation
                if operation.__class__ is Function:
                    parents: Any = (node._right, node._left)
                else:
                    parents = operation.progenitor[::-1]  # type: ignore[union-attr]
                    if not parents and node.grad:  # a leaf, but for its symbol or its propagar
                        held[node] = node.grad
                for parent in parents:
                    if parent is None:
                        continue
                    if parent._operation is None:
                        if parent.grad:
                            held[parent] = parent.grad
                    elif parent._mark < opened:
                        stack.append(parent)
                    elif parent._mark == opened:
                        raise GraphCycleError(
                            f"{parent!r} (rotulo={parent.rotulo!r}) is its own ancestor; "
                            "a gradient needs a graph without cycles"
                        )
    return order, held


def copy_of(node: "Valor", memo: dict[int, Any]) -> "Valor":
    """Copy one scalar, with those of its parents that `memo` knows replaced by their copies."""
    operation = node._operation
    if operation is not None and not isinstance(operation, Function):
        if operation.propagate is not None:
            raise GraphCopyError(
                f"{node!r} (operador_mae={node.operador_mae!r}) has a propagar of its own, which "
                "would go on pushing to the original; compute the copy anew instead"
            )
        parents = tuple(memo.get(id(parent), parent) for parent in operation.progenitor)
        operation = type(operation)(parents, operation.symbol)
    copied = object.__new__(type(node))
    copied.data = node.data
    copied.grad = node.grad
    copied.rotulo = node.rotulo
    copied.trainable = node.trainable
    copied._operation = operation
    copied._left = memo.get(id(node._left), node._left)
    copied._right = memo.get(id(node._right), node._right)
    copied._left_slope = node._left_slope
    copied._right_slope = node._right_slope
    copied._mark = 0
    return copied
