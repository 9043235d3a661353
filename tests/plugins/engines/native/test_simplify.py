"""From chains of additions to sums, and identities that hold for every float."""

from typing import Any

import numpy as np
import pytest

from valor import Valor
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Scalars
from valor_plugins.engines.native.emit.evaluate import forward_only
from valor_plugins.engines.native.simplify import LONG, collapsed
from valor_plugins.engines.native.trace import Tracer

from .programs import traced


def weighted(count: int) -> Scalars:
    """Trace a weighted sum of one input."""

    def formula(*given: Any) -> Any:
        *weights, x = given
        total = weights[0] * x
        for weight in weights[1:]:
            total = total + weight * x
        return total

    return traced(formula, [Valor(1.0) for _ in range(count)], 1)


@pytest.mark.parametrize("count", [LONG, LONG + 1, 50])
def test_a_long_chain_is_one_sum_of_products_in_order(count: int) -> None:
    scalars = weighted(count)
    found = collapsed(scalars)
    (terms,) = found.sums.values()
    assert len(terms) == count
    assert scalars.left[scalars.left[terms]].tolist() == list(range(count))
    assert found.product[terms].all()
    assert found.code[scalars.root] == ops.SUM
    assert found.kept.sum() == 1  # of the products and additions, the sum is left


def test_a_short_chain_stays_as_it_is() -> None:
    scalars = weighted(LONG - 1)
    found = collapsed(scalars)
    assert not found.sums
    assert np.array_equal(found.code, scalars.code)


def test_what_is_used_twice_begins_a_sum_of_its_own() -> None:
    def formula(*weights: Any) -> Any:
        half = weights[0]
        for weight in weights[1:10]:
            half = half + weight
        total = half
        for weight in weights[10:]:
            total = total + weight
        return total * half

    found = collapsed(traced(formula, [Valor(1.0) for _ in range(20)]))
    lengths = sorted(len(terms) for terms in found.sums.values() if len(terms) >= LONG)
    assert lengths == [10, 11]  # the second one's first term is the first sum


def test_a_product_that_is_used_elsewhere_is_kept() -> None:
    def formula(*given: Any) -> Any:
        *weights, x = given
        products = [weight * x for weight in weights]
        total = products[0]
        for product in products[1:]:
            total = total + product
        return total + products[3] * products[3]

    scalars = traced(formula, [Valor(1.0) for _ in range(10)], 1)
    found = collapsed(scalars)
    (terms,) = [terms for terms in found.sums.values() if len(terms) > 10]
    assert [bool(part) for part in found.product[terms]] == [k != 3 for k in range(10)] + [True]


@pytest.mark.parametrize(
    ("formula", "simple"),
    [
        (lambda x: x * 1.0, True),
        (lambda x: 1.0 * x, True),
        (lambda x: x / 1.0, True),
        (lambda x: x + 0.0, False),  # -0.0 + 0.0 is 0.0
        (lambda x: x - 0.0, False),
        (lambda x: x * -1.0, False),
        (lambda x: 1.0 / x, False),
        (lambda x: x * 0.0, False),
    ],
)
def test_identities(formula: Any, simple: bool) -> None:
    tracer = Tracer()
    (x,) = tracer.numbers(ops.INPUT, 1)
    identity = tracer.id_of(formula(x))
    scalars = forward_only(tracer.tape)
    operands = int(scalars.left[identity]), int(scalars.right[identity])
    same = np.arange(len(scalars.code))
    found = collapsed(scalars).simpler(int(scalars.code[identity]), operands, same)
    assert found == (x.index if simple else None)
