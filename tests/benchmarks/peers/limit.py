"""C written by hand, for a few kinds of networks: what this machine can do.

The machine's compiler makes a function for each network, which does all steps: with samples in the
lanes of vectors or, where layers are large, with dgemm of SciPy's OpenBLAS and all else fused
around it. Sums are in any order; up to 30, sigmoid is within 4 ulp, and tanh within 6e-16.
"""

import ctypes
import functools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from works import Work

Train = Callable[[int], float]

SOURCES = Path(__file__).parent / "c"
COMPILER = os.environ.get("CC", "cc")
FLAGS = ("-O3", "-march=native", "-std=gnu11", "-Wall", "-Wno-psabi", "-shared", "-fPIC")
TRIAL = 0.2  # seconds that a layout of matrices is tried for


@functools.cache
def predefined() -> str:
    """Return what the C compiler defines by itself; nothing if there is no compiler."""
    command = [COMPILER, "-march=native", "-dM", "-E", "-x", "c", os.devnull]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def available() -> bool:
    """Tell whether there is a compiler that knows GCC's vectors and their shuffles."""
    return "__GNUC__" in predefined() and "__clang__" not in predefined()


def lanes() -> int:
    """Return how many doubles the compiler's vectors have."""
    return 8 if "__AVX512F__" in predefined() else 4 if "__AVX__" in predefined() else 2


def alike(work: Work) -> str | None:
    """Return "tanh" (with a last layer of identity) or "sigmoid" (throughout), None if neither."""
    if work.skips or work.adam:
        return None
    if {*work.activations} == {"sigmoid"}:
        return "sigmoid"
    *hidden, last = work.activations
    return "tanh" if {*hidden} == {"tanh"} and last == "identity" else None


def kind(work: Work) -> str | None:
    """Return which file does a work: "small", "wide" or "products"; None if there is none."""
    if alike(work) is None:
        return None
    *hidden, last = work.widths[1:]
    if work.batches == 1 and len(hidden) == 2 and last == 1:
        if sum((a + 1) * b for a, b in work.shapes) <= 40:
            return "small"
        if max(hidden) <= 64 and all(width % lanes() == 0 for width in hidden):
            return "wide"
    even = all(size % (2 * lanes()) == 0 for size in (*hidden, work.batch))
    return "products" if alike(work) == "sigmoid" and even and work.batch >= 16 else None


def compiled(source: str, **macros: Any) -> Any:
    """Return a library of one of the files beside this one."""
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "limit.so")
        definitions = [f"-D{name}={value}" for name, value in macros.items()]
        command = [COMPILER, *FLAGS, *definitions, str(SOURCES / source)]
        subprocess.run([*command, "-o", library, "-lm"], check=True)
        return ctypes.CDLL(library)


def function(library: Any, name: str, pattern: str) -> Any:
    """Return a function that gives a double, of longs (l) and addresses (p)."""
    found = library[name]
    kinds = {"l": ctypes.c_long, "p": ctypes.c_void_p}
    found.restype, found.argtypes = ctypes.c_double, [kinds[letter] for letter in pattern]
    return found


def c(work: Work) -> Train:
    """Return what trains in C."""
    chosen = kind(work)
    return products(work) if chosen == "products" else in_lanes(work, f"{chosen}.c")


def in_lanes(work: Work, source: str) -> Train:
    """Samples in lanes; no more lanes than samples."""
    few = min(lanes(), max(2, 1 << (work.batch - 1).bit_length()))
    inputs, first, second, _ = work.widths
    macros = {
        "INPUTS": inputs,
        "FIRST": first,
        "SECOND": second,
        "SAMPLES": work.batch,
        "RATE": repr(work.rate),
        "TANH": int(alike(work) == "tanh"),
        "LANES": few,
        "PAIRED": int(work.batch > few),
    }
    run = function(compiled(source, **macros), "train", "lppp")
    rows = [np.ascontiguousarray(a) for a in (work.inputs, work.targets)]

    def train(steps: int) -> float:
        weights = np.array(work.flat_weights())
        loss: float = run(steps, *(a.ctypes.data for a in (weights, *rows)))
        return loss

    return train


def products(work: Work) -> Train:
    """Products of matrices, in the layout of four that is the fastest here."""
    trains = [laid_out(work, turned, by_input) for turned in (0, 1) for by_input in (0, 1)]
    spent = []
    for train in trains:
        train(work.batches)
        steps, start = 0, time.process_time()
        while time.process_time() - start < TRIAL:
            train(work.batches)
            steps += 1
        spent.append((time.process_time() - start) / steps)
    return trains[spent.index(min(spent))]


def laid_out(work: Work, turned: int, by_input: int) -> Train:
    """Products of matrices, in one layout."""
    macros = {
        "WIDTHS": ",".join(map(str, work.widths)),
        "BATCH": work.batch,
        "BATCHES": work.batches,
        "RATE": repr(work.rate),
        "TURNED": turned,
        "INPUT_MAJOR": by_input,
    }
    run = function(compiled("products.c", **macros), "train", "plpppp")
    shape = work.batches, work.batch, -1
    inputs, targets = (np.ascontiguousarray(a).reshape(shape) for a in (work.inputs, work.targets))
    first = inputs
    if turned:
        first, targets = (np.ascontiguousarray(a.swapaxes(1, 2)) for a in (inputs, targets))
    weights = [
        part
        for matrix, biases in work.weights()
        for part in (matrix.T.ravel() if by_input else matrix.ravel(), biases)
    ]

    def train(steps: int) -> float:
        parameters = np.concatenate(weights)
        arrays = parameters, inputs, first, targets
        loss: float = run(dgemm(), steps, *(a.ctypes.data for a in arrays))
        return loss

    return train


def dgemm() -> int:
    """Return the address of SciPy's BLAS's."""
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__["dgemm"]
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address: int = pointer(capsule, name(capsule))
    return address
