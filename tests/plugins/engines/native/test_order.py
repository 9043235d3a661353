"""The order of a depth-first visit, against eager's own and against the loop in its docstring."""

import random

import numpy as np

from valor import Valor, topological_order
from valor_plugins.engines.native.order import eager_order


def order_in_python(root, parents, leaves):
    """The loop of the module's docstring."""
    marks = ["leads" if leaf else "new" for leaf in leaves]
    stack, order = [root], []
    while stack:
        node = stack[-1]
        if marks[node] == "new":
            marks[node] = "open"
            for parent in (parents[node][1], parents[node][0]):
                if parent >= 0 and marks[parent] == "new":
                    stack.append(parent)
        else:
            stack.pop()
            if marks[node] == "open":
                leads = any(p >= 0 and marks[p] == "leads" for p in parents[node])
                marks[node] = "leads" if leads else "closed"
                order.append(node)
    return order, [mark == "leads" for mark in marks]


def random_graph(seed):
    draw = random.Random(seed)
    size = draw.randint(2, 60)
    parents = [
        tuple(draw.randint(max(-1, node - 12), node - 1) for _ in range(2)) for node in range(size)
    ]
    leaves = [draw.random() < 0.2 for _ in range(size)]
    leaves[-1] = False
    return size - 1, parents, leaves


def test_random_graphs_are_ordered_as_the_loop_in_python_does():
    for seed in range(200):
        root, parents, leaves = random_graph(seed)
        order, leads = eager_order(root, np.array(parents, np.int32), np.array(leaves))
        expected_order, expected_leads = order_in_python(root, parents, leaves)
        assert order.tolist() == expected_order
        assert leads.tolist() == expected_leads


def test_random_graphs_are_ordered_as_eager_does():
    for seed in range(100):
        root, parents, _ = random_graph(seed)
        # Eager leaves out what was given, so every scalar without parents is a leaf here.
        leaves = [max(pair) < 0 for pair in parents]
        if leaves[root]:
            continue
        scalars = []
        for left, right in parents:
            known = [scalars[each] for each in (left, right) if each >= 0]
            if len(known) == 2:
                scalars.append(known[0] + known[1])
            elif known:
                scalars.append(-known[0])
            else:
                scalars.append(Valor(1.0))
        number = {id(scalar): position for position, scalar in enumerate(scalars)}
        ordered = [number[id(each)] for each in topological_order(scalars[root])]
        order, _ = eager_order(root, np.array(parents, np.int32), np.array(leaves))
        assert order.tolist() == [each for each in ordered if not leaves[each]]


def test_a_chain_of_a_million_needs_no_recursion():
    size = 1_000_000
    parents = np.full((size, 2), -1, np.int32)
    parents[1:, 0] = np.arange(size - 1)
    leaves = np.zeros(size, bool)
    leaves[0] = True
    order, leads = eager_order(size - 1, parents, leaves)
    assert (order == np.arange(1, size)).all()
    assert leads.all()
