"""`valor train` and `valor compile`: a configuration, trained, or only compiled."""

import contextlib
import os
import secrets
import shlex
from typing import Any

import attrs

from valor import config
from valor._manager import PluginManager
from valor._registry import callback
from valor._run import Run
from valor.checkpoint import Snapshot
from valor.cli._folder import CHECKPOINT, CONFIGURATION, CURVE, HISTORY, RunFolder, within
from valor.cli._overrides import overrides
from valor.cli._plugins import manager_of
from valor.cli._predictions import prediction_table
from valor.cli._results import write_results
from valor.config import Configuration
from valor.exceptions import (
    ConfigurationError,
    InvalidArgumentError,
    NameConflictError,
    NonFiniteError,
    UnknownNameError,
)
from valor.files import Samples
from valor.trainer import Trainer

OK, INTERRUPTED = 0, 130
CHOICES = ("one epoch: ", "a long run: ")  # how lines of `Trainer.explain` begin that are its own


def train(options: Any) -> int:
    """Train what a configuration describes; show and write what came of it."""
    plugins = manager_of(options)
    given = config.read(_source(options.config), overrides(options))
    folder = RunFolder.of(given)
    if options.resume and folder is None:
        raise ConfigurationError(
            "--resume: there must be a folder with the checkpoint of a run: --output FOLDER, or "
            "folder in the table [output]"
        )
    with folder or contextlib.nullcontext():
        snapshot = folder.resume() if options.resume and folder is not None else None
        configuration = _seeded(given, folder if snapshot else None)
        samples = configuration.samples(plugins)
        listeners, written, remarks = own_listeners(configuration, plugins, folder)
        trainer = configuration.trainer(len(samples.inputs), plugins, listeners)
        arguments = configuration.fit_arguments(samples, plugins)
        if folder is not None:
            folder.describe(configuration, plugins)
            folder.take()
            arguments["resume_from"] = folder.resumed_from
        print(*_beginning(configuration, trainer, samples), sep="\n")
        if options.resume and folder is not None:
            print(_going_on(folder, snapshot))
        print(end="", flush=True)
        run = _fitted(trainer, samples, arguments, folder, plugins)
        if folder is not None:
            names, more = write_results(folder.path, trainer, samples, plugins)
            remarks += [f"wrote to {folder.path}: {' '.join(sorted([*written, *names]))}", *more]
        if run.stopped_by != "epochs":
            by = "interrupted" if run.stopped_by == "interrupt" else f"stopped by {run.stopped_by}"
            print(f"{by} after {run.completed_epochs} of {run.epochs} epochs")
        print("", *prediction_table(trainer, samples), "", sep="\n")
        print(f"engine {run.engine}, {run.engine_reason}", *remarks, sep="\n")
    if run.stopped_by == "interrupt":
        if folder is not None and CHECKPOINT in written:
            print(f"go on with: valor train {shlex.quote(folder.path)} --resume")
        return INTERRUPTED
    return OK


def _source(given: str | None) -> str | None:
    """Return the configuration file that was named, or that of the run whose folder was."""
    if given is None:
        return None
    if not os.path.exists(given) and not given.endswith(".toml"):
        raise ConfigurationError(
            f"{given}: No such file or directory; here a configuration is expected, or the folder "
            "of a run (names that belong to one option have commas between them, and no blanks)"
        )
    return within(given, CONFIGURATION)


def _beginning(configuration: Configuration, trainer: Trainer, samples: Samples) -> list[str]:
    """Return the lines that say what is trained, and on what."""
    validation = configuration.tables.training.validation
    apart = "" if validation is None else f" and those of {validation} to validate on"
    if isinstance(validation, float):
        apart = f", a share of {validation:g} of them to validate on"
    names = f"{trainer.loss.name}, {trainer.optimizer.name}, {_seeds(configuration)}"
    return [str(trainer.model), f"{len(samples.x)} samples{apart}, {names}"]


def _going_on(folder: RunFolder, snapshot: Snapshot | None) -> str:
    """Return what to say of a run that was to be resumed."""
    if snapshot is None:
        return f"{folder.path} has no checkpoint to resume from: the run begins anew"
    done = snapshot.completed_steps // snapshot.steps_per_epoch
    return f"resumed from {folder.resumed_from}, with {done} epochs done"


def _fitted(
    trainer: Trainer,
    samples: Samples,
    arguments: dict[str, Any],
    folder: RunFolder | None,
    plugins: PluginManager,
) -> Run:
    """Train; if that fails, write what was completed, and say so."""
    try:
        return trainer.fit(samples.x, samples.y, **arguments)
    except Exception as error:
        if trainer.run is None and isinstance(error, InvalidArgumentError):
            raise ConfigurationError(str(error)) from error  # before anything was begun
        if isinstance(error, NonFiniteError):
            error.add_note(
                "a smaller --learning-rate, or --scale-inputs standard, may keep the numbers finite"
            )
        if folder is not None and trainer.run is not None and trainer.run.completed_steps:
            try:
                names, _ = write_results(folder.path, trainer, samples, plugins)
                error.add_note(f"what was completed is in {folder.path}: {' '.join(names)}")
            except Exception as second:
                error.add_note(
                    f"what was completed could not be written to {folder.path}: {second}"
                )
        raise


def compile(options: Any) -> int:
    """Compile what a configuration describes, and tell what came of it."""
    plugins = manager_of(options)
    configuration = config.read(_source(options.config), overrides(options))
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


def _seeded(configuration: Configuration, folder: RunFolder | None) -> Configuration:
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
        before = config.read(within(folder.path, CONFIGURATION)).tables
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
    configuration: Configuration, plugins: PluginManager, folder: RunFolder | None
) -> tuple[list[Any], list[str], list[str]]:
    """Return the callbacks of the command itself, the files they write, and remarks."""
    listeners: list[Any] = []
    written, remarks = [], []
    if folder is not None:
        listeners.append(folder)
        written.append(CONFIGURATION)
        every = configuration.tables.output.checkpoint_every
        files: list[tuple[str, str, dict[str, Any]]] = [
            ("csv_log", HISTORY, {}),
            ("loss_curve", CURVE, {}),
        ]
        if every:
            files.append(("checkpoint", CHECKPOINT, {"every_epochs": 0, "every_seconds": every}))
        for name, file, more in files:
            path = os.path.join(folder.path, file)
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
