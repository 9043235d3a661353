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
from typing import TYPE_CHECKING

from valor.functions import exp

if TYPE_CHECKING:
    from llvmlite import ir

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


def emit_exp(builder: "ir.IRBuilder", x: "ir.Value") -> "ir.Value":
    """Emit e**x for a double or a vector of doubles, of any width, and return the result.

    The bits are those of the platform's libm where `lanes_follow_libm`. The work stands in one
    function of the module for each width, which LLVM is told to inline.

    Args:
        builder: where the call goes; the code behind it is compiled for a CPU with FMA.
        x: an ``llvmlite.ir`` value.
    """
    return builder.call(_exp_function(builder.module, x.type), [x])


def _exp_function(module: "ir.Module", kind: "ir.Type") -> "ir.Function":
    """Return the module's function for e**x on numbers of this type, made on first use."""
    from llvmlite import ir

    name = f"valor.exp.{_suffix(kind)}"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(kind, [kind]), name)
    function.linkage = "internal"
    function.attributes.add("alwaysinline")
    builder = ir.IRBuilder(function.append_basic_block())
    (x,) = function.args
    usual = _emit_usual(builder, x)
    # One comparison finds what is large, infinite or nan; below it no special case is left:
    # where |x| < 2**-54, for which the library has a branch, 1 + x rounds to 1 in any case.
    large = builder.fcmp_unordered(">=", _call(builder, "llvm.fabs", x), _constant(kind, _LARGE))
    with builder.if_then(_any(builder, large), likely=False):
        builder.ret(builder.call(_libm_function(module, kind), [x]))
    builder.ret(usual)
    return function


def _emit_usual(builder: "ir.IRBuilder", x: "ir.Value") -> "ir.Value":
    """Emit e**x for |x| < 512: the operations of the library, in its order."""
    from llvmlite import ir

    kind = x.type
    words = _like(kind, ir.IntType(64))

    def fused(a: "ir.Value | float", b: "ir.Value | float", c: "ir.Value | float") -> "ir.Value":
        operands = [_constant(kind, v) if isinstance(v, float) else v for v in (a, b, c)]
        return _call(builder, "llvm.fma", *operands)

    shifted = fused(x, _ROWS_PER_LN2, _SHIFT)
    whole = builder.fsub(shifted, _constant(kind, _SHIFT))
    r = fused(whole, _LN2_LOW, fused(whole, _LN2_HIGH, x))
    k = builder.bitcast(shifted, words)
    row = builder.and_(k, _constant(words, _ROWS - 1))
    error, factor = _emit_look_up(builder, row)
    factor = builder.add(factor, builder.shl(k, _constant(words, 45)))
    factor = builder.bitcast(factor, kind)
    r2 = builder.fmul(r, r)
    rest = builder.fadd(r, builder.bitcast(error, kind))
    rest = fused(fused(r, _C3, _C2), r2, rest)
    rest = fused(builder.fmul(r2, r2), fused(r, _C5, _C4), rest)
    return fused(factor, rest, factor)


def _emit_look_up(builder: "ir.IRBuilder", row: "ir.Value") -> "tuple[ir.Value, ir.Value]":
    """Emit the reading of both words of a row of the table, for each lane.

    One load of 16 bytes a lane brings both, and shuffles sort them: measured to be faster than
    two gathers. The pairs of lanes 0, 2, 4 … stand in one register and those of lanes 1, 3, 5 …
    in another, so that each column takes one "unpack" of an x86 CPU.
    """
    from llvmlite import ir

    word = ir.IntType(64)
    pair = ir.VectorType(word, 2)
    table = _table_of(builder.module)

    def load(index: "ir.Value") -> "ir.Value":
        first = builder.shl(index, word(1))
        address = builder.gep(table, [word(0), first], inbounds=True)
        return builder.load(builder.bitcast(address, pair.as_pointer()), align=16)

    if not isinstance(row.type, ir.VectorType):
        both = load(row)
        return builder.extract_element(both, word(0)), builder.extract_element(both, word(1))
    lanes = row.type.count
    pairs = [load(builder.extract_element(row, word(i))) for i in range(lanes)]
    even, odd = pairs[::2], pairs[1::2]
    if len(odd) < len(even):
        odd.append(ir.Constant(pair, ir.Undefined))
    place = [i // 2 * 2 + i % 2 * 2 * len(even) for i in range(lanes)]
    order = ir.VectorType(ir.IntType(32), lanes)
    halves = _join(builder, even), _join(builder, odd)
    error, factor = (
        builder.shuffle_vector(*halves, ir.Constant(order, [i + which for i in place]))
        for which in (0, 1)
    )
    return error, factor


def _join(builder: "ir.IRBuilder", pairs: "list[ir.Value]") -> "ir.Value":
    """Emit the vector of all these pairs, one after the other."""
    from llvmlite import ir

    word = ir.IntType(64)
    joined = ir.VectorType(word, 2 * len(pairs))
    signature = ir.FunctionType(joined, [joined, pairs[0].type, word])
    insert = _declare(builder.module, f"llvm.vector.insert.v{joined.count}i64.v2i64", signature)
    result = ir.Constant(joined, ir.Undefined)
    for i, pair in enumerate(pairs):
        result = builder.call(insert, [result, pair, word(2 * i)])
    return result


def _table_of(module: "ir.Module") -> "ir.GlobalVariable":
    """Return the module's table, made on first use."""
    from llvmlite import ir

    name = "valor.exp.table"
    if name in module.globals:
        return module.globals[name]
    words = _table()
    kind = ir.ArrayType(ir.IntType(64), len(words))
    table = ir.GlobalVariable(module, kind, name)
    table.linkage = "internal"
    table.global_constant = True
    table.align = 16
    table.initializer = ir.Constant(kind, words)
    return table


def _libm_function(module: "ir.Module", kind: "ir.Type") -> "ir.Function":
    """Return the module's function that calls libm's exp for each lane, made on first use."""
    from llvmlite import ir

    name = f"valor.exp.libm.{_suffix(kind)}"
    if name in module.globals:
        return module.globals[name]
    double = ir.DoubleType()
    libm = _declare(module, "exp", ir.FunctionType(double, [double]))
    function = ir.Function(module, ir.FunctionType(kind, [kind]), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("cold")
    builder = ir.IRBuilder(function.append_basic_block())
    (x,) = function.args
    if isinstance(kind, ir.VectorType):
        result = x
        for i in range(kind.count):
            value = builder.call(libm, [builder.extract_element(x, ir.IntType(32)(i))])
            result = builder.insert_element(result, value, ir.IntType(32)(i))
    else:
        result = builder.call(libm, [x])
    builder.ret(result)
    return function


def _any(builder: "ir.IRBuilder", conditions: "ir.Value") -> "ir.Value":
    """Emit whether a condition holds in some lane."""
    from llvmlite import ir

    if not isinstance(conditions.type, ir.VectorType):
        return conditions
    mask = ir.IntType(conditions.type.count)
    return builder.icmp_unsigned("!=", builder.bitcast(conditions, mask), mask(0))


def _call(builder: "ir.IRBuilder", intrinsic: str, *operands: "ir.Value") -> "ir.Value":
    """Emit a call of an intrinsic that is declared for each type of number apart."""
    from llvmlite import ir

    kind = operands[0].type
    signature = ir.FunctionType(kind, [kind] * len(operands))
    return builder.call(
        _declare(builder.module, f"{intrinsic}.{_suffix(kind)}", signature), operands
    )


def _declare(module: "ir.Module", name: str, signature: "ir.FunctionType") -> "ir.Function":
    """Return the module's declaration of a function, made on first use."""
    from llvmlite import ir

    return module.globals.get(name) or ir.Function(module, signature, name)


def _suffix(kind: "ir.Type") -> str:
    """Return how LLVM writes a type in the name of an intrinsic: f64, v4f64."""
    from llvmlite import ir

    return f"v{kind.count}f64" if isinstance(kind, ir.VectorType) else "f64"


def _like(kind: "ir.Type", element: "ir.Type") -> "ir.Type":
    """Return the type with as many lanes as `kind`, of another element."""
    from llvmlite import ir

    return ir.VectorType(element, kind.count) if isinstance(kind, ir.VectorType) else element


def _constant(kind: "ir.Type", value: float) -> "ir.Constant":
    """Return a constant with the same value in every lane."""
    from llvmlite import ir

    lanes = [value] * kind.count if isinstance(kind, ir.VectorType) else value
    return ir.Constant(kind, lanes)


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
    results = array("d", points)
    _exp_in_place(results)
    return results.tobytes() == array("d", map(exp, points)).tobytes()


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
    from llvmlite import binding, ir

    index = ir.IntType(64)
    lanes = ir.VectorType(ir.DoubleType(), 4)
    module = ir.Module()
    signature = ir.FunctionType(ir.VoidType(), [lanes.as_pointer(), index])
    builder = ir.IRBuilder(ir.Function(module, signature, "run").append_basic_block())
    start, count = builder.function.args
    entry = builder.block
    loop, done = (builder.function.append_basic_block(name) for name in ("loop", "done"))
    builder.branch(loop)
    builder.position_at_end(loop)
    i = builder.phi(index)
    address = builder.gep(start, [i])
    builder.store(emit_exp(builder, builder.load(address, align=8)), address, align=8)
    following = builder.add(i, index(1))
    i.add_incoming(index(0), entry)
    i.add_incoming(following, loop)
    builder.cbranch(builder.icmp_unsigned("<", following, count), loop, done)
    builder.position_at_end(done)
    builder.ret_void()

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=0,  # quickest to compile; the operations are the same
    )
    engine = binding.create_mcjit_compiler(binding.parse_assembly(str(module)), target)
    engine.finalize_object()
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(
        engine.get_function_address("run")
    )
    run(numbers.buffer_info()[0], len(numbers) // 4)
