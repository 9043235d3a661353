"""`valor train` and `valor compile`: a configuration, trained, or only compiled."""

import os
import secrets
import tempfile
from typing import Any

import attrs

from valor import config
from valor._manager import PluginManager
from valor._registry import callback
from valor.cli._overrides import overrides
from valor.cli._plugins import manager_of
from valor.cli._results import prediction_table, write_results
from valor.config import Configuration
from valor.exceptions import ConfigurationError, NameConflictError, UnknownNameError

OK, INTERRUPTED = 0, 130
CHOICES = ("one epoch: ", "a long run: ")  # how lines of `Trainer.explain` begin that are its own


def train(options: Any) -> int:
    """Train what a configuration describes; show and write what came of it."""
    plugins = manager_of(options)
    configuration = _seeded(config.read(options.config, overrides(options)))
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
        f"{_seeds(configuration)}",
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
    print(f"engine {run.engine}, {run.engine_reason}")
    if written:
        print(f"wrote to {folder}: {' '.join(written)}")
    for remark in remarks:
        print(remark)
    return INTERRUPTED if run.stopped_by == "interrupt" else OK


def compile(options: Any) -> int:
    """Compile what a configuration describes, and tell what came of it."""
    plugins = manager_of(options)
    configuration = config.read(options.config, overrides(options))
    training = configuration.tables.training
    samples = configuration.samples(plugins)
    trainer = configuration.trainer(len(samples.inputs), plugins)
    text = trainer.explain(
        samples.x, samples.y, batch_size=training.batch_size, shuffle=training.shuffle
    )
    if not options.explain:
        # What the engine says first, after the lines about which engine it is.
        lines = text.splitlines()
        text = next((line for line in lines if not line.startswith(CHOICES)), lines[0])
    print(text)
    return OK


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
