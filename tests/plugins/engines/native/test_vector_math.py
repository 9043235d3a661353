"""exp in lanes against the C library's, bit for bit, and the check that decides about it."""

import ctypes
import math
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import pytest
from llvmlite import binding

from valor.functions import exp
from valor_plugins.engines.native import vector_math
from valor_plugins.engines.native.emit.writer import vector
from valor_plugins.engines.native.vector_math import exp_functions, lanes_follow_libm

inf, nan = math.inf, math.nan


@cache
def compiled(width: int) -> Callable[[list[float]], list[float]]:
    """Return exp of a list, in so many lanes."""
    kind = vector(width)
    name = f"valor.exp.{vector_math._suffix(width)}"
    text = f"""{exp_functions([width])}
define void @run(ptr %numbers) {{
  %x = load {kind}, ptr %numbers, align 8
  %y = call {kind} @{name}({kind} %x)
  store {kind} %y, ptr %numbers, align 8
  ret void
}}
"""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten()
    )
    parsed = binding.parse_assembly(text)
    parsed.verify()
    passes = binding.create_pass_builder(target, binding.create_pipeline_tuning_options(2))
    passes.getModulePassManager().run(parsed, passes)
    engine = binding.create_mcjit_compiler(parsed, target)
    engine.finalize_object()
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address("run"))

    def apply(numbers: list[float], engine: object = engine) -> list[float]:
        results: list[float] = []
        for start in range(0, len(numbers), width):
            part = numbers[start : start + width]
            memory = (ctypes.c_double * width)(*part)
            run(ctypes.addressof(memory))
            results += memory[: len(part)]
        return results

    return apply


def bits(numbers: list[float]) -> bytes:
    return struct.pack(f"{len(numbers)}d", *numbers)


def points() -> Iterator[float]:
    generator = random.Random(3)
    for _ in range(3000):
        for width in (1e-8, 1, 30, 511, 760, 2000):
            yield generator.uniform(-width, width)
        yield struct.unpack("<d", generator.randbytes(8))[0]
        yield (generator.randrange(-130_000, 130_000) + 0.5) * math.log(2) / 128


SPECIAL = (
    *(0.0, 5e-324, 2.0**-55, 2.0**-54, 1e-300, 511.9999999999999, 512.0, 708.3964185322641),
    *(
        709.782712893384,
        709.7827128933841,
        745.1332191019411,
        745.1332191019412,
        1024.0,
        1e308,
        inf,
    ),
)


@pytest.mark.parametrize("width", [1, 2, 4, 8, 16])
def test_lanes_have_the_bits_of_the_library(width: int) -> None:
    numbers = [*SPECIAL, *(-x for x in SPECIAL), *points()]
    assert bits(compiled(width)(numbers)) == bits(list(map(exp, numbers)))


@pytest.mark.parametrize("width", [1, 2, 4])
def test_another_library_is_called_lane_by_lane(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_math, "lanes_follow_libm", lambda: False)
    numbers = [*SPECIAL, *(-x for x in SPECIAL)]
    assert "fma" not in exp_functions([width])
    assert bits(compiled.__wrapped__(width)(numbers)) == bits(list(map(exp, numbers)))


def test_several_widths_share_what_they_need() -> None:
    text = exp_functions([1, 4])
    assert text.count("declare double @exp") == text.count("@valor.exp.table = ") == 1
    binding.parse_assembly(text).verify()


@pytest.mark.parametrize("width", [1, 2, 4, 8])
@pytest.mark.parametrize(
    ("x", "expected"),
    [(0.0, 1.0), (-0.0, 1.0), (-inf, 0.0), (inf, inf), (710.0, inf), (-746.0, 0.0), (1e-300, 1.0)],
)
def test_the_ends_of_the_line(width: int, x: float, expected: float) -> None:
    # Its neighbours take the usual way.
    numbers = [x, *[0.5] * (width - 1)]
    assert compiled(width)(numbers) == [expected, *[math.exp(0.5)] * (width - 1)]


def test_not_a_number_stays_so() -> None:
    first, *others = compiled(4)([nan, 1.0, -1.0, 0.0])
    assert math.isnan(first)
    assert others == [math.exp(1.0), math.exp(-1.0), 1.0]


def test_a_subnormal_result_is_rounded_once() -> None:
    assert compiled(4)([-744.0, -745.0, -708.5, -720.0]) == [
        math.exp(x) for x in (-744.0, -745.0, -708.5, -720.0)
    ]


def test_the_table_has_the_powers_of_two() -> None:
    words = vector_math._table()
    assert len(words) == 256
    for i in range(128):
        error, factor = words[2 * i], (words[2 * i + 1] + (i << 45)) % 2**64
        (nearest,) = struct.unpack("<d", factor.to_bytes(8, "little"))
        (lacks,) = struct.unpack("<d", error.to_bytes(8, "little"))
        assert nearest == pytest.approx(2 ** (i / 128), rel=2**-52)
        assert abs(lacks) <= 2**-53
    # Two of them as they stand in the library's source.
    assert words[2:4] == (0x3C9B3B4F1A88BF6E, 0x3FEFF63DA9FB3335)


def test_the_check_notices_products_that_are_rounded_before_the_sum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    following = vector_math._following_libm
    kind = "<4 x double>"

    def unfused(widths: Sequence[int]) -> str:
        parts = f"({kind} %a, {kind} %b, {kind} %c)"
        call = following(widths).replace(f"declare {kind} @llvm.fma", "; ")
        return call.replace("@llvm.fma.v4f64", "@unfused") + (
            f"define {kind} @unfused{parts} {{\n  %ab = fmul {kind} %a, %b\n"
            f"  %sum = fadd {kind} %ab, %c\n  ret {kind} %sum\n}}\n"
        )

    monkeypatch.setattr(vector_math, "_following_libm", unfused)
    assert not lanes_follow_libm.__wrapped__()


def test_the_check_notices_a_library_that_is_one_digit_off_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        vector_math, "exp", lambda x: math.nextafter(exp(x), inf) if x == 0.0 else exp(x)
    )
    assert not lanes_follow_libm.__wrapped__()


@pytest.mark.parametrize("machine", ["aarch64", "arm64", "riscv64", ""])
def test_other_processors_are_not_followed(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert lanes_follow_libm.__wrapped__() is False


def test_a_processor_without_fma_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "get_host_cpu_features", lambda: {"avx": True, "fma": False})
    assert lanes_follow_libm.__wrapped__() is False
