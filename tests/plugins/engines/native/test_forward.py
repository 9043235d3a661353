"""Outputs and losses without training: the bits of the visible graph, whatever the numbers are."""

import math
import random
import threading
import tracemalloc
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from valor import EAGER, MLP, Activation, Loss, Valor, loss
from valor.exceptions import CannotCompileError, EngineWarning, FormulaError, InvalidArgumentError
from valor.functions import log, maximum, where
from valor_plugins.engines.native import compile_forward, forward

from .catalogue import bundled, varied
from .programs import Graph, bits, entry

SPECIAL = (math.inf, -math.inf, math.nan, 1e308, -1e308, 1e-320, 0.0, -0.0, 710.0, -746.0)


class Table:
    """Rows of an array that is not copied, as the trainer passes them."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: int) -> list[float]:
        return list(map(float, self.array[index].tolist()))


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many samples eager was asked for, the one that is compared apart."""
    counts: list[int] = []

    def forward_of(*given: Any) -> Any:
        compute = EAGER.forward(*given)

        def computed(inputs: Any, targets: Any) -> Any:
            counts.append(len(inputs))
            return compute(inputs, targets)

        return computed

    class Counted:
        forward = staticmethod(forward_of)

    monkeypatch.setattr(forward, "EAGER", Counted)
    return counts


def numbers(found: tuple[list[list[float]], list[float]]) -> list[bytes]:
    outputs, losses = found
    assert all(type(x) is float for x in (*losses, *(x for row in outputs for x in row)))
    return bits([*(x for row in outputs for x in row), *losses])


def both(
    model: Any, record: Loss | None, inputs: Any, targets: Any, compute: Any = None
) -> tuple[list[bytes], list[bytes]]:
    """Return what eager computes, and what the engine does."""
    widths = len(inputs[0]), 0 if record is None else len(targets[0])
    assert EAGER.forward is not None
    expected = EAGER.forward(model, record, *widths)(inputs, targets)
    found = (compute or compile_forward(model, record, *widths))(inputs, targets)
    assert [len(row) for row in found[0]] == [len(row) for row in expected[0]]
    assert len(found[1]) == (0 if record is None else len(inputs))
    return numbers(expected), numbers(found)


def rows(draw: random.Random, count: int, width: int, special: float = 0.0) -> list[list[float]]:
    def one() -> float:
        return draw.choice(SPECIAL) if draw.random() < special else draw.uniform(-2, 2)

    return [[one() for _ in range(width)] for _ in range(count)]


# What there is to compute


@pytest.mark.parametrize("count", range(1, 18))
def test_any_number_of_samples(count: int, asked: list[int]) -> None:
    model, draw = MLP(3, [5, 2], activation="tanh", seed=count), random.Random(count)
    record = loss("mean_squared_error")
    expected, found = both(model, record, rows(draw, count, 3), rows(draw, count, 2))
    assert found == expected
    assert asked == [1]


@pytest.mark.parametrize("record", bundled(Loss), ids=lambda record: record.name)
def test_every_bundled_loss(record: Loss) -> None:
    draw = random.Random(record.name)
    model = MLP(4, [3, 3], activation=["relu", "sigmoid"], seed=1)
    targets = [[draw.choice([0.0, 1.0, draw.random()]) for _ in range(3)] for _ in range(11)]
    expected, found = both(model, record, rows(draw, 11, 4), targets)
    assert found == expected


@pytest.mark.parametrize("record", bundled(Activation), ids=lambda record: record.name)
def test_every_bundled_activation(record: Activation) -> None:
    model = MLP(4, [3, 5], activation=record, seed=2)
    assert len(set(both(model, None, rows(random.Random(1), 9, 4), [])[1])) > 1
    expected, found = both(model, None, rows(random.Random(0), 9, 4, 0.3), [])
    assert found == expected


class Shared:
    """Weights that two layers share, and an input that skips a layer."""

    def __init__(self) -> None:
        self.first, self.last = MLP(3, [3], activation="tanh", seed=3), MLP(6, [2], seed=4)

    def parametros(self) -> list[Valor]:
        return [*self.first.parametros(), *self.last.parametros()]

    def __call__(self, inputs: Any) -> Any:
        hidden = self.first(self.first(inputs))
        return tuple(self.last([*hidden, *inputs]))


def test_a_model_by_hand() -> None:
    draw = random.Random(5)
    expected, found = both(Shared(), loss("huber"), rows(draw, 12, 3), rows(draw, 12, 2))
    assert found == expected


def changed(model: Any, draw: random.Random, special: float) -> None:
    for parameter in model.parametros():
        if draw.random() < 0.3:
            number = draw.choice(SPECIAL) if draw.random() < special else draw.uniform(-2, 2)
            # Of such numbers NumPy warns, when they are computed with eagerly.
            parameter.data = np.float64(number) if not special and draw.random() < 0.2 else number
        if draw.random() < 0.2:
            parameter.trainable = not parameter.trainable


def test_random_networks(cases: Callable[[int], range]) -> None:
    """Activations and losses of the catalogue, with parameters that change from call to call."""
    failures = []
    for seed in cases(25):
        draw = random.Random(f"forward {seed}")
        widths = [draw.randint(1, draw.choice([3, 6, 20])) for _ in range(draw.randint(2, 4))]
        layers = [varied(draw.choice(bundled(Activation)), draw) for _ in widths[1:]]
        model = MLP(widths[0], widths[1:], activation=layers, seed=seed)
        record = varied(draw.choice(bundled(Loss)), draw) if draw.random() < 0.8 else None
        special, count = draw.choice([0.0, 0.0, 0.05]), draw.choice([1, 2, 7, 8, 9, 17, 40])
        inputs = rows(draw, count, widths[0], special)
        targets = [[draw.choice([0.0, 1.0, draw.random()]) for _ in range(widths[-1])]] * count
        compute = compile_forward(model, record, widths[0], 0 if record is None else widths[-1])
        for _ in range(3):
            expected, found = both(model, record, inputs, targets, compute)
            if expected != found:
                failures.append((seed, layers, record))
            changed(model, draw, special)
    assert failures == []


def test_random_graphs(cases: Callable[[int], range], asked: list[int]) -> None:
    """Every function, ints and conditions: in all cases without eager, but for what it refuses."""
    failures = []
    squares = Loss("squares", lambda predicted, target: (predicted[0] - target[0]) ** 2)
    for seed in cases(40):
        graph, draw = Graph(seed + 1000), random.Random(f"forward {seed}")
        inputs = [[entry(draw, graph.edges) for _ in range(graph.shape[0])] for _ in range(19)]
        compute = compile_forward(graph, squares, graph.shape[0], 1)
        for _ in range(2):
            expected, found = both(graph, squares, inputs, rows(draw, 19, 1), compute)
            if expected != found:
                failures.append(seed)
            changed(graph, draw, 0.1)
    assert failures == []
    assert sum(asked) < 19 * len(cases(40)) / 4


def test_extremes_are_the_engine_s_own(asked: list[int]) -> None:
    """What is not finite is what IEEE 754 makes of it, and no reason to ask eager."""
    model = MLP(2, [6, 2], activation=["softplus", "identity"], seed=0)
    record = loss("mean_squared_error")
    compute = compile_forward(model, record, 2, 2)
    inputs = [[x, y] for x in SPECIAL for y in (*SPECIAL, 0.5)]
    targets = [[0.25, math.inf]] * len(inputs)
    for special in (0.5, *SPECIAL):
        model.parametros()[0].data = special
        expected, found = both(model, record, inputs, targets, compute)
        assert found == expected
    assert asked == [1]


# The data


@pytest.fixture
def table() -> Any:
    return np.random.default_rng(0).normal(size=(53, 5))


def transposed(array: Any) -> Any:
    return np.asfortranarray(array)


@pytest.mark.parametrize("window", [1, 30, 10**6])
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, np.int16, transposed])
def test_arrays(monkeypatch: pytest.MonkeyPatch, table: Any, kind: Any, window: int) -> None:
    monkeypatch.setattr(forward, "WINDOW", window)
    x, y = kind(table[:, :3] * 10), kind(table[:, 3:] * 10)
    model, record = MLP(3, [4, 2], activation="silu", seed=1), loss("log_cosh")
    expected, found = both(model, record, Table(x), Table(y))
    assert found == expected
    lists = both(model, record, x.astype(float).tolist(), y.astype(float).tolist())
    assert lists == (expected, expected)


def test_a_mapped_file_with_flat_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(forward, "WINDOW", 2**18)
    path, count = tmp_path / "data", 40_000
    np.random.default_rng(0).random((count, 128), np.float32).tofile(path)
    x = np.memmap(path, dtype=np.float32, mode="r", shape=(count, 128))
    model = MLP(128, [2, 1], activation="relu", seed=0)
    compute = compile_forward(model, None, 128, 0)
    compute(Table(x[:1]), [])
    tracemalloc.start()
    try:
        outputs, losses = compute(Table(x), [])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(outputs), losses) == (count, [])
    assert peak < 15e6  # as doubles, the rows would take 41 MB; the lists of outputs take 6
    some = [0, 1, 2047, 2048, count - 1]
    expected, _ = both(model, None, Table(x[some]), [])
    assert bits(outputs[row][0] for row in some) == expected


def test_no_samples() -> None:
    compute = compile_forward(MLP(2, [1], seed=0), loss("hinge"), 2, 1)
    assert compute([], []) == ([], [])
    assert compute([[1.0, 2.0]], [[1.0]])[1]


@pytest.mark.parametrize(
    ("inputs", "targets", "error"),
    [
        ([[1.0, 2.0], [3.0]], [[1.0], [1.0]], InvalidArgumentError),
        ([[1.0, 2.0, 3.0]], [[1.0]], InvalidArgumentError),
        (Table(np.ones((2, 3))), [[1.0], [1.0]], InvalidArgumentError),
        ([[1.0, 2.0]], [[1.0, 2.0]], ValueError),
        ([[1.0, 2.0]], [], IndexError),
    ],
)
def test_rows_of_another_width_are_never_read(inputs: Any, targets: Any, error: type) -> None:
    compute = compile_forward(MLP(2, [1], seed=0), loss("hinge"), 2, 1)
    for _ in range(2):
        with pytest.raises(error) as caught:
            compute(inputs, targets)
        assert "numpy" not in str(caught.traceback[-1].path)
        compute([[1.0, 2.0]], [[1.0]])


def test_two_threads_at_once() -> None:
    model = MLP(8, [16, 16, 3], activation="relu", seed=0)
    compute = compile_forward(model, None, 8, 0)
    data = [rows(random.Random(seed), 400, 8) for seed in range(4)]
    expected = [compute(each, []) for each in data]
    found: dict[int, Any] = {}

    def work(which: int) -> None:
        found[which] = [compute(data[which], []) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for which, each in found.items():
        assert each == [expected[which]] * 50


# What eager computes


def odds(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    return predicted[0] * (1 / target[0])


def test_what_python_raises_is_raised(asked: list[int]) -> None:
    model, record = MLP(1, [1], seed=0), Loss("odds", odds)
    compute = compile_forward(model, record, 1, 1)
    expected, found = both(model, record, [[1.0]] * 5, [[2.0]] * 5, compute)
    assert found == expected
    assert asked == [1]
    for targets in ([[0.0], [1.0], [2.0]], [[1.0], [2.0], [0.0]]):
        with pytest.raises(ZeroDivisionError):
            compute([[1.0]] * 3, targets)


def counted(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Compute with ints, which Python keeps exact beyond 2**53, or makes floats of."""
    whole = where(target[0] > 0, 3, 1)
    for _ in range(42):
        whole = whole * 3
    return predicted[0] * 0 + whole


def test_ints_that_no_float_holds_are_for_eager(asked: list[int]) -> None:
    expected, found = both(
        MLP(1, [1], seed=0), Loss("counted", counted), [[1.0]] * 3, [[-1.0], [1.0], [-1.0]]
    )
    assert found == expected
    assert sum(asked) == 5  # all three, and the first one twice more, as it is compared


class Line:
    """``a x + a b``: with a and b ints, their product has no negative zero."""

    def __init__(self, a: float, b: float) -> None:
        self._parameters = [Valor(a), Valor(b)]

    def parametros(self) -> list[Valor]:
        return self._parameters

    def __call__(self, inputs: Any) -> Any:
        a, b = self._parameters
        return a * b + a * b * inputs[0]


@pytest.mark.parametrize(("a", "b"), [(0, -1), (0.0, -1), (0.0, -1.0), (2**30, 2**30)])
def test_parameters_that_are_ints(a: float, b: float, asked: list[int]) -> None:
    expected, found = both(Line(a, b), None, [[-0.0], [1.0]], [])
    assert found == expected
    assert sum(asked) == (1 if type(b) is float else 2)


def alternating() -> Iterator[Any]:
    yield from [lambda v: v * 2] * 4  # two traces of two neurons
    while True:
        yield lambda v: v + v * 1.5


def test_a_formula_that_was_not_what_was_traced_is_left_to_eager() -> None:
    formulas = alternating()
    own = Activation("own", lambda v: next(formulas)(v))
    compute = compile_forward(MLP(2, [2], activation=own, seed=0), None, 2, 0)
    reference = MLP(2, [2], activation=Activation("rest", lambda v: v + v * 1.5), seed=0)
    assert EAGER.forward is not None
    expected = EAGER.forward(reference, None, 2, 0)([[1.0, 2.0]] * 3, [])
    with pytest.warns(EngineWarning, match="computed eagerly.*the first sample gives") as caught:
        assert compute([[1.0, 2.0]] * 3, []) == expected
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compute([[1.0, 2.0]] * 3, []) == expected


# What is refused


def looking(v: Valor) -> Valor:
    return v if v > 0 else v * 0.1


def test_a_formula_that_looks_is_named_with_its_line() -> None:
    model = MLP(2, [1], activation=Activation("looking", looking), seed=0)
    line = looking.__code__.co_firstlineno + 1
    with pytest.raises(CannotCompileError) as caught:
        compile_forward(model, loss("hinge"), 2, 1)
    text = str(caught.value)
    assert f"{__file__}, line {line}: the formula looks at a number" in text
    assert "activation 'looking'" in text


def test_what_eager_refuses_is_refused_in_its_words() -> None:
    class Model(Line):
        def __call__(self, inputs: Any) -> Any:
            return [self._parameters[0] * inputs[0], 3.0]

    with pytest.raises(FormulaError, match=r"must return a Valor or a list of Valor, not \[Valor"):
        compile_forward(Model(1.0, 2.0), None, 1, 0)
    with pytest.raises(FormulaError, match=r"must return a Valor, not 0\.5"):
        compile_forward(Line(1.0, 2.0), Loss("own", lambda p, t: t[0]), 1, 1)


def test_what_fails_with_stand_ins_only_is_said() -> None:
    def named(v: Any) -> Any:
        return v * {"Valor": 2.0}[type(v).__name__]

    model = MLP(2, [1], activation=Activation("named", named), seed=0)
    with pytest.raises(CannotCompileError, match=r"KeyError.*engine='eager'"):
        compile_forward(model, None, 2, 0)


def test_the_model_stays_as_it_is() -> None:
    model = MLP(3, [4, 1], seed=0)
    parameters = model.parametros()
    for k, parameter in enumerate(parameters):
        parameter.grad = float(k)
    before = [(type(p), p.data, p.grad, p.trainable) for p in parameters]
    compute = compile_forward(model, loss("huber"), 3, 1)
    compute([[1.0, 2.0, 3.0]] * 20, [[0.0]] * 20)
    assert [(type(p), p.data, p.grad, p.trainable) for p in parameters] == before


def test_ties_and_logarithms_at_their_edges() -> None:
    def edges(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
        return maximum(predicted[0], predicted[1]) + log(predicted[1]) * target[0]

    inputs = [[a, b] for a in (0.0, -0.0, 1.0, math.nan) for b in (0.0, -0.0, 1.0, -1.0, math.nan)]
    model = MLP(2, [2], activation="identity", seed=0)
    for parameter, number in zip(model.parametros(), (1.0, 0.0, 0.0) * 2, strict=True):
        parameter.data = number
    model.parametros()[3].data, model.parametros()[4].data = 0.0, 1.0
    expected, found = both(model, Loss("edges", edges), inputs, [[1.0]] * len(inputs))
    assert found == expected
