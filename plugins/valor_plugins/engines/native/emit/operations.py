"""One operation of the scalar program, in any number of lanes."""

from collections.abc import Sequence

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.writer import Writer, literal, vector

_ARITHMETIC = {
    ops.ADD: "fadd",
    ops.SUBTRACT: "fsub",
    ops.MULTIPLY: "fmul",
    ops.DIVIDE: "fdiv",
}
_COMPARE = {ops.LESS: "olt", ops.LESS_EQUAL: "ole", ops.EQUAL: "oeq"}
_LIBM = {
    ops.EXP: "exp",
    ops.EXPM1: "expm1",
    ops.LOG: "log",
    ops.LOG1P: "log1p",
    ops.SIN: "sin",
    ops.COS: "cos",
    ops.ERF: "erf",
    ops.ERFC: "erfc",
    ops.POW: "pow",
}


def emit(writer: Writer, code: int, operands: Sequence[str], width: int) -> str:
    """Write an operation, and return the name of its value.

    Args:
        writer: where to.
        code: the operation.
        operands: names or literals, as many as it has. Conditions are bits; all else doubles.
        width: how many lanes each has.
    """
    kind = vector(width)
    if code in _ARITHMETIC:
        return writer.op(_ARITHMETIC[code], kind, operands[0], operands[1])
    if code == ops.SUM:
        total = operands[0]
        for term in operands[1:]:
            total = writer.op("fadd", kind, total, term)
        return total
    if code in _COMPARE:
        return writer.let(f"fcmp {_COMPARE[code]} {kind} {operands[0]}, {operands[1]}")
    if code == ops.SELECT:
        a, b, condition = operands
        bits = vector(width, "i1")
        return writer.let(f"select {bits} {condition}, {kind} {a}, {kind} {b}")
    if code in (ops.BOTH, ops.EITHER, ops.NOT):
        return _logic(writer, code, operands, width)
    if code in (ops.MAXIMUM, ops.MINIMUM):
        return _extreme(writer, code, operands, width)
    if code == ops.NEGATIVE:
        return writer.let(f"fneg {kind} {operands[0]}")
    if code in (ops.ABSOLUTE, ops.SQRT):
        name = "fabs" if code == ops.ABSOLUTE else "sqrt"
        return _call(writer, f"llvm.{name}.{_suffix(width)}", operands, width)
    if code == ops.COPY:
        return operands[0]
    return _library(writer, code, operands, width)


def _suffix(width: int) -> str:
    return "f64" if width == 1 else f"v{width}f64"


def _logic(writer: Writer, code: int, operands: Sequence[str], width: int) -> str:
    bits = vector(width, "i1")
    if code == ops.NOT:
        ones = "true" if width == 1 else "<" + ", ".join(["i1 true"] * width) + ">"
        return writer.let(f"xor {bits} {operands[0]}, {ones}")
    return writer.op("and" if code == ops.BOTH else "or", bits, operands[0], operands[1])


def _extreme(writer: Writer, code: int, operands: Sequence[str], width: int) -> str:
    """The first unless the second is beyond it; nan where either is."""
    kind, (a, b) = vector(width), operands
    # Unordered: also where b is nan. Then a, unless it is a number.
    beyond = writer.let(f"fcmp {'ult' if code == ops.MAXIMUM else 'ugt'} {kind} {a}, {b}")
    number = writer.let(f"fcmp ord {kind} {a}, {a}")
    bits = vector(width, "i1")
    second = writer.op("and", bits, beyond, number)
    return writer.let(f"select {bits} {second}, {kind} {b}, {kind} {a}")


def _call(writer: Writer, name: str, operands: Sequence[str], width: int) -> str:
    kind = vector(width)
    writer.declared[name] = f"declare {kind} @{name}({', '.join([kind] * len(operands))})"
    arguments = ", ".join(f"{kind} {operand}" for operand in operands)
    return writer.let(f"call {kind} @{name}({arguments})")


def _library(writer: Writer, code: int, operands: Sequence[str], width: int) -> str:
    """Call the C library, lane by lane; `exp` in lanes is a function of the module's own."""
    name = _LIBM[code]
    if code == ops.EXP:
        return _call(writer, f"valor.exp.{_suffix(width)}", operands, width)
    if width == 1:
        return _call(writer, name, operands, 1)
    result = "poison"
    for lane in range(width):
        scalars = [writer.extract(operand, width, lane) for operand in operands]
        value = _call(writer, name, scalars, 1)
        result = writer.let(f"insertelement {vector(width)} {result}, double {value}, i64 {lane}")
    return result


def as_number(writer: Writer, bits: str, width: int) -> str:
    """Return 1.0 for true and 0.0 for false."""
    return writer.let(f"uitofp {vector(width, 'i1')} {bits} to {vector(width)}")


def as_bits(writer: Writer, number: str, width: int) -> str:
    """Return true for what is not 0."""
    zero = writer.same(literal(0.0), width)
    return writer.let(f"fcmp une {vector(width)} {number}, {zero}")
