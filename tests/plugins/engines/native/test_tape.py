"""The tape: constants by their bits and type, what is shared, what is cut, what is whole."""

import math

import pytest

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.tape import NOTHING, Constants, Tape


def test_operations_are_numbered_as_they_are_named() -> None:
    assert len(set(ops.OPERATIONS)) == len(ops.OPERATIONS)
    for number, name in enumerate(ops.OPERATIONS):
        assert getattr(ops, name.upper()) == number
    leaves = {"parameter", "input", "target", "seed", "gradient", "state", "step", "rate"}
    assert set(ops.OPERATIONS[: ops.LAST_LEAF + 1]) == leaves
    conditions = {"less", "less_equal", "equal", "both", "either", "not"}
    assert {ops.OPERATIONS[code] for code in ops.CONDITIONS} == conditions


# Constants

DIFFERENT = (0, 0.0, -0.0, 1, 1.0, -1, -1.0, 5e-324, 1e300, math.inf, -math.inf, math.nan)


def test_constants_differ_by_sign_type_and_bits() -> None:
    constants = Constants()
    ids = [constants.id_of(x) for x in DIFFERENT]
    assert ids == [-1 - k for k in range(len(DIFFERENT))]
    assert [constants.id_of(x) for x in reversed(DIFFERENT)] == ids[::-1]
    for identity, x in zip(ids, DIFFERENT, strict=True):
        found = constants[identity]
        assert type(found) is float
        assert found == x or (found != found and x != x)
        assert math.copysign(1, found) == math.copysign(1, x)


def test_every_nan_is_the_same_constant() -> None:
    """Python makes them of either sign, of the same formula now and then."""
    constants = Constants()
    assert constants.id_of(math.nan) == constants.id_of(-math.nan)
    assert constants.id_of(math.inf - math.inf) == constants.id_of(math.copysign(math.nan, -1))


def test_whole_constants_are_ints() -> None:
    tape = Tape()
    ids = [tape.constant(x) for x in DIFFERENT]
    whole = {identity for identity, x in zip(ids, DIFFERENT, strict=True) if type(x) is int}
    assert set(tape.whole) == whole
    assert set(tape.whole.values()) == {Tape.ALWAYS}


# What is written


def test_append_writes_each_time_and_compute_once() -> None:
    tape = Tape()
    a, b = tape.append(ops.INPUT, 0), tape.append(ops.INPUT, 1)
    first, second = tape.append(ops.MULTIPLY, a, b), tape.append(ops.MULTIPLY, a, b)
    assert [a, b, first, second] == [0, 1, 2, 3]
    assert tape.plain == set()
    product = tape.compute(ops.MULTIPLY, a, b)
    assert product == 4
    assert tape.compute(ops.MULTIPLY, a, b) == product
    assert tape.compute(ops.MULTIPLY, b, a) != product
    assert tape.compute(ops.ADD, a, b) != product
    assert len(tape) == 7
    assert tape.plain == {4, 5, 6}
    assert (tape.code[5], tape.left[5], tape.right[5]) == (ops.MULTIPLY, b, a)


def test_a_choice_is_known_by_its_condition_too() -> None:
    tape = Tape()
    a, b = tape.append(ops.INPUT, 0), tape.append(ops.INPUT, 1)
    less, equal = tape.compute(ops.LESS, a, b), tape.compute(ops.EQUAL, a, b)
    first = tape.compute(ops.SELECT, a, b, less)
    second = tape.compute(ops.SELECT, a, b, equal)
    assert first != second
    assert tape.compute(ops.SELECT, a, b, less) == first
    assert tape.condition == {first: less, second: equal}


def test_after_forgetting_the_same_is_written_anew() -> None:
    tape = Tape()
    a = tape.append(ops.INPUT, 0)
    before = tape.compute(ops.EXP, a)
    tape.forget()
    assert tape.compute(ops.EXP, a) == before + 1
    assert len(tape) == 3  # nothing is taken away


def test_cutting_takes_everything_away_that_came_after() -> None:
    tape = Tape()
    a = tape.append(ops.INPUT, 0)
    zero = tape.constant(0)
    less = tape.compute(ops.LESS, a, zero)
    kept = tape.compute(ops.SELECT, a, zero, less)
    tape.whole[kept] = less
    tape.largest[kept] = 7.0
    tape.slopes[kept] = (a, NOTHING, zero, zero)
    size = len(tape)
    copy = tape.append(ops.COPY, kept)
    chosen = tape.compute(ops.SELECT, zero, a, less)
    tape.slopes[copy] = (kept, NOTHING, zero, zero)
    tape.whole[chosen] = tape.ALWAYS
    tape.largest[chosen] = 9.0
    tape.cut(size)
    assert len(tape) == len(tape.left) == len(tape.right) == size
    assert tape.condition == {kept: less}
    assert tape.slopes == {kept: (a, NOTHING, zero, zero)}
    assert tape.whole == {zero: tape.ALWAYS, kept: less}
    assert tape.largest == {zero: 0, kept: 7.0}
    assert tape.plain == {less, kept}
    assert tape.constants[zero] == 0.0
    # What was cut is not remembered either.
    assert tape.compute(ops.SELECT, zero, a, less) == size


# Conditions and whole numbers


def test_both_of_what_always_holds_is_the_other() -> None:
    tape = Tape()
    a, b = tape.append(ops.INPUT, 0), tape.append(ops.INPUT, 1)
    less = tape.compute(ops.LESS, a, b)
    equal = tape.compute(ops.EQUAL, a, b)
    size = len(tape)
    assert tape.both(Tape.ALWAYS, less) == tape.both(less, Tape.ALWAYS) == less
    assert tape.both(Tape.ALWAYS, Tape.ALWAYS) == Tape.ALWAYS
    assert len(tape) == size
    together = tape.both(less, equal)
    assert (tape.code[together], tape.left[together], tape.right[together]) == (
        ops.BOTH,
        less,
        equal,
    )


def test_operands_are_whole_where_each_is() -> None:
    tape = Tape()
    a, b = tape.append(ops.INPUT, 0), tape.append(ops.INPUT, 1)
    less, equal = tape.compute(ops.LESS, a, b), tape.compute(ops.EQUAL, a, b)
    one, half = tape.constant(1), tape.constant(0.5)
    tape.whole[a], tape.whole[b] = less, equal
    assert tape.where_whole(one, one) == Tape.ALWAYS
    assert tape.where_whole(one, a) == tape.where_whole(a, one) == less
    assert tape.where_whole(a, half) is None
    assert tape.where_whole(half, a) is None
    assert tape.where_whole(a, b) == tape.compute(ops.BOTH, less, equal)


@pytest.mark.parametrize("sentinel", [NOTHING, Tape.ALWAYS])
def test_what_stands_for_no_scalar_is_no_id_of_one(sentinel: int) -> None:
    assert sentinel < -(2**30)  # far below every constant
    assert NOTHING != Tape.ALWAYS
