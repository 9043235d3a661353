"""exp in SIMD lanes, with the bits that the platform's C library gives.

The GNU C library has computed exp since version 2.28 as Szabolcs Nagy does in the ARM Optimized
Routines (https://github.com/ARM-software/optimized-routines, math/exp.c): with
``k = round(128 x / ln 2)`` and ``r = x - k ln 2 / 128``,

    e**x = 2**(k / 128) * e**r

where the first factor comes from a table of 128 rows and e**r from a polynomial, as |r| < 0.0028.
On a CPU with FMA the C compiler fuses each product with the sum it belongs to. The code emitted
here does the same operations, with the same roundings, on every lane of a vector at once.

Whether the library at hand is that one is not asked but tried out: `lanes_follow_libm`.
"""

import ctypes
import functools
import math
import platform
import struct
from array import array
from collections.abc import Sequence

from valor.functions import exp
from valor_plugins.engines.native.emit.writer import literal, vector

_ROWS = 128
# Adding it rounds a float below 2**51 to an integer, which is left in the lowest bits.
_SHIFT = float.fromhex("0x1.8p52")
_ROWS_PER_LN2 = float.fromhex("0x1.71547652b82fep+7")  # 128 / ln 2
# -ln 2 / 128 in two parts. The first has bits to spare: its product with k is exact.
_LN2_HIGH = float.fromhex("-0x1.62e42fefa0000p-8")
_LN2_LOW = float.fromhex("-0x1.cf79abc9e3b3ap-47")
# e**r = 1 + r + C2 r**2 + … + C5 r**5, by the Remez algorithm; the figures of exp_data.c.
_C2 = float.fromhex("0x1.ffffffffffdbdp-2")
_C3 = float.fromhex("0x1.555555555543cp-3")
_C4 = float.fromhex("0x1.55555cf172b91p-5")
_C5 = float.fromhex("0x1.1111167a4d017p-7")
# From here on the factor or the result may be subnormal or infinite.
_LARGE = 512.0


def _bits(x: float) -> int:
    """Return the 64 bits of a float."""
    return int.from_bytes(struct.pack("<d", x), "little")


@functools.cache
def _table() -> tuple[int, ...]:
    """Return two words for each row i: of h, the float nearest to 2**(i/128), and what it lacks.

    The first is the relative error, ``2**(i/128) / h - 1``. The second is the bits of h less
    ``i << 45``: adding ``k << 45``, where k is i modulo 128, gives those of 2**(k/128).
    """
    one = 1 << 200  # fixed point
    root = 2 * one
    for _ in range(7):
        root = math.isqrt(root * one)
    words = []
    power = one
    for i in range(_ROWS):
        nearest = power / one
        scaled = int(math.ldexp(nearest, 52)) * (one >> 52)
        words += [_bits((power - scaled) / scaled), (_bits(nearest) - (i << 45)) % 2**64]
        power = power * root // one
    return tuple(words)


def exp_functions(widths: Sequence[int]) -> str:
    """Return LLVM's assembly of a function for e**x in each of these numbers of lanes.

    They are called ``@valor.exp.f64`` (of one lane: a plain double), ``@valor.exp.v4f64`` and so
    on, are inlined where they are called, and give the bits of the platform's libm.
    """
    if not lanes_follow_libm():
        return "\n".join([_LIBM, *(_calls_by_lane(f"exp.{_suffix(n)}", n) for n in widths)])
    return _following_libm(widths)


_LIBM = "declare double @exp(double)\n"
_GATHER = "llvm.masked.gather.v8i64.v8p0"


def _following_libm(widths: Sequence[int]) -> str:
    words = ", ".join(f"i64 {word}" for word in _table())
    table = f"@valor.exp.table = internal constant [{2 * _ROWS} x i64] [{words}], align 16\n"
    return "\n".join([_LIBM, table, *map(_exp_function, widths)])


def _suffix(width: int) -> str:
    """Return how LLVM writes a type in the name of a function: f64, v4f64."""
    return "f64" if width == 1 else f"v{width}f64"


def _exp_function(width: int) -> str:
    """Return the function that follows the library, and what it calls."""
    suffix, kind, words = _suffix(width), vector(width), vector(width, "i64")
    fma = f"call {kind} @llvm.fma.{suffix}"

    def every(value: float | int) -> str:
        number = literal(value) if isinstance(value, float) else str(value)
        element = "double" if isinstance(value, float) else "i64"
        return number if width == 1 else f"<{', '.join([f'{element} {number}'] * width)}>"

    # One comparison finds what is large, infinite or nan; below it no special case is left:
    # where |x| < 2**-54, for which the library has a branch, 1 + x rounds to 1 in any case.
    mask = f"i{width}"
    gather = f"declare {words} @{_GATHER}(<8 x ptr>, i32, <8 x i1>, {words})" if width == 8 else ""
    return f"""\
{gather}
declare {kind} @llvm.fma.{suffix}({kind}, {kind}, {kind})
declare {kind} @llvm.fabs.{suffix}({kind})
{_calls_by_lane(f"exp.libm.{suffix}", width, "noinline cold")}
define internal {kind} @valor.exp.{suffix}({kind} %x) alwaysinline {{
  %size = call {kind} @llvm.fabs.{suffix}({kind} %x)
  %large = fcmp uge {kind} %size, {every(_LARGE)}
  %lanes = bitcast {vector(width, "i1")} %large to {mask}
  %some = icmp ne {mask} %lanes, 0
  br i1 %some, label %special, label %usual, !prof !{{!"branch_weights", i32 1, i32 99}}
special:
  %slow = call {kind} @valor.exp.libm.{suffix}({kind} %x)
  ret {kind} %slow
usual:
  %shifted = {fma}({kind} %x, {kind} {every(_ROWS_PER_LN2)}, {kind} {every(_SHIFT)})
  %whole = fsub {kind} %shifted, {every(_SHIFT)}
  %near = {fma}({kind} %whole, {kind} {every(_LN2_HIGH)}, {kind} %x)
  %r = {fma}({kind} %whole, {kind} {every(_LN2_LOW)}, {kind} %near)
  %k = bitcast {kind} %shifted to {words}
  %row = and {words} %k, {every(_ROWS - 1)}
  %offset = shl {words} %row, {every(4)}
{_look_up(width)}
  %power = shl {words} %k, {every(45)}
  %scaled = add {words} %second, %power
  %factor = bitcast {words} %scaled to {kind}
  %error = bitcast {words} %first to {kind}
  %r2 = fmul {kind} %r, %r
  %r4 = fmul {kind} %r2, %r2
  %low = fadd {kind} %r, %error
  %p = {fma}({kind} %r, {kind} {every(_C3)}, {kind} {every(_C2)})
  %q = {fma}({kind} %r, {kind} {every(_C5)}, {kind} {every(_C4)})
  %middle = {fma}({kind} %p, {kind} %r2, {kind} %low)
  %rest = {fma}({kind} %r4, {kind} %q, {kind} %middle)
  %result = {fma}({kind} %factor, {kind} %rest, {kind} %factor)
  ret {kind} %result
}}
"""


def _calls_by_lane(name: str, width: int, attributes: str = "alwaysinline") -> str:
    """Return a function that calls the library for each lane."""
    kind = vector(width)
    lines = [f"define internal {kind} @valor.{name}({kind} %x) {attributes} {{"]
    result = "poison"
    if width == 1:
        lines.append("  %y0 = call double @exp(double %x)")
        result = "%y0"
    for lane in range(width) if width > 1 else ():
        lines += [
            f"  %x{lane} = extractelement {kind} %x, i64 {lane}",
            f"  %y{lane} = call double @exp(double %x{lane})",
            f"  %v{lane} = insertelement {kind} {result}, double %y{lane}, i64 {lane}",
        ]
        result = f"%v{lane}"
    return "\n".join([*lines, f"  ret {kind} {result}", "}\n"])


def _look_up(width: int) -> str:
    """Return what reads both words of a row of the table, for each lane.

    Eight lanes take two gathers. For fewer, this was measured to be faster: one load of 16 bytes a
    lane brings both words, and shuffles sort them. The pairs of lanes 0, 2, 4 … are joined to one
    register and those of lanes 1, 3, 5 … to another, so that each column takes one "unpack" of an
    x86 CPU.
    """
    words = vector(width, "i64")
    if width == 8:
        places, bits = vector(width, "ptr"), vector(width, "i1")
        every = "<" + ", ".join(["i1 true"] * width) + ">"
        return f"""\
  %first.at = getelementptr i8, ptr @valor.exp.table, {words} %offset
  %second.at = getelementptr i8, {places} %first.at, i64 8
  %first = call {words} @{_GATHER}({places} %first.at, i32 8, {bits} {every}, {words} poison)
  %second = call {words} @{_GATHER}({places} %second.at, i32 8, {bits} {every}, {words} poison)"""
    lines = []
    for lane in range(width):
        own = f"extractelement {words} %offset, i64 {lane}" if width > 1 else "add i64 %offset, 0"
        lines += [
            f"  %offset{lane} = {own}",
            f"  %at{lane} = getelementptr i8, ptr @valor.exp.table, i64 %offset{lane}",
            f"  %pair{lane} = load <2 x i64>, ptr %at{lane}, align 16",
        ]
    if width == 1:
        names = enumerate(("first", "second"))
        return "\n".join(
            lines + [f"  %{name} = extractelement <2 x i64> %pair0, i64 {i}" for i, name in names]
        )
    joined = [_join(lines, [f"%pair{lane}" for lane in range(start, width, 2)]) for start in (0, 1)]
    place = [lane // 2 * 2 + lane % 2 * width for lane in range(width)]
    for which, name in enumerate(("first", "second")):
        order = ", ".join(f"i32 {i + which}" for i in place)
        lines.append(
            f"  %{name} = shufflevector {words} {joined[0]}, {words} {joined[1]}, "
            f"<{width} x i32> <{order}>"
        )
    return "\n".join(lines)


def _join(lines: list[str], parts: list[str]) -> str:
    """Write what joins vectors of the same length, a power of two of them, into one."""
    length = 2
    while len(parts) > 1:
        order = ", ".join(f"i32 {i}" for i in range(2 * length))
        halves = []
        for a, b in zip(parts[::2], parts[1::2], strict=True):
            halves.append(f"{a}_{length}")
            kind = f"<{length} x i64>"
            lines.append(
                f"  {halves[-1]} = shufflevector {kind} {a}, {kind} {b}, "
                f"<{2 * length} x i32> <{order}>"
            )
        parts, length = halves, 2 * length
    return parts[0]


# Whether the library at hand is the one that is followed


@functools.cache
def lanes_follow_libm() -> bool:
    """Return whether `emit_exp` gives the bits of this platform's libm on this CPU.

    Tried out on some 20,000 points the first time, which takes a few hundredths of a second. Only
    x86-64 with FMA is considered: without FMA the code would be slow, and for other processors
    the library rounds to whole k by another instruction.
    """
    from llvmlite import binding

    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    if not binding.get_host_cpu_features().get("fma"):
        return False
    points = array("d", _points())
    expected = array("d", map(exp, points))
    _exp_in_place(points)
    return points.tobytes() == expected.tobytes()


def _points() -> list[float]:
    """Return what is tried out: every row of the table, every size of number, every border.

    A library that follows another algorithm, or the same one without FMA, differs in some of ten
    thousand points; see the tests.
    """
    points = [0.0, 5e-324, 2**-55, 2**-54, 1e-300, 1e300, math.inf, math.nan]
    for border in (_LARGE, 708.3964185322641, 709.782712893384, 745.1332191019411, 1024.0):
        points += [math.nextafter(border, 0.0), border, math.nextafter(border, math.inf)]
    for i in range(2000):
        # Multiples of an irrational number are spread evenly, and are the same on any machine.
        part = i * 0.6180339887498949 % 1.0
        middle = (i + 0.5) / _ROWS_PER_LN2  # between two rows of the table
        points += [part, 40.0 * part, 745.0 * part, 2.0 ** -(60.0 * part), middle]
    if len(points) % 4:
        points += [1.0] * (4 - len(points) % 4)
    return [*points, *(-x for x in points)]


def _exp_in_place(numbers: "array[float]") -> None:
    """Replace each number by e**x, four at a time, with code that is made for it here."""
    from llvmlite import binding

    text = (
        _following_libm([4])
        + """
define void @run(ptr %numbers, i64 %count) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %address = getelementptr <4 x double>, ptr %numbers, i64 %i
  %x = load <4 x double>, ptr %address, align 8
  %y = call <4 x double> @valor.exp.v4f64(<4 x double> %x)
  store <4 x double> %y, ptr %address, align 8
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""
    )
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=0,  # quickest to compile; the operations are the same
    )
    engine = binding.create_mcjit_compiler(binding.parse_assembly(text), target)
    engine.finalize_object()
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(
        engine.get_function_address("run")
    )
    run(numbers.buffer_info()[0], len(numbers) // 4)
