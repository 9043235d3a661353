"""Weights of samples and classes, against gradients of losses that are weighted by hand."""

from typing import Any

import pytest

from valor import MLP, Trainer, Valor
from valor.data import split
from valor.exceptions import DataError, InvalidArgumentError

X = [[2.0, 3.0], [3.0, -1.0], [0.5, 1.0], [1.0, 1.0]]
Y = [1.0, 0.0, 0.0, 0.0]


def trained(loss: str, epochs: int = 5, **more: Any) -> tuple[list[float], list[float]]:
    trainer = Trainer(MLP(2, [2, 1], seed=1), loss=loss, engine=more.pop("engine", "eager"))
    run = trainer.fit(X, Y, epochs=epochs, **more)
    return list(run.history["loss"]), [p.data for p in trainer.model.parametros()]


def test_a_sample_of_weight_two_counts_as_two() -> None:
    """The graph adds them in another order, so the last bits may differ."""
    twice = Trainer(MLP(2, [2, 1], seed=1), engine="eager")
    run = twice.fit([*X, X[0]], [*Y, Y[0]], epochs=5)
    losses, parameters = trained("sum_squared_error", sample_weight=[2, 1, 1, 1])
    assert losses == pytest.approx(list(run.history["loss"]), rel=1e-14)
    assert parameters == pytest.approx([p.data for p in twice.model.parametros()], rel=1e-13)


def test_a_sample_of_weight_zero_is_not_there() -> None:
    without = Trainer(MLP(2, [2, 1], seed=1), engine="eager")
    run = without.fit(X[:3], Y[:3], epochs=5)
    losses, parameters = trained("sum_squared_error", sample_weight=[1, 1, 1, 0])
    assert losses == pytest.approx(list(run.history["loss"]), rel=1e-15)
    assert parameters == pytest.approx([p.data for p in without.model.parametros()], rel=1e-15)


@pytest.mark.parametrize("loss", ["sum_squared_error", "mean_squared_error"])
def test_the_first_step_is_that_of_the_graph_with_weights(loss: str) -> None:
    weights = [0.5, 2.0, 0.0, 1.25]
    model = MLP(2, [2, 1], seed=1)
    total: Any = Valor(0.0)
    for row, y, weight in zip(X, Y, weights, strict=True):
        total = total + (model(row) - y) ** 2 * weight
    if loss.startswith("mean"):
        total = total / 4  # the number of samples, not the sum of their weights
    total.propagar_tudo()
    expected = [p.data - 0.01 * p.grad for p in model.parametros()]
    losses, parameters = trained(loss, epochs=1, sample_weight=weights)
    assert losses == [pytest.approx(total.data, rel=1e-15)]
    assert parameters == pytest.approx(expected, rel=1e-14)


def test_both_engines_give_the_same_bits() -> None:
    more = {"sample_weight": [0.3, 1.7, 1, 2], "class_weight": "balanced", "batch_size": 3}
    assert trained("mean_squared_error", engine="eager", **more) == trained(
        "mean_squared_error", engine="native", **more
    )


def test_balanced_classes_count_alike() -> None:
    """scikit-learn's: the number of samples by that of classes times that of the class."""
    assert trained("sum_squared_error", class_weight="balanced") == trained(
        "sum_squared_error", sample_weight=[2, 2 / 3, 2 / 3, 2 / 3]
    )


def test_class_weights_multiply_sample_weights() -> None:
    assert trained(
        "sum_squared_error", class_weight={0: 3, 1: 0.5}, sample_weight=[2, 1, 1, 0.25]
    ) == trained("sum_squared_error", sample_weight=[1, 3, 3, 0.75])


def test_the_class_of_several_targets_is_the_place_of_the_largest() -> None:
    trainer = Trainer(MLP(2, [3], seed=1), engine="eager")
    other = Trainer(MLP(2, [3], seed=1), engine="eager")
    y = [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    by_class = trainer.fit(X, y, epochs=3, class_weight={0: 1, 1: 5, 2: 0.5})
    by_sample = other.fit(X, y, epochs=3, sample_weight=[0.5, 1, 0.5, 5])
    assert list(by_class.history["loss"]) == list(by_sample.history["loss"])


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"sample_weight": [1, 2]}, DataError, "sample_weight must be 4 numbers.*not 2"),
        ({"sample_weight": [[1, 2]] * 4}, DataError, "sample_weight must be 4 numbers"),
        ({"sample_weight": [1, 1, -1, 1]}, DataError, r"sample_weight\[2\] must not be negative"),
        ({"sample_weight": [1, 1, None, 1]}, DataError, r"sample_weight\[2\]"),
        ({"sample_weight": [1, 1, float("nan"), 1]}, DataError, r"sample_weight\[2\].*finite"),
        ({"sample_weight": 3}, DataError, "sample_weight must be a list"),
        ({"class_weight": {0: 1}}, InvalidArgumentError, "class_weight lacks class 1; it has: 0"),
        ({"class_weight": {0: -1, 1: 1}}, InvalidArgumentError, "class_weight must map.*0 to -1"),
        ({"class_weight": {"a": 1}}, InvalidArgumentError, "class_weight must map.*'a' to 1"),
        ({"class_weight": "even"}, InvalidArgumentError, 'class_weight must be "balanced".*even'),
        ({"class_weight": [1, 2]}, InvalidArgumentError, 'class_weight must be "balanced"'),
        ({"sample_weight": [0, 0, 0, 0]}, DataError, "the weights of all samples are 0"),
        ({"class_weight": {0: 0, 1: 0}}, DataError, "the weights of all samples are 0"),
        (
            {"class_weight": {0: 1, 1: 0}, "sample_weight": [1, 0, 0, 0]},
            DataError,
            "the weights of all samples are 0",
        ),
    ],
)
def test_bad_weights_are_refused_before_anything_changes(
    more: Any, error: type[Exception], message: str
) -> None:
    trainer = Trainer(MLP(2, [2, 1], seed=1))
    before = [p.data for p in trainer.model.parametros()]
    with pytest.raises(error, match=message):
        trainer.fit(X, Y, epochs=1, **more)
    assert [p.data for p in trainer.model.parametros()] == before
    assert trainer.run is None


@pytest.mark.parametrize(
    ("outputs", "y", "message"),
    [
        (1, [0.1, 0.2, 0.3, 0.4], "y has another value in each sample"),
        (2, [[1, 0], [1, 1], [0, 1], [0, 0]], r"y\[1\] is no class: 1.0 is its largest number"),
    ],
    ids=["numbers", "several things at once"],
)
def test_targets_that_are_no_classes_have_no_class_weights(
    outputs: int, y: Any, message: str
) -> None:
    trainer = Trainer(MLP(2, [outputs], seed=1))
    with pytest.raises(DataError, match=f"{message}.*do without class_weight"):
        trainer.fit(X, y, epochs=1, class_weight="balanced")


def test_classes_are_balanced_in_what_is_trained_on() -> None:
    x, y = [[float(place), 1.0] for place in range(10)], [0.0] * 6 + [1.0] * 4
    by_share = Trainer(MLP(2, [1], seed=1), engine="eager", seed=2)
    run = by_share.fit(x, y, epochs=3, validation=0.5, class_weight="balanced")
    x_train, y_train, *others = split(x, y, 0.5, seed=2)
    assert sum(y_train) != 2  # or the classes would be as in the whole
    by_hand = Trainer(MLP(2, [1], seed=1), engine="eager")
    expected = by_hand.fit(x_train, y_train, epochs=3, validation=others, class_weight="balanced")
    assert list(run.history["loss"]) == list(expected.history["loss"])
