"""What a training leaves in the folder of its run."""

import contextlib
import os
import shlex
from typing import Any

import attrs

from valor import checkpoint
from valor._manager import PluginManager
from valor._registry import exporter
from valor.cli._folder import GRAPH, MODEL, PREDICTIONS, RUN
from valor.cli._graphs import MOST_READABLE, exported, loss_graph, size_of
from valor.cli._predictions import predicted_header, predicted_rows, rows_of
from valor.cli._text import csv_text, json_text
from valor.exceptions import ValorError
from valor.files import Samples, write_atomically
from valor.trainer import Trainer


def write_results(
    folder: str, trainer: Trainer, samples: Samples, plugins: PluginManager
) -> tuple[list[str], list[str]]:
    """Write the model, its run, its predictions and the graph of its loss to a folder.

    Args:
        folder: the folder, which exists.
        trainer: the trainer, after its run.
        samples: what it was trained on.
        plugins: where the exporter of the graph comes from.

    Returns:
        The names of the files, and what is to be said of them.

    Raises:
        OSError: a file cannot be written.
    """
    checkpoint.save(
        trainer.model,
        os.path.join(folder, MODEL),
        inputs=samples.inputs,
        targets=samples.targets,
        plugins=plugins,
    )
    write_atomically(os.path.join(folder, RUN), _run_text(trainer))
    write_atomically(os.path.join(folder, PREDICTIONS), _predictions_text(trainer, samples))
    written, remark = _write_graph(folder, trainer, samples, plugins)
    return [MODEL, RUN, PREDICTIONS, *written], [remark]


def _run_text(trainer: Trainer) -> str:
    """Return what is to be known of the last run beside its numbers, as JSON."""
    run: Any = trainer.run
    return json_text(
        {
            "engine": run.engine,
            "engine_reason": run.engine_reason,
            "mode": trainer.mode,
            "epochs": run.epochs,
            "completed_epochs": run.completed_epochs,
            "completed_steps": run.completed_steps,
            "stopped_by": run.stopped_by,
            "metrics": dict(run.report.metrics) if run.report else {},
            "hooks": [attrs.asdict(use) for use in run.hooks],
        }
    )


def _predictions_text(trainer: Trainer, samples: Samples) -> str:
    """Return the table of all samples, beside what the network says of them."""
    rows = [
        [*x, *y, *predicted]
        for x, y, predicted in zip(
            rows_of(samples.inputs, samples.x),
            rows_of(samples.targets, samples.y),
            predicted_rows(samples.targets, trainer.predict(samples.x)),
            strict=True,
        )
    ]
    names = [*samples.inputs.names, *samples.targets.names, *predicted_header(samples.targets)]
    return csv_text(names, rows)


def _write_graph(
    folder: str, trainer: Trainer, samples: Samples, plugins: PluginManager
) -> tuple[list[str], str]:
    """Write the graph of the loss, if somebody could read it; return the file, and a remark."""
    path = os.path.join(folder, GRAPH)
    try:
        record = exporter("svg", plugins=plugins)
        root, which = loss_graph(trainer, samples)
        size = size_of(root)
        if size <= MOST_READABLE:
            write_atomically(path, exported(record, root, "svg"))
            return [GRAPH], f"{GRAPH} is the graph of {which}"
        reason = (
            f"the loss of one sample has {size} scalars, more than the {MOST_READABLE} that can "
            f"be read; valor graph {shlex.quote(folder)} --output {GRAPH} draws the network anyway"
        )
    except ValorError as error:
        reason = str(error)
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)  # it would be that of another run
    return [], f"{GRAPH} was not written: {reason}"
