"""Valor: the eager engine, and the native one in both its modes.

A fit is timed by an engine put in front of the one that runs, through the contract that all engines
keep: it notes when a program is compiled and when it is told to advance. So a step's time leaves
out the compile, which is told apart, and the writing back at the end of a fit, which is paid once.
"""

import time
from array import array
from collections.abc import Sequence
from typing import Any

from works import Work

from valor import MLP, Engine, Optimizer, Trainer, Valor, engine, functions, optimizer
from valor._typing import Program


class Watched:
    """A program, and the moments between which it advanced."""

    def __init__(self, program: Any) -> None:
        self.program = program
        self.calls: list[tuple[float, float, int]] = []

    def advance(self, steps: int, losses: "array[float]") -> None:
        start = time.perf_counter()
        self.program.advance(steps, losses)
        self.calls.append((start, time.perf_counter(), steps))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.program, name)
