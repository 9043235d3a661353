"""Iterators of batches: collected into the samples they hold, or refused by a batch's number."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from valor import MLP, Trainer
from valor._data import Table, batches_as_samples
from valor.exceptions import DataError

ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 10.0]]
TARGETS = [0.0, 1.0, 0.5, 0.25, 1.0]
KINDS: dict[str, Callable[[Any], Any]] = {
    "lists": lambda part: part,
    "tuples": tuple,
    "generators": iter,
    "arrays": np.array,
    "frames": lambda part: pd.DataFrame(part),
}


def batches(kind: Callable[[Any], Any] = list, size: int = 2) -> Iterator[Any]:
    for first in range(0, len(ROWS), size):
        yield kind(ROWS[first : first + size]), kind(TARGETS[first : first + size])


@pytest.mark.parametrize("kind", KINDS)
def test_batches_of_every_kind_become_the_samples_they_hold(kind: str) -> None:
    inputs, targets, size = batches_as_samples(batches(KINDS[kind]))
    assert list(inputs) == ROWS
    assert list(targets) == [[value] for value in TARGETS]
    assert size == 2
    assert isinstance(inputs, Table) == (kind in ("arrays", "frames"))


@pytest.mark.parametrize(("size", "expected"), [(1, 1), (3, 3), (4, 4), (5, 5), (9, 5)])
def test_the_size_is_that_of_the_first_batch(size: int, expected: int) -> None:
    inputs, _, found = batches_as_samples(batches(size=size))
    assert (len(inputs), found) == (5, expected)


def test_the_iterator_is_gone_through_once_and_may_be_a_list() -> None:
    given = batches()
    batches_as_samples(given)
    assert next(given, None) is None
    assert list(batches_as_samples([list(batch) for batch in batches()])[0]) == ROWS


def test_batches_of_different_kinds_are_joined() -> None:
    (first, ys), (second, zs), last = batches()
    inputs, targets, _ = batches_as_samples([(np.array(first), ys), (second, np.array(zs)), last])
    assert list(inputs) == ROWS
    assert list(targets) == [[value] for value in TARGETS]
    mixed = [(np.float32(first), ys), (np.array(second, dtype=int), zs)]
    assert list(batches_as_samples(mixed)[0]) == ROWS[:4]


def test_a_trainer_takes_them() -> None:
    losses = []
    for x, y, more in ((batches(), None, {}), (ROWS, TARGETS, {"batch_size": 2})):
        model = MLP(2, [2, 1], seed=0)
        run = Trainer(model, engine="eager").fit(x, y, epochs=3, **more)
        losses.append(list(run.history["loss"]))
        assert run.steps_per_epoch == 3
    assert losses[0] == losses[1]


PAIR = ([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "without y, x must be an iterator of batches, each a pair (x, y), not NoneType"),
        (5, "without y, x must be an iterator of batches, each a pair (x, y), not int 5"),
        ("ab", "without y, x must be an iterator of batches"),
        ({"x": PAIR}, "without y, x must be an iterator of batches"),
        (pd.DataFrame(ROWS), "without y, x must be an iterator of batches"),
        ([], "without y, x must give at least one batch, but it gives none"),
        (iter(()), "without y, x must give at least one batch, but it gives none"),
        (
            ROWS,
            "batch 1: without y, x must give batches, each a pair (x, y) of samples and targets",
        ),
        ([PAIR, ROWS], "batch 2: without y, x must give batches"),
        (np.array(ROWS), "batch 1: without y, x must give batches"),
        ([PAIR, {"x": 1, "y": 2}], "batch 2: without y, x must give batches"),
        ([PAIR, None], "batch 2: without y, x must give batches"),
        ([PAIR, (ROWS, None)], "batch 2: without y, x must give batches"),
        ([PAIR, (ROWS[:2], [0.0])], "batch 2: x and y must have as many samples, but x has 2"),
        ([PAIR, ([[1, None], [1, 2]], [0, 1])], "batch 2: x[0][1] must be a real number"),
        ([PAIR, ([], [])], "batch 2: x must hold at least one sample, but is empty"),
        (
            [PAIR, ([[1], [2]], [0, 1])],
            "batch 2: x has 1 values a sample, but that of batch 1 has 2",
        ),
        (
            [PAIR, (ROWS[:2], [[0, 1], [0, 1]])],
            "batch 2: y has 2 values a sample, but that of batch 1 has 1",
        ),
        (
            [PAIR, (ROWS[:3], TARGETS[:3])],
            "batch 2 has 3 samples, but batch 1 has 2; none may be larger",
        ),
        (
            [PAIR, (ROWS[:1], TARGETS[:1]), PAIR],
            "batch 2 has 1 samples, but batch 1 has 2; only the last batch may be smaller",
        ),
    ],
)
def test_what_is_no_batch_is_refused_by_its_number(given: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        batches_as_samples(given)
    assert str(caught.value).startswith(message)


def test_an_error_of_the_iterator_itself_is_left_alone() -> None:
    def broken() -> Iterator[Any]:
        yield PAIR
        raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        batches_as_samples(broken())
