"""From a run to machine code: slots, which emitter, and what room it needs."""

from typing import Any

import numpy as np
import pytest

from valor import MLP, GradientTransform, Penalty, Plan, Valor, loss, optimizer
from valor.exceptions import CannotCompileError
from valor_plugins.engines.native import assemble as module
from valor_plugins.engines.native.assemble import (
    Assembled,
    assemble,
    assemble_forward,
    padded,
    slots_of,
)
from valor_plugins.engines.native.families import Gradients, Operand
from valor_plugins.engines.native.machine import machine


def assembled(widths: list[int], model: Any = None, samples: int = 16, **plan: Any) -> Assembled:
    model = model or MLP(4, widths, seed=0)
    given = Plan(
        inputs=[[0.5] * 4] * samples,
        targets=[[1.0] * widths[-1]] * samples,
        epochs=1,
        **{"batch_size": samples, **plan},
    )
    chosen = optimizer("gradient_descent", momentum=0.9)
    return assemble(model, loss("sum_squared_error"), chosen, given, model.parametros())


@pytest.mark.parametrize(("count", "room"), [(0, 8), (1, 8), (8, 8), (9, 16), (16, 16), (17, 24)])
def test_rooms_fill_cache_lines(count: int, room: int) -> None:
    assert padded(count) == room


@pytest.mark.parametrize(
    ("trainable", "slots"),
    [
        ("", []),
        ("TTT", [0, 1, 2]),
        ("FFF", [0, 1, 2]),
        ("FTFT", [2, 0, 3, 1]),
        ("TFFTT", [0, 3, 4, 1, 2]),
    ],
)
def test_trainable_parameters_come_first(trainable: str, slots: list[int]) -> None:
    parameters = [Valor(1.0) for _ in trainable]
    for parameter, letter in zip(parameters, trainable, strict=True):
        parameter.trainable = letter == "T"
    assert slots_of(parameters, []).tolist() == slots


def test_what_is_collected_alike_lies_together() -> None:
    parameters = [Valor(1.0) for _ in range(9)]
    parameters[4].trainable = False
    factor = Operand(0, np.zeros(1, int))
    groups = [
        Gradients(np.array([2, 5]), [(factor, None)]),
        Gradients(np.array([0, 3]), [(factor, factor)]),
        Gradients(np.array([1, 4, 6, 7]), [(factor, factor)]),
    ]
    assert slots_of(parameters, groups).tolist() == [3, 0, 5, 4, 8, 6, 1, 2, 7]


# Which emitter


def test_small_programs_are_a_straight_line_in_either_mode() -> None:
    for mode in ("exact", "fast"):
        code = assembled([2, 1], mode=mode)
        assert (code.emitter, code.width) == ("straight line", machine().width)
        assert code.block == code.width
        assert code.rolled.size <= module.STRAIGHT


def test_large_programs_are_loops() -> None:
    code = assembled([40, 30])
    assert code.emitter == "re-rolled loops"
    assert code.rolled.size > module.STRAIGHT
    assert code.block % code.width == 0
    assert code.sizes["frames"] > 0


def test_the_border_is_the_size_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    size = assembled([5, 1]).rolled.size
    for border, emitter in ((size, "straight line"), (size - 1, "re-rolled loops")):
        monkeypatch.setattr(module, "STRAIGHT", border)
        assert assembled([5, 1]).emitter == emitter


# What it needs


@pytest.mark.parametrize(
    ("samples", "batch", "even"), [(16, 16, True), (16, 8, True), (16, 5, False), (17, 8, False)]
)
def test_even_batches_are_noted(samples: int, batch: int, even: bool) -> None:
    """Code that has no lanes to spare must not be given a part of a vector."""
    code = assembled([2, 1], samples=samples, batch_size=batch)
    assert code.multiple == (code.width if even else 1)
    assert assembled([40, 30], samples=samples, batch_size=batch).multiple == 1


def test_lanes_are_where_samples_lie() -> None:
    code = assembled([40, 30], samples=64)
    lanes = code.lanes(4096)
    micro = 2 * code.width
    assert len(lanes) == code.block
    assert (np.diff(lanes[:micro]) == 8).all()
    frame = lanes[micro] - lanes[0]
    assert lanes[0] == 4096
    assert (lanes[micro:] == lanes[:-micro] + frame).all()
    assert code.sizes["frames"] * 8 == frame * (code.block // micro)
    assert len(assembled([2, 1]).lanes(4096)) == 0


def test_slots_and_stages() -> None:
    model = MLP(4, [3, 1], seed=0)
    parameters = model.parametros()
    parameters[0].trainable = False
    code = assembled([3, 1], model)
    assert code.trainable == len(parameters) - 1
    assert code.slots[0] == len(parameters) - 1
    assert list(code.seconds)[:3] == ["trace and derive", "re-roll", "emit"]
    assert list(code.seconds)[3] in ("load", "compile")
    assert all(seconds >= 0 for seconds in code.seconds.values())
    assert code.traced < code.rolled.scalars


def test_transforms_have_an_area_behind_that_of_the_samples() -> None:
    def by_sum(gradients: list[Any]) -> list[Any]:
        total = gradients[0]
        for each in gradients[1:]:
            total = total + each
        return [each / (1 + total * total) for each in gradients]

    before = assembled([40, 30]).sizes["uniform"]
    record = GradientTransform("by_sum", by_sum)
    assert assembled([40, 30], gradient_transforms=(record,)).sizes["uniform"] > before


def test_each_formula_is_traced() -> None:
    def looking(p: Any) -> Any:
        return p if p > 0 else -p

    def indexing(gradients: list[Any]) -> list[Any]:
        return sorted(gradients)

    for given in (
        {"penalties": (Penalty("looking", looking),)},
        {"gradient_transforms": (GradientTransform("indexing", indexing),)},
    ):
        with pytest.raises(CannotCompileError, match="looks at a number"):
            assembled([2, 1], **given)


def test_equal_runs_have_the_same_code() -> None:
    assembled([6, 2], samples=8)
    assert assembled([6, 2], MLP(4, [6, 2], seed=99), samples=8).code.cached


def test_what_computes_outputs_needs_no_run() -> None:
    model = MLP(4, [6, 2], activation="relu", seed=0)
    record = loss("sum_squared_error")
    code = assemble_forward(model, record, model.parametros(), (4, 2))
    assert (code.results.outputs, code.results.count, code.results.checked) == (2, 3, False)
    assert code.micro == 2 * machine().width
    assert code.block % code.micro == 0
    assert code.sizes.keys() == {"uniform", "frames"}
    assert list(code.seconds)[:3] == ["trace", "re-roll", "emit"]
    again = MLP(4, [6, 2], activation="relu", seed=9)
    assert assemble_forward(again, record, again.parametros(), (4, 2)).code.cached
    alone = assemble_forward(model, None, model.parametros(), (4, 0))
    assert (alone.results.outputs, alone.results.count) == (2, 2)
