"""The lesson itself: its calls, as a student would type them, and the numbers it printed."""

import itertools
import random
import zlib
from pathlib import Path
from typing import Any

import pytest

from valor import MLP, Valor, plota_grafo, topological_order

# The weights that the lesson's notebook printed, and what its network made of them.
WEIGHTS = [
    0.14474677867167784,
    -0.42740964094034606,
    -0.3828776591909242,
    0.08969170467927734,
    0.05029964556279287,
    0.12538403057155123,
    0.1457220816182896,
    -0.16740138252949466,
    -0.125568827894476,
    0.3065202687146462,
    -0.5043999071852516,
    0.9404563310512,
    0.45134197667918086,
    -0.9746388264339698,
    0.7829235978448743,
    0.3326052883164423,
    -0.09122532539318695,
    -0.12203984696584791,
    0.3904841078490888,
    -0.20468933340137818,
    0.10944135968276703,
    -0.8781084652702196,
    -0.42872869226646215,
]
PREDICTIONS = [
    0.3089741696982651,
    0.31657158326021506,
    0.3120011156011473,
    0.3108821884295717,
]
LOSS = 0.6260440620211709


@pytest.fixture
def mlp() -> MLP:
    mlp = MLP(3, [3, 2, 1])
    parameters = mlp.parametros()
    assert len(parameters) == 23
    for parameter, weight in zip(parameters, WEIGHTS, strict=True):
        parameter.data = weight
    return mlp


def predict(mlp: MLP, x: Any) -> list[Valor]:
    predictions = []
    for row in x:
        prediction = mlp(row)
        predictions.append(prediction)
    return predictions


def squared_error(predictions: list[Valor], y: Any) -> Any:
    squares = []
    for target, prediction in zip(y, predictions, strict=True):
        square = (prediction - target) ** 2
        squares.append(square)
    return sum(squares)


def test_the_predictions_that_the_lesson_printed(mlp: MLP, x: Any) -> None:
    assert [p.data for p in predict(mlp, x)] == pytest.approx(PREDICTIONS, rel=1e-14, abs=0)


def test_the_loss_that_the_lesson_printed(mlp: MLP, x: Any, y: Any) -> None:
    loss = squared_error(predict(mlp, x), y)
    assert loss.data == pytest.approx(LOSS, rel=1e-14, abs=0)
    assert repr(loss).startswith("Valor(data=0.62604406202117")


def test_the_gradients_are_the_slopes_of_the_loss(mlp: MLP, x: Any, y: Any) -> None:
    squared_error(predict(mlp, x), y).propagar_tudo()
    step = 1e-5
    for parameter in mlp.parametros():
        weight = parameter.data
        parameter.data = weight + step
        above = squared_error(predict(mlp, x), y).data
        parameter.data = weight - step
        below = squared_error(predict(mlp, x), y).data
        parameter.data = weight
        assert parameter.grad == pytest.approx((above - below) / (2 * step), rel=1e-7, abs=1e-10)
        assert parameter.grad != 0


def test_the_lessons_training(x: Any, y: Any) -> None:
    random.seed(2024)
    mlp = MLP(3, [3, 2, 1])
    rate, shown = 0.01, []
    for _ in range(10):
        # forward pass
        predictions = []
        for row in x:
            prediction = mlp(row)
            predictions.append(prediction)
        # zero grad
        for p in mlp.parametros():
            p.grad = 0
        # loss
        loss: Any = []
        for prediction, target in zip(predictions, y, strict=True):
            loss.append((prediction - target) ** 2)
        loss = sum(loss)
        # backpropagation
        loss.propagar_tudo()
        # update
        for p in mlp.parametros():
            p.data = p.data - p.grad * rate
        shown.append(loss.data)
    assert all(later < earlier for earlier, later in itertools.pairwise(shown))
    assert repr(predictions[0]).startswith("Valor(data=0.")


def test_the_lessons_graph(
    mlp: MLP, x: Any, y: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loss = squared_error(predict(mlp, x), y)
    loss.propagar_tudo()
    picture = plota_grafo(loss)
    picture.render("rede_neural", format="png")
    png = (tmp_path / "rede_neural.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    position, chunks = 8, b""
    while position < len(png):
        length = int.from_bytes(png[position : position + 4], "big")
        kind, body = png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        assert zlib.crc32(kind + body) == int.from_bytes(
            png[position + 8 + length : position + 12 + length], "big"
        )
        chunks += body if kind == b"IDAT" else b""
        position += 12 + length
    assert len(set(zlib.decompress(chunks))) > 10  # more than a blank page


def test_the_lessons_first_steps_by_hand() -> None:
    a = Valor(10, rotulo="a")
    b = Valor(5, rotulo="b")
    c = a + b
    c.rotulo = "c"
    d = c * 2
    assert repr(d) == "Valor(data=30)"
    assert (c.progenitor, c.operador_mae, c.rotulo) == ((a, b), "+", "c")
    d.grad = 1
    d.propagar()
    c.propagar()
    assert (c.grad, a.grad, b.grad) == (2, 2, 2)
    assert [node.data for node in topological_order(d)] == [10, 5, 15, 2, 30]
