"""`valor predict` and `valor graph`: what a model says, and what it is computed from."""

import os
from typing import Any

from valor import checkpoint, config
from valor._data import Rows
from valor._eager import outputs_of
from valor._manager import PluginManager
from valor._registry import exporter, reader
from valor.checkpoint import ModelDocument
from valor.cli._plugins import manager_of
from valor.cli._results import csv_text, exported, labelled_outputs, loss_graph, predicted_names
from valor.contracts import Exporter, Reader
from valor.exceptions import ConfigurationError, DataError, InvalidArgumentError
from valor.files import by_suffix, read_table, selected, write_atomically


def predict(options: Any) -> int:
    """Print or write what a model says of the samples of a file."""
    plugins = manager_of(options)
    document = checkpoint.read(options.model)
    model = checkpoint.load(options.model, plugins)
    inputs, rows = _inputs(options, document, plugins)
    names = predicted_names(document.targets) or [
        f"predicted_{i + 1}" for i in range(document.widths[-1])
    ]
    predictions = [[float(output) for output in outputs_of(model, row)] for row in rows]
    table = [[*row, *predicted] for row, predicted in zip(rows, predictions, strict=True)]
    _deliver(options.output, csv_text([*inputs, *names], table))
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


def _inputs(
    options: Any, document: ModelDocument, plugins: PluginManager
) -> tuple[list[str], Rows]:
    """Return the names of a model's inputs, and their numbers in the file of the data."""
    record = (
        by_suffix(Reader, options.data, plugins)
        if options.reader is None
        else reader(options.reader, plugins=plugins)
    )
    columns = options.inputs or document.inputs or None
    try:
        table = read_table(options.data, record, columns)
    except DataError as error:
        if options.inputs is None or error.missing_column not in options.inputs:
            raise
        raise ConfigurationError(f"--inputs: {error}") from error
    columns = list(columns or table[0])
    if len(columns) != document.widths[0]:
        raise DataError(
            f"{options.data}: the model has {document.widths[0]} inputs, but there are "
            f"{len(columns)} columns: {', '.join(columns)}; choose with --inputs"
        )
    return columns, selected(options.data, table, columns)


def _output_graph(options: Any, plugins: PluginManager) -> tuple[Any, str]:
    """Return the graph of a model's first output, and in words what it is of."""
    document = checkpoint.read(options.source)
    model = checkpoint.load(options.source, plugins)
    names = list(document.inputs) or [f"x{i + 1}" for i in range(document.widths[0])]
    row, which = [0.0] * len(names), "inputs of 0"
    if options.data is not None:
        names, rows = _inputs(options, document, plugins)
        sample = 1 if options.sample is None else options.sample
        if not 1 <= sample <= len(rows):
            raise ConfigurationError(
                f"--sample: expected an int from 1 to {len(rows)}, not {sample}"
            )
        row, which = rows[sample - 1], f"sample {sample}"
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
