"""Short programs written out: what is wanted, in lanes, and nothing else."""

import math
from typing import Any

import numpy as np
import pytest

from valor import Valor
from valor.functions import TABLE, exp, maximum, sqrt, where
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Scalars, derive
from valor_plugins.engines.native.emit.evaluate import evaluate, forward_only, poison
from valor_plugins.engines.native.emit.operations import emit
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.trace import Tracer

from ..programs import interpreted

WIDTHS = [1, 2, 4, 8]


def formula(x: Any, y: Any) -> tuple[Any, ...]:
    z = where(x > y, exp(x), maximum(x, y)) * x
    return z, z - y / 2, sqrt(y) + TABLE["power"](x, y), 0.5


def traced() -> tuple[Scalars, list[int]]:
    tracer = Tracer()
    results = formula(*tracer.numbers(ops.INPUT, 2))
    return forward_only(tracer.tape), [tracer.id_of(each) for each in results]


@pytest.mark.parametrize("width", WIDTHS)
def test_wanted_scalars_in_lanes(executed: Any, width: int) -> None:
    scalars, wanted = traced()
    given = np.array([np.linspace(-2, 2, width), np.linspace(3, -1, width)])
    results = np.zeros((len(wanted), width))

    def write(writer: Writer) -> None:
        def leaf(code: int, index: int) -> str:
            assert code == ops.INPUT
            return writer.load(writer.at("%given", 8 * width * index), width)

        for k, name in enumerate(evaluate(writer, scalars, leaf, wanted, width)):
            writer.store(name, writer.at("%results", 8 * width * k), width)

    executed(write, given=given, results=results)
    for lane in range(width):
        for k, identity in enumerate(wanted):
            scalars.root = identity
            expected = interpreted(scalars, {ops.INPUT: given[:, lane].tolist()}).root
            found = results[k, lane]
            assert found == expected or (math.isnan(found) and math.isnan(expected))


def test_only_what_is_needed_is_written_and_that_once() -> None:
    scalars, wanted = traced()
    writer, asked = Writer(), []

    def leaf(code: int, index: int) -> str:
        asked.append(index)
        return f"%x{index}"

    names = evaluate(writer, scalars, leaf, [wanted[0], wanted[0]], 1)
    assert names[0] == names[1]
    assert sorted(asked) == [0, 1]
    text = "\n".join(writer.lines)
    assert text.count("valor.exp") == 1
    assert "fsub" not in text
    assert "pow" not in text
    evaluate(Writer(), scalars, leaf, [wanted[3]], 1)
    assert len(asked) == 2  # a constant needs no leaf


def test_sums_of_contributions_are_written_too(executed: Any) -> None:
    tracer = Tracer()
    with tracer.parameters([parameter := Valor(1.0)]):
        shared = exp(parameter)
        root = tracer.id_of(shared * 1e16 + shared * -1e16 + shared * 3.0)
    scalars = derive(tracer.tape, root, tracer.tape.constant(1.0))
    wanted = [root, *scalars.contributions[0].tolist()]
    results = np.zeros(len(wanted))

    def write(writer: Writer) -> None:
        leaf = writer.constant(0.0, 1)
        for k, name in enumerate(evaluate(writer, scalars, lambda code, i: leaf, wanted, 1)):
            writer.store(name, writer.at("%results", 8 * k))

    executed(write, results=results)
    assert results.tolist() == [3.0, 4.0]


def test_a_program_without_gradients() -> None:
    scalars, _ = traced()
    assert scalars.root == ops.NOTHING
    assert len(scalars.sums) == len(scalars.contributions) == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_poison_is_nan_where_a_check_failed(executed: Any, width: int) -> None:
    scalars, _ = traced()
    assert poison(Writer(), scalars, [], width) is None
    given = np.array([np.arange(width) % 2, np.arange(width) % 3], float)
    results = np.zeros(width)

    def write(writer: Writer) -> None:
        zero = writer.constant(0.0, width)
        checks = [
            emit(
                writer,
                ops.EQUAL,
                [writer.load(writer.at("%given", 8 * width * k), width), zero],
                width,
            )
            for k in range(2)
        ]
        found = poison(writer, scalars, checks, width)
        assert found is not None
        writer.store(found, "%results", width)

    executed(write, given=given, results=results)
    failed = (given == 0).any(axis=0)
    assert (np.isnan(results) == failed).all()
    assert (results[~failed] == 0).all()
