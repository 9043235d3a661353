"""Gradients of `Valor`: by hand, of whole graphs, of operations made by hand, and of copies."""

import copy
import math
import operator
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valor import Valor, functions, topological_order
from valor.exceptions import GraphCopyError

# Gradients


def test_propagar_pushes_one_step() -> None:
    # The lesson's steps by hand: y = (a + b) * c, one scalar at a time.
    a, b, c = Valor(2.0), Valor(-3.0), Valor(10.0)
    k = a + b
    y = k * c
    y.grad = 1
    y.propagar()
    assert (k.grad, c.grad, a.grad, b.grad) == (10.0, -1.0, 0, 0)
    k.propagar()
    assert (a.grad, b.grad) == (10.0, 10.0)
    k.propagar()  # each call pushes again
    assert (a.grad, b.grad) == (20.0, 20.0)
    a.propagar()  # a leaf has nobody to push to
    assert (a.grad, y.grad) == (20.0, 1)


def test_a_scalar_used_in_several_places_sums_its_gradients() -> None:
    x = Valor(3.0)
    y = x * x + 5 * x - x / 2 + x
    y.propagar_tudo()
    assert x.grad == 2 * 3.0 + 5 - 0.5 + 1


def awkward(leaves: list[Valor]) -> Valor:
    """A graph in which each leaf is used many times, with numbers that round at every step."""
    total = leaves[0] * 0.1
    for turn in range(25):
        for position, leaf in enumerate(leaves):
            total = total + (leaf * (turn / 3 - 1.7)).sin() * (leaf / (position + 3.3)) ** 3
    return total.tanh()


def test_three_calls_give_exactly_three_times_a_leafs_gradient() -> None:
    once = [Valor(x) for x in (0.1, -0.7, 1.3)]
    awkward(once).propagar_tudo()
    leaves = [Valor(x) for x in (0.1, -0.7, 1.3)]
    y = awkward(leaves)
    inner = y.progenitor[0]
    y.propagar_tudo()
    first_inner = inner.grad
    y.propagar_tudo()
    y.propagar_tudo()
    assert [leaf.grad for leaf in leaves] == [3 * leaf.grad for leaf in once]
    assert all(leaf.grad for leaf in leaves)
    assert (y.grad, inner.grad) == (1.0, first_inner)  # computed scalars start afresh


def test_a_leaf_keeps_what_other_graphs_gave_it() -> None:
    x = Valor(3.0)
    (x * 2).propagar_tudo()
    (x * x).propagar_tudo()
    assert x.grad == 2.0 + 6.0


def test_the_gradient_of_a_leaf_by_itself_is_one() -> None:
    x = Valor(3.0)
    x.propagar_tudo()
    x.propagar_tudo()
    assert x.grad == 2.0


def test_partial_derivatives_are_those_of_the_forward_pass() -> None:
    a, b = Valor(2.0), Valor(3.0)
    y = (a * b).exp() / a
    slopes = (math.exp(6.0) * 3 / 2 - math.exp(6.0) / 4, math.exp(6.0))
    a.data, b.data = 1000.0, -5.0
    y.data = 0.0
    y.progenitor[0].data = 7.0
    y.propagar_tudo()
    assert (a.grad, b.grad) == pytest.approx(slopes, rel=1e-15)


def test_a_branch_without_effect_stays_at_zero() -> None:
    x = Valor(0.0)
    y = functions.where(x > 1, x.log(), x * 2)
    y.propagar_tudo()
    assert x.grad == 2.0
    z = Valor(0.0)
    (z.sqrt() * 0).propagar_tudo()  # the slope of the root is infinite here
    assert z.grad == 0


def test_zero_grad() -> None:
    x = Valor(3.0)
    inner = x * x
    y = inner + x
    y.propagar_tudo()
    y.zero_grad()
    assert (x.grad, inner.grad, y.grad) == (0, 0, 0)
    y.propagar_tudo()
    assert x.grad == 7.0


@settings(deadline=None)
@given(
    st.lists(st.integers(-3, 3), min_size=2, max_size=4),
    st.lists(
        st.tuples(st.sampled_from("+-*"), st.integers(0, 99), st.integers(0, 99)),
        min_size=1,
        max_size=7,
    ),
)
def test_gradients_of_any_small_graph_are_exact(
    numbers: list[int], steps: list[tuple[str, int, int]]
) -> None:
    # The oracle carries (value, derivatives by each leaf) forward, in Python's exact ints.
    apply = {"+": operator.add, "-": operator.sub, "*": operator.mul}
    nodes = [Valor(n) for n in numbers]
    leaves = list(nodes)
    duals = [(n, [int(i == j) for j in range(len(numbers))]) for i, n in enumerate(numbers)]
    for symbol, i, j in steps:
        (a, da), (b, db) = duals[i % len(duals)], duals[j % len(duals)]
        nodes.append(apply[symbol](nodes[i % len(nodes)], nodes[j % len(nodes)]))
        if symbol == "*":
            slopes = [x * b + a * y for x, y in zip(da, db, strict=True)]
        else:
            slopes = [apply[symbol](x, y) for x, y in zip(da, db, strict=True)]
        duals.append((apply[symbol](a, b), slopes))
    value, slopes = duals[-1]
    if max(abs(value), *map(abs, slopes)) > 2**50:
        return  # floats would round
    nodes[-1].propagar_tudo()
    assert nodes[-1].data == value
    assert [leaf.grad for leaf in leaves] == slopes


# Operations made by hand, the lesson's way


def cube(v: Valor) -> Valor:
    saida = Valor(v.data**3, (v,), "cube")

    def propagate_cube() -> None:
        v.grad += saida.grad * 3 * v.data**2

    saida.propagar = propagate_cube
    return saida


def test_an_operation_made_by_hand() -> None:
    x = Valor(2.0)
    y = cube(x * 1.5) * x + cube(x)
    assert y.data == 27.0 * 2 + 8
    y.propagar_tudo()
    assert x.grad == 27.0 + 2.0 * (3 * 9.0 * 1.5) + 12.0
    assert cube(x).operador_mae == "cube"
    assert cube(x).progenitor == (x,)


def test_an_operation_made_by_hand_of_several_scalars() -> None:
    def dot(left: list[Valor], right: list[Valor]) -> Valor:
        pairs = list(zip(left, right, strict=True))
        saida = Valor(sum(a.data * b.data for a, b in pairs), (*left, *right), "dot")

        def propagate_dot() -> None:
            for a, b in pairs:
                a.grad += saida.grad * b.data
                b.grad += saida.grad * a.data

        saida.propagar = propagate_dot
        return saida

    a, b = [Valor(1.0), Valor(2.0)], [Valor(3.0), Valor(4.0)]
    y = dot(a, [v * 2 for v in b]) ** 2
    for _ in range(3):
        y.propagar_tudo()
    assert y.data == 22.0**2
    assert [v.grad for v in a] == [3 * 44.0 * 6, 3 * 44.0 * 8]
    assert [v.grad for v in b] == [3 * 44.0 * 2 * 1, 3 * 44.0 * 2 * 2]


def test_propagar_called_by_hand_on_an_operation_made_by_hand() -> None:
    x = Valor(2.0)
    y = cube(x)
    y.grad = 1
    y.propagar()
    assert x.grad == 12.0


def test_a_scalar_without_a_push_of_its_own_pushes_nothing() -> None:
    x = Valor(2.0)
    y = Valor(5.0, (x,), "constant")
    y.propagar_tudo()
    assert (x.grad, y.grad) == (0, 1.0)


def test_the_push_of_a_computed_scalar_can_be_replaced() -> None:
    x = Valor(2.0)
    y = x * 10

    def straight_through() -> None:
        x.grad += y.grad

    y.propagar = straight_through
    (y * 3).propagar_tudo()
    assert x.grad == 3.0
    assert y.operador_mae == "*"


def test_what_an_operation_made_by_hand_raises_leaves_other_gradients_alone() -> None:
    x = Valor(2.0)
    x.grad = 5.0
    y = Valor(1.0, (x,), "broken")

    def broken() -> None:
        raise RuntimeError("no gradient here")

    y.propagar = broken
    with pytest.raises(RuntimeError, match="no gradient here"):
        y.propagar_tudo()
    assert x.grad == 5.0


# Copies


def test_a_deep_copy_is_a_graph_of_its_own() -> None:
    x = Valor(3.0, rotulo="x")
    x.trainable = False
    shared = x * x
    y = shared * shared + shared
    y.propagar_tudo()
    copied, copied_x = copy.deepcopy((y, x))
    assert copied is not y
    assert (copied.data, copied.grad, copied.operador_mae) == (y.data, 1.0, "+")
    assert (copied_x.grad, copied_x.rotulo, copied_x.trainable) == (x.grad, "x", False)
    assert copied.progenitor[0].progenitor[0] is copied.progenitor[1]
    copied_x.grad = 0
    copied.propagar_tudo()
    assert (copied_x.grad, x.grad) == (4 * 27.0 + 6.0, 4 * 27.0 + 6.0)


def test_a_shallow_copy_shares_its_parents() -> None:
    x = Valor(3.0)
    y = x * 2
    copied = copy.copy(y)
    assert copied is not y
    assert copied.progenitor[0] is x
    copied.propagar_tudo()
    assert (x.grad, y.grad) == (2.0, 0)


def test_copying_an_operation_with_a_push_of_its_own_is_refused() -> None:
    with pytest.raises(GraphCopyError, match="cube"):
        copy.deepcopy(cube(Valor(2.0)) + 1)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_takes_given_numbers_and_refuses_computed_ones(protocol: int) -> None:
    x = Valor(3.0, rotulo="x")
    x.grad, x.trainable = 1.5, False
    loaded = pickle.loads(pickle.dumps(x, protocol))
    assert (loaded.data, loaded.grad, loaded.rotulo, loaded.trainable) == (3.0, 1.5, "x", False)
    assert loaded.progenitor == ()
    with pytest.raises(GraphCopyError, match=r"cannot be pickled.*deepcopy"):
        pickle.dumps(x + 1, protocol)


def test_left_is_pushed_before_right() -> None:
    # Both sides of the sum lead to x, and the order of three additions shows in the last bit.
    x = Valor(0.1)
    (x / x + x * 3.3).propagar_tudo()
    by_hand = 0.0
    by_hand += 3.3  # the product is computed last, so it pushes first
    by_hand += 1 / 0.1
    by_hand += -(1.0 / 0.1)
    assert x.grad == by_hand == 3.3000000000000007


def test_replaced_parents_take_the_derivatives_of_the_operation_along() -> None:
    a, b, c = Valor(2.0), Valor(3.0), Valor(5.0)
    y = a * b
    y.progenitor = (c,)
    y.propagar_tudo()
    assert (a.grad, b.grad, c.grad) == (0, 0, 0)
    assert topological_order(y) == [c, y]
    y.propagar = lambda: setattr(c, "grad", c.grad + 7 * y.grad)
    y.propagar_tudo()
    assert (a.grad, b.grad, c.grad) == (0, 0, 7.0)


def test_a_symbol_of_ones_own_keeps_the_derivatives() -> None:
    a, b = Valor(2.0), Valor(3.0)
    y = a * b
    y.operador_mae = "times"
    y.propagar_tudo()
    assert (y.operador_mae, a.grad, b.grad) == ("times", 3.0, 2.0)


def test_a_leaf_with_a_symbol_accumulates_as_any_leaf() -> None:
    leaf = Valor(3.0, (), "input")
    y = leaf * 2
    y.propagar_tudo()
    y.propagar_tudo()
    assert leaf.grad == 4.0


def test_a_propagar_that_raises_leaves_the_gradients_of_before() -> None:
    a, b = Valor(2.0), Valor(3.0)
    a.grad = 5.0
    made = Valor(6.0, (a, b), "made")

    def push() -> None:
        a.grad += 100
        raise RuntimeError("half way")

    made.propagar = push
    with pytest.raises(RuntimeError, match="half way"):
        (made + a + b).propagar_tudo()
    assert (a.grad, b.grad) == (5.0, 0)


def test_a_valor_of_a_subclass_is_an_operand_like_any() -> None:
    class Named(Valor):
        pass

    a, b = Valor(2.0), Named(3.0)
    y = a * b
    y.propagar_tudo()
    assert y.progenitor == (a, b)
    assert (a.grad, b.grad) == (3.0, 2.0)
