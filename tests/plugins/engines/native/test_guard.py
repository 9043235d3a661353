"""The first samples, computed both ways."""

from typing import Any

import attrs
import numpy as np
import pytest

from valor import MLP, Activation, Plan, loss, optimizer
from valor.exceptions import CannotCompileError
from valor_plugins.engines.native.guard import (
    BUDGET,
    compare,
    expected,
    first_samples,
    try_eagerly,
)

PLAN = Plan(
    inputs=[[float(k), 1.0] for k in range(10)],
    targets=[[k / 10] for k in range(10)],
    batch_size=4,
    epochs=5,
    first_step=7,
)
GIVEN = loss("sum_squared_error"), optimizer("gradient_descent", learning_rate=0.1)


@pytest.mark.parametrize(
    ("done", "cost", "multiple", "rows"),
    [
        (0, 1, 1, [0, 1, 2, 3]),
        (1, 1, 1, [4, 5, 6, 7]),
        (2, 1, 1, [8, 9]),  # the last batch of an epoch is short
        (3, 1, 1, [0, 1, 2, 3]),
        (0, BUDGET // 3, 1, [0, 1, 2]),
        (0, BUDGET // 3, 2, [0, 1]),
        (0, BUDGET + 1, 1, None),
        (2, 1, 4, None),
    ],
)
def test_as_many_as_the_budget_allows(
    done: int, cost: int, multiple: int, rows: list[int] | None
) -> None:
    part = first_samples(PLAN, done, cost, multiple, [(0.0,)] * 3)
    if rows is None:
        assert part is None
        return
    assert part is not None
    assert part.inputs == [[float(row), 1.0] for row in rows]
    assert part.targets == [[row / 10] for row in rows]
    assert (part.batch_size, part.epochs, part.steps_per_epoch) == (len(rows), 1, 1)
    assert (part.first_step, part.state) == (7 + done, [(0.0,)] * 3)


def test_shuffled_rows_are_those_of_the_epoch_that_comes() -> None:
    plan = attrs.evolve(PLAN, shuffle=True, seed=3, first_epoch=2)
    part = first_samples(plan, plan.steps_per_epoch, 1, 1, [])
    assert part is not None
    (rows, *_) = plan.batches(3)
    assert part.inputs == [plan.inputs[row] for row in rows]
    assert not part.shuffle


def test_a_step_is_tried_and_undone() -> None:
    model = MLP(2, [1], activation="identity", seed=0)
    before = [parameter.data for parameter in model.parametros()]
    model.parametros()[0].grad = 5.0
    found = expected(model, *GIVEN, attrs.evolve(PLAN, batch_size=10))
    assert len(found) == 1 + len(before)
    assert (found[1:] != before).any()
    assert [parameter.data for parameter in model.parametros()] == before
    assert [parameter.grad for parameter in model.parametros()] == [5.0, 0, 0]


def test_what_fails_eagerly_is_left_to_the_run() -> None:
    def failing(v: Any) -> Any:
        raise ZeroDivisionError("as it does")

    model = MLP(2, [1], activation=Activation("failing", failing), seed=0)
    assert expected(model, *GIVEN, PLAN) is None
    with pytest.raises(ZeroDivisionError, match="as it does"):
        try_eagerly(model, *GIVEN, PLAN)


@pytest.mark.parametrize(
    ("found", "mode", "what"),
    [
        ([1.0, 2.0, 3.0], "exact", None),
        ([1.0, 2.0, 3.0], "fast", None),
        ([1.0, 2.0, 3.0 + 1e-12], "fast", None),
        ([1.0, 2.0, 3.0 + 1e-12], "exact", "parameter 1 is "),
        ([1.0, 2.1, 3.0], "fast", "parameter 0 is "),
        ([1.5, 2.0, 3.0], "exact", "the loss is "),
    ],
)
def test_a_difference_is_refused(found: list[float], mode: str, what: str | None) -> None:
    given = np.array(found), np.array([1.0, 2.0, 3.0]), mode, MLP(2, [1], seed=0), *GIVEN
    if what is None:
        compare(*given)
        return
    with pytest.raises(CannotCompileError, match=what):
        compare(*given)
