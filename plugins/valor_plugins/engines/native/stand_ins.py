"""The stand-ins of a trace: what parameters, scalars, plain numbers and conditions are in it.

Each tracer has classes of its own, so that what another one has left behind is recognized.
"""

import dis
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import valor
from valor import Valor
from valor.exceptions import CannotCompileError
from valor.functions import TABLE, Function, number, power_of
from valor.standin import StandIn, refusal
from valor_plugins.engines.native import tape as ops

if TYPE_CHECKING:
    from valor_plugins.engines.native.trace import Tracer

_OURS = (os.path.dirname(valor.__file__) + os.sep, os.path.dirname(__file__) + os.sep)
_CODES = {"add": ops.ADD, "subtract": ops.SUBTRACT, "multiply": ops.MULTIPLY}
_new = object.__new__


def _place() -> str:
    """Return file and line of the formula that is being run: the nearest frame that is not ours."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"


def refuse(fault: str, remedy: str) -> NoReturn:
    """Refuse to compile the formula that is being run."""
    raise CannotCompileError(f"{_place()}: the formula {fault}; {remedy}")


def _refuse_sum() -> None:
    """Refuse an addition of plain numbers that does not stand in a formula, but is sum()'s.

    Since Python 3.12 sum() of floats keeps track of what rounding loses, so its result is not that
    of the additions. What the C code is that adds here, only the names around it tell.
    """
    if sys.version_info < (3, 12):
        return
    frame = sys._getframe(2)
    names = frame.f_code.co_names
    adds = ("operator" in names or "reduce" in names) and "sum" not in names
    if frame.f_code.co_code[frame.f_lasti] != dis.opmap["BINARY_OP"] and not adds:
        refuse(
            "adds plain numbers with sum(), which rounds in its own way",
            "add them one after the other in a loop",
        )


class StandIns:
    """The classes of one tracer.

    Args:
        tracer: what writes down.

    Attributes:
        traced: of what eager would make a `Valor` of.
        parameter: of the model's parameters, for the time of the trace.
        number: of what eager computes with plain floats.
        condition: of the outcome of a comparison.
        numbers: the first three, which have an `index`: their id on the tape.
    """

    def __init__(self, tracer: "Tracer") -> None:
        tape = tracer.tape
        codes, lefts, rights, whole = tape.code, tape.left, tape.right, tape.whole
        traced_class: Any
        parameter_class: Any
        number_class: Any

        def fast(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
            """Return a hot operator, which writes on the tape itself where nothing is special."""
            row, code = TABLE[name], _CODES[name]

            def operator(self: Any, other: Any) -> Any:
                kind = other.__class__
                if kind is traced_class or kind is parameter_class or kind is number_class:
                    right = other.index
                else:
                    return tracer.scalar(row, (self, other))
                left = self.index
                if left in whole and right in whole:
                    return tracer.scalar(row, (self, other))
                codes.append(code)
                lefts.append(left)
                rights.append(right)
                node = _new(traced_class)
                node.index = len(codes) - 1
                return node

            return operator, lambda self, other: tracer.scalar(row, (other, self))

        class Base(StandIn):
            __slots__ = ()

            @staticmethod
            def _compared(symbol: str, left: Any, right: Any) -> Any:
                return tracer.compared(symbol, left, right)

            @staticmethod
            def __valor_dot__(a: Any, b: Any) -> Any:
                return tracer.dot(a, b)

            def _refuse(self, fault: str, remedy: str) -> NoReturn:
                refuse(fault, remedy)

        class Scalar(Base):
            __slots__ = ()

            @staticmethod
            def __valor_apply__(function: Function, arguments: tuple[Any, ...]) -> Any:
                return tracer.scalar(function, arguments)

            __add__: Any
            __radd__: Any
            __sub__: Any
            __rsub__: Any
            __mul__: Any
            __rmul__: Any
            __add__, __radd__ = fast("add")
            __sub__, __rsub__ = fast("subtract")
            __mul__, __rmul__ = fast("multiply")

            def __pow__(self, exponent: Any) -> Any:
                if isinstance(exponent, (StandIn, Valor)):
                    return tracer.scalar(TABLE["power"], (self, exponent))
                return tracer.scalar(power_of(number(exponent, "exponent")), (self,))

        class Traced(Scalar, Valor):
            __slots__ = ("index",)
            index: int

        class Parameter(Scalar, Valor):
            __slots__ = ()
            # It lies where the gradient does, which nobody needs meanwhile.
            index = Valor.grad  # type: ignore[misc]

        class Number(Base):
            __slots__ = ("index",)
            index: int

            def __valor_wrap__(self, value: Valor) -> None:
                tracer.wrap(value, self.index)

            @staticmethod
            def __valor_apply__(function: Function, arguments: tuple[Any, ...]) -> Any:
                if any(isinstance(argument, Valor) for argument in arguments):
                    return tracer.scalar(function, arguments)
                return tracer.plain(function, arguments)

            def __add__(self, other: Any) -> Any:
                if not isinstance(other, Valor):
                    _refuse_sum()
                return TABLE["add"](self, other)

            def __radd__(self, other: Any) -> Any:
                if not isinstance(other, Valor):
                    _refuse_sum()
                return TABLE["add"](other, self)

            def __mul__(self, other: Any) -> Any:
                if other.__class__ is parameter_class:
                    return multiply(self, other)
                return TABLE["multiply"](self, other)

            def __truediv__(self, other: Any) -> Any:
                if isinstance(other, Valor):
                    return tracer.scalar(TABLE["divide"], (self, other))
                return tracer.quotient(self, other)

            def __rtruediv__(self, other: Any) -> Any:
                if isinstance(other, Valor):
                    return tracer.scalar(TABLE["divide"], (other, self))
                return tracer.quotient(other, self)

            def __pow__(self, exponent: Any) -> Any:
                if isinstance(exponent, Valor):
                    return tracer.scalar(TABLE["power"], (self, exponent))
                return tracer.power(self, exponent)

            def __rpow__(self, base: Any) -> Any:
                if isinstance(base, Valor):
                    return tracer.scalar(TABLE["power"], (base, self))
                return tracer.power(base, self)

            __eq__ = refusal("`==` or `in`", "use `<`, `<=`, `>` or `>=` in where(…)")
            __hash__ = refusal("`hash()`, a set or a dict", "keep numbers in lists")

        class Condition(Base):
            __slots__ = ("index",)
            index: int

            @staticmethod
            def __valor_apply__(function: Function, arguments: tuple[Any, ...]) -> Any:
                if function is TABLE["where"] and arguments[0].__class__ is Condition:
                    return tracer.choice(*arguments)
                refuse("computes with the outcome of a comparison", "use it in where(…) only")

            @staticmethod
            def _compared(symbol: str, left: Any, right: Any) -> NoReturn:
                refuse("compares the outcome of a comparison", "use it in where(…) only")

            def __and__(self, other: Any) -> Any:
                if other is True or other is False:
                    return self if other else False
                return tracer.condition(tape.compute(ops.BOTH, self.index, other.index))

            def __or__(self, other: Any) -> Any:
                if other is True or other is False:
                    return True if other else self
                return tracer.condition(tape.compute(ops.EITHER, self.index, other.index))

            __rand__, __ror__ = __and__, __or__

        multiply = Scalar.__mul__
        traced_class, parameter_class, number_class = Traced, Parameter, Number
        self.traced: Any = Traced
        self.parameter: Any = Parameter
        self.number: Any = Number
        self.condition: Any = Condition
        self.numbers = frozenset((Traced, Parameter, Number))
