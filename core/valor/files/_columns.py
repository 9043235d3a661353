"""From the columns of a table to rows of numbers, and back: categories, one number each.

The number of a category is 1 where a sample has it and 0 elsewhere ("one-hot"). A target of two
categories is one number, 1 for the second: what one output of a network can learn.
"""

import math
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple, TypeAlias, overload

import attrs

from valor._data import Rows
from valor._frames import is_missing
from valor._rows import LARGEST_EXACT_INT
from valor.exceptions import DataError, InvalidArgumentError, InvalidNumberError, nearest, shown
from valor.functions import number

Category: TypeAlias = int | float | str

MOST_CATEGORIES = 1000
MOST_NAMED = 8  # categories in an error


def names_of(given: Any, argument: str) -> tuple[str, ...]:
    """Return names of columns as a tuple: a text is one name.

    Raises:
        InvalidArgumentError: it is something else than a text or several, or a name twice.
    """
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, Iterable) or isinstance(names, (bytes, Mapping, Set)):
        raise InvalidArgumentError(f"{argument} must be a list of texts, not {shown(given)}")
    names = tuple(names)
    if not all(isinstance(name, str) for name in names):
        raise InvalidArgumentError(f"{argument} must be a list of texts, not {shown(list(names))}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgumentError(f"{argument}: column {twice!r} is named twice")
    return names


def _as_names(given: Any) -> tuple[str, ...]:
    return names_of(given, "names")


def _as_categories(given: Mapping[str, Iterable[Category]]) -> dict[str, tuple[Category, ...]]:
    return {name: tuple(values) for name, values in given.items()}


@attrs.frozen(eq=False)
class Columns(Sequence[str]):
    """Columns of a table, as a network takes or gives them.

    As a sequence, it holds the names of the numbers that they become, such as ``petal`` and
    ``species=setosa``: one name for each number of a row.

    Attributes:
        names: the columns.
        categories: of each categorical column, its values in order: all numbers, or all texts.
        targets: whether these are targets, of which two categories become one number.
        threshold: from where on a prediction for one of two categories means the second.

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
    threshold: float = attrs.field(default=0.5, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for name, values in self.categories.items():
            fault = categories_fault(values, self.targets)
            if name not in self.names:
                fault = f"are of no column; there are: {', '.join(self.names)}"
            if fault:
                raise InvalidArgumentError(f"the categories of {name!r} {fault}")

    @classmethod
    def of(
        cls,
        table: Sequence[Mapping[str, Any]],
        names: Iterable[str],
        categorical: Iterable[str] = (),
        *,
        targets: bool = False,
        source: str = "the table",
    ) -> "Columns":
        """Return columns with the categories that a table has.

        Args:
            table: one dict a sample, from the column's name to its value, as `read_table` gives.
            names: the columns that are meant.
            categorical: which of them hold categories. Those of a column whose values are all
                numbers, or say numbers, are these numbers; else they are texts.
            targets: whether they are targets.
            source: what to call the table in an error.

        Raises:
            DataError: a column is missing; a value is; or a categorical one has more than 1000
                different values, as many as there are samples, or, as a target, but one.
        """
        names, categorical = names_of(names, "names"), names_of(categorical, "categorical")
        check_columns(table, names, source)
        found = {}
        for name in names:
            if name in categorical:
                values = _categories(table, name, source)
                fault = _unlikely(values, len(table), targets)
                if fault:
                    raise DataError(f"{source}: column {name!r} {fault}")
                found[name] = values
        return cls(names, found, targets=targets)

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

        >>> Columns(["a", "b"], {"b": ["no", "yes"]}).renamed(["x", "y"]).categories
        {'y': ('no', 'yes')}
        """
        names = tuple(names)
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
                place = _Place(source, position, name)
                if name in units:
                    encoded += self._unit(units[name], row.get(name), place)
                else:
                    encoded.append(_number(row.get(name), place))
            rows.append(encoded)
        return rows

    def _units(self, name: str) -> dict[Category, list[float]]:
        """Return the numbers of each category of a column."""
        own = self.categories[name][self._first(name) :]
        return {
            category: [float(category == each) for each in own]
            for category in self.categories[name]
        }

    def _unit(
        self, units: Mapping[Category, list[float]], value: Any, place: "_Place"
    ) -> list[float]:
        text, said = _read(value, place)
        categories = self.categories[place.name]
        category = text if isinstance(categories[0], str) else said
        if category is None or category not in units:
            raise DataError(
                f"{place}: {text!r} is none of its categories"
                f"{nearest(text, [*map(str, categories)])}; they are: {_told(categories)}"
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

        >>> Columns(["sick"], {"sick": ["no", "yes"]}, targets=True).decoded([0.2, 0.9])
        ['no', 'yes']
        """
        result = []
        for given in rows:
            row = list(given) if isinstance(given, Iterable) else [given]
            if len(row) != len(self):
                raise DataError(
                    f"a row must have {len(self)} numbers ({', '.join(self)}), not {len(row)}"
                )
            values: list[Any] = []
            for name in self.names:
                part, row = row[: self._width(name)], row[self._width(name) :]
                if name not in self.categories:
                    values += part
                elif self._first(name):
                    values.append(self.categories[name][part[0] > self.threshold])
                else:
                    values.append(self.categories[name][part.index(max(part))])
            result.append(values)
        return [values[0] for values in result] if len(self.names) == 1 else result


def selected(path: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Rows:
    """Return some columns of a table, as rows of numbers.

    Raises:
        DataError: a column is missing, or does not hold numbers.

    >>> selected("and.csv", [{"a": 1, "b": 0, "both": 0}], ["b", "a"])
    [[0.0, 1.0]]
    """
    return Columns(columns).encoded(rows, path)


def categories_fault(values: Any, targets: bool) -> str:
    """Return what is wrong with the categories of a column, or ""."""
    real = [value for value in values if type(value) in (int, float) and math.isfinite(value)]
    texts = [value for value in values if isinstance(value, str) and value]
    if len(values) not in (len(real), len(texts)):
        return f"must be all finite numbers or all texts, not {shown(list(values))}"
    if len(set(values)) < len(values):
        return f"must differ from each other, not {shown(list(values))}"
    least = 2 if targets else 1
    return "" if len(values) >= least else f"must be at least {least}, not {shown(list(values))}"


def _unlikely(values: Sequence[Category], samples: int, targets: bool) -> str:
    """Return why values are taken for no categories, or ""."""
    if targets and len(values) == 1:
        return f"has only one value, {values[0]!r}: there is nothing to predict"
    if len(values) > MOST_CATEGORIES:
        return (
            f"has {len(values)} different values, more than the {MOST_CATEGORIES} that categories "
            "may be; give it as a number, or leave it out"
        )
    if len(values) == samples > 1:
        return (
            f"has a different value in each of the {samples} samples, so that they are no "
            "categories; give it as a number, or leave it out"
        )
    return ""


def _categories(table: Sequence[Mapping[str, Any]], name: str, source: str) -> tuple[Category, ...]:
    """Return the different values of a column: numbers in their order, or else texts in theirs."""
    read = dict.fromkeys(
        _read(row.get(name), _Place(source, position, name)) for position, row in enumerate(table)
    )
    said = {said for _, said in read if said is not None}
    if all(said is not None for _, said in read):
        return tuple(sorted(said))
    return tuple(sorted({text for text, _ in read}))


class _Place(NamedTuple):
    """Where a value stands, for an error."""

    source: str
    position: int
    name: str

    def __str__(self) -> str:
        return f"{self.source}: sample {self.position + 1}, column {self.name!r}"


def _read(value: Any, place: _Place) -> tuple[str, int | float | None]:
    """Return a value as a text, and the number that it is or says, if it does.

    A text says a number if it is what Python would write for it: "007" and "3.10" are names.
    """
    if isinstance(value, str):
        text = value.strip()
        if not text:
            raise _missing(value, place)
        return text, _said(text)
    if is_missing(value):
        raise _missing(value, place)
    try:
        number(value)
    except InvalidNumberError:  # a bool, a date, an int larger than any float
        return str(value), None
    text = str(int(value)) if isinstance(value, numbers.Integral) else repr(float(value))
    said = _said(text)
    return text if said is None else str(said), said


def _said(text: str) -> int | float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) <= LARGEST_EXACT_INT:
        return int(value) if text in (str(int(value)), repr(value)) else None
    return value if text == repr(value) else None


def _number(value: Any, place: _Place) -> float:
    if is_missing(value) or value == "":
        raise _missing(value, place)
    try:
        result = float(number(value))
    except InvalidNumberError:
        raise DataError(
            f"{place}: expected a number, not {shown(value)}", text_column=place.name
        ) from None
    if not math.isfinite(result):
        raise DataError(f"{place}: expected a finite number, not {result}")
    return result


def check_columns(table: Sequence[Mapping[str, Any]], names: Iterable[str], source: str) -> None:
    """Check that a table has columns.

    Raises:
        DataError: one is missing.
    """
    for name in names:
        if name not in table[0]:
            known = list(table[0])
            raise DataError(
                f"{source} has no column {name!r}{nearest(name, known)}; "
                f"it has: {', '.join(known)}",
                missing_column=name,
            )


def _missing(value: Any, place: _Place) -> DataError:
    return DataError(f"{place}: the value is missing ({value!r})")


def _told(categories: Sequence[Category]) -> str:
    text = ", ".join(map(repr, categories[:MOST_NAMED]))
    more = len(categories) - MOST_NAMED
    return f"{text} and {more} more" if more > 0 else text
