"""From the columns of a table to rows of numbers, and back: categories, one number each.

The number of a category is 1 where a sample has it and 0 elsewhere ("one-hot"). A target of two
categories is one number, 1 for the second: what one output of a network can learn.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, overload

import attrs

from valor._arguments import listed
from valor._data import Rows, truth
from valor.exceptions import DataError, InvalidArgumentError, nearest, shown
from valor.files._categories import (
    Category,
    Place,
    categories_fault,
    categories_of,
    read_number,
    read_value,
    told,
)
from valor.functions import number


def names_of(given: Any, argument: str) -> tuple[str, ...]:
    """Return names of columns as a tuple: a text is one name.

    Raises:
        InvalidArgumentError: it is something else than a text or several, or a name twice.
    """
    expected = "a list of texts"
    if isinstance(given, (Mapping, Set)):
        raise InvalidArgumentError(f"{argument} must be {expected}, not {shown(given)}")
    names = (given,) if isinstance(given, str) else tuple(listed(given, argument, expected))
    if not all(isinstance(name, str) for name in names):
        raise InvalidArgumentError(f"{argument} must be a list of texts, not {shown(list(names))}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgumentError(f"{argument}: column {twice!r} is named twice")
    return names


def _as_names(given: Any) -> tuple[str, ...]:
    return names_of(given, "names")


def _as_categories(given: Mapping[str, Iterable[Category]]) -> dict[str, tuple[Category, ...]]:
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(
            f"categories must be a dict from column to list, not {shown(given)}"
        )
    return {
        name: tuple(listed(values, f"the categories of {shown(name)}"))
        for name, values in given.items()
    }


def _as_threshold(given: Any) -> float:
    threshold = float(number(given, "threshold"))
    if not math.isfinite(threshold):
        raise InvalidArgumentError(f"threshold must be a finite number, not {threshold}")
    return threshold


@attrs.frozen(eq=False)
class Columns(Sequence[str]):
    """Columns of a table, as a network takes or gives them.

    As a sequence, it holds the names of the numbers that they become, such as ``petal`` and
    ``species=setosa``: one name for each number of a row.

    Attributes:
        names: the columns.
        categories: of each categorical column, its values in order: all numbers, or all texts.
        targets: whether these are targets, of which two categories become one number.
        threshold: a prediction for two categories that is larger means the second: 0.5 for
            probabilities, 0 for logits and margins.

    >>> table = [{"petal": 1.5, "species": "b"}, {"petal": 4.0, "species": "a"}, {"petal": 1.0,
    ...     "species": "b"}]
    >>> columns = Columns.of(table, ["petal", "species"], categorical=["species"])
    >>> list(columns), columns.encoded(table[:1])
    (['petal', 'species=a', 'species=b'], [[1.5, 0.0, 1.0]])
    >>> columns.decoded([[1.5, 0.1, 0.7]])
    [[1.5, 'b']]
    """

    names: tuple[str, ...] = attrs.field(converter=_as_names)
    categories: Mapping[str, tuple[Category, ...]] = attrs.field(
        factory=dict, converter=_as_categories
    )
    targets: bool = attrs.field(default=False, kw_only=True)
    threshold: float = attrs.field(default=0.5, kw_only=True, converter=_as_threshold)

    def __attrs_post_init__(self) -> None:
        truth(self.targets, "targets")
        for name, values in self.categories.items():
            fault = categories_fault(values, self.targets)
            if name not in self.names:
                fault = f"are of no column; there are: {', '.join(self.names)}"
            if fault:
                raise InvalidArgumentError(f"the categories of {name!r} {fault}")
        numbers = list(self)
        if len(set(numbers)) < len(numbers):
            twice = next(name for name in numbers if numbers.count(name) > 1)
            raise InvalidArgumentError(f"two numbers would be called {twice!r}; rename a column")

    @classmethod
    def of(
        cls,
        table: Sequence[Mapping[str, Any]],
        names: Iterable[str],
        categorical: Iterable[str] = (),
        *,
        targets: bool = False,
        threshold: float = 0.5,
        source: str = "the table",
    ) -> "Columns":
        """Return columns with the categories that a table has.

        Args:
            table: one dict a sample, from the column's name to its value, as `read_table` gives.
            names: the columns that are meant.
            categorical: which of them hold categories. Those of a column whose values are all
                numbers, or say numbers, are these numbers; else they are texts.
            targets, threshold: as the attributes.
            source: what to call the table in an error.

        Raises:
            DataError: a column is missing; a value is; or a categorical one has more than 1000
                different values, as many as there are samples, or, as a target, but one.
        """
        names, categorical = names_of(names, "names"), names_of(categorical, "categorical")
        targets = truth(targets, "targets")
        check_columns(table, names, source)
        found = {}
        for name in names:
            if name in categorical:
                found[name] = categories_of(table, name, source, targets)
        return cls(names, found, targets=targets, threshold=threshold)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return list(self)[index]

    def __iter__(self) -> Iterator[str]:
        for name in self.names:
            if name in self.categories:
                for category in self.categories[name][self._first(name) :]:
                    yield f"{name}={category}"
            else:
                yield name

    def __len__(self) -> int:
        return sum(map(self._width, self.names))

    def _first(self, name: str) -> int:
        """Return the first category of a column that has a number of its own."""
        return 1 if self.targets and len(self.categories[name]) == 2 else 0

    def _width(self, name: str) -> int:
        return len(self.categories[name]) - self._first(name) if name in self.categories else 1

    def renamed(self, names: Iterable[str]) -> "Columns":
        """Return the same columns under the names they have in another table.

        Raises:
            InvalidArgumentError: there are not as many names.

        >>> Columns(["a", "b"], {"b": ["no", "yes"]}).renamed(["x", "y"]).categories
        {'y': ('no', 'yes')}
        """
        names = names_of(names, "names")
        if len(names) != len(self.names):
            raise InvalidArgumentError(f"there must be {len(self.names)} names, not {len(names)}")
        pairs = dict(zip(self.names, names, strict=True))
        categories = {pairs[name]: values for name, values in self.categories.items()}
        return attrs.evolve(self, names=names, categories=categories)

    def encoded(
        self, table: Sequence[Mapping[str, Any]], source: str = "the table"
    ) -> list[list[float]]:
        """Return a row of numbers for each sample of a table.

        Args:
            table: one dict a sample, as for `of`.
            source: what to call the table in an error.

        Raises:
            DataError: a column is missing, a value is, is no number, or is not among the categories
                of its column.
        """
        check_columns(table, self.names, source)
        units = {name: self._units(name) for name in self.categories}
        rows = []
        for position, row in enumerate(table):
            encoded: list[float] = []
            for name in self.names:
                value = row.get(name)
                if name in units:
                    encoded += self._unit(units[name], value, Place(source, position, name))
                elif value.__class__ is float and math.isfinite(value):
                    encoded.append(value)
                else:
                    encoded.append(read_number(value, Place(source, position, name)))
            rows.append(encoded)
        return rows

    def _units(self, name: str) -> dict[Category, list[float]]:
        """Return the numbers of each category of a column."""
        own = self.categories[name][self._first(name) :]
        return {
            category: [float(category == each) for each in own]
            for category in self.categories[name]
        }

    def _unit(self, units: Mapping[Category, list[float]], value: Any, place: Place) -> list[float]:
        text, said = read_value(value, place)
        categories = self.categories[place.name]
        category = text if isinstance(categories[0], str) else said
        if category is None or category not in units:
            raise DataError(
                f"{place}: {text!r} is none of its categories"
                f"{nearest(text, [*map(str, categories)])}; they are: {told(categories)}"
            )
        return units[category]

    def decoded(self, rows: Iterable[Any]) -> list[Any]:
        """Return what rows of numbers, such as predictions, say of the columns.

        Of a categorical column this is the category with the largest number, the first of equals;
        of one that has but one number, the second where that is more than `threshold`.

        Args:
            rows: one row a sample, or a number where that is all a row has.

        Returns:
            One value a sample, or one list of them where there are several columns.

        Raises:
            DataError: a row has another width, or does not hold numbers.

        >>> Columns(["sick"], {"sick": ["no", "yes"]}, targets=True).decoded([0.2, 0.9])
        ['no', 'yes']
        """
        widths = [self._width(name) for name in self.names]
        result = []
        for position, given in enumerate(listed(rows, "rows", "a list with a row for each sample")):
            try:
                row = list(given) if isinstance(given, Iterable) else [given]
                if len(row) != sum(widths):
                    raise DataError(f"a row must have {sum(widths)} numbers, not {len(row)}")
                ends = itertools.accumulate(widths)
                result.append(
                    [
                        self._meant(name, row[end - width : end])
                        for name, width, end in zip(self.names, widths, ends, strict=True)
                    ]
                )
            except TypeError:  # its values cannot be compared
                raise DataError(f"rows[{position}] must be numbers, not {shown(given)}") from None
        return [values[0] for values in result] if len(self.names) == 1 else result

    def _meant(self, name: str, part: list[float]) -> float | Category:
        """Return what the numbers of a column say."""
        if name not in self.categories:
            return part[0]
        if self._first(name):
            return self.categories[name][bool(part[0] > self.threshold)]
        return self.categories[name][part.index(max(part))]


def selected(path: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Rows:
    """Return some columns of a table, as rows of numbers.

    Raises:
        DataError: a column is missing, or does not hold numbers.

    >>> selected("and.csv", [{"a": 1, "b": 0, "both": 0}], ["b", "a"])
    [[0.0, 1.0]]
    """
    return Columns(columns).encoded(rows, path)


def check_columns(table: Sequence[Mapping[str, Any]], names: Iterable[str], source: str) -> None:
    """Check that a table has columns.

    Raises:
        DataError: one is missing; or the table is something else than a list of dicts.
    """
    if not isinstance(table, Sequence) or isinstance(table, (str, bytes)):
        raise DataError(f"{source} must be a list of dicts, one a sample, not {shown(table)}")
    for position, row in enumerate(table):
        if not isinstance(row, Mapping):
            raise DataError(f"{source}: sample {position + 1} must be a dict, not {shown(row)}")
    if not table:
        raise DataError(f"{source} holds no samples")
    for name in names:
        if name not in table[0]:
            known = list(map(str, table[0]))
            raise DataError(
                f"{source} has no column {name!r}{nearest(name, known)}; "
                f"it has: {', '.join(known)}",
                missing_column=name,
            )
