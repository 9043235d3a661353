"""The catalogue in pictures has every bundled formula, and the pictures show what it computes.

The drawings come from docs/_extensions; Sphinx only puts them on the page.
"""

import importlib
import math
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import valor
from valor.contracts import Formula, Record
from valor.testing import records

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "catalogue.md").read_text(encoding="utf-8")
DRAWN = (
    *("activation", "loss", "penalty", "optimizer"),
    *("gradient_transform", "schedule", "initializer"),
)
SVG = "{http://www.w3.org/2000/svg}"
BUNDLED = [
    record
    for record in records("valor-framework", valor.plugin_manager(strict=True, environment=False))
    if record.kind in DRAWN
]


@pytest.fixture(scope="module")
def rooms() -> Iterator[dict[str, Any]]:
    """The extension's modules, without the one that needs Sphinx."""
    sys.path.insert(0, str(DOCS / "_extensions"))
    try:
        names = ("svg", "scenes", "pictures")
        yield {name: importlib.import_module(f"formula_pictures.{name}") for name in names}
    finally:
        sys.path.remove(str(DOCS / "_extensions"))


def curves(rooms: dict[str, Any], record: Formula) -> dict[str, list[tuple[float, float]]]:
    """Return what is drawn of a record, by label."""
    return {curve.label: list(curve.points) for curve in rooms["scenes"].scene(record).curves}


def near(points: list[tuple[float, float]], x: float) -> float:
    """Return the height of a curve at the point nearest to x."""
    return min(points, key=lambda point: abs(point[0] - x))[1]


# The page


def test_the_page_asks_for_every_kind_that_can_be_drawn(rooms: dict[str, Any]) -> None:
    assert re.findall(r"^```\{pictures\} (.+)$", PAGE, re.MULTILINE) == list(DRAWN)
    assert set(rooms["pictures"].KINDS) == set(DRAWN)


@pytest.mark.parametrize("kind", DRAWN)
def test_every_bundled_record_of_a_kind_is_among_its_pictures(
    rooms: dict[str, Any], kind: str
) -> None:
    found = [each.record.name for each in rooms["pictures"].pictures(kind)]
    assert found == sorted(record.name for record in BUNDLED if record.kind == kind)
    assert found


def test_one_can_be_asked_for_by_name(rooms: dict[str, Any]) -> None:
    (picture,) = rooms["pictures"].pictures("gradient_transform", "clip_by_norm")
    assert (picture.record.name, picture.anchor) == (
        "clip_by_norm",
        "gradient-transform-clip-by-norm",
    )
    assert picture.hyperparameters == ("limit=1.0",)
    with pytest.raises(KeyError):
        list(rooms["pictures"].pictures("gradient_transform", "nothing"))


@pytest.mark.parametrize("record", BUNDLED, ids=str)
def test_a_picture_shows_something(rooms: dict[str, Any], record: Record) -> None:
    picture = rooms["pictures"].picture(record)
    root = ElementTree.fromstring(picture.svg)
    assert root.findtext(f"{SVG}title") == f"{record.kind.replace('_', ' ')} {record.name}"
    assert picture.summary
    assert len(picture.svg) < 40_000
    inner = root.find(f"{SVG}svg")
    assert inner is not None
    width, height = float(inner.get("width", "")), float(inner.get("height", ""))
    roles = set()
    for path in inner.iter(f"{SVG}path"):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+|nan|inf", path.get("d", ""))]
        assert all(map(math.isfinite, numbers))
        places = list(zip(numbers[::2], numbers[1::2], strict=True))
        assert any(0 <= x <= width and 0 <= y <= height for x, y in places)
        assert len(set(places)) > 1
        roles.add(path.get("class"))
    assert "curve first" in roles
    assert all(place.text for place in root.iter(f"{SVG}text"))


def test_the_same_picture_twice(rooms: dict[str, Any]) -> None:
    for name in ("orthogonal", "normal"):
        record = valor.initializer(name)
        pictures = [rooms["pictures"].picture(record).svg for _ in range(2)]
        assert pictures[0] == pictures[1]


# What they show


def test_an_activation_with_its_derivative(rooms: dict[str, Any]) -> None:
    drawn = curves(rooms, valor.activation("leaky_relu", slope=0.5))
    assert set(drawn) == {"value", "derivative"}
    for x in (-7.0, -3.5, 1.75, 7.0):
        assert near(drawn["value"], x) == (x if x > 0 else x / 2)
        assert near(drawn["derivative"], x) == (1.0 if x > 0 else 0.5)


def test_an_activation_over_a_layer(rooms: dict[str, Any]) -> None:
    drawn = curves(rooms, valor.activation("softmax"))
    p = 1 / (2 + math.e)
    assert near(drawn["value"], 0.0) == pytest.approx(p)
    assert near(drawn["derivative"], 0.0) == pytest.approx(p * (1 - p))


def test_a_loss_for_two_targets(rooms: dict[str, Any]) -> None:
    drawn = curves(rooms, valor.loss("sum_squared_error"))
    assert near(drawn["target 0"], -3.0) == 9.0
    assert near(drawn["target 1"], -3.0) == 16.0


@pytest.mark.parametrize("name", ["binary_cross_entropy", "categorical_cross_entropy"])
def test_a_loss_of_probabilities(rooms: dict[str, Any], name: str) -> None:
    scene = rooms["scenes"].scene(valor.loss(name))
    assert scene.across == (0.0, 1.0)
    drawn = curves(rooms, valor.loss(name))
    assert near(drawn["target 1"], 0.25) == pytest.approx(math.log(4))
    assert near(drawn["target 0"], 0.25) == pytest.approx(math.log(4 / 3))


def test_a_penalty(rooms: dict[str, Any]) -> None:
    drawn = curves(rooms, valor.penalty("l1", weight=0.5))
    assert near(drawn["value"], -3.0) == 1.5
    assert near(drawn["derivative"], -3.0) == -0.5


def test_the_path_of_an_optimizer(rooms: dict[str, Any]) -> None:
    scene = rooms["scenes"].scene(valor.optimizer("gradient_descent"))
    path = scene.curves[-1].points
    assert path[0] == (-2.5, 1.0)
    assert path[1] == pytest.approx((-2.5 * 0.95, 1.0 * 0.4))  # the slopes are a and 12 b
    assert path[-1] == pytest.approx((0.0, 0.0), abs=0.002)
    for curve in scene.curves[:-1]:  # the rings lie where the valley is equally high
        heights = [(a * a + 12 * b * b) / 2 for a, b in curve.points]
        assert heights == pytest.approx([heights[0]] * len(heights))


def test_a_schedule(rooms: dict[str, Any]) -> None:
    (rates,) = curves(rooms, valor.schedule("step_decay", first=0.5)).values()
    found = [near(rates, step) for step in (1, 1000, 1001, 2990)]
    assert found == pytest.approx([0.5, 0.5, 0.05, 0.005])


def test_a_schedule_that_remembers(rooms: dict[str, Any]) -> None:
    (rates,) = curves(rooms, valor.schedule("on_plateau", patience=4)).values()
    # The loss is at its best after epoch 40; no better are 41 to 45, and the rate falls before 46.
    assert [near(rates, step) for step in (1, 1350, 1351, 1500)] == [0.01, 0.01, 0.001, 0.001]


def test_gradients_before_and_after(rooms: dict[str, Any]) -> None:
    drawn = curves(rooms, valor.gradient_transform("clip_by_value", limit=0.5))
    assert [near(drawn["of g"], g) for g in (-3.0, 0.375, 3.0)] == [-0.5, 0.375, 0.5]
    assert near(drawn["of 1"], 0.0) == 0.5


def test_a_histogram(rooms: dict[str, Any]) -> None:
    (bars,) = curves(rooms, valor.initializer("uniform", low=-2.0, high=2.0)).values()
    assert sum(height for _, height in bars[1:-1:2]) == pytest.approx(100.0)
    assert near(bars, 0.0) == pytest.approx(100 * 4.4 / 41 / 4, rel=0.2)


# The drawing


def test_numbers_that_are_not_finite_leave_a_gap(rooms: dict[str, Any]) -> None:
    svg = rooms["svg"]
    points = [(0.0, 0.0), (1.0, 1.0), (2.0, math.nan), (3.0, 1.0), (4.0, 0.0)]
    scene = svg.Scene([svg.Curve(points, label="a < b")], (0.0, 4.0), (0.0, 1.0), "x & y")
    text = svg.drawing(scene, "<title>", "it's")
    root = ElementTree.fromstring(text)
    inner = root.find(f"{SVG}svg")
    assert inner is not None
    assert len(inner.findall(f"{SVG}path")) == 2
    assert {"a < b", "x & y", "0.4"} <= {each.text for each in root.iter(f"{SVG}text")}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-2.0, 7.0, [-2, 0, 2, 4, 6]),
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.0, 3000.0, [0, 1000, 2000, 3000]),
        (-0.0006, 0.0106, [0, 0.002, 0.004, 0.006, 0.008, 0.01]),
    ],
)
def test_ticks_are_round_numbers(
    rooms: dict[str, Any], low: float, high: float, expected: list[float]
) -> None:
    assert rooms["svg"].ticks(low, high) == expected
