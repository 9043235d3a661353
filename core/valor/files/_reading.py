"""The plugin meant for a file, and tables of samples read through it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from valor._arguments import path_of
from valor._data import Rows
from valor._discovery import manager_for
from valor._manager import PluginManager
from valor._registry import left_out, providers, resolve
from valor.contracts import Exporter, Reader
from valor.exceptions import DataError, FormulaError, InvalidArgumentError, UnknownNameError, shown
from valor.files._categories import Place
from valor.files._columns import Columns, check_columns, names_of

S = TypeVar("S", Reader, Exporter)


def by_suffix(kind: type[S], path: str, plugins: PluginManager | None = None) -> S:
    """Return the reader or exporter for a file; of several, the one that was loaded first.

    Args:
        kind: `Reader` or `Exporter`.
        path: the file.
        plugins: the manager to look in; the default one if None.

    Raises:
        InvalidArgumentError: an argument is not what is described here.
        UnknownNameError: none is meant for the file.

    >>> by_suffix(Reader, "data.csv").name
    'csv'
    """
    if not (isinstance(kind, type) and issubclass(kind, (Reader, Exporter))):
        raise InvalidArgumentError(f"kind must be Reader or Exporter, not {shown(kind)}")
    manager, path = manager_for(plugins), path_of(path)
    suffix = os.path.splitext(path)[1].lower()
    known = []
    for name, provided in providers(manager, kind).items():
        _, record = provided[0]
        if suffix in record.suffixes:
            return record
        known.append(f"{name} ({' '.join(record.suffixes)})")
    raise UnknownNameError(
        f"no {kind.kind} is meant for {path!r} by its suffix; there are: "
        f"{', '.join(known) or 'none'}{left_out(manager)}"
    )


def read_table(
    path: str,
    reader: Reader,
    columns: Sequence[str] | None = None,
    texts: Sequence[str] = (),
) -> list[Mapping[str, Any]]:
    """Return the rows of a file: one dict a sample, from the column's name to its value.

    Args:
        path: the file.
        reader: what reads it. If it has hyperparameters `columns` and `texts`, it is told these.
        columns: the columns that are wanted; all if None.
        texts: those of them that may hold texts.

    Raises:
        DataError: the reader refuses the file.
        InvalidArgumentError: an argument is not what is described here.
        FormulaError: the reader returned something other than rows.

    >>> import tempfile
    >>> from valor.files import write_atomically
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/and.csv", "a,b,both\\n1,1,yes\\n1,0,no\\n")
    ...     read_table(f"{folder}/and.csv", by_suffix(Reader, "and.csv"), ["a", "both"], ["both"])
    [{'a': 1.0, 'both': 'yes'}, {'a': 1.0, 'both': 'no'}]
    """
    path, reader = path_of(path), resolve(Reader, reader, None, "reader")
    named = names_of(texts, "texts")
    if columns is not None and "columns" in reader.hyperparameters:
        reader = reader.bind(columns=list(names_of(columns, "columns")))
    if named and "texts" in reader.hyperparameters:
        reader = reader.bind(texts=list(named))
    rows = reader.formula(path)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise FormulaError(f"{reader} must return a list of dicts, one a sample, not {shown(rows)}")
    if not rows:
        raise DataError(f"{path}: it holds no samples")
    # Found out only when the model is saved, a column without a name would cost a training.
    if not all(isinstance(column, str) and column for column in rows[0]):
        raise FormulaError(
            f"{reader} must name every column by a text that is not empty, not {shown([*rows[0]])}"
        )
    return rows


@attrs.frozen(eq=False)
class Samples:
    """The data of a run.

    Attributes:
        x, y: one row of numbers a sample.
        inputs, targets: the columns they come from; as sequences, the names of their numbers.
        weights: one number a sample, where there is a column of them.

    >>> columns = Columns(["a", "b"]), Columns(["both"], targets=True)
    >>> list(Samples([[0.0, 1.0]], [[1.0]], *columns).inputs)
    ['a', 'b']
    """

    x: Rows
    y: Rows
    inputs: Columns
    targets: Columns
    weights: Sequence[float] | None = None

    def like(self, path: str, reader: Reader) -> tuple[Rows, Rows]:
        """Return the inputs and targets of another file, by the same columns and categories.

        Raises:
            DataError: the file cannot be used, or lacks a column or a category.
        """
        columns = self.inputs, self.targets
        names = [name for each in columns for name in each.names]
        texts = [name for each in columns for name in each.categories]
        table = read_table(path, reader, names, texts)
        x, y = (each.encoded(table, path) for each in columns)
        return x, y


def read_samples(
    path: str | os.PathLike[str],
    *,
    target: str | Iterable[str],
    inputs: str | Iterable[str] | None = None,
    categorical: str | Iterable[str] = (),
    threshold: float = 0.5,
    weight: str | None = None,
    reader: str | Reader | None = None,
    plugins: PluginManager | None = None,
) -> Samples:
    """Return the samples of a file, as a trainer takes them.

    Args:
        path: the file.
        target: the column to predict, or several.
        inputs: the columns to predict it from; all others if None.
        categorical: the columns, among both, that hold categories: see `Columns`.
        threshold: likewise, for a target of two categories: 0 if the network is to give logits.
        weight: the column of the samples' weights, which is no input; none if None.
        reader: the name or the record of what reads the file; by its suffix if None.
        plugins: the manager to look the reader up in; the default one if None.

    Raises:
        DataError: the file cannot be used, or lacks a column.
        InvalidArgumentError: a column is an input and a target, or is categorical and neither, or
            holds the weights and is one; or there is no target, or no input.
        UnknownNameError, NameConflictError: there is no such reader, or more than one.

    >>> import tempfile
    >>> from valor.files import write_atomically
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/pets.csv", "kg,pet\\n4,cat\\n30,dog\\n5,cat\\n")
    ...     samples = read_samples(f"{folder}/pets.csv", target="pet", categorical="pet")
    >>> samples.x, samples.y, list(samples.targets)
    ([[4.0], [30.0], [5.0]], [[0.0], [1.0], [0.0]], ['pet=dog'])
    """
    path = path_of(path)
    if weight is not None and not isinstance(weight, str):
        raise InvalidArgumentError(f"weight must be the name of a column, not {shown(weight)}")
    targets, categorical = names_of(target, "target"), names_of(categorical, "categorical")
    chosen = None if inputs is None else names_of(inputs, "inputs")
    if not targets:
        raise InvalidArgumentError("target must name at least one column")
    if reader is None:
        record = by_suffix(Reader, path, plugins)
    else:
        record = resolve(Reader, reader, plugins, "reader")
    for name in chosen or ():
        if name in targets:
            raise InvalidArgumentError(f"column {name!r} is a target, so it cannot be an input too")
    wanted = None if chosen is None else (*chosen, *targets)
    if weight is not None and weight in (*(chosen or ()), *targets):
        raise InvalidArgumentError(
            f"column {weight!r} holds the weights, so it cannot be an input or a target"
        )
    for name in categorical:
        if name == weight or (wanted is not None and name not in wanted):
            raise InvalidArgumentError(
                f"column {name!r} is categorical, but neither an input nor a target"
            )
    try:
        weighing = () if weight is None else (weight,)
        if wanted is not None:
            wanted = (*wanted, *weighing)
        table = read_table(path, record, wanted, categorical)
        check_columns(table, (*targets, *categorical, *weighing), path)
        if chosen is None:
            chosen = tuple(name for name in table[0] if name not in (*targets, *weighing))
        if not chosen:
            raise InvalidArgumentError("there must be a column left to predict from")
        found = [
            Columns.of(
                table,
                names,
                [name for name in names if name in categorical],
                targets=names is targets,
                threshold=threshold,
                source=path,
            )
            for names in (chosen, targets)
        ]
        x, y = (columns.encoded(table, path) for columns in found)
        weights = None if weight is None else _weights(table, weight, path)
    except DataError as error:
        if error.text_column in (None, weight):
            raise
        raise DataError(
            f"{error}; if the column holds categories, name it as categorical",
            text_column=error.text_column,
        ) from error
    inputs_found, targets_found = found
    return Samples(x, y, inputs_found, targets_found, weights)


def _weights(table: Sequence[Mapping[str, Any]], column: str, path: str) -> list[float]:
    """Return the weight of each sample."""
    weights = [row[0] for row in Columns([column]).encoded(table, path)]
    for position, weight in enumerate(weights):
        if weight < 0:
            raise DataError(
                f"{Place(path, position, column)}: a weight must not be negative, but is {weight:g}"
            )
    return weights
