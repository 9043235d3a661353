"""What a picture takes from a graph."""

import math

import pytest

from valor import Valor, topological_order
from valor.exceptions import GraphCycleError, InvalidArgumentError, InvalidNumberError
from valor_plugins.graph_export.snapshot import compact, shortened, snapshot, visible


def test_each_scalar_appears_once_with_its_own_numbers(lesson_loss: Valor) -> None:
    order = topological_order(lesson_loss)
    nodes = snapshot(lesson_loss)
    assert [(n.value, n.gradient) for n in nodes] == [(v.data, v.grad) for v in order]
    for node, scalar in zip(nodes, order, strict=True):
        assert [order[parent] for parent in node.parents] == list(scalar.progenitor)
        assert node.operation == (scalar.operador_mae or None)
        assert node.label == scalar.rotulo


def test_a_snapshot_does_not_follow_later_changes() -> None:
    a = Valor(1.0, rotulo="a")
    nodes = snapshot(a)
    a.data, a.rotulo = 2.0, "b"
    assert (nodes[0].value, nodes[0].label) == (1.0, "a")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1234567, "0.1235"),
        (-1e-310, "-1e-310"),
        (-0.0, "-0"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (2**53, "9007199254740992"),
        (1.0, "1"),
    ],
)
def test_numbers_are_short_but_true(value: float, shown: str) -> None:
    assert compact(value) == shown
    assert snapshot(Valor(value))[0].tooltip == f"data {value!r}, grad 0"


def test_what_cannot_be_seen_is_spelt_out() -> None:
    assert visible("a\nb\t\x00\x7f\ud800\ufffe\u202e") == "a\\nb\\t\\x00\\x7f\\ud800\\ufffe\\u202e"
    family = "\U0001f468\u200d\U0001f469"
    assert visible(f"ç {family}") == f"ç {family}"


def test_long_labels_lose_their_middle_but_not_in_the_tooltip() -> None:
    label = "a" * 50 + "b" * 50
    node = snapshot(Valor(1, rotulo=label))[0]
    assert node.short_label == "a" * 18 + "…" + "b" * 17
    assert node.tooltip.startswith(label)
    assert shortened("x" * 12) == "x" * 12
    assert len(shortened("x" * 13)) == 12


def test_frozen_parameters_say_so() -> None:
    scalar = Valor(1.0, rotulo="w")
    assert snapshot(scalar)[0].tooltip == "w: data 1.0, grad 0"
    scalar.trainable = False
    assert snapshot(scalar)[0].tooltip == "w: data 1.0, grad 0, frozen"


def test_an_operation_without_a_symbol_is_still_an_operation() -> None:
    assert [n.operation for n in snapshot(Valor(1, (Valor(2),)))] == [None, "?"]


def test_what_is_not_a_scalar_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgumentError, match="root must be a Valor, not 3"):
        snapshot(3)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="draw one of its items"):
        snapshot([Valor(1), Valor(2)])  # type: ignore[arg-type]


def test_numbers_assigned_wrongly_are_refused_by_name() -> None:
    scalar = Valor(1.0) + 1
    scalar.grad = None  # type: ignore[assignment]
    with pytest.raises(InvalidNumberError, match="grad of node 2"):
        snapshot(scalar)


def test_a_cycle_is_refused() -> None:
    a = Valor(1.0)
    b = a + 1
    a.progenitor = (b,)
    with pytest.raises(GraphCycleError):
        snapshot(b)
