"""Samples in parts: one to train on, one to test with; or folds, each of which tests once.

What is drawn follows from a seed alone, and samples keep their order within a part.
"""

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from valor._arguments import whole
from valor._data import Table, as_rows, at_least_one
from valor._frames import is_frame
from valor.exceptions import DataError, InvalidArgumentError, shown
from valor.functions import number

__all__ = ["folds", "split"]

Parts: TypeAlias = tuple[Any, Any, Any, Any]


def split(x: Any, y: Any, fraction: float = 0.2, seed: int = 0, stratify: bool = False) -> Parts:
    """Return two parts of samples: inputs and targets to train on, inputs and targets to test with.

    Args:
        x, y: the samples and targets. Lists come back as lists, arrays as arrays, data frames as
            data frames.
        fraction: how much of the samples is for testing, between 0 and 1; rounded to whole samples,
            at least one for each part.
        seed: what the choice follows from.
        stratify: whether each class shall have its share in both parts, and at least one sample. A
            class is the value of a target of one number, or the place of the 1 in a row of 0s.

    Raises:
        DataError: there are too few samples, of a class or in all; or not as many in x as in y.
        InvalidArgumentError, InvalidNumberError: an argument is not what is described here.

    >>> split([1, 2, 3, 4, 5], [0, 1, 0, 1, 0], fraction=0.4, seed=1)
    ([1, 2, 5], [0, 1, 0], [3, 4], [0, 1])
    """
    x, y, samples = _samples(x, y)
    if not 0 < number(fraction, "fraction") < 1:
        raise InvalidArgumentError(f"fraction must be between 0 and 1, not {shown(fraction)}")
    if samples < 2:
        raise DataError("there must be at least 2 samples to split, but there is 1")
    chosen = min(samples - 1, max(1, math.floor(fraction * samples + 0.5)))
    generator = random.Random(f"split:{whole(seed, 'seed')}")
    if not _flag(stratify):
        return _parts(x, y, sorted(generator.sample(range(samples), chosen)))
    classes = _classes(y)
    for value, members in classes.items():
        if len(members) < 2:
            raise DataError(
                f"class {value:g} has 1 sample, which cannot be in both parts; leave it out, or "
                "do without stratify"
            )
    if not len(classes) <= chosen <= samples - len(classes):
        raise DataError(
            f"fraction {fraction} of {samples} samples leaves a part with fewer samples than there "
            f"are classes, {len(classes)}; choose another fraction, or do without stratify"
        )
    shares = _shares([len(members) for members in classes.values()], chosen)
    picked = [
        place
        for members, share in zip(classes.values(), shares, strict=True)
        for place in generator.sample(members, share)
    ]
    return _parts(x, y, sorted(picked))


def folds(x: Any, y: Any, count: int = 5, seed: int = 0, stratify: bool = False) -> Iterator[Parts]:
    """Yield, for each fold, all other samples to train on and those of the fold to test with.

    Every sample is in one fold; sizes differ by one at most.

    Args:
        x, y: the samples and targets, as for `split`.
        count: how many folds, at least 2.
        seed: what the choice follows from.
        stratify: whether the samples of a class, as for `split`, shall be shared out too: their
            numbers in the folds differ by one at most.

    Raises:
        DataError: there are fewer samples, or samples of a class, than folds; or not as many in x
            as in y.
        InvalidArgumentError: an argument is not what is described here.

    >>> for x_train, y_train, x_test, y_test in folds([1, 2, 3, 4], [0, 1, 0, 1], count=2):
    ...     print(x_train, x_test)
    [3, 4] [1, 2]
    [1, 2] [3, 4]
    """
    x, y, samples = _samples(x, y)
    count = at_least_one(count, "count")
    if count < 2:
        raise InvalidArgumentError("count must be at least 2, or there is nothing to train on")
    if samples < count:
        raise DataError(f"{samples} samples do not make {count} folds; take fewer folds")
    generator = random.Random(f"folds:{whole(seed, 'seed')}")
    classes = _classes(y) if _flag(stratify) else {0.0: range(samples)}
    order = []
    for value, members in classes.items():
        if len(members) < count:
            raise DataError(
                f"class {value:g} has {len(members)} samples, fewer than there are folds, {count}; "
                "take fewer folds, or do without stratify"
            )
        order += generator.sample(members, len(members))
    # Dealt out one by one, every class and the whole are shared evenly.
    return (_parts(x, y, sorted(order[fold::count])) for fold in range(count))


def _samples(x: Any, y: Any) -> tuple[Any, Any, int]:
    """Return inputs and targets as something whose samples can be picked, and their number."""
    x, y = _pickable(x, "x"), _pickable(y, "y")
    if len(x) != len(y):
        raise DataError(f"x and y must have as many samples, but x has {len(x)} and y has {len(y)}")
    if not len(x):
        raise DataError("x must hold at least one sample, but is empty")
    return x, y, len(x)


def _pickable(values: Any, argument: str) -> Any:
    if is_frame(values):
        # A lazy frame of polars is computed now.
        return values.collect() if type(values).__name__ == "LazyFrame" else values
    if isinstance(values, Sequence) and not isinstance(values, (str, bytes)):
        return values
    if _is_array(values):
        return values
    if isinstance(values, Iterator):
        return list(values)
    raise DataError(
        f"{argument} must be a list, tuple, generator, array or data frame with one entry a "
        f"sample, not {type(values).__name__} {shown(values)}"
    )


def _is_array(values: Any) -> bool:
    return hasattr(values, "tolist") and getattr(values, "ndim", 0) > 0


def _flag(stratify: Any) -> bool:
    if type(stratify).__name__ not in ("bool", "bool_"):  # Python's and NumPy's
        raise InvalidArgumentError(f"stratify must be True or False, not {shown(stratify)}")
    return bool(stratify)


def _classes(y: Any) -> dict[float, Sequence[int]]:
    """Return the places of the samples of each class, the classes in their order."""
    found: dict[float, list[int]] = {}
    for place, row in enumerate(as_rows(y, "y")):
        if len(row) == 1:
            value = row[0]
        elif sorted(row) == [0.0] * (len(row) - 1) + [1.0]:
            value = float(row.index(1.0))
        else:
            raise DataError(
                f"y[{place}] is no class: it must be one number, or have a 1 among 0s, to stratify"
            )
        found.setdefault(value, []).append(place)
    if len(found) == len(y) > 2:
        raise DataError(
            "y has another value in each sample, so that there are no classes; do without stratify"
        )
    return dict(sorted(found.items()))


def _shares(sizes: Sequence[int], total: int) -> list[int]:
    """Return how many of each class to take: in proportion, but at least one, and never all."""
    samples = sum(sizes)
    shares = [min(size - 1, max(1, size * total // samples)) for size in sizes]

    def lack(position: int) -> int:
        """Return how much a class has less than its share, in parts of a sample."""
        return sizes[position] * total - shares[position] * samples

    while sum(shares) < total:
        open_ones = [i for i, size in enumerate(sizes) if shares[i] < size - 1]
        shares[max(open_ones, key=lack)] += 1
    while sum(shares) > total:
        shares[min((i for i, share in enumerate(shares) if share > 1), key=lack)] -= 1
    return shares


def _parts(x: Any, y: Any, test: list[int]) -> Parts:
    tested = set(test)
    train = [place for place in range(len(x)) if place not in tested]
    return _picked(x, train), _picked(y, train), _picked(x, test), _picked(y, test)


def _picked(values: Any, places: list[int]) -> Any:
    """Return some samples, of the kind that all of them are."""
    if isinstance(values, Table):
        return Table(values.array[places])
    if is_frame(values):
        if hasattr(values, "iloc"):
            return values.iloc[places]
        return values.take(places) if hasattr(values, "take") else values[places]
    if _is_array(values):
        return values[places]
    return [values[place] for place in places]
