"""Splits and folds: shares as scikit-learn's, kinds and order kept, and nothing by chance."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, train_test_split

from valor._data import Table, as_rows
from valor.data import folds, split
from valor.exceptions import DataError, InvalidArgumentError, InvalidNumberError

DIGITS = [int(digit) for digit in load_digits().target]


def one_hot(values: list[int], width: int) -> list[list[float]]:
    return [[float(value == each) for each in range(width)] for value in values]


def skewed(seed: int) -> list[int]:
    """Return classes of very different sizes, at least ten of each, in any order."""
    draw = random.Random(seed)
    sizes = [draw.choice([10, 11, 13, 40, 170]) for _ in range(draw.randint(2, 6))]
    values = [value for value, size in enumerate(sizes) for _ in range(size)]
    draw.shuffle(values)
    return values


# Splits


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_parts_are_all_samples_once_and_in_their_order(stratify: bool, seed: int) -> None:
    y = skewed(seed)
    x = list(range(len(y)))
    x_train, y_train, x_test, y_test = split(x, y, 0.3, seed, stratify)
    assert sorted([*x_train, *x_test]) == x
    assert (x_train, x_test) == (sorted(x_train), sorted(x_test))
    assert (y_train, y_test) == ([y[i] for i in x_train], [y[i] for i in x_test])
    assert len(x_test) == round(0.3 * len(y))


@pytest.mark.parametrize(
    ("samples", "fraction", "tested"),
    [(10, 0.2, 2), (100, 0.07, 7), (10, 0.01, 1), (10, 0.99, 9), (2, 0.5, 1), (3, 0.5, 2)],
)
def test_a_fraction_is_rounded_to_whole_samples(samples: int, fraction: float, tested: int) -> None:
    rows = list(range(samples))
    x_train, _, x_test, _ = split(rows, rows, fraction)
    assert (len(x_train), len(x_test)) == (samples - tested, tested)


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.25, 1 / 3, 0.5, 0.8])
@pytest.mark.parametrize("y", [DIGITS, *map(skewed, range(6))])
def test_classes_have_the_shares_that_scikit_learn_gives_them(
    y: list[int], fraction: float
) -> None:
    _, _, _, y_test = split(y, y, fraction, stratify=True)
    expected, theirs = train_test_split(y, test_size=len(y_test), random_state=0, stratify=y)
    ours, theirs, whole = Counter(y_test), Counter(theirs), Counter(y)
    assert len(expected) == len(y) - len(y_test)
    for value, size in whole.items():
        assert abs(ours[value] - theirs[value]) <= 1
        # Unlike theirs, ours is never drawn: each class has its share, rounded up or down.
        assert abs(ours[value] - size * len(y_test) / len(y)) < 1
        assert 1 <= ours[value] < size


def test_a_rare_class_is_in_both_parts() -> None:
    y = [0] * 97 + [1] * 3
    for seed in range(20):
        _, y_train, _, y_test = split(y, y, 0.05, seed, stratify=True)
        assert (Counter(y_test), Counter(y_train)) == (
            Counter({0: 4, 1: 1}), Counter({0: 93, 1: 2}),
        )  # fmt: skip
    _, y_train, _, y_test = split(y, y, 0.95, stratify=True)
    assert Counter(y_train) == Counter({0: 4, 1: 1})


@pytest.mark.parametrize("stratify", [False, True])
def test_a_seed_decides_and_nothing_else(stratify: bool) -> None:
    y = skewed(1)
    random.seed(1)
    first, state = split(y, y, seed=7, stratify=stratify), random.getstate()
    random.seed(2)
    assert split(y, y, seed=7, stratify=stratify) == first
    random.seed(1)
    assert random.getstate() == state
    assert split(y, y, seed=np.int64(7), stratify=np.bool_(stratify)) == first  # type: ignore[arg-type]
    choices = {tuple(split(range(50), y[:50], seed=seed)[2]) for seed in range(20)}
    assert len(choices) == 20


def test_every_sample_is_chosen_as_often_as_any_other() -> None:
    rows = list(range(20))
    counts = Counter(i for seed in range(2000) for i in split(rows, rows, 0.25, seed)[2])
    assert min(counts.values()) > 400
    assert max(counts.values()) < 600


def test_the_same_samples_are_chosen_for_ever() -> None:
    rows = list(range(10))
    assert split(rows, rows, 0.3, 1)[2] == [5, 6, 7]
    classes = [0, 1] * 5
    assert split(rows, classes, 0.4, 1, True)[2] == [4, 5, 6, 7]
    assert [part[2] for part in folds(rows, classes, 2, 1, True)] == [
        [0, 2, 5, 7, 8], [1, 3, 4, 6, 9],
    ]  # fmt: skip


ROWS = [[float(i), float(-i)] for i in range(10)]
CLASSES = [0.0, 1.0] * 5
KINDS: dict[str, tuple[Any, Callable[[Any], Any], type]] = {
    "lists": (list, list, list),
    "tuples": (tuple, list, list),
    "generators": (iter, list, list),
    "arrays": (np.array, lambda part: part.tolist(), np.ndarray),
    "pandas": (
        lambda part: pd.DataFrame(part, index=range(5, 15)),
        lambda part: part.squeeze(axis=1).to_numpy().tolist(),
        pd.DataFrame,
    ),
    "polars": (
        lambda part: pl.DataFrame(np.array(part)),
        lambda part: part.to_numpy().squeeze().tolist(),
        pl.DataFrame,
    ),
    "polars, lazy": (
        lambda part: pl.LazyFrame(np.array(part)),
        lambda part: part.to_numpy().squeeze().tolist(),
        pl.DataFrame,
    ),
    "Arrow": (
        lambda part: pa.table(
            {f"c{i}": each for i, each in enumerate(np.atleast_2d(np.array(part).T))}
        ),
        lambda part: np.array([c.to_pylist() for c in part.columns]).T.squeeze().tolist(),
        pa.Table,
    ),
    "rows": (lambda part: as_rows(np.array(part), "x"), list, Table),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stratify", [False, True])
def test_parts_are_of_the_kind_that_was_given(kind: str, stratify: bool) -> None:
    make, back, expected = KINDS[kind]
    parts = split(make(ROWS), make(CLASSES), 0.4, 3, stratify)
    assert all(isinstance(part, expected) for part in parts)
    assert [[list(np.atleast_1d(row)) for row in back(part)] for part in parts] == [
        [list(np.atleast_1d(row)) for row in part]
        for part in split(ROWS, CLASSES, 0.4, 3, stratify)
    ]


def test_one_column_is_split_too() -> None:
    x_train, _, x_test, y_test = split(
        pl.Series("a", range(10)), pd.Series(CLASSES, index=range(10, 20)), stratify=True
    )
    assert isinstance(x_train, pl.Series)
    assert isinstance(y_test, pd.Series)
    assert y_test.index.tolist() == [10 + i for i in x_test.to_list()]
    (chunked, _, _, _) = split(pa.chunked_array([range(10)]), CLASSES)
    assert isinstance(chunked, pa.ChunkedArray)
    assert len(chunked) == 8


def test_the_samples_themselves_may_be_anything() -> None:
    texts = ["a", "b", "c", "d", "e"]
    x_train, _, x_test, _ = split(texts, [[0, 1]] * 5)
    assert sorted(x_train + x_test) == texts


def test_rows_of_one_1_are_classes() -> None:
    y = skewed(3)
    rows = list(range(len(y)))
    width = max(y) + 1
    assert split(rows, one_hot(y, width), 0.3, 5, True)[2] == split(rows, y, 0.3, 5, True)[2]


# Folds


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_every_sample_tests_once(count: int, stratify: bool) -> None:
    y = skewed(4)
    x = list(range(len(y)))
    parts = list(folds(x, y, count, 1, stratify))
    assert len(parts) == count
    assert sorted(i for part in parts for i in part[2]) == x
    for x_train, y_train, x_test, y_test in parts:
        assert sorted([*x_train, *x_test]) == x
        assert (x_train, x_test) == (sorted(x_train), sorted(x_test))
        assert (y_train, y_test) == ([y[i] for i in x_train], [y[i] for i in x_test])
    sizes = [len(part[2]) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("count", [2, 3, 5, 7, 10])
@pytest.mark.parametrize("y", [DIGITS, *map(skewed, range(4))])
def test_folds_have_the_shares_that_scikit_learn_gives_them(y: list[int], count: int) -> None:
    ours = [Counter(part[3]) for part in folds(y, y, count, stratify=True)]
    theirs = [
        Counter(y[i] for i in test)
        for _, test in StratifiedKFold(count, shuffle=True, random_state=0).split(y, y)
    ]
    for value in set(y):
        assert sorted(fold[value] for fold in ours) == sorted(fold[value] for fold in theirs)
    assert sorted(fold.total() for fold in ours) == sorted(fold.total() for fold in theirs)


def test_folds_of_as_many_samples_leave_one_out() -> None:
    parts = list(folds([1, 2, 3], [4, 5, 6], count=3))
    assert sorted(part[2] for part in parts) == [[1], [2], [3]]
    assert all(len(part[0]) == 2 for part in parts)


def test_folds_follow_from_the_seed() -> None:
    assert list(folds(DIGITS, DIGITS, seed=3)) == list(folds(DIGITS, DIGITS, seed=3))
    assert list(folds(DIGITS, DIGITS, seed=3)) != list(folds(DIGITS, DIGITS, seed=4))


# What is refused


FEW = [0] * 5 + [1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split([1], [1]), "at least 2 samples to split, but there is 1"),
        (lambda: split([], []), "x must hold at least one sample, but is empty"),
        (lambda: split([1, 2], [1]), "as many samples, but x has 2 and y has 1"),
        (lambda: split(None, [1]), "x must be a list, tuple.*NoneType None"),
        (lambda: split([1, 2], "ab"), "y must be a list, tuple.*str 'ab'"),
        (lambda: split({1, 2}, [1, 2]), "x must be a list, tuple.*set"),
        (lambda: split(np.array(5), [1]), "x must be a list"),
        (lambda: split(FEW, FEW, stratify=True), "class 1 has 1 sample, which cannot be in both"),
        (
            lambda: split(DIGITS, DIGITS, 0.001, stratify=True),
            r"fraction 0.001 of 1797 samples leaves a part with fewer samples than .* classes, 10",
        ),
        (
            lambda: split([0, 0, 1, 1], [0, 0, 1, 1], 0.9, stratify=True),
            "fraction 0.9 of 4 samples leaves a part with fewer",
        ),
        (
            lambda: split([1.5, 2, 3], [1.5, 2, 3], stratify=True),
            "y has another value in each sample, so that there are no classes",
        ),
        (
            lambda: split([1, 2], [[0, 1], [0.5, 0.5]], stratify=True),
            r"y\[1\] is no class: it must be one number, or have a 1 among 0s",
        ),
        (lambda: split([1, 2], ["a", "b"], stratify=True), r"y\[0\] must be a real number"),
        (lambda: folds([1, 2], [1, 2], 3), "2 samples do not make 3 folds; take fewer folds"),
        (
            lambda: folds(FEW, FEW, 2, stratify=True),
            "class 1 has 1 samples, fewer than there are folds, 2; take fewer folds",
        ),
    ],
)
def test_data_that_cannot_be_parted_are_refused_at_once(
    call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize("fraction", [0, 1, 0.0, 1.0, -0.5, 2, float("nan")])
def test_a_fraction_that_is_none_is_refused(fraction: float) -> None:
    with pytest.raises(InvalidArgumentError, match="fraction must be between 0 and 1, not"):
        split([1, 2], [1, 2], fraction)


@pytest.mark.parametrize("fraction", [None, "0.5", True])
def test_a_fraction_that_is_no_number_is_refused(fraction: Any) -> None:
    with pytest.raises(InvalidNumberError, match="fraction must be a real number"):
        split([1, 2], [1, 2], fraction)


@pytest.mark.parametrize("value", [None, "1", 1.5, True])
def test_a_seed_and_a_count_are_ints(value: Any) -> None:
    for call in (split, folds):
        with pytest.raises(InvalidArgumentError, match="seed must be an int, not"):
            call([1, 2], [1, 2], seed=value, **({} if call is split else {"count": 2}))
    with pytest.raises(InvalidArgumentError, match="count must be an int of at least 1, not"):
        folds([1, 2], [1, 2], value)
    with pytest.raises(InvalidArgumentError, match="count must be at least 2, or there is nothing"):
        folds([1, 2], [1, 2], 1)


@pytest.mark.parametrize("value", [None, 1, "yes"])
def test_stratify_is_true_or_false(value: Any) -> None:
    for call in (split, folds):
        with pytest.raises(InvalidArgumentError, match="stratify must be True or False, not"):
            call([1] * 5, [1] * 5, stratify=value)
