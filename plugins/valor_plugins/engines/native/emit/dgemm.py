"""BLAS: where it is, and how compiled code calls it.

It is SciPy's, called by its address: ``dgemm`` of the Fortran interface, so the matrices are told
to it column by column, which are their rows here.
"""

import ctypes
import functools
from collections.abc import Callable

from llvmlite import binding

from valor_plugins.engines.native.emit.writer import Writer, literal

Matrix = tuple[str, int]

_SYMBOL = "valor_dgemm"


@functools.cache
def available() -> bool:
    """Tell whether there is a BLAS, and make it known to compiled code."""
    try:
        from scipy.linalg import cython_blas
    except ImportError:
        return False
    capsule = cython_blas.__pyx_capi__["dgemm"]
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    binding.add_symbol(_SYMBOL, pointer(capsule, name(capsule)))
    return True


@functools.cache
def _threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Return what tells and sets how many threads BLAS has; None if it does not say."""
    from scipy.linalg import cython_blas

    library = ctypes.CDLL(cython_blas.__file__)
    for prefix in ("scipy_openblas", "openblas"):
        try:
            return library[f"{prefix}_get_num_threads"], library[f"{prefix}_set_num_threads"]
        except AttributeError:
            continue
    return None


def on_one_thread(run: Callable[[int, int], int]) -> Callable[[int, int], int]:
    """Return a compiled function that lets BLAS have one thread: its sums do not depend on more."""
    threads = _threads()
    if threads is None:
        return run
    get, set_ = threads

    def alone(context: int, steps: int) -> int:
        before = get()
        set_(1)
        try:
            return run(context, steps)
        finally:
            set_(before)

    return alone


def write_dgemm(
    writer: Writer,
    first: str,
    second: str,
    sizes: tuple[int | str, int | str, int | str],
    a: Matrix,
    b: Matrix,
    beta: float,
    c: Matrix,
) -> None:
    """Write ``c = op(a) · op(b) + beta · c``, matrices by columns, with leading dimensions."""
    writer.declared[_SYMBOL] = f"declare void @{_SYMBOL}({', '.join(['ptr'] * 13)})"

    def size(value: int | str) -> str:
        return value if isinstance(value, str) else _constant(writer, "i32", value, str(value))

    def real(value: float) -> str:
        return _constant(writer, "double", int(value), literal(value))

    def letter(value: str) -> str:
        return _constant(writer, "i8", value, str(ord(value)))

    arguments = [letter(first), letter(second), *map(size, sizes), real(1.0)]
    arguments += [a[0], size(a[1]), b[0], size(b[1]), real(beta), c[0], size(c[1])]
    writer.line(f"call void @{_SYMBOL}({', '.join(f'ptr {each}' for each in arguments)})")


def _constant(writer: Writer, kind: str, name: int | str, value: str) -> str:
    """Return the address of a constant of the module's."""
    symbol = f"@valor.blas.{kind}.{name}"
    writer.declared[symbol] = f"{symbol} = internal constant {kind} {value}"
    return symbol
