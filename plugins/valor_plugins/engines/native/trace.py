"""Room 1, trace: run formulas once with stand-ins, and write every scalar on a tape.

There are four stand-ins. A `Traced` is what eager would make a `Valor` of, a parameter becomes one
for the time of the trace (by its class, so that it is found wherever the model keeps it), a
`Number` is what eager computes with plain floats (inputs, targets, an optimizer's operands), and a
`Condition` is the outcome of a comparison. What needs the number itself is refused, with the
formula's file and line.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from valor import Valor
from valor.functions import TABLE, Function, number
from valor.standin import StandIn
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.stand_ins import StandIns, refuse
from valor_plugins.engines.native.tape import NOTHING, Tape

_new = object.__new__

# Rows whose value is one operation of the machine or of the C library.
_DIRECT = {
    "add": ops.ADD,
    "subtract": ops.SUBTRACT,
    "multiply": ops.MULTIPLY,
    "negative": ops.NEGATIVE,
    "divide": ops.DIVIDE,
    "absolute": ops.ABSOLUTE,
    "sqrt": ops.SQRT,
    "exp": ops.EXP,
    "expm1": ops.EXPM1,
    "log": ops.LOG,
    "log1p": ops.LOG1P,
    "sin": ops.SIN,
    "cos": ops.COS,
    "erf": ops.ERF,
    "erfc": ops.ERFC,
    "maximum": ops.MAXIMUM,
    "minimum": ops.MINIMUM,
}
# Of these, parents and slopes follow from the code.
_IMPLIED = ("add", "subtract", "multiply", "negative")
# Of two ints, these make an int.
_KEEP_WHOLE = (ops.ADD, ops.SUBTRACT, ops.MULTIPLY, ops.NEGATIVE, ops.ABSOLUTE)

LARGEST_EXACT = 2.0**53


class Tracer:
    """Stand-ins that write on one tape.

    Args:
        forbidden: scalars that a formula must not use, because they are not constants.

    Attributes:
        tape: what they write on.
    """

    def __init__(self, forbidden: Sequence[Valor] = ()) -> None:
        self.tape = Tape()
        self._forbidden = {id(value) for value in forbidden}
        self._in_a_row = False
        self._classes = StandIns(self)

    # Leaves

    def numbers(self, code: int, count: int) -> list[Any]:
        """Return stand-ins for `count` plain numbers of a kind, such as the inputs."""
        start = self.tape.append_leaves(code, count)
        return [self._number(start + index) for index in range(count)]

    @contextmanager
    def parameters(self, parameters: Sequence[Valor]) -> Iterator[None]:
        """While entered, the parameters are stand-ins; they come first on the tape."""
        start = self.tape.append_leaves(ops.PARAMETER, len(parameters))
        kinds = list(map(type, parameters))
        gradients = [parameter.grad for parameter in parameters]
        stand_in = self._classes.parameter
        try:
            for index, stands_in in enumerate(parameters, start):
                stands_in.__class__ = stand_in
                stands_in.index = index  # type: ignore[attr-defined]
            yield
        finally:
            for parameter, kind, gradient in zip(parameters, kinds, gradients, strict=True):
                parameter.__class__ = kind
                parameter.grad = gradient

    def id_of(self, value: Any) -> int:
        """Return the id of what a formula computed or returned.

        Raises:
            CannotCompileError: it is no number, or a scalar that was computed elsewhere.
        """
        kind = value.__class__
        if kind in self._classes.numbers:
            identity: int = value.index
            return identity
        if kind is self._classes.condition:
            refuse("computes with the outcome of a comparison", "use where(v > 0, 1, 0)")
        if isinstance(value, StandIn):
            refuse("uses what it computed in an earlier call", "compute it anew in each call")
        if isinstance(value, Valor):
            return self._foreign(value)
        return self.tape.constant(number(value, "operand"))

    def wrap(self, value: Valor, identity: int) -> None:
        """Let a `Valor` that a formula makes of a plain number stand for it."""
        value.__class__ = self._classes.parameter
        value.index = identity  # type: ignore[attr-defined]

    def is_scalar(self, value: Any) -> bool:
        """Tell whether eager would have a `Valor` here."""
        return isinstance(value, Valor)

    def _foreign(self, value: Valor) -> int:
        seen: dict[int, Valor] = {}
        stack = [value]
        while stack:
            node = stack.pop()
            if isinstance(node, StandIn) or id(node) in self._forbidden:
                refuse(
                    "uses a scalar that was computed before it was called",
                    "compute it anew in each call, from the parameters",
                )
            if id(node) not in seen:
                seen[id(node)] = node
                stack.extend(node.progenitor)
        return self.tape.constant(number(value.data))

    # Operations

    def scalar(self, function: Function, arguments: tuple[Any, ...]) -> Any:
        """Write down what eager makes a `Valor` of."""
        operands = [self.id_of(argument) for argument in arguments]
        code = _DIRECT.get(function.name, NOTHING)
        if function.name in _IMPLIED:
            return self._scalar(self._implied(code, operands))
        value = self._value(function, operands)
        plain = [self._number(operand) for operand in (*operands, value)]
        slopes = self._row(function.derivative, plain)
        if len(operands) == 1:
            parents, slopes = (operands[0], NOTHING), (slopes, 0)
        else:
            parents = (operands[0], operands[1])
        identity = self.tape.append(ops.COPY, value)
        self.tape.slopes[identity] = (*parents, self.id_of(slopes[0]), self.id_of(slopes[1]))
        if value in self.tape.whole:
            self.tape.whole[identity] = self.tape.whole[value]
        return self._scalar(identity)

    def dot(self, a: Sequence[Any], b: Sequence[Any]) -> Any:
        """Write down a sum of products as a whole; NotImplemented where a part is special."""
        kinds = frozenset(map(type, a)), frozenset(map(type, b))
        scalars = {self._classes.traced, self._classes.parameter}
        if not (kinds[0] | kinds[1] <= self._classes.numbers):
            return NotImplemented
        if not (kinds[0] <= scalars or kinds[1] <= scalars):
            return NotImplemented
        first, second = (np.array([each.index for each in part], np.int32) for part in (a, b))
        # Ints are few, and parameters, which come first on the tape, are none.
        whole = [identity for identity in self.tape.whole if identity >= 0]
        lowest = min(whole, default=len(self.tape))
        if all(ids.max() >= lowest and np.isin(ids, whole).any() for ids in (first, second)):
            return NotImplemented
        return self._scalar(self.tape.append_dot(first, second))

    def choice(self, condition: Any, then: Any, otherwise: Any) -> Any:
        """Write down ``where(condition, then, otherwise)`` for a traced condition."""
        a, b = self.id_of(then), self.id_of(otherwise)
        value = self._select(condition.index, a, b)
        if not (self.is_scalar(then) or self.is_scalar(otherwise)):
            return self._number(value)
        one, zero = self.tape.constant(1), self.tape.constant(0)
        identity = self.tape.append(ops.COPY, value)
        taken = self.tape.compute(ops.SELECT, one, zero, condition.index)
        left = self.tape.compute(ops.SELECT, zero, one, condition.index)
        self.tape.slopes[identity] = a, b, taken, left
        if value in self.tape.whole:
            self.tape.whole[identity] = self.tape.whole[value]
        return self._scalar(identity)

    def plain(self, function: Function, arguments: tuple[Any, ...]) -> Any:
        """Write down what eager computes with plain floats."""
        operands = [self.id_of(argument) for argument in arguments]
        return self._number(self._value(function, operands))

    def power(self, base: Any, exponent: Any) -> Any:
        """Write down Python's ``base ** exponent`` of plain numbers."""
        if self._in_a_row:
            return self.plain(TABLE["power"], (base, exponent))
        a, b = self.id_of(base), self.id_of(exponent)
        if self.tape.where_whole(a, b) is not None:
            refuse("takes a power of whole numbers", "make one of them a float")
        value = self.tape.compute(ops.POW, a, b)
        # Where Python raises or makes a complex number, the C library makes inf or nan.
        self._check(self._not_finite(value))
        return self._number(value)

    def quotient(self, a: Any, b: Any) -> Any:
        """Write down Python's ``a / b`` of plain numbers, which raises where b is 0."""
        divisor = self.id_of(b)
        value = self.tape.compute(ops.DIVIDE, self.id_of(a), divisor)
        if divisor >= 0 and not self._in_a_row:
            self._check(self.tape.compute(ops.EQUAL, divisor, self.tape.constant(0.0)))
        return self._number(value)

    def compared(self, symbol: str, a: Any, b: Any) -> Any:
        """Write down a comparison."""
        left, right = self.id_of(a), self.id_of(b)
        if symbol in (">", ">="):
            left, right = right, left
        code = ops.LESS if symbol in ("<", ">") else ops.LESS_EQUAL
        return self.condition(self.tape.compute(code, left, right))

    def _check(self, condition: int) -> None:
        if condition not in self.tape.checks:
            self.tape.checks.append(condition)

    def _not_finite(self, value: int) -> int:
        # x - x is 0 for every finite x, and nan for the others.
        difference = self.tape.compute(ops.SUBTRACT, value, value)
        finite = self.tape.compute(ops.EQUAL, difference, self.tape.constant(0.0))
        return self.tape.compute(ops.NOT, finite)

    def _row(self, formula: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        """Run a formula of the table, which never divides by zero in a way that would raise."""
        before, self._in_a_row = self._in_a_row, True
        try:
            return formula(*arguments)
        finally:
            self._in_a_row = before

    def _value(self, function: Function, operands: Sequence[int]) -> int:
        """Write down the value of a row, and return its id."""
        tape = self.tape
        if function.exponent is not None:
            return self._constant_power(operands[0], function.exponent)
        if function is TABLE["power"]:
            return self._scalar_power(*operands)
        code = _DIRECT.get(function.name)
        if code is None or function is not TABLE.get(function.name):
            plain = [self._number(operand) for operand in operands]
            return self.id_of(self._row(function.value, plain))
        if code in _KEEP_WHOLE:
            value = self._maybe_whole(code, operands)
            if value in tape.whole and not self._in_a_row:
                self._check_exact(value)
            return value
        value = tape.compute(code, *operands)
        if code in (ops.MAXIMUM, ops.MINIMUM):
            a, b = operands if code == ops.MINIMUM else operands[::-1]
            self._note_choice(value, lambda: tape.compute(ops.LESS_EQUAL, a, b), *operands)
        return value

    def _check_exact(self, value: int) -> None:
        """Python's ints stay exact where floats begin to round."""
        tape = self.tape
        if tape.largest[value] > LARGEST_EXACT:
            largest = tape.constant(LARGEST_EXACT)
            self._check(tape.compute(ops.LESS, largest, tape.compute(ops.ABSOLUTE, value)))
            tape.largest[value] = LARGEST_EXACT

    def _maybe_whole(self, code: int, operands: Sequence[int]) -> int:
        """Write down an operation of which two ints make an int."""
        tape = self.tape
        value = tape.compute(code, *operands)
        condition = tape.where_whole(*operands)
        if condition is None:
            return value
        if code in (ops.NEGATIVE, ops.MULTIPLY):  # there is no negative zero among ints
            positive = tape.compute(ops.ADD, value, tape.constant(0.0))
            if condition == tape.ALWAYS:
                value = positive
            else:
                value = tape.compute(ops.SELECT, positive, value, condition)
        tape.whole[value] = condition
        sizes = [tape.largest.get(operand, LARGEST_EXACT) for operand in operands]
        tape.largest[value] = math.prod(sizes) if code == ops.MULTIPLY else sum(sizes)
        return value

    def _implied(self, code: int, operands: Sequence[int]) -> int:
        """Write down a sum, difference, product or negation of eager's."""
        condition = self.tape.where_whole(*operands)
        if condition is None:
            return self.tape.append(code, *operands)
        value = self._maybe_whole(code, operands)
        identity = self.tape.append(ops.COPY, value)
        self.tape.whole[identity] = condition
        one, minus_one = self.tape.constant(1), self.tape.constant(-1)
        a, b = (*operands, NOTHING)[:2]
        slopes = {
            ops.ADD: (one, one),
            ops.SUBTRACT: (one, minus_one),
            ops.MULTIPLY: (b, a),
            ops.NEGATIVE: (minus_one, one),
        }
        self.tape.slopes[identity] = (a, b, *slopes[code])
        return identity

    def _select(self, condition: int, a: int, b: int) -> int:
        value = self.tape.compute(ops.SELECT, a, b, condition)
        self._note_choice(value, lambda: condition, a, b)
        return value

    def _note_choice(self, value: int, condition: Callable[[], int], a: int, b: int) -> None:
        """Note where the choice of one of two scalars is an int."""
        tape = self.tape
        first, second = tape.whole.get(a), tape.whole.get(b)
        sizes = [tape.largest.get(each, LARGEST_EXACT) for each in (a, b) if each in tape.whole]
        if sizes:
            tape.largest[value] = max(sizes)
        if first == second:
            if first is not None:
                tape.whole[value] = first
            return
        where = []
        if first is not None:
            where.append(tape.both(condition(), first))
        if second is not None:
            where.append(tape.both(tape.compute(ops.NOT, condition()), second))
        tape.whole[value] = where[0] if len(where) == 1 else tape.compute(ops.EITHER, *where)

    def _constant_power(self, base: int, exponent: float) -> int:
        tape = self.tape
        if exponent == 2:
            value = self._maybe_whole(ops.MULTIPLY, (base, base))
        elif exponent == -1:
            value = tape.compute(ops.DIVIDE, tape.constant(1.0), base)
        elif exponent == 0.5:
            value = tape.compute(ops.SQRT, base)
        else:
            value = tape.compute(ops.POW, base, tape.constant(float(exponent)))
            if base in tape.whole and type(exponent) is int and exponent >= 0:
                tape.whole[value] = tape.whole[base]
        return value

    def _scalar_power(self, base: int, exponent: int) -> int:
        """Write down a power whose exponent is computed: which of the four rules, runtime tells."""
        if exponent < 0:
            return self._constant_power(base, self.tape.constants[exponent])
        tape = self.tape
        value = tape.compute(ops.POW, base, exponent)
        for special in (2, -1, 0.5):
            holds = tape.compute(ops.EQUAL, exponent, tape.constant(float(special)))
            value = tape.compute(ops.SELECT, self._constant_power(base, special), value, holds)
        return value

    # Stand-ins for what was written down

    def _scalar(self, identity: int) -> Any:
        node = _new(self._classes.traced)
        node.index = identity
        return node

    def _number(self, identity: int) -> Any:
        stand_in = _new(self._classes.number)
        stand_in.index = identity
        return stand_in

    def condition(self, identity: int) -> Any:
        """Return the stand-in of a condition."""
        stand_in = _new(self._classes.condition)
        stand_in.index = identity
        return stand_in
