"""The native engine: the scalar program of a run, compiled to machine code.

Six rooms, which can be read in this order, each alone:

1. `trace`: the `formulas` of a run, called with `stand_ins`, are written down on a `tape`;
2. `derive`: gradients, in eager's `order`;
3. `simplify`: the same numbers, from fewer scalars;
4. `reroll`: scalars back to loops over `families`;
5. `emit`: loops to LLVM's assembly;
6. `assemble`, `guard`, `data` and `program`: a run, by the `machine`, and in words by `explain`;
   `forward`: outputs and losses without training.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from valor import EAGER, Engine, Forward, Loss, Optimizer, Plan, Program, hookimpl
from valor.exceptions import CannotCompileError, MissingExtraError


def compile_run(model: Any, loss: Loss, optimizer: Optimizer, plan: Plan) -> Program:
    """Compile a run.

    Raises:
        MissingExtraError: llvmlite or NumPy is not installed.
        CannotCompileError: a formula looks at numbers, or keeps some between calls.
        Exception: whatever the first sample's step raises eagerly.
    """
    _check_extra()
    from valor_plugins.engines.native.guard import try_eagerly
    from valor_plugins.engines.native.program import NativeProgram

    with _explained(lambda: try_eagerly(model, loss, optimizer, plan)):
        return NativeProgram(model, loss, optimizer, plan)


def compile_forward(model: Any, loss: Loss | None, input_width: int, target_width: int) -> Forward:
    """Compile a model's outputs, and the losses of samples if there is a loss.

    Raises:
        MissingExtraError: llvmlite or NumPy is not installed.
        CannotCompileError: a formula looks at numbers, or keeps some between calls.
        Exception: whatever a sample of numbers 0.5 raises eagerly.
    """
    _check_extra()
    from valor_plugins.engines.native.forward import NativeForward

    def eagerly() -> None:
        assert EAGER.forward is not None
        sample = [[0.5] * input_width], [[0.5] * target_width]
        EAGER.forward(model, loss, input_width, target_width)(*sample)

    with _explained(eagerly):
        return NativeForward(model, loss, input_width, target_width)


def _check_extra() -> None:
    missing = [name for name in ("llvmlite", "numpy") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"engine 'native' needs {' and '.join(missing)}; install the extra 'fast' with "
            "pip install 'valor-framework[fast]'"
        )


@contextmanager
def _explained(eagerly: Callable[[], None]) -> Iterator[None]:
    """Turn what goes wrong in a trace into what it says of the formula.

    Args:
        eagerly: computes the same without a trace.
    """
    try:
        yield
    except CannotCompileError as error:
        notes = getattr(error, "__notes__", ())
        raise CannotCompileError("; ".join([str(error), *notes])) from error
    except Exception as error:
        # A formula that fails in a trace most likely fails in a run too, and there says it better.
        eagerly()
        raise CannotCompileError(
            f"with stand-ins for numbers, a formula raised {type(error).__name__}: {error}; it "
            "runs with engine='eager'"
        ) from error


@hookimpl
def valor_register_engines() -> Iterator[Engine]:
    yield Engine(name="native", compile=compile_run, automatic=True, forward=compile_forward)
