"""The native engine: the scalar program of a run, compiled to machine code.

Six rooms, each a module or two that can be read alone: `trace` (formulas to scalars), `derive`
(gradients, in eager's order), `reroll` (simplify, and scalars back to loops), `emit` (to LLVM's
assembly), `machine` (to machine code, with a cache), and `assemble` and `program` (a run).
"""

from collections.abc import Iterator
from typing import Any

from valor import Engine, Loss, Optimizer, Plan, Program, hookimpl
from valor.exceptions import MissingExtraError


def compile_run(model: Any, loss: Loss, optimizer: Optimizer, plan: Plan) -> Program:
    """Compile a run.

    Raises:
        MissingExtraError: llvmlite or NumPy is not installed.
        CannotCompileError: a formula looks at numbers, or keeps some between calls.
    """
    try:
        import llvmlite.binding
        import numpy as np
    except ImportError as error:
        raise MissingExtraError(
            "engine 'native' needs llvmlite and NumPy; install them with "
            "pip install 'valor-framework[fast]'"
        ) from error
    assert llvmlite, np
    from valor_plugins.engines.native.program import NativeProgram

    return NativeProgram(model, loss, optimizer, plan)


@hookimpl
def valor_register_engines() -> Iterator[Engine]:
    yield Engine(name="native", compile=compile_run, automatic=True)
