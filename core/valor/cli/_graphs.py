"""Graphs of computations, as a command draws them: of a loss, and of what a network gives."""

from collections.abc import Sequence
from typing import Any

from valor._eager import outputs_of
from valor._graph import Valor
from valor._traversal import topological_order
from valor.cli._predictions import predicted_names
from valor.contracts import Exporter
from valor.exceptions import ConfigurationError
from valor.files import Samples
from valor.trainer import Trainer

MOST_READABLE = 2000  # scalars in a picture of a graph


def loss_graph(trainer: Trainer, samples: Samples, sample: int | None = None) -> tuple[Valor, str]:
    """Return the graph of a loss, without penalties and weights; and in words what it is of.

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
    size = count * (size_of(root) - len(trainer.model.parametros()))
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


def size_of(root: Valor) -> int:
    """Return how many scalars a graph has."""
    return len(topological_order(root))


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
