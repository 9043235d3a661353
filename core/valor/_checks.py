"""What a trainer checks of a model before it begins: its parameters, and its fit to the data."""

import time
from collections.abc import Sequence
from typing import Any

from valor._data import Rows
from valor._eager import outputs_of
from valor._graph import Valor
from valor.exceptions import DataError, InvalidArgumentError, shown
from valor.functions import number


def parameters_of(model: Any) -> list[Valor]:
    """Return a model's parameters, after a look at what a hand-written model gives.

    Raises:
        InvalidArgumentError: `parametros()` gives something else than a list of different Valor.
        InvalidNumberError: a parameter holds something else than a number.
    """
    parameters = model.parametros()
    if not isinstance(parameters, (list, tuple)) or not parameters:
        raise InvalidArgumentError(
            f"model.parametros() must return a list of Valor, not {shown(parameters)}"
        )
    for position, parameter in enumerate(parameters):
        if not isinstance(parameter, Valor):
            raise InvalidArgumentError(
                f"model.parametros()[{position}] must be a Valor, not {shown(parameter)}"
            )
        number(parameter.data, f"data of parameter {parameter.rotulo or position!r}")
    if len(dict.fromkeys(parameters)) < len(parameters):
        raise InvalidArgumentError("model.parametros() must list each parameter once")
    return list(parameters)


def first_outputs(model: Any, inputs: Sequence[Sequence[float]]) -> list[Valor]:
    """Return what a model says of the first sample.

    Raises:
        DataError: the model takes another number of values than a sample has.
    """
    try:
        return outputs_of(model, inputs[0])
    except InvalidArgumentError as error:
        remedy = ""
        if len(inputs[0]) == 1:
            remedy = "; each entry of x is a sample, so that a single one is given as [[…]]"
        raise DataError(f"x does not fit the model: {error}{remedy}") from error


def check_widths(model: Any, inputs: Rows, targets: Rows) -> float:
    """Check that data fit a model, and return the seconds of the forward call that this took.

    Raises:
        DataError: the model takes or gives another number of values than a sample has.
    """
    start = time.perf_counter()
    outputs = first_outputs(model, inputs)
    seconds = time.perf_counter() - start
    if len(outputs) != len(targets[0]):
        remedy = ""
        if len(targets[0]) == 1:
            remedy = "; where y holds classes, give each sample a row: 1 for its class, 0 elsewhere"
        raise DataError(
            f"y must have {len(outputs)} values a sample, as many as the model has outputs, "
            f"not {len(targets[0])}{remedy}"
        )
    return seconds
