"""What a command shows and writes of a model: predictions, the graph of a loss, a run's folder."""

import contextlib
import csv
import io
import json
import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from valor import checkpoint
from valor._eager import outputs_of
from valor._graph import Valor
from valor._manager import PluginManager
from valor._registry import exporter
from valor._traversal import topological_order
from valor.contracts import Exporter, Loss
from valor.exceptions import ConfigurationError, ValorError
from valor.files import Columns, Samples, write_atomically
from valor.trainer import Trainer

MOST_READABLE = 2000  # scalars in a picture of a graph
MOST_SHOWN = 10  # samples in a table on the screen


def _meant(samples: Samples, loss: Loss) -> Samples:
    """Return samples that know from where on an output means the second of two categories.

    It is where the loss takes both for equally right: 0.5 for probabilities, 0 for logits.
    """
    targets = samples.targets
    if not any(len(values) == 2 for values in targets.categories.values()):
        return samples
    width = len(targets)
    for output in (0.5, 0.0):
        with contextlib.suppress(Exception):  # a training is not lost for a question to its loss
            losses = [
                float(loss([Valor(output) for _ in range(width)], [target] * width).data)
                for target in (0.0, 1.0)
            ]
            if math.isclose(*losses, rel_tol=1e-9):
                return attrs.evolve(samples, targets=attrs.evolve(targets, threshold=output))
    return samples


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
    samples = _meant(samples, trainer.loss)
    written, remarks = ["model.json"], []
    path = os.path.join(folder, "model.json")
    checkpoint.save(
        trainer.model, path, inputs=samples.inputs, targets=samples.targets, plugins=plugins
    )
    write_atomically(os.path.join(folder, "run.json"), _run_text(trainer))
    written.append("run.json")
    predictions = trainer.predict(samples.x)
    header = [*samples.inputs.names, *samples.targets.names]
    rows = [
        [*x, *y, *predicted]
        for x, y, predicted in zip(
            rows_of(samples.inputs, samples.x),
            rows_of(samples.targets, samples.y),
            predicted_rows(samples.targets, predictions),
            strict=True,
        )
    ]
    header += predicted_header(samples.targets)
    write_atomically(os.path.join(folder, "predictions.csv"), csv_text(header, rows))
    written.append("predictions.csv")
    try:
        record = exporter("svg", plugins=plugins)
        root, which = loss_graph(trainer, samples)
        write_atomically(os.path.join(folder, "graph.svg"), exported(record, root, "svg"))
        written.append("graph.svg")
        remarks.append(f"graph.svg is the graph of {which}")
    except ValorError as error:
        remarks.append(f"graph.svg was not written: {error}")
    return written, remarks


def _run_text(trainer: Trainer) -> str:
    """Return what is to be known of the last run beside its numbers, as JSON."""
    run: Any = trainer.run
    entries = {
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
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def loss_graph(trainer: Trainer, samples: Samples, sample: int | None = None) -> tuple[Valor, str]:
    """Return the graph of a loss without penalties, with gradients; and in words what it is of.

    Args:
        trainer: whose model and loss to take.
        samples: the data.
        sample: which sample, counted from 1; all if None, or the first where all would make a
            picture that nobody can read.
    """
    count = len(samples.x)
    if sample is not None and not 1 <= sample <= count:
        raise ConfigurationError(f"--sample: expected an int from 1 to {count}, not {sample}")
    root = _sample_loss(trainer, samples, (sample or 1) - 1)
    which = f"the loss of sample {sample or 1}"
    # Samples share nothing but the parameters, so that one tells how large all are.
    size = count * (len(topological_order(root)) - len(trainer.model.parametros()))
    if sample is None and count > 1:
        if size <= MOST_READABLE:
            which = f"the loss of all {count} samples"
            for position in range(1, count):
                root = root + _sample_loss(trainer, samples, position)
            if trainer.loss.reduction == "mean":
                root = root / count
        else:
            which += f"; that of all {count} samples has some {size} scalars, too many to read"
    root.rotulo = "loss"
    root.zero_grad()
    root.propagar_tudo()
    return root, which


def _sample_loss(trainer: Trainer, samples: Samples, position: int) -> Valor:
    x, y = samples.x[position], samples.y[position]
    scaling = trainer.model.scaling
    if scaling is not None:
        (x,), (y,) = scaling.scaled_inputs([x]), scaling.scaled_targets([y])
    outputs = labelled_outputs(trainer.model, x, samples.inputs, samples.targets)
    loss: Valor = trainer.loss.formula(outputs, list(y))
    return loss


def labelled_outputs(
    model: Any, row: Sequence[float], inputs: Sequence[str], targets: Sequence[str]
) -> list[Valor]:
    """Return a model's outputs for one sample, with the columns' names in their graph."""
    sample: list[Any] = [Valor(value, rotulo=name) for value, name in zip(row, inputs, strict=True)]
    outputs = outputs_of(model, sample)
    for output, name in zip(outputs, predicted_names(targets), strict=False):
        output.rotulo = name
    return outputs


def exported(record: Exporter, root: Valor, format: str) -> str | bytes:
    """Return the content of a file with the picture that an exporter makes of a graph."""
    picture = record.formula(root)
    if isinstance(picture, str):
        return picture
    content: bytes = picture.pipe(format)
    return content


def predicted_names(targets: Sequence[str]) -> list[str]:
    """Return what numbers are called that are predicted."""
    return [f"predicted_{name}" for name in targets]


def predicted_header(targets: Columns) -> list[str]:
    """Return the names of the columns of `predicted_rows`."""
    numbers = [name for name in targets if name not in targets.names]
    return [*predicted_names(targets.names), *numbers]


def predicted_rows(targets: Columns, predictions: Sequence[Any]) -> list[list[Any]]:
    """Return predictions as they are shown: what is meant, then the numbers of the categories."""
    numbers = [position for position, name in enumerate(targets) if name not in targets.names]
    rows = [row if isinstance(row, list) else [row] for row in predictions]
    return [
        [*meant, *(row[position] for position in numbers)]
        for meant, row in zip(rows_of(targets, rows), rows, strict=True)
    ]


def rows_of(columns: Columns, rows: Sequence[Sequence[float]]) -> list[list[Any]]:
    """Return rows of numbers as the columns they come from."""
    decoded = columns.decoded(rows)
    return [[value] for value in decoded] if len(columns.names) == 1 else decoded


def csv_text(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table as comma-separated values, numbers to the last bit."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    # The writer of Python gives floats all their digits.
    table.writerows(rows)
    return text.getvalue()


def prediction_table(trainer: Trainer, samples: Samples) -> list[str]:
    """Return the lines of a table with the first predictions beside their targets."""
    samples, shown = _meant(samples, trainer.loss), slice(MOST_SHOWN)
    predictions = [
        row if isinstance(row, list) else [row] for row in trainer.predict(samples.x[shown])
    ]
    header = ["sample"]
    for name in samples.targets.names:
        header += [f"predicted {name}", f"target {name}"]
    cells = [header]
    predicted_and_right = zip(
        rows_of(samples.targets, predictions),
        rows_of(samples.targets, samples.y[shown]),
        strict=True,
    )
    for position, (predicted, target) in enumerate(predicted_and_right, start=1):
        row = [str(position)]
        for pair in zip(predicted, target, strict=True):
            row += [f"{value:.6g}" if isinstance(value, float) else str(value) for value in pair]
        cells.append(row)
    lines = aligned(cells, str.rjust)
    if len(samples.x) > MOST_SHOWN:
        lines.append(f"and {len(samples.x) - MOST_SHOWN} more samples")
    return lines


def aligned(cells: Sequence[Sequence[str]], justify: Callable[[str, int], str]) -> list[str]:
    """Return the lines of a table, its columns as wide as they need to be.

    >>> aligned([["a", "bc"], ["def", "g"]], str.ljust)
    ['a    bc', 'def  g']
    """
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(justify(text, width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
