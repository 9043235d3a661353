"""What is measured at the end of each epoch, and by `Trainer.evaluate`."""

from typing import Any

import pytest

from valor import MLP, Metric, Scaler, Trainer
from valor.exceptions import DataError, InvalidArgumentError, NonFiniteError

X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0], [0.0, 0.5, 2.0]]
Y = [1.0, 0.0, 0.2, 0.5, 0.9]


def worst(predicted: Any, target: Any) -> float:
    return max(abs(p[0] - t[0]) for p, t in zip(predicted, target, strict=True))


def trainer(engine: str = "eager", **more: Any) -> Trainer:
    return Trainer(MLP(3, [2, 1], seed=1), engine=engine, **more)


@pytest.mark.parametrize("engine", ["eager", "native"])
@pytest.mark.parametrize("loss", ["sum_squared_error", "mean_squared_error"])
def test_the_validation_loss_is_that_of_the_epochs_end(engine: str, loss: str) -> None:
    others = [[1.0, 2.0, 3.0], [0.1, 0.2, 0.3]], [0.4, 0.6]
    run = trainer(engine, loss=loss).fit(X, Y, epochs=4, validation=others)
    for epochs in range(1, 5):
        alone = trainer(loss=loss)
        alone.fit(X, Y, epochs=epochs)
        expected = alone.evaluate(*others)["loss"]
        assert run.history["validation_loss"][epochs - 1] == expected


def test_validation_does_not_change_the_training() -> None:
    alone, watched = trainer(), trainer()
    assert list(alone.fit(X, Y, epochs=5).history["loss"]) == list(
        watched.fit(X, Y, epochs=5, validation=(X, Y), metrics=[worst]).history["loss"]
    )


def test_metrics_are_of_the_training_data_where_there_are_no_others() -> None:
    chosen = trainer()
    run = chosen.fit(X, Y, epochs=3, metrics=[worst])
    assert list(run.history) == ["loss", "worst"]
    assert run.history["worst"][-1] == chosen.evaluate(X, Y, metrics=[worst])["worst"]


def test_a_share_is_drawn_by_the_seed_and_not_trained_on() -> None:
    seen = []

    def noted(predicted: Any, target: Any) -> float:
        seen.append([row[0] for row in target])
        return 0.0

    more: Any = {"epochs": 2, "validation": 0.4, "metrics": [noted]}
    first = trainer(seed=5).fit(X, Y, **more)
    left = seen[0]
    assert len(left) == 2
    assert set(left) < set(Y)
    kept = [(row, y) for row, y in zip(X, Y, strict=True) if y not in left]
    alone = trainer()
    run = alone.fit([row for row, _ in kept], [y for _, y in kept], epochs=2)
    assert list(run.history["loss"]) == list(first.history["loss"])
    seen.clear()
    trainer(seed=5).fit(X, Y, **more)
    assert seen[0] == left
    seen.clear()
    for seed in range(6, 12):
        trainer(seed=seed).fit(X, Y, **more)
    assert any(each != left for each in seen)


def test_without_a_seed_one_is_drawn_and_noted() -> None:
    run = trainer().fit(X, Y, epochs=1, validation=0.4)
    assert run.seed is not None
    again = trainer(seed=run.seed).fit(X, Y, epochs=1, validation=0.4)
    assert list(again.history["validation_loss"]) == list(run.history["validation_loss"])


def test_a_later_run_trains_on_the_same_share() -> None:
    seen = []

    def noted(predicted: Any, target: Any) -> float:
        seen.append([row[0] for row in target])
        return 0.0

    chosen = trainer()
    runs = [chosen.fit(X, Y, epochs=1, validation=0.4, metrics=[noted]) for _ in range(9)]
    assert len({run.seed for run in runs}) == 1
    assert seen == seen[:1] * 9


def test_a_stratified_share_has_each_class() -> None:
    x = [[float(i)] for i in range(20)]
    y = [float(i % 5 == 0) for i in range(20)]
    counted = Metric("positives", lambda predicted, target: sum(row[0] for row in target))
    for seed in range(10):
        run = Trainer(MLP(1, [1], seed=0), seed=seed).fit(
            x, y, epochs=1, validation=0.25, stratify=True, metrics=[counted]
        )
        assert run.history["validation_positives"][0] == 1


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_metrics_see_the_numbers_as_they_were_before_scaling(engine: str) -> None:
    y = [100 * each + 1000 for each in Y]
    chosen = trainer(engine)
    run = chosen.fit(
        X,
        y,
        epochs=3,
        metrics=[worst],
        scale_inputs="standard",
        scale_targets="standard",
    )
    predicted = chosen.predict(X)
    by_hand = max(abs(p - t) for p, t in zip(predicted, y, strict=True))
    assert run.history["worst"][-1] == pytest.approx(by_hand, rel=1e-12)
    assert 10 < by_hand < 100
    assert chosen.evaluate(X, y)["loss"] < run.history["loss"][0]


def test_scaling_is_fitted_to_what_is_trained_on_and_used_again() -> None:
    chosen = trainer()
    chosen.fit(X, Y, epochs=1, validation=([[99.0] * 3], [1.0]), scale_inputs="standard")
    column = [row[0] for row in X]
    mean = sum(column) / 5
    deviation = (sum((value - mean) ** 2 for value in column) / 5) ** 0.5
    scaling = chosen.model.scaling
    assert scaling.inputs[0] == pytest.approx((mean, 1 / deviation), rel=1e-14)
    assert scaling.targets is None
    chosen.fit([[50.0] * 3], [1.0], epochs=1, scale_inputs="standard")
    assert chosen.model.scaling is scaling


def test_scaled_by_the_trainer_or_by_hand_is_the_same() -> None:
    by_trainer, by_hand = trainer(), trainer()
    run = by_trainer.fit(X, Y, epochs=4, scale_inputs="standard")
    scaling = by_trainer.model.scaling
    rows = [
        [(v - shift) * factor for v, (shift, factor) in zip(row, scaling.inputs, strict=True)]
        for row in X
    ]
    assert list(by_hand.fit(rows, Y, epochs=4).history["loss"]) == list(run.history["loss"])
    assert by_trainer.predict(X) == by_hand.predict(rows)


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"validation": 0}, InvalidArgumentError, "validation must be a share.*not 0"),
        ({"validation": 1.0}, InvalidArgumentError, "validation must be a share.*not 1.0"),
        ({"validation": "x"}, InvalidArgumentError, "validation must be a share.*not 'x'"),
        ({"validation": True}, InvalidArgumentError, "validation must be a share.*not True"),
        ({"validation": (X,)}, InvalidArgumentError, r"validation must be two, \(x, y\), not 1"),
        ({"validation": (X, Y[:2])}, DataError, "validation must have as many samples twice"),
        ({"validation": ([[1.0]], [1.0])}, DataError, r"validation\[0\] must have 3 values"),
        ({"validation": ([[1.0] * 3], [[1.0] * 2])}, DataError, r"validation\[1\] must have 1 val"),
        ({"validation": (X, [None] * 5)}, DataError, r"validation\[1\]\[0\]"),
        ({"metrics": [worst, worst]}, InvalidArgumentError, "metrics must have names of their own"),
        ({"metrics": "accuracy"}, InvalidArgumentError, "metrics must be a list"),
        ({"metrics": [3]}, InvalidArgumentError, "metrics must be the name of a metric"),
        ({"stratify": "yes"}, InvalidArgumentError, "stratify must be True or False, not 'yes'"),
        ({"stratify": True}, InvalidArgumentError, "validation must be one, .*, not None"),
        (
            {"stratify": True, "validation": (X, Y)},
            InvalidArgumentError,
            "stratify is about the share of the samples to validate on",
        ),
        ({"scale_inputs": 3}, InvalidArgumentError, "scale_inputs must be the name of a scaler"),
    ],
)
def test_bad_arguments_are_refused_before_anything_changes(
    more: Any, error: type[Exception], message: str
) -> None:
    chosen = trainer()
    before = [p.data for p in chosen.model.parametros()]
    with pytest.raises(error, match=message):
        chosen.fit(X, Y, epochs=1, **more)
    assert [p.data for p in chosen.model.parametros()] == before
    assert chosen.run is None
    assert chosen.model.scaling is None


@pytest.mark.parametrize(("first", "then"), [("inputs", "targets"), ("targets", "inputs")])
def test_a_scaling_that_comes_too_late_is_refused(first: str, then: str) -> None:
    chosen = trainer()
    chosen.fit(X, Y, epochs=1, **{f"scale_{first}": "standard"})
    with pytest.raises(InvalidArgumentError, match=f"scale_{then} comes too late.*a new model"):
        chosen.fit(X, Y, epochs=1, scale_inputs="standard", scale_targets="standard")


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_a_run_without_a_step_leaves_no_scaling(engine: str) -> None:
    def broken(v: Any) -> Any:
        return v / 0.0

    # Each column becomes 0, which the activation makes nan of.
    zero = Scaler("zero", lambda values: (values[0], 1.0))
    model = MLP(1, [1, 1], activation=[broken, "identity"], seed=1)
    chosen = Trainer(model, engine=engine)
    with pytest.raises(NonFiniteError):
        chosen.fit([[1.0], [1.0]], [0.0, 1.0], epochs=1, scale_inputs=zero)
    assert model.scaling is None


def test_batches_are_trained_on_as_they_come() -> None:
    batches = [(X[:2], Y[:2]), (X[2:4], Y[2:4]), (X[4:], Y[4:])]
    in_batches, whole = trainer(), trainer()
    run = in_batches.fit(iter(batches), epochs=3)
    assert run.steps_per_epoch == 3
    assert list(run.history["loss"]) == list(
        whole.fit(X, Y, epochs=3, batch_size=2).history["loss"]
    )
