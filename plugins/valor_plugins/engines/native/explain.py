"""What was compiled and how, in words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from valor import Plan
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit import team
from valor_plugins.engines.native.families import CONSTANT, Family, Operand, Pair, Rolled, terms_of
from valor_plugins.engines.native.vector_math import lanes_follow_libm

if TYPE_CHECKING:
    from valor_plugins.engines.native.assemble import Assembled


def explanation(code: "Assembled", plan: Plan) -> str:
    """Return several lines about a compiled run; the first one sums them up."""
    rolled = code.rolled
    computed = [family for family in rolled.families if family.code > ops.LAST_LEAF]
    cache = "from the cache" if code.code.cached else "new in the cache"
    lines = [
        f"native, {plan.mode}: {code.traced:,} scalars a sample in {len(computed)} families, "
        f"{code.emitter}, {code.width} lanes, {_threads(code)}"
        f"{sum(code.seconds.values()):.3f} s, {cache}",
        "",
        f"traced     {code.traced:,} scalars for one sample, {rolled.scalars:,} with its gradients",
        f"re-rolled  into {len(computed)} families, "
        f"{sum(family.size for family in computed):,} scalars after simplification",
        f"emitted    as {code.emitter}: {code.width} doubles a vector, "
        f"up to {code.block} samples a block",
        *_stages(code),
        "",
        "families (v: differs from sample to sample)",
        *_families(rolled),
        "",
        "gradients",
        *_gradients(rolled),
    ]
    return "\n".join(lines)


def remark(code: "Assembled", plan: Plan) -> str:
    """Return what is to be said of a compiled run in a few words; "" if nothing."""
    remarks = []
    if code.fast_pays:
        remarks.append("mode 'fast' would be faster, since most of the work is in long sums")
    if plan.threads > code.threads:
        remarks.append(
            f"{code.threads} of {plan.threads} threads used, since {_why_fewer_threads(code)}"
        )
    if not lanes_follow_libm():
        remarks.append("exp is computed one number after the other on this machine")
    return "; ".join(remarks)


def _why_fewer_threads(code: "Assembled") -> str:
    if code.emitter != "re-rolled loops":
        return f"what is emitted as {code.emitter} runs on one"
    return "there are no more" if team.available() else "this platform has no POSIX threads"


def _threads(code: "Assembled") -> str:
    return f"{code.threads} threads, " if code.threads > 1 else ""


def _stages(code: "Assembled") -> Iterator[str]:
    stages = ", ".join(f"{stage} {1000 * each:.1f} ms" for stage, each in code.seconds.items())
    yield f"took       {stages}"


def _families(rolled: Rolled) -> Iterator[str]:
    for number, family in enumerate(rolled.families):
        varying = "v" if family.varying else " "
        line = f"  {number:>4} {varying} {family.size:>9,} × {family.name:<11} {_of(family)}"
        yield line.rstrip()


def _of(family: Family) -> str:
    if family.runs:
        return " then ".join(_pair(pair) for pair in family.runs)
    return ", ".join([*map(_operand, family.operands), *(f"#{part}" for part in family.parts)])


def _pair(pair: Pair) -> str:
    factors = [factor for factor in pair if factor is not None]
    return f"{terms_of(pair):,} terms {' · '.join(map(_operand, factors))}"


def _operand(operand: Operand) -> str:
    return repr(operand.value) if operand.family == CONSTANT else f"#{operand.family}"


def _gradients(rolled: Rolled) -> Iterator[str]:
    for group in rolled.gradients:
        each = " then ".join(
            " · ".join(_operand(factor) for factor in pair if factor is not None)
            for pair in group.contributions
        )
        yield f"         {len(group.parameters):>9,} × sum over samples of {each}"
