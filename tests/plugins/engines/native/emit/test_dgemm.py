"""Products of matrices by BLAS, from compiled code, against NumPy; and how many threads it has."""

import sys
from typing import Any

import numpy as np
import pytest

from valor_plugins.engines.native.emit import dgemm
from valor_plugins.engines.native.emit.dgemm import available, on_one_thread, write_dgemm
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.machine import compiled

pytest.importorskip("scipy.linalg")
available()  # which makes it known to compiled code

PADDING = 3  # rows that are nobody's, below every matrix


def run(writer: Writer, *arrays: Any) -> None:
    """Compile what was written, and call it with the addresses of arrays."""
    head = "define i64 @run(ptr %context, i64 %steps) {\nentry:"
    text = "\n".join([*writer.declared.values(), head, *writer.lines, "ret i64 0\n}\n"])
    code, context = compiled(text), np.array([each.ctypes.data for each in arrays])
    code.run(context.ctypes.data, 1)


def columns(shape: tuple[int, int], seed: int) -> Any:
    """Return a matrix that lies column by column in a larger one, which is nan elsewhere."""
    whole = np.full((shape[0] + PADDING, shape[1]), np.nan, order="F")
    whole[: shape[0]] = np.random.default_rng(seed).uniform(-1, 1, shape)
    return whole


def multiplied(letters: str, sizes: tuple[int, int, int], beta: float, c: Any, known: bool) -> Any:
    """Let compiled code compute ``c = op(a) · op(b) + beta · c``; return ``op(a) · op(b)``."""
    m, n, k = sizes
    a = columns((m, k) if letters[0] == "N" else (k, m), 1)
    b = columns((k, n) if letters[1] == "N" else (n, k), 2)
    writer = Writer()
    pointers = [writer.load(writer.at("%context", 8 * each), kind="ptr") for each in range(4)]
    inner: Any = k if known else pointers[3]  # a size that is known when it runs
    matrices = [(pointer, len(each)) for pointer, each in zip(pointers, (a, b, c), strict=False)]
    write_dgemm(writer, *letters, (m, n, inner), *matrices[:2], beta, matrices[2])
    run(writer, a, b, c, np.array([k], np.int32))
    first, second = a[:-PADDING], b[:-PADDING]
    return (first if letters[0] == "N" else first.T) @ (second if letters[1] == "N" else second.T)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("beta", [0.0, 1.0])
@pytest.mark.parametrize("letters", ["NN", "NT", "TN", "TT"])
@pytest.mark.parametrize("sizes", [(5, 4, 7), (1, 6, 9), (16, 33, 1)])
def test_products(letters: str, sizes: tuple[int, int, int], beta: float, known: bool) -> None:
    c = columns(sizes[:2], 3)
    before = c.copy()
    if beta == 0:
        c[:-PADDING] = np.nan  # what was there does not count
    expected = multiplied(letters, sizes, beta, c, known)
    if beta:
        expected = expected + before[:-PADDING]
    np.testing.assert_allclose(c[:-PADDING], expected, rtol=1e-13, atol=1e-13)
    assert np.isnan(c[-PADDING:]).all()


def test_a_module_has_each_constant_once() -> None:
    """Two products share a size, a letter and beta, and differ in another size."""
    writer = Writer()
    a, b, c = (writer.load(writer.at("%context", 8 * each), kind="ptr") for each in range(3))
    write_dgemm(writer, "N", "N", (2, 2, 2), (a, 2), (b, 2), 0.0, (c, 2))
    write_dgemm(writer, "N", "T", (2, 1, 2), (a, 2), (b, 2), 1.0, (c, 2))
    matrices = [np.array([[1.0, 2], [3, 4]], order="F"), np.eye(2, order="F"), np.empty((2, 2))]
    run(writer, *matrices)
    # By columns: the identity, then its first column once more.
    assert matrices[2].tolist() == [[2.0, 6.0], [2.0, 4.0]]


def test_without_scipy_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    assert not available.__wrapped__()


# Threads


class Threads:
    """A BLAS that remembers how many threads it had."""

    def __init__(self, count: int) -> None:
        self.counts = [count]

    def get(self) -> int:
        return self.counts[-1]


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Threads:
    library = Threads(5)
    monkeypatch.setattr(dgemm, "_threads", lambda: (library.get, library.counts.append))
    return library


def test_a_run_has_one_thread(threads: Threads) -> None:
    alone = on_one_thread(lambda context, steps: 100 * context + 10 * steps + threads.get())
    assert threads.counts == [5]
    assert alone(2, 3) == 231
    assert threads.counts == [5, 1, 5]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_exception_there_are_as_many_as_before(threads: Threads, error: Any) -> None:
    def failing(context: int, steps: int) -> int:
        raise error

    with pytest.raises(error):
        on_one_thread(failing)(0, 1)
    assert threads.counts == [5, 1, 5]


def test_a_library_that_does_not_say_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dgemm, "_threads", lambda: None)

    def given(context: int, steps: int) -> int:
        return steps

    assert on_one_thread(given) is given


def test_the_threads_of_this_library() -> None:
    known = dgemm._threads()
    if known is None:
        pytest.skip("this BLAS does not say")
    get, set_ = known
    before = get()
    try:
        set_(2)
        several = get()  # 1, where it was built for no more
        assert on_one_thread(lambda context, steps: get())(0, 1) == 1
        assert get() == several
    finally:
        set_(before)
