"""Training data: every form it may come in, and every fault that is refused before a run begins."""

import tracemalloc
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from valor import MLP, Engine, Metric, Trainer
from valor._data import as_rows, as_samples
from valor.exceptions import DataError, ValorError

NAN, INFINITE = float("nan"), float("inf")

ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
TARGETS = [1.0, 0.0, 0.5]

INPUTS: dict[str, Callable[[], Any]] = {
    "lists": lambda: ROWS,
    "tuples": lambda: tuple(map(tuple, ROWS)),
    "generator of generators": lambda: ((number for number in row) for row in ROWS),
    "iterator": lambda: iter(ROWS),
    "map": lambda: map(tuple, ROWS),
    "deque": lambda: deque(ROWS),
    "float64 array": lambda: np.array(ROWS),
    "float16 array": lambda: np.array(ROWS, dtype=np.float16),
    "long doubles": lambda: np.array(ROWS, dtype=np.longdouble),
    "foreign byte order": lambda: np.array(ROWS, dtype=">f8"),
    "unsigned array": lambda: np.array(ROWS, dtype=np.uint8),
    "every other row": lambda: np.repeat(np.array(ROWS), 2, axis=0)[::2],
    "read-only array": lambda: np.broadcast_to(np.array(ROWS), (3, 2)),
    "array of objects": lambda: np.array(ROWS, dtype=object),
    "masked array": lambda: np.ma.array(ROWS),
    "float32 array": lambda: np.array(ROWS, dtype=np.float32),
    "int array": lambda: np.array(ROWS, dtype=np.int64),
    "transposed array": lambda: np.array(ROWS).T.copy().T,
    "list of arrays": lambda: [np.array(row) for row in ROWS],
    "zip of columns": lambda: zip([1, 3, 5], np.array([2, 4, 6]), strict=True),
    "ints": lambda: [[1, 2], [3, 4], [5, 6]],
    "fractions and decimals": lambda: [[Fraction(1), Decimal(2)], [3, 4], [5, 6]],
}
OUTPUTS: dict[str, Callable[[], Any]] = {
    "list": lambda: TARGETS,
    "column": lambda: [[t] for t in TARGETS],
    "generator": lambda: (t for t in TARGETS),
    "array": lambda: np.array(TARGETS),
    "column array": lambda: np.array(TARGETS).reshape(3, 1),
    "array backwards": lambda: np.array(TARGETS[::-1])[::-1],
    "mixed": lambda: [1, [0.0], np.float64(0.5)],
}


def trained(inputs: Any, targets: Any) -> tuple[list[float], list[float]]:
    model = MLP(2, [2, 1], seed=0)
    run = Trainer(model).fit(inputs, targets, epochs=3)
    return list(run.history["loss"]), [parameter.data for parameter in model.parametros()]


@pytest.mark.parametrize("form", INPUTS)
def test_inputs_of_every_form_train_alike(form: str) -> None:
    assert trained(INPUTS[form](), TARGETS) == trained(ROWS, TARGETS)


@pytest.mark.parametrize("form", OUTPUTS)
def test_targets_of_every_form_train_alike(form: str) -> None:
    assert trained(ROWS, OUTPUTS[form]()) == trained(ROWS, TARGETS)


@pytest.mark.parametrize("inputs", [[1, 2], (1.0, 2.0), np.array([1.0, 2.0]), [[1], [2]]])
def test_one_input_may_be_given_as_a_number(inputs: Any) -> None:
    model = MLP(1, [1], seed=0)
    expected = [model(1.0).data, model(2.0).data]
    assert Trainer(model).predict(inputs) == expected


BAD_DATA: dict[str, tuple[Any, Any, str]] = {
    "x is None": (
        None,
        TARGETS,
        "x must be a list, tuple, generator, array or data frame.*None",
    ),
    "x is a number": (5, TARGETS, "x must be a list, tuple, generator, array or data frame.*int 5"),
    "x is text": ("abc", TARGETS, "x must be a list.*str 'abc'"),
    "x is a dict": ({0: [1, 2]}, TARGETS, "x must be a list.*dict"),
    "x is a set": ({1.0, 2.0, 3.0}, TARGETS, "x must be a list.*set"),
    "x is a scalar array": (np.array(1.0), TARGETS, "x must be a list"),
    "x is empty": ([], [], "x must hold at least one sample, but is empty"),
    "x is an empty array": (np.empty((0, 2)), TARGETS, "x must hold at least one sample"),
    "x is an empty generator": ((row for row in []), TARGETS, "x must hold at least one sample"),
    "a row is empty": ([[1, 2], [], [3, 4]], TARGETS, r"x\[1\] must hold at least one number"),
    "y is empty": (ROWS, [], "y must hold at least one sample, but is empty"),
    "fewer targets": (ROWS, TARGETS[:2], "x and y.*x has 3 and y has 2"),
    "more targets": (ROWS, [*TARGETS, 1.0], "x and y.*x has 3 and y has 4"),
    "x is ragged": (
        [[1, 2], [3, 4], [5]],
        TARGETS,
        r"x\[2\] has 1 values, but x\[0\] has 2; every sample needs as many",
    ),
    "y is ragged": (ROWS, [[1], [1], [1, 2]], r"y\[2\] has 2 values, but y\[0\] has 1"),
    "x is too wide": ([[1, 2, 3]] * 3, TARGETS, "x does not fit the model: x must have 2 values"),
    "x is too narrow": ([[1]] * 3, TARGETS, "x does not fit the model: x must have 2.*not 1"),
    "x is one sample": ([1, 2], [1, 0], r"x must have 2 values, not 1; .* is given as \[\[…\]\]"),
    "y is too wide": (ROWS, [[1, 2]] * 3, "y must have 1 values a sample, as many as.*not 2"),
    "a nan": ([[1, 2], [3, NAN], [5, 6]], TARGETS, r"x\[1\]\[1\] must be a finite number, not nan"),
    "an infinity": (ROWS, [1.0, -INFINITE, 0.0], r"y\[1\] must be a finite number, not -inf"),
    "an empty row in an array": (np.empty((3, 0)), TARGETS, r"x\[0\] must hold at least one numb"),
    "an empty array of targets": (ROWS, np.array([]), "y must hold at least one sample"),
    "an infinity in an array": (
        np.array([[1, 2], [3, 4], [-INFINITE, 6]], dtype=np.float32),
        TARGETS,
        r"x\[2\]\[0\] must be a finite number, not -inf",
    ),
    "a masked number": (
        np.ma.array(ROWS, mask=[[0, 0], [0, 1], [0, 0]]),
        TARGETS,
        r"x\[1\]\[1\].*No",
    ),
    "an array of text": (np.array([["1", "2"]] * 3), TARGETS, r"x\[0\]\[0\] must be a real number"),
    "complex numbers of NumPy": (ROWS, np.array([1, 2j, 3]), r"y\[0\] must be a real number"),
    "a nan in an array": (ROWS, np.array([1.0, NAN, 0.0]), r"y\[1\] must be a finite number"),
    "a missing number": ([[1, 2], [3, None], [5, 6]], TARGETS, r"x\[1\]\[1\].*None of type None"),
    "text": ([[1, 2], ["3", 4], [5, 6]], TARGETS, r"x\[1\]\[0\] must be a real number.*'3'"),
    "names of classes": (ROWS, ["a", "b", "a"], r"y\[0\].*'a'.* for categories, valor\.files\.Col"),
    "a complex number": (ROWS, [1, 2j, 3], r"y\[1\] must be a real number.*complex"),
    "a bool": (ROWS, [True, False, True], r"y\[0\] must be a real number.*bool; give 1 for True"),
    "bools of NumPy": (
        ROWS,
        np.array([True, False, True]),
        r"y\[0\] must be a real number.*array\.astype\(float\)",
    ),
    "too large an int": ([[1, 10**400]] * 3, TARGETS, r"x\[0\]\[1\].*larger than 1.8e308"),
    "a dict as a row": ([{"a": 1}] * 3, TARGETS, r"x\[0\] must be a real number.*dict"),
    "rows of rows": ([[[1, 2]]] * 3, TARGETS, r"x\[0\]\[0\] must be a real number.*list"),
    "an array of 3 axes": (np.zeros((3, 2, 1)), TARGETS, r"x\[0\]\[0\] must be a real number"),
}


@pytest.mark.parametrize("fault", BAD_DATA)
def test_bad_data_is_refused_before_anything_changes(fault: str) -> None:
    x, y, message = BAD_DATA[fault]
    if fault == "x is an empty generator":
        x = (row for row in [])
    model = MLP(2, [2, 1], seed=0)
    for parameter in model.parametros():
        parameter.grad = 7.0
    before = [parameter.data for parameter in model.parametros()]
    trainer = Trainer(model)
    with pytest.raises(DataError, match=message) as caught:
        trainer.fit(x, y, epochs=3)
    assert isinstance(caught.value, ValorError)
    assert isinstance(caught.value, ValueError)
    assert [parameter.data for parameter in model.parametros()] == before
    assert [parameter.grad for parameter in model.parametros()] == [7.0] * 9
    assert trainer.run is None


@pytest.mark.parametrize(
    "fault", [f for f in BAD_DATA if f.startswith(("x is a ", "a nan", "more", "y is"))]
)
def test_bad_data_is_refused_by_evaluate(fault: str) -> None:
    x, y, message = BAD_DATA[fault]
    with pytest.raises(DataError, match=message):
        Trainer(MLP(2, [2, 1], seed=0)).evaluate(x, y)


def test_bad_data_is_refused_by_predict() -> None:
    trainer = Trainer(MLP(2, [2, 1], seed=0))
    with pytest.raises(DataError, match=r"x\[0\]\[1\] must be a finite number, not nan"):
        trainer.predict([[1.0, NAN]])
    with pytest.raises(DataError, match="x must hold at least one sample"):
        trainer.predict([])
    for predict in (trainer.predict, trainer.model.predict):
        with pytest.raises(DataError, match=r"x does not fit the model: x must have 2 .*, not 3$"):
            predict([[1.0, 2.0, 3.0]])
        with pytest.raises(DataError, match=r"x must have 2 values, not 1; .* a single one is"):
            predict([1.0, 2.0])


def test_classes_for_several_outputs_are_told_how() -> None:
    trainer = Trainer(MLP(2, [3], seed=0))
    with pytest.raises(DataError, match=r"y must have 3 values.*not 1; .* 1 for its class, 0 els"):
        trainer.fit(ROWS, [0, 2, 1], epochs=1)
    with pytest.raises(DataError, match=r"y must have 3 values.*not 2$"):
        trainer.fit(ROWS, [[0, 1]] * 3, epochs=1)


# Arrays are not copied


@pytest.fixture
def memmap(tmp_path: Path) -> Callable[..., Any]:
    """Write a file of numbers, row 0 with 0, row 1 with 1 …, and map it; it takes no memory."""

    def make(samples: int, width: int, dtype: Any) -> Any:
        path = tmp_path / f"{samples}-{width}.bin"
        with path.open("wb") as file:
            for first in range(0, samples, 1000):
                last = min(samples, first + 1000)
                np.repeat(np.arange(first, last, dtype=dtype), width).tofile(file)
        return np.memmap(path, dtype=dtype, mode="r", shape=(samples, width))

    return make


def test_an_array_becomes_a_table_of_that_array() -> None:
    array = np.array(ROWS, dtype=np.float32)
    table, column = as_samples(array, array[:, 0])
    assert table.array is array
    assert np.shares_memory(column.array, array)
    assert column.array.shape == (3, 1)
    assert list(table) == [table[0], table[1], table[2]] == ROWS
    assert (table[-1], table[np.int64(1)], list(table[1:])) == (ROWS[2], ROWS[1], ROWS[1:])
    assert (len(table), len(table[1:])) == (3, 2)
    assert list(column) == [[1.0], [3.0], [5.0]]
    assert all(
        type(value) is float for row in as_rows(np.array([[1, 2**60]]), "x") for value in row
    )
    with pytest.raises(IndexError):
        table[3]


def test_lists_stay_lists() -> None:
    assert as_samples(ROWS, TARGETS) == (ROWS, [[t] for t in TARGETS])
    assert type(as_rows([np.array(row) for row in ROWS], "x")) is list


@pytest.mark.parametrize("place", [(0, 0), (69_999, 2), (40_000, 1)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_one_number_in_many_is_found(place: tuple[int, int], dtype: Any) -> None:
    array = np.zeros((70_000, 3), dtype=dtype)
    assert len(as_rows(array, "x")) == 70_000
    for value in (NAN, INFINITE, -INFINITE):
        array[place] = value
        with pytest.raises(DataError) as caught:
            as_rows(array, "x")
        assert (
            str(caught.value) == f"x[{place[0]}][{place[1]}] must be a finite number, not {value}"
        )
    column = np.zeros(70_000, dtype=dtype)
    column[place[0]] = NAN
    with pytest.raises(DataError, match=rf"y\[{place[0]}\] must be a finite number, not nan"):
        as_rows(column, "y")


def test_the_first_of_several_faults_is_named() -> None:
    array = np.zeros((70_000, 2))
    array[60_000], array[50_000, 1] = INFINITE, NAN
    with pytest.raises(DataError, match=r"x\[50000\]\[1\] must be a finite number, not nan"):
        as_rows(array, "x")


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_a_mapped_file_trains_with_flat_memory(memmap: Any, dtype: Any) -> None:
    x, y = memmap(300_000, 8, dtype), memmap(300_000, 1, dtype)
    read: list[Any] = []

    class Reads:
        remark = ""

        def __init__(self, model: Any, loss: Any, optimizer: Any, plan: Any) -> None:
            self.plan, self.batches = plan, plan.batches(0)

        def advance(self, steps: int, losses: Any) -> None:
            for _ in range(steps):
                rows = next(self.batches)
                read.append((self.plan.inputs[rows[-1]], self.plan.targets[rows[-1]]))
                losses.append(1.0)

        def write_back(self) -> None:
            pass

        def state(self) -> list[Any]:
            return []

    trainer = Trainer(MLP(8, [1], seed=0), engine=Engine("reads", Reads))  # type: ignore[arg-type]
    trainer.fit(x[:10], y[:10], epochs=1)
    tracemalloc.start()
    try:
        run = trainer.fit(x, y, epochs=1, batch_size=1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert run.completed_steps == 300
    assert read[1] == ([999.0] * 8, [999.0])
    assert read[-1] == ([299_999.0] * 8, [299_999.0])
    assert peak < 3e6  # as lists, the rows of `x` alone would take 90 MB


def test_a_mapped_file_trains_eagerly_to_the_bits_of_lists(memmap: Any) -> None:
    x, y = memmap(20, 3, np.float32), memmap(20, 1, np.float32)
    runs = []
    for inputs, targets in ((x, y[:, 0]), (x.tolist(), y.tolist())):
        model = MLP(3, [2, 1], activation="tanh", seed=0)
        trainer = Trainer(model, "mean_squared_error", engine="eager", seed=1)
        run = trainer.fit(inputs, targets, epochs=5, batch_size=7, shuffle=True)
        metric = Metric("targets", lambda predicted, target: float(target[3][0] + len(target)))
        runs.append(
            (
                list(run.history["loss"]),
                [parameter.data for parameter in model.parametros()],
                trainer.predict(inputs),
                trainer.evaluate(inputs, targets, metrics=[metric]),
            )
        )
    assert runs[0] == runs[1]
    assert runs[0][3]["targets"] == 23.0


def test_data_are_left_as_they_were() -> None:
    rows, targets = [[1, 2], [3, 4]], np.array([1.0, 0.0])
    Trainer(MLP(2, [1], seed=0)).fit(rows, targets, epochs=2, shuffle=True)
    assert rows == [[1, 2], [3, 4]]
    assert type(rows[0][0]) is int
    assert targets.tolist() == [1.0, 0.0]
