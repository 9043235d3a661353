"""`dot`: a sum of products, as the loop would write it."""

import math

import pytest

from valor import Valor, topological_order
from valor.exceptions import InvalidArgumentError
from valor.functions import dot


def test_it_is_the_loop() -> None:
    a, b = [Valor(0.1), Valor(0.7), Valor(-3.0)], [Valor(0.3), Valor(1e16), Valor(0.1)]
    root, total = dot(a, b), a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total = total + x * y
    shapes = [
        [(node.operador_mae, node.data) for node in topological_order(each)]
        for each in (root, total)
    ]
    assert shapes[0] == shapes[1]
    root.propagar_tudo()
    assert [each.grad for each in a] == [0.3, 1e16, 0.1]


def test_it_adds_from_the_first_to_the_last() -> None:
    # From the last on, or in pairs, the 1 would be lost.
    assert dot([1e16, -1e16, 1.0], [1.0, 1.0, 1.0]) == 1.0


def test_plain_numbers_and_scalars_mix() -> None:
    root = dot([2, Valor(3.0)], [Valor(5.0), 7])
    assert root.data == 31
    assert math.isnan(dot([math.inf], [0.0]))
    assert dot([-0.0], [1.0]).hex() == "-0x0.0p+0"


@pytest.mark.parametrize(("a", "b", "found"), [([], [], "0 and 0"), ([1.0], [1.0, 2.0], "1 and 2")])
def test_lengths(a: list[float], b: list[float], found: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"at least 1, not {found}"):
        dot(a, b)


@pytest.mark.parametrize("given", [iter([1.0]), 1.0, {1.0}, Valor(1.0)])
def test_what_is_no_list_is_refused(given: object) -> None:
    with pytest.raises(InvalidArgumentError, match="b must be a list of numbers, not "):
        dot([1.0], given)  # type: ignore[arg-type]


def test_an_engine_may_take_it_as_a_whole() -> None:
    class Whole:
        taken = 0

        @staticmethod
        def __valor_dot__(a: object, b: object) -> object:
            Whole.taken += 1
            return "whole" if a == [1.0] else NotImplemented

        def __rmul__(self, other: float) -> float:
            return other * 10

    assert dot([1.0], [Whole()]) == "whole"
    assert dot([2.0], [Whole()]) == 20.0
    assert Whole.taken == 2
