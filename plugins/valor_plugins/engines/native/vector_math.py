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

import functools
import math
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

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
    """Emit the reading of both words of a row, for each lane.

    Both come with one load of 16 bytes a lane, and are then sorted in registers: faster than two
    gathers on the CPUs at hand.
    """
    from llvmlite import ir

    pair = ir.VectorType(ir.IntType(64), 2)
    table = _table_of(builder.module)

    def load(index: "ir.Value") -> "ir.Value":
        first = builder.shl(index, _lane(1))
        address = builder.gep(table, [_lane(0), first], inbounds=True)
        return builder.load(builder.bitcast(address, pair.as_pointer()), align=16)

    if not isinstance(row.type, ir.VectorType):
        both = load(row)
        return builder.extract_element(both, _lane(0)), builder.extract_element(both, _lane(1))
    pairs = [load(builder.extract_element(row, _lane(i))) for i in range(row.type.count)]
    return _column(builder, pairs, 0), _column(builder, pairs, 1)


def _column(builder: "ir.IRBuilder", pairs: "list[ir.Value]", which: int) -> "ir.Value":
    """Emit the vector of the first, or the second, word of each pair."""
    from llvmlite import ir

    column = ir.Constant(ir.VectorType(ir.IntType(64), len(pairs)), ir.Undefined)
    for i, pair in enumerate(pairs):
        column = builder.insert_element(
            column, builder.extract_element(pair, _lane(which)), _lane(i)
        )
    return column


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
    exp = module.globals.get("exp")
    if exp is None:
        exp = ir.Function(module, ir.FunctionType(double, [double]), "exp")
    function = ir.Function(module, ir.FunctionType(kind, [kind]), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("cold")
    builder = ir.IRBuilder(function.append_basic_block())
    (x,) = function.args
    if isinstance(kind, ir.VectorType):
        result = x
        for i in range(kind.count):
            value = builder.call(exp, [builder.extract_element(x, _lane(i))])
            result = builder.insert_element(result, value, _lane(i))
    else:
        result = builder.call(exp, [x])
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
    name = f"{intrinsic}.{_suffix(kind)}"
    function = builder.module.globals.get(name)
    if function is None:
        signature = ir.FunctionType(kind, [kind] * len(operands))
        function = ir.Function(builder.module, signature, name)
    return builder.call(function, operands)


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


def _lane(i: int) -> "ir.Constant":
    """Return the number of a lane, or an index into a table."""
    from llvmlite import ir

    return ir.Constant(ir.IntType(64), i)
