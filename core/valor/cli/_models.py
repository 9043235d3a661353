"""`valor predict` and `valor graph`: what a model says, and what it is computed from."""

import os
from collections.abc import Sequence
from typing import Any

from valor import checkpoint, config
from valor._data import Rows
from valor._manager import PluginManager
from valor._registry import exporter, reader
from valor.checkpoint import ModelDocument
from valor.cli._folder import MODEL, within
from valor.cli._graphs import exported, labelled_outputs, loss_graph
from valor.cli._plugins import manager_of
from valor.cli._predictions import predicted_header, predicted_rows, rows_of
from valor.cli._text import csv_text
from valor.contracts import Exporter, Reader
from valor.exceptions import ConfigurationError, DataError, InvalidArgumentError
from valor.files import Columns, by_suffix, read_table, write_atomically


def predict(options: Any) -> int:
    """Print or write what a model says of the samples of a file."""
    plugins = manager_of(options)
    path = within(options.model, MODEL)
    document = checkpoint.read(path)
    model = checkpoint.load(path, plugins)
    inputs, rows = _inputs(options, document, plugins)
    # As they would be called after the targets, had the file kept their names.
    numbered = [str(i + 1) for i in range(document.widths[-1])]
    targets = document.targets if len(document.targets) else Columns(numbered, targets=True)
    table = [
        [*row, *predicted]
        for row, predicted in zip(
            rows_of(inputs, rows),
            predicted_rows(targets, model.predict(rows, plugins)),
            strict=True,
        )
    ]
    _deliver(options.output, csv_text([*inputs.names, *predicted_header(targets)], table))
    return 0


def graph(options: Any) -> int:
    """Print or write the graph of a configuration's loss, or of a model's output."""
    configured = options.source.lower().endswith(".toml")
    _check_graph_options(options, configured)
    plugins = manager_of(options)
    if options.exporter is not None:
        record = exporter(options.exporter, plugins=plugins)
    elif options.output is not None:
        record = by_suffix(Exporter, options.output, plugins)
    else:
        record = exporter("dot", plugins=plugins)
    if configured:
        configuration = config.read(options.source)
        samples = configuration.samples(plugins)
        trainer = configuration.trainer(len(samples.inputs), plugins)
        root, which = loss_graph(trainer, samples, options.sample)
    else:
        root, which = _output_graph(options, plugins)
    if options.output is None:
        picture = record.formula(root)
        print(picture if isinstance(picture, str) else picture.source)
        return 0
    format = os.path.splitext(options.output)[1][1:].lower()
    try:
        content = exported(record, root, format)
    except InvalidArgumentError as error:
        raise ConfigurationError(f"--output {options.output}: {error}") from error
    _deliver(options.output, content)
    print(f"wrote to {options.output} the graph of {which}")
    return 0


def _check_graph_options(options: Any, configured: bool) -> None:
    """Refuse the options that would change nothing of this graph."""
    if configured:
        useless, why = ("data", "inputs", "reader"), "a configuration says itself what its data are"
    elif options.data is None:
        useless, why = ("sample", "inputs", "reader"), "without --data a model file has no samples"
    else:
        return
    for name in useless:
        if getattr(options, name) is not None:
            raise ConfigurationError(f"--{name}: {why}\n(see valor graph --help)")


def _inputs(options: Any, document: ModelDocument, plugins: PluginManager) -> tuple[Columns, Rows]:
    """Return the columns of a model's inputs, and their numbers in the file of the data."""
    record = (
        by_suffix(Reader, options.data, plugins)
        if options.reader is None
        else reader(options.reader, plugins=plugins)
    )
    columns, chosen = document.inputs, options.inputs
    try:
        if chosen is not None:
            # As many as before are the same ones; else they may be those of the numbers.
            same = len(chosen) == len(columns.names)
            columns = columns.renamed(chosen) if same else Columns(chosen)
        table = read_table(options.data, record, columns.names or None, [*columns.categories])
        columns = columns if columns.names else Columns(tuple(table[0]))
        if len(columns) != document.widths[0]:
            raise DataError(
                f"{options.data}: the model has {document.widths[0]} inputs, but there are "
                f"{len(columns)} columns: {', '.join(columns)}; choose with --inputs"
            )
        return columns, columns.encoded(table, options.data)
    except DataError as error:
        if chosen is None or error.missing_column not in chosen:
            raise
        raise ConfigurationError(f"--inputs: {error}") from error
    except InvalidArgumentError as error:  # a name twice
        raise ConfigurationError(f"--inputs: {error}") from error


def _output_graph(options: Any, plugins: PluginManager) -> tuple[Any, str]:
    """Return the graph of a model's first output, and in words what it is of."""
    path = within(options.source, MODEL)
    document = checkpoint.read(path)
    model = checkpoint.load(path, plugins)
    names: Sequence[str] = document.inputs
    if not names:
        names = [f"x{i + 1}" for i in range(document.widths[0])]
    row, which = [0.0] * len(names), "inputs of 0"
    if options.data is not None:
        names, rows = _inputs(options, document, plugins)
        sample = 1 if options.sample is None else options.sample
        if not 1 <= sample <= len(rows):
            raise ConfigurationError(
                f"--sample: expected an int from 1 to {len(rows)}, not {sample}"
            )
        row, which = rows[sample - 1], f"sample {sample}"
    if model.scaling is not None:
        (row,) = model.scaling.scaled_inputs([row])
        which += ", in scaled numbers"
    outputs = labelled_outputs(model, row, names, document.targets)
    outputs[0].propagar_tudo()
    first = "the output" if len(outputs) == 1 else f"the first of {len(outputs)} outputs"
    return outputs[0], f"{first} for {which}"


def _deliver(path: str | None, content: str | bytes) -> None:
    """Write to a file, or print."""
    if path is None:
        print(content, end="")
        return
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ConfigurationError(
            f"--output: cannot write {path!r}: {error.strerror or error}"
        ) from error
