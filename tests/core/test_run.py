"""What a run leaves behind: its numbers, its history in columns, and the report of an epoch."""

from array import array
from typing import Any

import attrs
import pytest

from valor import EpochReport, History, hookimpl
from valor.exceptions import InvalidArgumentError, UnknownNameError


def test_a_run_says_what_was_done(trainer: Any, x: Any, y: Any) -> None:
    chosen = trainer()
    run = chosen.fit(x, y, epochs=10, batch_size=3)
    assert run is chosen.run
    assert run.model is chosen.model
    assert (run.loss.name, run.optimizer.name) == ("sum_squared_error", "gradient_descent")
    assert (run.epochs, run.steps_per_epoch) == (10, 2)
    assert (run.completed_steps, run.completed_epochs) == (20, 10)
    assert (run.engine, run.stopped_by) == ("eager", "epochs")
    assert run.engine_reason.startswith("auto: ")
    assert repr(run) == (
        f"<Run: 10 of 10 epochs, loss {run.history['loss'][-1]:.6g}, engine eager, "
        "stopped by epochs>"
    )


def test_a_run_that_was_asked_for_an_engine_says_so(trainer: Any, x: Any, y: Any) -> None:
    assert trainer(engine="eager").fit(x, y, epochs=1).engine_reason == "asked for"


def test_history_is_columns_of_machine_numbers(trainer: Any, x: Any, y: Any) -> None:
    history = trainer().fit(x, y, epochs=10).history
    assert type(history["loss"]) is array
    assert history["loss"].typecode == "d"
    assert len(history) == len(history["loss"]) == 10
    assert list(history) == ["loss"]
    assert history.row(0) == {"loss": history["loss"][0]}
    assert history.row(-1) == {"loss": history["loss"][9]}
    assert repr(history) == "History(10 epochs of loss)"
    with pytest.raises(InvalidArgumentError, match="epoch must be from -10 to 9, not 10"):
        history.row(10)
    with pytest.raises(UnknownNameError, match="no column 'accuracy'; it has: loss"):
        history["accuracy"]


def test_a_history_may_have_more_columns() -> None:
    history = History()
    history.extend("loss", [0.5, 0.25])
    history.extend("seconds", array("d", [1.0]))
    history.extend("seconds", [2.0])
    assert history.row(1) == {"loss": 0.25, "seconds": 2.0}
    assert list(history) == ["loss", "seconds"]


def test_the_report_of_an_epoch(trainer: Any, x: Any, y: Any) -> None:
    seen = []

    class Watcher:
        @hookimpl
        def valor_before_epoch(self, run: Any) -> None:
            seen.append((run.report, run.completed_epochs))

        @hookimpl
        def valor_after_epoch(self, run: Any, report: EpochReport) -> None:
            seen.append(attrs.astuple(report))
            assert attrs.astuple(run.report) == attrs.astuple(report)

    run = trainer(callbacks=[Watcher()]).fit(x, y, epochs=2, batch_size=3)
    first, second = run.history["loss"]
    assert seen[0] == (None, 0)
    assert seen[1] == (1, 2, first, 2, {})
    assert seen[2][1] == 1
    assert seen[3] == (2, 2, second, 4, {})


def test_a_report_cannot_be_changed(trainer: Any, x: Any, y: Any) -> None:
    report = trainer().fit(x, y, epochs=1).report
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        report.loss = 0.0


def test_the_loss_of_an_epoch_is_that_of_its_batches_each_before_its_update(
    trainer: Any, network: Any, x: Any, y: Any, hand_loop: Any
) -> None:
    summed = trainer().fit(x, y, epochs=1, batch_size=2).history["loss"][0]
    model = network()
    first = hand_loop(model, x[:2], y[:2], 1)[0][0]
    second = hand_loop(model, x[2:], y[2:], 1)[0][0]
    assert summed == first + second


def test_the_loss_of_an_epoch_is_the_mean_where_the_loss_is(
    trainer: Any, network: Any, x: Any, y: Any
) -> None:
    # Three samples and one: the batches count by their size.
    run = trainer(loss="mean_squared_error").fit(x, y, epochs=1, batch_size=3)
    model = network()
    rate = 0.01

    def step(rows: Any, targets: Any) -> float:
        for parameter in model.parametros():
            parameter.grad = 0
        squares = [(model(row) - target) ** 2 for row, target in zip(rows, targets, strict=True)]
        loss = sum(squares) / len(squares)
        loss.propagar_tudo()
        for parameter in model.parametros():
            parameter.data -= rate * parameter.grad
        return float(loss)

    expected = step(x[:3], y[:3]) * 0.75 + step(x[3:], y[3:]) * 0.25
    assert run.history["loss"][0] == pytest.approx(expected, rel=1e-15)


def test_a_run_in_progress_has_no_ending(trainer: Any, x: Any, y: Any) -> None:
    endings = []

    class Watcher:
        @hookimpl
        def valor_after_epoch(self, run: Any) -> None:
            endings.append((run.stopped_by, repr(run)))

    trainer(callbacks=[Watcher()]).fit(x, y, epochs=2)
    assert [ending[0] for ending in endings] == ["", ""]
    assert "stopped" not in endings[0][1]
    assert endings[0][1].startswith("<Run: 1 of 2 epochs, loss ")
