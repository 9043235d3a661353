"""Predictions as people read them: by the names of their columns, categories by theirs."""

from collections.abc import Sequence
from typing import Any

from valor.cli._text import aligned
from valor.files import Columns, Samples
from valor.trainer import Trainer

MOST_SHOWN = 10  # samples in a table on the screen


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


def prediction_table(trainer: Trainer, samples: Samples) -> list[str]:
    """Return the lines of a table with the first predictions beside their targets."""
    shown = slice(MOST_SHOWN)
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
