"""Ints stay ints, and what is no number is refused wherever it appears."""

import math
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from valor import Valor, functions
from valor.exceptions import InvalidNumberError
from valor.functions import maximum, number, where

inf = math.inf


def bits(x: float) -> str:
    """Tell numbers apart to the last bit, with the sign of a zero, and an int from a float."""
    return repr(x)


# Ints stay ints


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda: Valor(10) + 1, 11),
        (lambda: 1 + Valor(10), 11),
        (lambda: Valor(10) - 1, 9),
        (lambda: Valor(10) * 3, 30),
        (lambda: Valor(10) / 5, 2.0),
        (lambda: Valor(10) ** 2, 100),
        (lambda: Valor(10) ** 3, 1000),
        (lambda: Valor(10) ** Valor(3), 1000),
        (lambda: Valor(10) ** -1, 0.1),
        (lambda: -Valor(10), -10),
        (lambda: abs(Valor(-10)), 10),
        (lambda: maximum(Valor(2), 3), 3),
        (lambda: Valor(2**53 - 1) + 1, 2**53),
        (lambda: Valor(2**53) + 1, 2.0**53),
        (lambda: Valor(-(2**53)) - 1, -(2.0**53)),
        (lambda: Valor(2**53) * 2**53, 2.0**106),
        (lambda: Valor(10) ** 15, 10**15),
        (lambda: Valor(10) ** 16, 1e16),
        (lambda: Valor(10) ** 400, inf),
        (lambda: Valor(2**60), 2.0**60),
        (lambda: Valor(np.int64(7)), 7),
        (lambda: Valor(np.float32(0.5)), 0.5),
        (lambda: Valor(Fraction(1, 4)), 0.25),
        (lambda: Valor(Decimal("0.25")), 0.25),
    ],
)
def test_an_int_stays_an_int_as_long_as_a_float_could_hold_it(
    result: Callable[[], Valor], expected: float
) -> None:
    assert bits(result().data) == bits(expected)


# What is no number

NUMBERLESS = {
    "None": (None, "None"),
    "a text": ("3", "'3'"),
    "a list": ([1.0], r"\[1.0\]"),
    "a complex number": (1j, "1j"),
    "a truth value": (True, "True"),
    "NumPy's truth value": (np.bool_(True), "True"),
    "NumPy's complex number": (np.complex128(1), "complex128"),
    "an array": (np.array([1.0]), "array"),
    "a Valor": (Valor(1.0), "Valor"),
    "too large an int": (10**400, "int is larger than 1.8e308"),
    "too large a fraction": (Fraction(10**400), "Fraction is larger than 1.8e308"),
    "a signaling nan": (Decimal("sNaN"), "signaling nan"),
}


@pytest.mark.parametrize(("value", "shown"), NUMBERLESS.values(), ids=NUMBERLESS)
def test_what_is_no_number_is_refused(value: Any, shown: str) -> None:
    with pytest.raises(InvalidNumberError, match=f"^data must be a.* number.*{shown}"):
        Valor(value)
    with pytest.raises(InvalidNumberError, match=r"^learning_rate must be"):
        number(value, "learning_rate")


def test_a_long_value_is_cut_short() -> None:
    with pytest.raises(InvalidNumberError) as error:
        number("x" * 10_000)
    assert len(str(error.value)) < 200


OPERANDS = {name: value for name, (value, _) in NUMBERLESS.items() if name != "a Valor"}


@pytest.mark.parametrize("value", OPERANDS.values(), ids=OPERANDS)
def test_no_operation_takes_what_is_no_number(value: Any) -> None:
    v = Valor(1.0)
    operations: list[Callable[[], Any]] = [
        lambda: v + value,
        lambda: v * value,
        lambda: v / value,
        lambda: v**value,
        lambda: v < value,
        lambda: functions.exp(value),
        lambda: maximum(v, value),
        lambda: where(v > 0, v, value),
    ]
    for operation in operations:
        with pytest.raises(InvalidNumberError):
            operation()


def test_the_checks_do_not_go_away_when_python_optimizes() -> None:
    script = """
from valor import Valor
from valor.exceptions import InvalidNumberError
refused = 0
for value in (None, "3", [1.0], 1j, True, Valor(1.0), 10**400):
    for make in (Valor, lambda x: Valor(1.0) * (x if not isinstance(x, Valor) else None)):
        try:
            make(value)
        except InvalidNumberError as error:
            refused += "must be a" in str(error)
print(refused, __debug__)
"""
    result = subprocess.run(
        [sys.executable, "-O", "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout == "14 False\n"
