"""The commands of `valor`, each from its parsed options to an exit code."""

import os
import secrets
import sys
import tempfile
from typing import Any

import attrs

from valor import checkpoint, config
from valor._discovery import plugin_manager
from valor._eager import outputs_of
from valor._manager import Plugin, PluginManager
from valor._registry import callback, exporter, reader
from valor.checkpoint import ModelDocument
from valor.cli._results import (
    aligned,
    csv_text,
    exported,
    labelled_outputs,
    loss_graph,
    predicted_names,
    prediction_table,
    write_results,
)
from valor.config import Configuration
from valor.contracts import Exporter, Reader
from valor.exceptions import (
    ConfigurationError,
    DataError,
    InvalidArgumentError,
    NameConflictError,
    UnknownNameError,
)
from valor.files import by_suffix, read_table, selected, write_atomically

OK, INTERRUPTED = 0, 130


def train(options: Any) -> int:
    """Train what a configuration describes; show and write what came of it."""
    plugins = _manager(options)
    configuration = _seeded(config.read(options.config, options.overrides))
    tables = configuration.tables
    samples = configuration.samples(plugins)
    folder = tables.output.folder
    listeners, written, remarks = _listeners(configuration, plugins)
    trainer = configuration.trainer(len(samples.inputs), plugins, listeners)
    if folder is not None:
        _prepare(folder, configuration.place("output", "folder"))
    print(trainer.model)
    print(
        f"{len(samples.x)} samples, {trainer.loss.name}, {trainer.optimizer.name}, "
        f"engine {trainer.engine.name}, {_seeds(configuration)}",
        flush=True,
    )
    try:
        run = trainer.fit(
            samples.x,
            samples.y,
            epochs=tables.training.epochs or 1,
            batch_size=tables.training.batch_size,
            shuffle=tables.training.shuffle,
        )
    except Exception as error:
        if folder is not None and trainer.run is not None and trainer.run.completed_steps:
            try:
                names, _ = write_results(folder, trainer, samples, plugins)
                error.add_note(f"what was completed is in {folder}: {' '.join(names)}")
            except Exception as second:
                error.add_note(f"what was completed could not be written to {folder}: {second}")
        raise
    if folder is not None:
        names, more = write_results(folder, trainer, samples, plugins)
        written, remarks = [*written, *names], [*remarks, *more]
    if run.stopped_by != "epochs":
        by = "interrupted" if run.stopped_by == "interrupt" else f"stopped by {run.stopped_by}"
        print(f"{by} after {run.completed_epochs} of {run.epochs} epochs")
    print("", *prediction_table(trainer, samples), "", sep="\n")
    if written:
        print(f"wrote to {folder}: {' '.join(written)}")
    for remark in remarks:
        print(remark)
    return INTERRUPTED if run.stopped_by == "interrupt" else OK


def predict(options: Any) -> int:
    """Print or write what a model says of the samples of a file."""
    plugins = _manager(options)
    document = checkpoint.read(options.model)
    model = checkpoint.load(options.model, plugins)
    inputs, rows = _inputs(options, document, plugins)
    names = predicted_names(document.targets) or [
        f"predicted_{i + 1}" for i in range(document.widths[-1])
    ]
    predictions = [[float(output) for output in outputs_of(model, row)] for row in rows]
    table = [[*row, *predicted] for row, predicted in zip(rows, predictions, strict=True)]
    _deliver(options.output, csv_text([*inputs, *names], table))
    return OK


def graph(options: Any) -> int:
    """Print or write the graph of a configuration's loss, or of a model's output."""
    configured = options.source.lower().endswith(".toml")
    _check_graph_options(options, configured)
    plugins = _manager(options)
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
        return OK
    format = os.path.splitext(options.output)[1][1:].lower()
    try:
        content = exported(record, root, format)
    except InvalidArgumentError as error:
        raise ConfigurationError(f"--output {options.output}: {error}") from error
    _deliver(options.output, content)
    print(f"wrote to {options.output} the graph of {which}")
    return OK


def plugins(options: Any) -> int:
    """List every plugin: one line each, with columns on a terminal and tabs elsewhere."""
    rows = [_described(plugin) for plugin in _manager(options).plugins]
    if sys.stdout.isatty():
        header = ("state", "distribution", "version", "entry point", "provides, or reason")
        print(*aligned([header, *rows], str.ljust), sep="\n")
    else:
        for row in rows:
            print("\t".join(row))
    return OK


def _manager(options: Any) -> PluginManager:
    """Return the manager of a command, saying of what it blocks which option did."""
    manager = plugin_manager(block=options.blocked)
    for plugin in manager.plugins:
        if any(map(plugin.is_called, options.blocked)):
            plugin.reason = "blocked by -p"
    return manager


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


def _seeded(configuration: Configuration) -> Configuration:
    """Draw the seeds that were not given, so that the run can be told how to be repeated."""
    tables = configuration.tables
    if tables.model.seed is not None:  # then that of the order is known too
        return configuration
    seed = secrets.randbits(32)
    tables = attrs.evolve(
        tables,
        model=attrs.evolve(tables.model, seed=seed),
        training=attrs.evolve(tables.training, seed=seed),
    )
    return attrs.evolve(configuration, tables=tables)


def _seeds(configuration: Configuration) -> str:
    """Return what to say of the seeds: by their keys where they differ, as --seed sets both."""
    model, order = configuration.tables.model.seed, configuration.tables.training.seed
    return f"seed {model}" if model == order else f"model.seed {model}, training.seed {order}"


def _listeners(
    configuration: Configuration, plugins: PluginManager
) -> tuple[list[Any], list[str], list[str]]:
    """Return the callbacks of the command itself, the files they write, and remarks."""
    folder = configuration.tables.output.folder
    listeners, written, remarks = [], [], []
    if folder is not None:
        for name, file in (("csv_log", "history.csv"), ("loss_curve", "loss.svg")):
            path = os.path.join(folder, file)
            try:
                listeners.append(callback(name, plugins=plugins, path=path))
                written.append(file)
            except (UnknownNameError, NameConflictError) as error:
                remarks.append(f"{file} was not written: {error}")
    if not any(named.name == "progress" for named in configuration.tables.callbacks):
        try:
            # The last one given is called first: the last line comes before anything else.
            listeners.append(callback("progress", plugins=plugins))
        except (UnknownNameError, NameConflictError) as error:
            remarks.append(f"progress was not shown: {error}")
    return listeners, written, remarks


def _prepare(folder: str, place: str) -> None:
    """Make the folder, and see that files can be made in it, before anything is computed."""
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        if os.path.exists(folder) and not os.path.isdir(folder):
            reason = "it is a file, not a folder"
        raise ConfigurationError(f"{place}: cannot write to {folder!r}: {reason}") from error


def _inputs(
    options: Any, document: ModelDocument, plugins: PluginManager
) -> tuple[list[str], list[list[float]]]:
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


def _described(plugin: Plugin) -> tuple[str, ...]:
    provides = ", ".join(f"{record.kind} {record.name}" for record in plugin.records)
    cells = (
        plugin.state,
        plugin.distribution or "-",
        plugin.version or "-",
        f"{plugin.name} = {plugin.entry_point}",
        plugin.reason or provides or "lifecycle hooks",
    )
    return tuple(" ".join(cell.split()) for cell in cells)
