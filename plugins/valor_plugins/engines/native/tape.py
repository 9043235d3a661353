"""The scalar program: what is written down when formulas are run with stand-ins.

A `Tape` is flat: one number, its *id*, a scalar; an operation code and two operand ids each. A
negative id is a constant. Scalars that eager would make a `Valor` of carry their parents and slopes
too, so that gradients can be derived; the others (targets, parts of a function) are plain numbers.
"""

import math
import struct
from array import array
from typing import Any

import numpy as np

# Leaves first, then operations; `OPERATIONS[code]` is the name that people read.
OPERATIONS = (
    "parameter",
    "input",
    "target",
    "seed",
    "gradient",
    "state",
    "step",
    "rate",
    "copy",
    "add",
    "subtract",
    "multiply",
    "divide",
    "negative",
    "absolute",
    "sqrt",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sin",
    "cos",
    "erf",
    "erfc",
    "pow",
    "maximum",
    "minimum",
    "select",
    "less",
    "less_equal",
    "equal",
    "both",
    "either",
    "not",
    "sum",
)
(
    PARAMETER,
    INPUT,
    TARGET,
    SEED,
    GRADIENT,
    STATE,
    STEP,
    RATE,
    COPY,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    NEGATIVE,
    ABSOLUTE,
    SQRT,
    EXP,
    EXPM1,
    LOG,
    LOG1P,
    SIN,
    COS,
    ERF,
    ERFC,
    POW,
    MAXIMUM,
    MINIMUM,
    SELECT,
    LESS,
    LESS_EQUAL,
    EQUAL,
    BOTH,
    EITHER,
    NOT,
    SUM,
) = range(len(OPERATIONS))

NOTHING = -(2**31)  # an operand that is not there
LAST_LEAF = RATE
CONDITIONS = range(LESS, SUM)


class Constants:
    """Constants by id -1, -2, …: the same number, of the same type and sign, has the same id."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self._ids: dict[tuple[bytes, type], int] = {}

    def id_of(self, value: float) -> int:
        """Return the id of a constant, new or known."""
        # Of nan there is one: which sign it has depends on how Python happened to compute it.
        key = struct.pack("<d", value if value == value else math.nan), type(value)
        known = self._ids.get(key)
        if known is None:
            self.values.append(float(value))
            known = self._ids[key] = -len(self.values)
        return known

    def __getitem__(self, identity: int) -> float:
        return self.values[-identity - 1]


class Tape:
    """A program under way.

    Attributes:
        code, left, right: an entry a scalar. A leaf has its index as its left operand.
        condition: of a `select`, the id of its condition.
        plain: the sums, differences, products and negations that eager computes with plain floats.
        slopes: of every other scalar that eager makes a `Valor` of, its parents and its partial
            derivatives by them: left parent, right parent, left slope, right slope.
        whole: the scalars that are ints in eager, always (`ALWAYS`) or where a condition holds.
        largest: how large some of these may be; of the others, it is only known that floats hold
            them exactly.
        checks: conditions under which plain Python would raise, or its ints would go their own way.
        constants: the table of constants.
    """

    ALWAYS = -(2**31) + 1

    def __init__(self) -> None:
        self.code = array("b")
        self.left = array("i")
        self.right = array("i")
        self.condition: dict[int, int] = {}
        self.plain: set[int] = set()
        self.slopes: dict[int, tuple[int, int, int, int]] = {}
        self.whole: dict[int, int] = {}
        self.largest: dict[int, float] = {}
        self.checks: list[int] = []
        self.constants = Constants()
        self._memo: dict[tuple[int, int, int, int], int] = {}

    def __len__(self) -> int:
        return len(self.code)

    def constant(self, value: float) -> int:
        """Return the id of a number that is known while tracing."""
        identity = self.constants.id_of(value)
        if type(value) is int:
            self.whole[identity] = self.ALWAYS
            self.largest[identity] = abs(value)
        return identity

    def append(self, code: int, left: int = NOTHING, right: int = NOTHING) -> int:
        """Write one scalar down, and return its id."""
        self.code.append(code)
        self.left.append(left)
        self.right.append(right)
        return len(self.code) - 1

    def append_leaves(self, code: int, count: int) -> int:
        """Write leaves of a kind down, numbered from 0 on, and return the id of the first."""
        start = len(self.code)
        self.code.extend([code] * count)
        self.left.extend(range(count))
        self.right.extend([NOTHING] * count)
        return start

    def append_dot(self, first: Any, second: Any) -> int:
        """Write down the sum of some products, and return the id of the last addition.

        The order is that of the loop that would compute it: each product just before its addition.
        """
        start, count = len(self.code), len(first)
        code = np.full(2 * count - 1, ADD, np.int8)
        left, right = np.empty(2 * count - 1, np.int32), np.empty(2 * count - 1, np.int32)
        products = np.arange(-1, 2 * count - 2, 2)
        products[0] = 0
        code[products] = MULTIPLY
        left[products], right[products] = first, second
        left[2::2] = np.arange(start, start + 2 * count - 3, 2)
        right[2::2] = products[1:] + start
        for column, more in ((self.code, code), (self.left, left), (self.right, right)):
            column.frombytes(more.tobytes())
        return len(self.code) - 1

    def compute(self, code: int, left: int, right: int = NOTHING, condition: int = NOTHING) -> int:
        """Write a plain number down; the same operation of the same operands, once."""
        key = code, left, right, condition
        known = self._memo.get(key)
        if known is None:
            known = self._memo[key] = self.append(code, left, right)
            self.plain.add(known)
            if condition != NOTHING:
                self.condition[known] = condition
        return known

    def forget(self) -> None:
        """Begin a new formula: what earlier ones computed is not theirs to share."""
        self._memo.clear()

    def cut(self, size: int) -> None:
        """Take away what was written after the first `size` scalars."""
        for column in (self.code, self.left, self.right):
            del column[size:]
        for table in (self.condition, self.slopes, self.whole, self.largest):
            for identity in [each for each in table if each >= size]:
                del table[identity]
        self.plain = {each for each in self.plain if each < size}
        self._memo.clear()

    def both(self, first: int, second: int) -> int:
        """Return the id of a condition that holds where two do."""
        if first == self.ALWAYS or second == self.ALWAYS:
            return second if first == self.ALWAYS else first
        return self.compute(BOTH, first, second)

    def where_whole(self, *operands: int) -> int | None:
        """Return the condition under which all operands are ints in eager; None for never."""
        condition = self.ALWAYS
        for operand in operands:
            known = self.whole.get(operand)
            if known is None:
                return None
            condition = self.both(condition, known)
        return condition
