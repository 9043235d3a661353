"""Programs to test with: an interpreter of what the compiler makes, and random graphs."""

import functools
import inspect
import math
import operator
import random
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from valor import Valor
from valor.functions import TABLE, clip, divide, exp, power_of, where
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Scalars, derive
from valor_plugins.engines.native.families import CONSTANT, Operand, Pair, Rolled
from valor_plugins.engines.native.trace import Tracer

Leaves = Mapping[int, Sequence[float]]  # by code

# The interpreter


def c_pow(x: float, y: float) -> float:
    """The C library's pow, which never raises."""
    odd = abs(y) <= 2.0**53 and y % 2 == 1
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and odd else math.inf
    except ValueError:
        if x != 0:
            return math.nan
        return math.copysign(math.inf, x) if odd else math.inf


def added(*terms: float) -> float:
    return functools.reduce(operator.add, terms)


VALUES: dict[int, Callable[..., Any]] = {
    **{code: TABLE[ops.OPERATIONS[code]].value for code in range(ops.ADD, ops.POW)},
    ops.POW: c_pow,
    ops.MAXIMUM: TABLE["maximum"].value,
    ops.MINIMUM: TABLE["minimum"].value,
    ops.COPY: lambda x: x,
    ops.SELECT: lambda a, b, condition: a if condition else b,
    ops.LESS: operator.lt,
    ops.LESS_EQUAL: operator.le,
    ops.EQUAL: operator.eq,
    ops.BOTH: operator.and_,
    ops.EITHER: operator.or_,
    ops.NOT: operator.not_,
    ops.SUM: added,
}


@attrs.define
class Result:
    """What a program computes for one sample."""

    root: Any
    contributions: dict[int, list[float]]  # to each parameter, in order
    checks: list[bool]

    @property
    def gradients(self) -> dict[int, float]:
        return {k: added(0.0, *each) for k, each in self.contributions.items()}


def interpreted(program: Any, leaves: Leaves) -> Result:
    """Compute a program, of scalars or of families, one scalar after the other."""
    return (_families if isinstance(program, Rolled) else _scalars)(program, leaves)


def _scalars(program: Scalars, leaves: Leaves) -> Result:
    values: list[Any] = []
    terms = {owner: program.sums[k].tolist() for k, owner in enumerate(program.sums.owner.tolist())}

    def value(identity: int) -> Any:
        return values[identity] if identity >= 0 else program.tape.constants[identity]

    for node, code in enumerate(program.code.tolist()):
        left, right = int(program.left[node]), int(program.right[node])
        if code <= ops.LAST_LEAF:
            values.append(leaves[code][left])
            continue
        given = terms.get(node, [left, right, program.condition.get(node, ops.NOTHING)])
        values.append(VALUES[code](*(value(each) for each in given if each != ops.NOTHING)))
    lists = program.contributions
    return Result(
        root=None if program.root == ops.NOTHING else value(program.root),
        contributions={
            owner: [value(each) for each in lists[k].tolist()]
            for k, owner in enumerate(lists.owner.tolist())
        },
        checks=[bool(value(check)) for check in program.checks],
    )


def _families(program: Rolled, leaves: Leaves) -> Result:
    values: list[list[Any]] = []

    def value(operand: Operand, member: Any) -> Any:
        if operand.family == CONSTANT:
            return operand.value
        return values[operand.family][operand.positions[member]]

    def product(pair: Pair, member: Any) -> float:
        first, second = pair
        one = value(first, member)
        return one if second is None else one * value(second, member)

    def terms(pair: Pair) -> int:
        arrays = [each.positions for each in pair if each is not None]
        return max(1 if each is None else each.shape[1] for each in arrays)

    for family in program.families:
        members = range(family.size)
        if family.code <= ops.LAST_LEAF:
            values.append(list(leaves[family.code]))
            if family.code == ops.PARAMETER:
                values[-1].append(1.0)  # which sums multiply by what has no other factor
        elif family.parts:
            values.append([each for part in family.parts for each in values[part]])
        elif family.runs:
            values.append(
                [
                    added(
                        *(product(pair, (m, t)) for pair in family.runs for t in range(terms(pair)))
                    )
                    for m in members
                ]
            )
        else:
            compute = VALUES[family.code]
            values.append([compute(*(value(each, m) for each in family.operands)) for m in members])
    contributions = {}
    for group in program.gradients:
        for k, parameter in enumerate(group.parameters.tolist()):
            assert parameter not in contributions, "a parameter is collected twice"
            contributions[parameter] = [product(pair, k) for pair in group.contributions]
    return Result(
        root=value(program.root, 0),
        contributions=contributions,
        checks=[bool(value(check, 0)) for check in program.checks],
    )


def traced(formula: Callable[..., Any], parameters: Sequence[Valor], inputs: int = 0) -> Scalars:
    """Trace ``formula(*parameters, *inputs)``, and derive it."""
    tracer = Tracer()
    with tracer.parameters(parameters):
        root = tracer.id_of(formula(*parameters, *tracer.numbers(ops.INPUT, inputs)))
    return derive(tracer.tape, root, tracer.tape.constant(1.0))


def collected(results: Sequence[Result], parameter: int, before: float = 0.0) -> float:
    """Return a gradient as eager adds it up: from the last sample to the first."""
    each = [result.contributions.get(parameter, []) for result in reversed(results)]
    return added(before, *(contribution for sample in each for contribution in sample))


def bits(numbers: Any) -> list[bytes]:
    """Return the bits of numbers; every nan has the same."""
    return [struct.pack("<d", x if x == x else math.nan) for x in numbers]


def squares(predicted: Any, target: Any) -> Any:
    """A loss that has checks: it divides by a target."""
    total = exp(-abs(predicted[0])) * target[0]
    for p, t in zip(predicted, target, strict=True):
        total = total + (p - t) ** 2 * (1 + 1 / t)
    return total


# Random expression graphs

EDGES = (0.0, -0.0, 5e-324, -5e-324, 1e-310, -2e-308, 1.0, -1.0, 0.5, 2.0, 700.0, -700.0)
CONSTANTS = (0, 1, -1, 2, 3, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 0.04, 5e-324, 1e16, 700.0, -700.0)
EXPONENTS = (0, 1, 2, 3, -1, -2, 0.5, -0.5, 1.5, 2.0, -1.0, 3.0, 0.0, 7)
ARITY = {name: len(inspect.signature(row.value).parameters) for name, row in TABLE.items()}


def entry(draw: random.Random, edges: float) -> float:
    """Draw a number; so often, one at the edge of something."""
    return draw.choice(EDGES) if draw.random() < edges else draw.uniform(-2, 2)


class Graph:
    """A model that is a random expression graph: every function, shared scalars, odd numbers."""

    def __init__(self, seed: int, most: int = 40) -> None:
        draw = random.Random(f"graph {seed}")
        self._seed = seed
        self._size = draw.randint(1, most)
        edges = draw.choice([0.0, 0.1, 0.4])
        self._parameters = [Valor(entry(draw, edges)) for _ in range(draw.randint(2, 6))]
        self.shape = draw.randint(1, 4), draw.choice([1, 1, 2, 3])
        self.edges = edges
        self.names: set[str] = set()  # what was applied

    def parametros(self) -> list[Valor]:
        return self._parameters

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        return self.outputs(self._parameters, inputs)

    def outputs(self, parameters: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
        draw = random.Random(f"steps {self._seed}")  # the same steps in each call
        pool = [*parameters, *inputs]
        for _ in range(self._size):
            pool.append(self._step(draw, pool))
        # Of the last scalars, and times a parameter: so they are computed, and from one.
        return [
            parameters[k % len(parameters)] * pool[-1 - k % len(pool)] for k in range(self.shape[1])
        ]

    def total(self, *leaves: Any) -> Any:
        """Return one scalar, of parameters and inputs one after the other."""
        count = len(self._parameters)
        first, *rest = self.outputs(leaves[:count], leaves[count:])
        for each in rest:
            first = first + each * each
        return first

    def _step(self, draw: random.Random, pool: Sequence[Any]) -> Any:
        def one() -> Any:
            if draw.random() < 0.15:
                return draw.choice(CONSTANTS)
            return draw.choice(pool[-6:] if draw.random() < 0.5 else pool)

        def condition() -> Any:
            compare = draw.choice([operator.lt, operator.le, operator.gt, operator.ge])
            return compare(one(), one())

        kind = draw.choice(["row"] * 12 + ["operator", "operator", "power", "dot", "clip", "each"])
        if kind == "row":
            name = draw.choice(list(TABLE))
            self.names.add(name)
            if name == "where":
                bits = condition()
                if draw.random() < 0.3:
                    bits = draw.choice([operator.and_, operator.or_])(bits, condition())
                return where(bits, one(), one())
            result = TABLE[name](*(one() for _ in range(ARITY[name])))
        elif kind == "operator":
            compute = draw.choice([operator.add, operator.sub, operator.mul, divide])
            result = compute(one(), one())
        elif kind == "power":
            result = power_of(draw.choice(EXPONENTS))(one())
        elif kind == "dot":
            result = one() * one()
            for _ in range(draw.randint(1, 12)):
                result = result + one() * one()
        elif kind == "each":
            shift = one()
            parts = [TABLE["sin"](each + shift) for each in pool[-5:]]
            result = parts[0]
            for each in parts[1:]:
                result = result * each
        else:
            result = clip(one(), -draw.random(), draw.random())
        if draw.random() < 0.6:  # so that most graphs stay finite
            result = draw.choice([tame, TABLE["tanh"], TABLE["sin"], TABLE["sig"]])(result)
        return result


def tame(x: Any) -> Any:
    return clip(x, -3, 3)
