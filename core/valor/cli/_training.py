"""`valor train` and `valor compile`: a configuration, trained, or only compiled."""

import os
import secrets
import tempfile
import warnings
from typing import Any

import attrs

from valor import config
from valor._manager import PluginManager
from valor._registry import callback
from valor.cli._overrides import overrides
from valor.cli._plugins import manager_of
from valor.cli._results import prediction_table, write_results
from valor.config import Configuration, effective_text
from valor.exceptions import (
    CheckpointError,
    CheckpointWarning,
    ConfigurationError,
    NameConflictError,
    UnknownNameError,
)
from valor.files import PREVIOUS, write_atomically

OK, INTERRUPTED = 0, 130
CHECKPOINT, CONFIGURATION = "checkpoint.valor", "config.toml"  # in the folder of a run
CHOICES = ("one epoch: ", "a long run: ")  # how lines of `Trainer.explain` begin that are its own


def train(options: Any) -> int:
    """Train what a configuration describes; show and write what came of it."""
    plugins = manager_of(options)
    given = config.read(_path(options.config), overrides(options))
    folder = given.tables.output.folder
    if options.resume and folder is None:
        raise ConfigurationError(
            "--resume: there must be a folder with the checkpoint of a run: --output FOLDER, or "
            "folder in the table [output]"
        )
    checkpoint = _checkpoint_in(folder) if options.resume and folder is not None else None
    configuration = _seeded(given, folder if checkpoint else None)
    samples = configuration.samples(plugins)
    listeners, written, remarks = own_listeners(configuration, plugins)
    trainer = configuration.trainer(len(samples.inputs), plugins, listeners)
    arguments = configuration.fit_arguments(samples, plugins)
    if folder is not None:
        _prepare(folder, configuration.place("output", "folder"))
        write_atomically(
            os.path.join(folder, CONFIGURATION), effective_text(configuration, folder, plugins)
        )
        written.append(CONFIGURATION)
    if options.resume and checkpoint is None:
        remarks.append(f"{folder} had no checkpoint to resume from: the run began anew")
    print(trainer.model)
    print(
        f"{len(samples.x)} samples, {trainer.loss.name}, {trainer.optimizer.name}, "
        f"{_seeds(configuration)}",
        flush=True,
    )
    try:
        run = trainer.fit(samples.x, samples.y, resume_from=checkpoint, **arguments)
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
    if run.report is not None and run.report.metrics:
        print(", ".join(f"{name} {value:.6g}" for name, value in run.report.metrics.items()))
    print(f"engine {run.engine}, {run.engine_reason}")
    if written:
        print(f"wrote to {folder}: {' '.join(written)}")
    for remark in remarks:
        print(remark)
    return INTERRUPTED if run.stopped_by == "interrupt" else OK


def _path(given: str | None) -> str | None:
    """Return the configuration file that was named, or that of the run whose folder was."""
    return os.path.join(given, CONFIGURATION) if given and os.path.isdir(given) else given


def _checkpoint_in(folder: str) -> str | None:
    """Return the checkpoint of a folder that can be read: the last, or else the one before it.

    Raises:
        CheckpointError: there are some, but none can be read.
    """
    from valor.checkpoint import read_snapshot

    path = os.path.join(folder, CHECKPOINT)
    there = [each for each in (path, path + PREVIOUS) if os.path.exists(each)]
    for each in there:
        try:
            read_snapshot(each)
        except CheckpointError as error:
            if each is there[-1]:
                raise
            warnings.warn(f"{error}; resuming from that", CheckpointWarning, stacklevel=2)
        else:
            return each
    return None


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


def _seeded(configuration: Configuration, folder: str | None) -> Configuration:
    """Draw the seeds that were not given, so that the run can be told how to be repeated.

    Args:
        configuration: the run.
        folder: that of a run to be resumed, whose seeds are taken instead.
    """
    tables = configuration.tables
    if tables.model.seed is not None:  # then that of the order is known too
        return configuration
    seed: int | None = secrets.randbits(32)
    order = seed
    if folder is not None:
        before = config.read(os.path.join(folder, CONFIGURATION)).tables
        seed, order = before.model.seed, before.training.seed
    tables = attrs.evolve(
        tables,
        model=attrs.evolve(tables.model, seed=seed),
        training=attrs.evolve(tables.training, seed=order),
    )
    return attrs.evolve(configuration, tables=tables)


def _seeds(configuration: Configuration) -> str:
    """Return what to say of the seeds: by their keys where they differ, as --seed sets both."""
    model, order = configuration.tables.model.seed, configuration.tables.training.seed
    return f"seed {model}" if model == order else f"model.seed {model}, training.seed {order}"


def own_listeners(
    configuration: Configuration, plugins: PluginManager
) -> tuple[list[Any], list[str], list[str]]:
    """Return the callbacks of the command itself, the files they write, and remarks."""
    output = configuration.tables.output
    folder, every = output.folder, output.checkpoint_every
    listeners, written, remarks = [], [], []
    if folder is not None:
        files: list[tuple[str, str, dict[str, Any]]] = [
            ("csv_log", "history.csv", {}),
            ("loss_curve", "loss.svg", {}),
        ]
        if every:
            more = {"every_epochs": 0, "every_seconds": every}
            files.append(("checkpoint", CHECKPOINT, more))
        for name, file, more in files:
            path = os.path.join(folder, file)
            try:
                listeners.append(callback(name, plugins=plugins, path=path, **more))
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
