"""LLVM's assembly, written line by line.

Text is both the quickest way to hand LLVM a program (a tenth of the time of building objects) and
the one that can be printed and read.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

DOUBLE, INDEX, POINTER = "double", "i64", "ptr"


def vector(width: int, kind: str = DOUBLE) -> str:
    """Return the type of some lanes; of one lane, the plain type."""
    return kind if width == 1 else f"<{width} x {kind}>"


def literal(value: float) -> str:
    """Return a double in the notation that keeps every bit."""
    return "0x" + struct.pack(">d", value).hex().upper()


class Writer:
    """A function body under way.

    Args:
        contract: whether a product and a sum may become one fused operation (mode "fast").
        threads: how many threads run what is written.

    >>> writer = Writer()
    >>> total = writer.op("fadd", "double", "%a", "%b")
    >>> writer.lines
    ['%v1 = fadd double %a, %b']
    """

    def __init__(self, contract: bool = False, threads: int = 1) -> None:
        self.threads = threads
        self.lines: list[str] = []
        self.block = "entry"
        self.declared: dict[str, str] = {}
        self._flag = "contract " if contract else ""
        self._count = 0

    def fresh(self, prefix: str = "v") -> str:
        """Return a name that is not taken."""
        self._count += 1
        return f"%{prefix}{self._count}"

    def line(self, text: str) -> None:
        """Write an instruction without a result."""
        self.lines.append(text)

    def let(self, text: str) -> str:
        """Write an instruction, and return the name of its result."""
        name = self.fresh()
        self.lines.append(f"{name} = {text}")
        return name

    def op(self, operation: str, kind: str, a: str, b: str) -> str:
        """Write an operation of two operands."""
        flag = self._flag if operation in ("fadd", "fsub", "fmul") else ""
        return self.let(f"{operation} {flag}{kind} {a}, {b}")

    def given(self, name: str, position: int, kind: str = POINTER) -> None:
        """Write down what the function is handed, 8 bytes each, in the area %context."""
        self.line(f"%{name}_at = getelementptr i8, ptr %context, i64 {8 * position}")
        self.line(f"%{name} = load {kind}, ptr %{name}_at")

    # Numbers of lanes

    def constant(self, value: float, width: int) -> str:
        """Return a constant in every lane."""
        return self.same(literal(value), width)

    @staticmethod
    def same(scalar: str, width: int) -> str:
        """Return a literal in every lane."""
        if width == 1:
            return scalar
        return "<" + ", ".join([f"{DOUBLE} {scalar}"] * width) + ">"

    def splat(self, scalar: str, width: int) -> str:
        """Put a scalar in every lane."""
        if width == 1:
            return scalar
        kind = vector(width)
        one = self.let(f"insertelement {kind} poison, double {scalar}, i64 0")
        return self.let(
            f"shufflevector {kind} {one}, {kind} poison, <{width} x i32> zeroinitializer"
        )

    def shuffle(self, a: str, b: str, width: int, lanes: list[int]) -> str:
        """Take lanes of two vectors, those of the second counted on from `width`."""
        kind = vector(width)
        mask = ", ".join(f"i32 {lane}" for lane in lanes)
        return self.let(f"shufflevector {kind} {a}, {kind} {b}, <{len(lanes)} x i32> <{mask}>")

    def extract(self, value: str, width: int, lane: int) -> str:
        """Return one lane."""
        return self.let(f"extractelement {vector(width)} {value}, i64 {lane}")

    def transposed(self, rows: list[str], width: int) -> list[str]:
        """Transpose a square of `width` rows of `width` lanes, in steps of half the size."""
        rows = list(rows)
        size = width // 2
        while size:
            for start in range(0, width, 2 * size):
                for k in range(start, start + size):
                    low, high = rows[k], rows[k + size]
                    lanes = range(width)
                    first = [lane if not lane & size else lane - size + width for lane in lanes]
                    second = [lane + size if not lane & size else lane + width for lane in lanes]
                    rows[k] = self.shuffle(low, high, width, first)
                    rows[k + size] = self.shuffle(low, high, width, second)
            size //= 2
        return rows

    # Memory

    def at(self, base: str, *offsets: str | int) -> str:
        """Return an address some bytes on."""
        constant = sum(offset for offset in offsets if isinstance(offset, int))
        address = base
        for offset in offsets:
            if not isinstance(offset, int):
                address = self.let(f"getelementptr i8, ptr {address}, i64 {offset}")
        if constant:
            address = self.let(f"getelementptr i8, ptr {address}, i64 {constant}")
        return address

    def load(self, address: str, width: int = 1, kind: str = DOUBLE) -> str:
        """Load lanes that lie side by side."""
        align = 4 if kind == "i32" else 8
        return self.let(f"load {vector(width, kind)}, ptr {address}, align {align}")

    def store(self, value: str, address: str, width: int = 1, kind: str = DOUBLE) -> None:
        """Store lanes side by side."""
        self.line(f"store {vector(width, kind)} {value}, ptr {address}, align 8")

    # Whole numbers

    def times(self, a: str | int, b: str | int) -> str | int:
        """Return a product of indices, folded where it is known."""
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if 1 in (a, b):
            return b if a == 1 else a
        return 0 if 0 in (a, b) else self.let(f"mul i64 {a}, {b}")

    def plus(self, a: str | int, b: str | int) -> str | int:
        """Return a sum of indices, folded where it is known."""
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if 0 in (a, b):
            return b if a == 0 else a
        return self.let(f"add i64 {a}, {b}")

    def least(self, a: str | int, b: str | int) -> str:
        """Return the smaller of two indices."""
        smaller = self.let(f"icmp slt i64 {a}, {b}")
        return self.let(f"select i1 {smaller}, i64 {a}, i64 {b}")

    # Control

    def label(self, prefix: str) -> str:
        """Return a fresh name of a block."""
        return self.fresh(prefix)[1:]

    def begin(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.block = label

    @contextmanager
    def loop(
        self,
        start: str | int,
        stop: str | int,
        step: int = 1,
        carried: list[tuple[str, str]] | None = None,
        prefix: str = "loop",
    ) -> Iterator["Loop"]:
        """Write a loop, whose body is what is written inside ``with``.

        Args:
            start, stop, step: of the counter. A negative step counts from ``start - |step|`` down
                to `stop`, which is included.
            carried: types and first values of what goes from round to round; the body sets
                `Loop.next`, and afterwards `Loop.result` has the last values.
        """
        carried = carried or []
        head, body, end = (self.label(f"{prefix}_{part}") for part in ("head", "body", "end"))
        before = self.block
        counter, after = self.fresh("i"), self.fresh("i")
        values = [self.fresh("c") for _ in carried]
        self.line(f"br label %{head}")
        self.begin(head)
        position = len(self.lines)
        goes_on = self.let(f"icmp {'slt' if step > 0 else 'sgt'} i64 {counter}, {stop}")
        self.line(f"br i1 {goes_on}, label %{body}, label %{end}")
        self.begin(body)
        index = counter if step > 0 else self.let(f"add i64 {counter}, {step}")
        handle = Loop(index, values)
        yield handle
        self.line(f"{after} = add i64 {counter}, {step}")
        last = self.block
        self.line(f"br label %{head}")
        phis = [f"{counter} = phi i64 [ {start}, %{before} ], [ {after}, %{last} ]"]
        for (kind, first), value, following in zip(carried, values, handle.next, strict=True):
            phis.append(f"{value} = phi {kind} [ {first}, %{before} ], [ {following}, %{last} ]")
        self.lines[position:position] = phis
        self.begin(end)
        handle.result = values

    @contextmanager
    def when(self, condition: str, prefix: str = "when") -> Iterator[None]:
        """Write what happens only where a condition holds."""
        then, end = self.label(prefix), self.label(f"{prefix}_end")
        self.line(f"br i1 {condition}, label %{then}, label %{end}")
        self.begin(then)
        yield
        self.line(f"br label %{end}")
        self.begin(end)


class Loop:
    """What the body of a loop works with.

    Attributes:
        index: the counter.
        values: what was carried into this round.
        next: what the body hands to the next one.
        result: after the loop, what was carried out.
    """

    def __init__(self, index: str, values: list[str]) -> None:
        self.index = index
        self.values = values
        self.next: list[str] = values
        self.result: list[str] = values
