"""The curve of a loss, read back by an XML parser, and the callback that writes it."""

import itertools
import math
import random
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from valor import MLP, Trainer, callback, hookimpl, optimizer, plugin_manager
from valor.exceptions import (
    HyperparameterError,
    InvalidArgumentError,
    InvalidNumberError,
    NonFiniteError,
)
from valor_plugins.callbacks.loss_curve import LossCurve, loss_curve_svg

SVG = "{http://www.w3.org/2000/svg}"


def lines(svg: str) -> list[list[tuple[float, float]]]:
    tree = ElementTree.fromstring(svg)
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in each.split())]
        for each in (line.attrib["points"] for line in tree.iter(f"{SVG}polyline"))
    ]


def texts(svg: str) -> list[str]:
    return [str(element.text) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("scale", ["linear", "log", "auto"])
def test_a_higher_loss_stands_higher(scale: str) -> None:
    generator = random.Random(0)
    losses = [10 ** generator.uniform(-3, 3) for _ in range(200)]
    (points,) = lines(loss_curve_svg(losses, scale=scale))
    assert len(points) == len(losses)
    assert all(left[0] < right[0] for left, right in itertools.pairwise(points))
    by_loss = [y for _, (_, y) in sorted(zip(losses, points, strict=True))]
    assert all(lower >= higher for lower, higher in itertools.pairwise(by_loss))
    assert by_loss[0] > by_loss[-1] + 300


def test_a_linear_axis_is_linear_and_a_logarithmic_one_logarithmic() -> None:
    (linear,) = lines(loss_curve_svg([0.0, 1.0, 3.0, 4.0], scale="linear"))
    heights = [(linear[0][1] - y) / (linear[0][1] - linear[-1][1]) for _, y in linear]
    assert heights == pytest.approx([0, 0.25, 0.75, 1], abs=1e-3)
    (log,) = lines(loss_curve_svg([1e-4, 1e-3, 1e-1, 1.0], scale="log"))
    heights = [(log[0][1] - y) / (log[0][1] - log[-1][1]) for _, y in log]
    assert heights == pytest.approx([0, 0.25, 0.75, 1], abs=1e-3)


def test_the_axis_says_whether_it_is_logarithmic() -> None:
    assert "loss (logarithmic)" in texts(loss_curve_svg([100.0, 1.0]))
    assert "loss (logarithmic)" not in texts(loss_curve_svg([2.0, 1.0]))
    assert "loss (logarithmic)" not in texts(loss_curve_svg([100.0, 1.0, 0.0]))


def test_a_single_epoch_is_a_dot() -> None:
    svg = loss_curve_svg([0.5])
    assert lines(svg) == []
    (dot,) = ElementTree.fromstring(svg).iter(f"{SVG}circle")
    assert 76 < float(dot.attrib["cx"]) < 696
    assert 44 < float(dot.attrib["cy"]) < 350


@pytest.mark.parametrize("losses", [[], [math.nan], [math.inf, -math.inf, math.nan]])
def test_nothing_to_draw_is_a_picture_too(losses: list[float]) -> None:
    svg = loss_curve_svg(losses, scale="auto")
    assert lines(svg) == []
    assert f"{len(losses)} epochs, none" in svg


def test_losses_that_are_not_finite_leave_a_gap() -> None:
    svg = loss_curve_svg([3.0, 2.0, math.nan, 1.5, math.inf, 1.0, 0.9])
    assert [len(line) for line in lines(svg)] == [2, 2]
    assert svg.count("<circle") == 1
    assert "2 losses are not finite" in svg


@pytest.mark.parametrize(
    "losses",
    [
        [1e308, -1e308],
        [1.7976931348623157e308] * 2,
        [5e-324, 1e-323],
        [5e-324, 1.7e308],
        [1.0, math.nextafter(1.0, 2)],
        [1e308, math.nextafter(1e308, math.inf)],
        [0.0, 0.0],
        [-5.0, -5.0],
        [0.0, 5e-324],
    ],
)
@pytest.mark.parametrize("scale", ["linear", "log", "auto"])
def test_extreme_losses_stay_within_the_frame(losses: list[float], scale: str) -> None:
    svg = loss_curve_svg(losses, scale=scale)
    for line in lines(svg):
        assert all(44 <= y <= 350 for _, y in line)
    assert not re.search(r"\b(nan|inf)\b", svg)


def test_a_long_history_stays_small_and_keeps_its_peaks() -> None:
    losses = [1.0 + (epoch % 7) / 10 for epoch in range(1_000_000)]
    losses[123_456], losses[777_777] = 9.0, 0.5
    svg = loss_curve_svg(losses, scale="linear")
    assert len(svg) < 100_000
    (points,) = lines(svg)
    heights = sorted(y for _, y in points)
    (peak,) = (x for x, y in points if y == heights[0])
    (valley,) = (x for x, y in points if y == heights[-1])
    assert peak == pytest.approx(76 + 620 * 0.123456, abs=1)
    assert valley == pytest.approx(76 + 620 * 0.777777, abs=1)
    assert points[0][0] == 76
    assert points[-1][0] == 696
    assert heights[1] > heights[0] + 200


def test_a_long_history_with_many_gaps_stays_small() -> None:
    losses = [1.0 if epoch % 2 else math.nan for epoch in range(300_000)]
    assert len(loss_curve_svg(losses)) < 300_000


def test_ticks_carry_labels_within_the_frame() -> None:
    labels = ["0.4", "0.6", "0.8", "1", "2", "3"]
    assert texts(loss_curve_svg([0.93, 0.5, 0.3])) == ["Loss", *labels, "epoch", "loss"]


def test_a_hostile_title_is_text() -> None:
    title = '</title><script>alert("]]>")</script>&amp; é 🙂'
    svg = loss_curve_svg([1.0, 2.0], title=title + "\x00")
    assert "<script" not in svg
    assert title + " " in texts(svg)


def test_the_same_losses_give_the_same_bytes() -> None:
    assert loss_curve_svg([3.0, 1.0]) == loss_curve_svg(iter([3.0, 1.0]))


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(InvalidArgumentError, match="scale must be one of auto, linear, log"):
        loss_curve_svg([1.0], scale="square")
    with pytest.raises(InvalidNumberError, match="a loss must be a real number"):
        loss_curve_svg([1.0, "2"])  # type: ignore[list-item]
    with pytest.raises(InvalidArgumentError, match="path must be the path of a file, not 5"):
        LossCurve(5)
    with pytest.raises(InvalidArgumentError, match="scale must be one of"):
        LossCurve("loss.svg", scale="square")


def test_the_callback_writes_the_curve_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "new" / "loss.svg"
    trainer = Trainer(MLP(1, [1], seed=0), callbacks=[LossCurve(path, title="Perda")])
    run = trainer.fit([[1.0], [2.0]], [0.5, 0.2], epochs=20)
    assert path.read_text(encoding="utf-8") == loss_curve_svg(run.history["loss"], title="Perda")
    assert [each.name for each in path.parent.iterdir()] == ["loss.svg"]
    assert len(lines(path.read_text(encoding="utf-8"))[0]) == 20


def test_the_callback_writes_the_curve_of_a_run_that_failed(tmp_path: Path) -> None:
    model = MLP(1, [1], activation="identity", seed=0)
    path = tmp_path / "loss.svg"
    trainer = Trainer(
        model,
        loss="sum_squared_error",
        callbacks=[LossCurve(str(path))],
        optimizer=optimizer("gradient_descent", learning_rate=100.0),
    )
    with pytest.raises(NonFiniteError):
        trainer.fit([[1.0]], [0.5], epochs=2000)
    assert trainer.run is not None
    epochs = len(trainer.run.history)
    assert epochs > 5
    assert f"{epochs} epochs." in path.read_text(encoding="utf-8")


def test_a_validation_loss_is_a_second_curve_with_a_legend() -> None:
    losses, others = [4.0, 2.0, 1.0], [4.0, 3.0, 3.5]
    svg = loss_curve_svg(losses, validation=others, scale="linear")
    curves = {"": [], "validation": []}  # type: dict[str, list[list[tuple[float, float]]]]
    for line in ElementTree.fromstring(svg).iter(f"{SVG}polyline"):
        points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
        curves[line.attrib.get("class", "")].append(points)  # type: ignore[arg-type]
    # Each has its curve, and its sample in the legend, above the frame.
    for name, values in (("", losses), ("validation", others)):
        curve, sample = curves[name]
        assert all(y < 44 for _, y in sample)
        assert all(44 <= y <= 350 for _, y in curve)
        # One axis for both: the same loss stands at the same height.
        heights = [350 - 306 * value / 4 for value in values]
        assert [y for _, y in curve] == pytest.approx(heights, abs=0.01)
    assert texts(svg)[-2:] == ["training", "validation"]
    described = ElementTree.fromstring(svg).find(f"{SVG}desc")
    assert described is not None
    assert "On validation data: 3 epochs." in str(described.text)
    assert "the lowest is 3, in epoch 2" in str(described.text)


def test_without_a_validation_loss_there_is_no_legend() -> None:
    assert "training" not in texts(loss_curve_svg([2.0, 1.0]))


def test_a_validation_loss_may_be_shorter_but_not_longer() -> None:
    svg = loss_curve_svg([4.0, 2.0, 1.0], validation=[4.0])
    assert svg.count('<circle class="validation"') == 1
    with pytest.raises(InvalidArgumentError, match="at most one number an epoch, 2, not 3"):
        loss_curve_svg([1.0, 2.0], validation=[1.0, 2.0, 3.0])
    with pytest.raises(InvalidNumberError, match="a validation loss must be"):
        loss_curve_svg([1.0], validation=[None])  # type: ignore[list-item]


def test_the_callback_draws_the_validation_loss_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "loss.svg"
    trainer = Trainer(MLP(1, [1], seed=0), callbacks=[LossCurve(path)])
    run = trainer.fit([[1.0], [2.0]], [0.5, 0.2], epochs=20, validation=([[1.5]], [0.4]))
    expected = loss_curve_svg(run.history["loss"], validation=run.history["validation_loss"])
    assert path.read_text(encoding="utf-8") == expected
    assert 'class="validation"' in expected


def test_a_run_that_fails_in_its_first_epoch_leaves_an_older_curve(tmp_path: Path) -> None:
    path = tmp_path / "loss.svg"
    path.write_text("older")
    model = MLP(1, [1], activation="identity", seed=0)
    with pytest.raises(NonFiniteError):
        Trainer(model, callbacks=[LossCurve(path)]).fit([[1e200]], [0.5], epochs=3)
    assert path.read_text() == "older"


def test_the_callback_does_not_listen_to_epochs() -> None:
    manager = plugin_manager().fork([LossCurve("loss.svg")])
    assert not manager.listens("valor_before_epoch", "valor_after_epoch", "valor_should_stop")

    class Listener:
        @hookimpl
        def valor_after_epoch(self) -> None: ...

    assert plugin_manager().fork([Listener()]).listens("valor_after_epoch")


def test_the_name_leads_to_the_callback(tmp_path: Path) -> None:
    record = callback("loss_curve", path=str(tmp_path / "curve.svg"), scale="linear")
    run = Trainer(MLP(1, [1], seed=0), callbacks=[record]).fit([[1.0]], [0.5], epochs=3)
    written = (tmp_path / "curve.svg").read_text(encoding="utf-8")
    assert written == loss_curve_svg(run.history["loss"], scale="linear")
    with pytest.raises(HyperparameterError, match="square"):
        callback("loss_curve", scale="square")
