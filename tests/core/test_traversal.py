"""Walking a graph: its documented order, cycles, and sizes at which recursion would fail."""

import copy
import gc
import os
import subprocess
import sys
import threading
import tracemalloc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from valor import Valor, topological_order
from valor.exceptions import GraphCycleError, InvalidArgumentError

MILLION = 1_000_000


@contextmanager
def recursion_limit(limit: int) -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


@contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def names(root: Valor) -> list[str]:
    return [node.rotulo or node.operador_mae for node in topological_order(root)]


# Order


def test_order_is_depth_first_parents_from_left_to_right() -> None:
    a, b, c = (Valor(n, rotulo=name) for n, name in ((1, "a"), (2, "b"), (3, "c")))
    left, right = a * b, b / c
    left.rotulo, right.rotulo = "left", "right"
    assert names(left - right) == ["a", "b", "left", "c", "right", "-"]
    assert names(right - left) == ["b", "c", "right", "a", "left", "-"]
    assert names((right + a) - left) == ["b", "c", "right", "a", "+", "left", "-"]


def test_order_holds_each_scalar_once_after_its_parents() -> None:
    x = Valor(1.5)
    y = x
    for _ in range(10):
        y = (y * x + y).sin() - y
    order = topological_order(y)
    position = {node: index for index, node in enumerate(order)}
    assert len(position) == len(order) == 1 + 4 * 10
    for node in order:
        assert all(position[parent] < position[node] for parent in node.progenitor)
    assert order[-1] is y


def test_order_of_a_leaf_is_the_leaf() -> None:
    x = Valor(1.0)
    assert topological_order(x) == [x]


def test_order_of_operations_made_by_hand() -> None:
    leaves = [Valor(n, rotulo=str(n)) for n in range(4)]
    inner = leaves[0] + leaves[1]
    made = Valor(0.0, (leaves[3], inner, leaves[2]), "made")
    assert names(made) == ["0", "1", "+", "3", "2", "made"]


def test_gradients_are_pushed_in_the_reverse_of_the_order() -> None:
    pushed: list[str] = []

    def noting(name: str, *parents: Valor) -> Valor:
        node = Valor(1.0, parents, name, name)

        def push() -> None:
            pushed.append(name)

        node.propagar = push
        return node

    x = noting("x")
    a, b = noting("a", x), noting("b", x)
    root = noting("root", b, noting("c", a, b), a)
    root.propagar_tudo()
    assert pushed == ["root", "c", "a", "b", "x"]
    assert pushed == names(root)[::-1]


def test_order_does_not_depend_on_the_hash_seed() -> None:
    script = (
        "import random\n"
        "from valor import Valor, topological_order\n"
        "choose = random.Random(5)\n"
        "nodes = [Valor(n / 7, rotulo=f'v{n}') for n in range(5)]\n"
        "for n in range(200):\n"
        "    node = choose.choice(nodes).sin() * choose.choice(nodes) - choose.choice(nodes)\n"
        "    node.rotulo = f'n{n}'\n"
        "    nodes.append(node)\n"
        "root = sum(nodes[-20:])\n"
        "root.propagar_tudo()\n"
        "print([(n.rotulo, n.data, n.grad) for n in topological_order(root)])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(outputs) == 1
    assert outputs.pop().count("n") > 100


# Cycles


def test_a_cycle_made_by_hand_is_refused() -> None:
    x = Valor(1.0, rotulo="x")
    first = x + 1
    first.rotulo = "first"
    second = Valor(2.0, (first,), "made", "second")
    second_again = second * 2
    first.progenitor = (x, second_again)
    for walk in (second_again.propagar_tudo, second.zero_grad, lambda: topological_order(first)):
        with pytest.raises(GraphCycleError, match="is its own ancestor"):
            walk()
    assert (x.grad, first.grad, second.grad) == (0, 0, 0)
    first.progenitor = (x,)  # mended, it works
    second_again.propagar_tudo()
    assert second.grad == 2.0


def test_a_scalar_that_is_its_own_parent_is_refused_by_name() -> None:
    x = Valor(1.0, rotulo="itself")
    x.progenitor = (x,)
    with pytest.raises(GraphCycleError, match="'itself'"):
        x.propagar_tudo()


# Size


@pytest.mark.once
def test_a_chain_of_a_million_scalars_at_recursion_limit_1000() -> None:
    with recursion_limit(1000), collector_off():
        x = Valor(0.5)
        y = x
        for _ in range(MILLION):
            y = y + 1.0
        assert y.data == 0.5 + MILLION
        y.propagar_tudo()
        assert x.grad == 1.0
        y.propagar_tudo()
        assert x.grad == 2.0
        assert f"{y} {y!r} {y:.1f}" == f"{'Valor(data=1000000.5) ' * 2}1000000.5"
        assert len(topological_order(y)) == 1 + 2 * MILLION
        copied = copy.deepcopy(y)
        copied.propagar_tudo()
        assert x.grad == 2.0
        alive = weakref.ref(y.progenitor[0].progenitor[0])
        y.zero_grad()
        assert x.grad == 0
        del y
        assert alive() is None
        assert copied.data == 0.5 + MILLION
        del copied


def test_a_diamond_of_60_levels() -> None:
    # 2**60 paths from x to the top, but 61 scalars: one path at a time would take centuries.
    with recursion_limit(1000):
        x = Valor(1.0)
        y = x
        for _ in range(60):
            y = y + y
        y.propagar_tudo()
        copied = copy.deepcopy(y)
        order = topological_order(copied)
        copied.propagar_tudo()
        assert repr(y) == f"Valor(data={2.0**60})"
        assert x.grad == 2.0**60
        assert len(order) == 61
        assert order[0].grad == 2.0**60 + 2.0**60  # the copy had the gradient of the original


def test_a_scalar_made_by_hand_may_have_very_many_parents() -> None:
    leaves = [Valor(float(n)) for n in range(10_000)]
    total = Valor(0.0, [leaf * 2 for leaf in leaves], "sum")
    assert len(topological_order(total)) == 3 * 10_000 + 1


@pytest.mark.parametrize("operation", ["chain", "sigmoid", "product"])
def test_a_scalar_takes_less_than_a_kilobyte(operation: str) -> None:
    count = 20_000
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        y = first = Valor(0.5)
        for _ in range(count):
            if operation == "chain":
                y = y + 0.25
            elif operation == "sigmoid":
                y = y.sig()
            else:
                y = y * first
        y.propagar_tudo()
        size = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 50 < size / count < 1000


def test_a_graph_is_freed_without_the_cyclic_collector() -> None:
    with collector_off():
        x = Valor(0.5)
        y = x
        inner = []
        for _ in range(50):
            y = ((y * x + 2) / 3 - y**2).sig().maximum(y) ** 1.5
            inner.append(weakref.ref(y))
        y.propagar_tudo()
        topological_order(y)
        copy.deepcopy(y).zero_grad()
        del y
        assert [ref() for ref in inner] == [None] * 50
        assert gc.collect() == 0


def test_an_operation_made_by_hand_forms_no_cycle_of_its_own() -> None:
    with collector_off():
        x = Valor(0.5)
        y = Valor(1.0, (x,), "made")

        def push() -> None:  # unlike the lesson's closure, it does not refer to its own result
            x.grad += 1

        y.propagar = push
        y.propagar_tudo()
        gone = weakref.ref(y)
        del y
        assert gone() is None


def test_walks_in_several_threads_do_not_mix() -> None:
    x = Valor(1.0)
    y = x
    for _ in range(3000):
        y = y + x
    expected = len(topological_order(y))
    lengths: list[int] = []

    def walk() -> None:
        lengths.extend(len(topological_order(y)) for _ in range(20))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=walk) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert lengths == [expected] * 80


@pytest.mark.parametrize("root", [3, None, "x", [Valor(1.0)]])
def test_only_a_valor_has_an_order(root: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="root must be a Valor"):
        topological_order(root)
