"""Eager's order of a graph: the one loop of the compiler that no array operation can do.

What a depth-first visit does next depends on all it has seen, and two million scalars take Python
two seconds. So the visit is a small program of its own, compiled once and kept in the cache. In
Python it would read:

    while stack:
        node = stack[-1]
        if marks[node] == NEW:
            marks[node] = OPEN
            stack += [each for each in (right[node], left[node]) if is_new(each)]
        else:
            stack.pop()
            if marks[node] == OPEN:
                leads = leads_to_parameter(left[node]) or leads_to_parameter(right[node])
                marks[node] = LEADS if leads else CLOSED
                order.append(node)
"""

import functools
from typing import Any

import numpy as np

from valor_plugins.engines.native.machine import Code, compiled

# What `marks` tells of a scalar: not yet seen; its parents are being visited; in the order; there,
# and computed from a parameter.
_NEW, _OPEN, _CLOSED, _LEADS = range(4)

_TEXT = f"""
define internal i1 @has(ptr %marks, i32 %node, i8 %mark) alwaysinline {{
  %there = icmp sge i32 %node, 0
  %safe = select i1 %there, i32 %node, i32 0
  %place = getelementptr i8, ptr %marks, i32 %safe
  %own = load i8, ptr %place
  %same = icmp eq i8 %own, %mark
  %result = and i1 %there, %same
  ret i1 %result
}}

define internal i64 @push_new(ptr %stack, i64 %size, ptr %marks, i32 %node) alwaysinline {{
  %top = getelementptr i32, ptr %stack, i64 %size
  store i32 %node, ptr %top
  %new = call i1 @has(ptr %marks, i32 %node, i8 {_NEW})
  %more = zext i1 %new to i64
  %result = add i64 %size, %more
  ret i64 %result
}}

define i64 @run(ptr %context, i64 %root) {{
entry:
  %context.1 = getelementptr ptr, ptr %context, i64 1
  %context.2 = getelementptr ptr, ptr %context, i64 2
  %context.3 = getelementptr ptr, ptr %context, i64 3
  %parents = load ptr, ptr %context
  %marks = load ptr, ptr %context.1
  %stack = load ptr, ptr %context.2
  %order = load ptr, ptr %context.3
  %first = trunc i64 %root to i32
  store i32 %first, ptr %stack
  br label %loop

loop:
  %size = phi i64 [ 1, %entry ], [ %opened, %open ], [ %below, %known ], [ %below, %close ]
  %count = phi i64 [ 0, %entry ], [ %count, %open ], [ %count, %known ], [ %one.more, %close ]
  %empty = icmp eq i64 %size, 0
  br i1 %empty, label %done, label %visit

visit:
  %below = sub i64 %size, 1
  %top = getelementptr i32, ptr %stack, i64 %below
  %node = load i32, ptr %top
  %left.place = getelementptr [2 x i32], ptr %parents, i32 %node, i32 0
  %right.place = getelementptr [2 x i32], ptr %parents, i32 %node, i32 1
  %left = load i32, ptr %left.place
  %right = load i32, ptr %right.place
  %mark.place = getelementptr i8, ptr %marks, i32 %node
  %mark = load i8, ptr %mark.place
  %new = icmp eq i8 %mark, {_NEW}
  br i1 %new, label %open, label %known

open:
  store i8 {_OPEN}, ptr %mark.place
  %with.right = call i64 @push_new(ptr %stack, i64 %size, ptr %marks, i32 %right)
  %opened = call i64 @push_new(ptr %stack, i64 %with.right, ptr %marks, i32 %left)
  br label %loop

known:
  %is.open = icmp eq i8 %mark, {_OPEN}
  br i1 %is.open, label %close, label %loop

close:
  %left.leads = call i1 @has(ptr %marks, i32 %left, i8 {_LEADS})
  %right.leads = call i1 @has(ptr %marks, i32 %right, i8 {_LEADS})
  %leads = or i1 %left.leads, %right.leads
  %closed = select i1 %leads, i8 {_LEADS}, i8 {_CLOSED}
  store i8 %closed, ptr %mark.place
  %next = getelementptr i32, ptr %order, i64 %count
  store i32 %node, ptr %next
  %one.more = add i64 %count, 1
  br label %loop

done:
  ret i64 %count
}}
"""


@functools.cache
def _visit() -> Code:
    return compiled(_TEXT)


def eager_order(root: int, parents: Any, leaves: Any) -> tuple[Any, Any]:
    """Return the scalars that a root is computed from, as eager orders them.

    Args:
        root: an id, of no leaf.
        parents: two ids each; a negative one is none.
        leaves: which scalars are parameters, by a mask; nobody visits them.

    Returns:
        The ids, each after its parents, in the order of a depth-first visit that goes from left to
        right; and, by a mask, what is a parameter or was computed from one.

    >>> import numpy as np
    >>> parents = np.array([(-1, -1), (0, 0), (0, -1), (2, 1)], np.int32)
    >>> order, _ = eager_order(3, parents, np.array([True, False, False, False]))
    >>> order.tolist()
    [2, 1, 3]
    """
    parents = np.ascontiguousarray(parents, np.int32)
    marks = np.where(leaves, _LEADS, _NEW).astype(np.int8)
    stack = np.empty(2 * len(marks) + 2, np.int32)
    order = np.empty(len(marks), np.int32)
    context = np.array([each.ctypes.data for each in (parents, marks, stack, order)], np.int64)
    count = _visit().run(context.ctypes.data, root)
    return order[:count].copy(), marks == _LEADS
