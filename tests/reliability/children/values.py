"""Values that nobody should give, but somebody does: each is made anew by what stands here."""

import decimal
import math
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from valor import Valor


class Hostile(Exception):
    """Raised by the methods of a hostile object; whoever calls one may let it pass."""


def raising(*methods: str) -> Any:
    """Return an object of which these methods raise."""

    def fail(self: Any, *arguments: Any) -> Any:
        raise Hostile

    return type("Raising", (), dict.fromkeys(methods, fail))()


class Text(str):
    """A str, but not quite."""

    __slots__ = ()


class Whole(int):
    """An int, but not quite."""

    __slots__ = ()


def endless_list() -> list[Any]:
    values: list[Any] = [1.0]
    values.append(values)
    return values


def endless_dict() -> dict[str, Any]:
    values: dict[str, Any] = {}
    values["a"] = values
    return values


def deep_list() -> Any:
    value: Any = 1.0
    for _ in range(20_000):
        value = [value]
    return value


def interrupted() -> Iterator[float]:
    yield 1.0
    raise Hostile


VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "-1": lambda: -1,
    "0": lambda: 0,
    "2": lambda: 2,
    "10**400": lambda: 10**400,
    "a derived int": lambda: Whole(2),
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "1e308": lambda: 1e308,
    "0.5": lambda: 0.5,
    "1j": lambda: 1j,
    "a signaling nan": lambda: decimal.Decimal("sNaN"),
    "''": lambda: "",
    "x * 10**5": lambda: "x" * 10**5,
    "a null": lambda: "a\0b",
    "a lone surrogate": lambda: "\ud800",
    "two lines": lambda: "a\nb: {c} %s",
    "a derived str": lambda: Text("a"),
    "b''": lambda: b"",
    "b'abc'": lambda: b"abc",
    "a path": lambda: pathlib.Path("nowhere/at/all"),
    "[]": lambda: [],
    "[None]": lambda: [None],
    "[1.0, 'a']": lambda: [1.0, "a"],
    "[[1.0], []]": lambda: [[1.0], []],
    "(0.5, 2)": lambda: (0.5, 2),
    "an endless list": endless_list,
    "a deep list": deep_list,
    "{}": lambda: {},
    "{1: None}": lambda: {1: None},
    "{'a': object}": lambda: {"a": object()},
    "an endless dict": endless_dict,
    "{1, 2}": lambda: {1, 2},
    "a range": lambda: range(3),
    "a generator": lambda: (number for number in (1.0, 2.0)),
    "a generator that raises": interrupted,
    "an object": object,
    "a class": lambda: int,
    "a module": lambda: math,
    "a lambda": lambda: lambda: None,
    "a lambda of anything": lambda: lambda *given, **more: None,
    "a Valor": lambda: Valor(1.0),
    "an array of texts": lambda: np.array(["a", "b"]),
    "an array of objects": lambda: np.array([1, None], dtype=object),
    "an array without axes": lambda: np.array(2.0),
    "an empty array": lambda: np.zeros((2, 0)),
    "an array of three axes": lambda: np.zeros((2, 2, 2)),
    "no __len__": lambda: raising("__len__", "__getitem__"),
    "no __iter__": lambda: raising("__iter__", "__len__"),
    "no __float__": lambda: raising("__float__", "__index__", "__int__"),
    "no __repr__": lambda: raising("__repr__", "__str__"),
    "no __eq__": lambda: raising("__eq__", "__hash__", "__bool__"),
    "no __getattr__": lambda: raising("__getattr__"),
    "no __call__": lambda: raising("__call__"),
    "no __fspath__": lambda: raising("__fspath__"),
}
