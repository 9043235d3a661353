"""Random graphs against a rigorous bound of all that rounding can do to them.

A float beyond its bound (see `children/balls.py`) is an error in a graph, in its gradient or on the
page about accuracy, and no rounding.
"""

import json
from collections.abc import Callable

import pytest

GRAPHS = 4000
PARTS = 5


@pytest.mark.parametrize("part", range(PARTS))
def test_no_value_and_no_gradient_is_further_off_than_rounding_can_bring_it(
    part: int, scale: int, told: Callable[..., str]
) -> None:
    figures = json.loads(told("graphs.py", part, GRAPHS * scale // PARTS))
    print(figures)
    assert figures["faults"] == []
    assert figures["graphs"] > 0.95 * GRAPHS * scale // PARTS
    # Bounds that nothing comes near would tell nothing.
    assert 0.8 < figures["worst_value"] <= 1
    assert 0.2 < figures["worst_gradient"] <= 1


@pytest.mark.parametrize("formula", ["tanh", "log1p", "sig", "maximum", "absolute"])
def test_a_formula_that_is_a_little_wrong_is_found_out(
    formula: str, told: Callable[..., str]
) -> None:
    assert json.loads(told("graphs.py", formula, 300, formula))["faults"]
