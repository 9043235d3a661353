"""A resumed run ends with the bits of one that was never stopped."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from valor import MLP, Schedule, Trainer, hookimpl, loss, optimizer
from valor.checkpoint import read_snapshot
from valor.contracts import GradientTransform, Penalty
from valor.exceptions import CheckpointError, CheckpointWarning, InvalidArgumentError

X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0], [0.0, 0.5, 2.0]]
Y = [1.0, 0.0, 0.2, 0.5, 0.9]
EPOCHS, SIZE = 6, 2
STEPS = EPOCHS * 3


class Saver:
    """Saves the run after some steps, each time to a file of its own."""

    def __init__(self, folder: Path, *at: int) -> None:
        self.folder, self.at = folder, at

    @hookimpl
    def valor_after_batch(self) -> None:
        """Listen, so that there is a call after each step."""

    @hookimpl
    def valor_after_steps(self, run: Any) -> None:
        if run.completed_steps in self.at:
            run.save_checkpoint(self.folder / f"{run.completed_steps}")


class Counter:
    """Counts epochs, keeps the count in checkpoints, and may vote to stop."""

    def __init__(self, goal: int = 10**6) -> None:
        self.count, self.goal = 0, goal

    @hookimpl
    def valor_after_epoch(self) -> None:
        self.count += 1

    @hookimpl
    def valor_should_stop(self) -> bool:
        return self.count >= self.goal

    @hookimpl
    def valor_save_checkpoint(self) -> Any:
        return {"count": self.count}

    @hookimpl
    def valor_load_checkpoint(self, state: Any) -> None:
        self.count = state["count"]


def plateau(step: int, total_steps: int, state: Any, *, first: float = 0.5) -> Any:
    loss, best, rate = state
    rate = rate / 2 if loss > 0.98 * best else rate
    return first * rate, (loss, min(loss, best), rate)


REMEMBERING = Schedule("plateau", plateau, state={"loss": 1e9, "best": 1e9, "rate": 1.0})
FALLING = Schedule("falling", lambda step, total_steps: 0.5 / step**0.5)
HALF = Penalty("half", lambda parameter: 0.001 * parameter**2)
CLIP = GradientTransform("clip", lambda gradients: [min(1.0, max(-1.0, g)) for g in gradients])


def trainer(*callbacks: Any, rate: Any = REMEMBERING, **more: Any) -> Trainer:
    chosen = optimizer("gradient_descent", learning_rate=rate, momentum=0.9)
    given = {"engine": "eager", "seed": 3, "penalties": [HALF], **more}
    return Trainer(
        MLP(3, [3, 1], activation="tanh", seed=1), optimizer=chosen, callbacks=callbacks, **given
    )


def fitted(chosen: Trainer, **more: Any) -> Any:
    given = {"epochs": EPOCHS, "batch_size": SIZE, "shuffle": True, **more}
    return chosen.fit(X, Y, **given)


def everything(chosen: Trainer) -> dict[str, Any]:
    """Return all that a run leaves, to be compared bit for bit."""
    run = chosen.run
    assert run is not None
    return {
        "parameters": [p.data.hex() for p in chosen.model.parametros()],
        "state": [[value.hex() for value in row] for row in chosen._state or ()],
        "history": {name: [value.hex() for value in run.history[name]] for name in run.history},
        "steps": run.completed_steps,
        "stopped_by": run.stopped_by,
        "counts": [each.count for each in chosen.callbacks if isinstance(each, Counter)],
        "rate": run.learning_rate,
    }


@pytest.mark.parametrize("engine", ["eager", "native"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"validation": (X[:2], Y[:2])},
        {"sample_weight": [1, 2, 1, 0.5, 3], "scale_inputs": "standard"},
    ],
    ids=["plain", "validation", "weights and scaling"],
)
def test_from_every_step_to_the_same_bits(tmp_path: Path, engine: str, more: Any) -> None:
    whole = trainer(Counter(), engine=engine)
    fitted(whole, **more)
    fitted(trainer(Saver(tmp_path, *range(1, STEPS + 1)), Counter(), engine=engine), **more)
    for step in range(1, STEPS + 1):
        resumed = trainer(Counter(), engine=engine)
        fitted(resumed, resume_from=tmp_path / f"{step}", **more)
        assert everything(resumed) == everything(whole), step


@pytest.mark.parametrize("rate", [0.25, FALLING], ids=["a number", "by step"])
def test_with_other_rates_and_without_anybody_who_listens(tmp_path: Path, rate: Any) -> None:
    whole = trainer(rate=rate)
    fitted(whole)
    fitted(trainer(Saver(tmp_path, 4, 9, 10), rate=rate))
    for step in (4, 9, 10):
        resumed = trainer(rate=rate)
        fitted(resumed, resume_from=tmp_path / f"{step}")
        assert everything(resumed) == everything(whole), step


@pytest.mark.parametrize(("first", "then"), [("eager", "native"), ("native", "eager")])
def test_another_engine_may_go_on(tmp_path: Path, first: str, then: str) -> None:
    whole = trainer()
    fitted(whole)
    fitted(trainer(Saver(tmp_path, 7), engine=first))
    resumed = trainer(engine=then)
    run = fitted(resumed, resume_from=tmp_path / "7")
    assert run.engine == then
    assert everything(resumed) == everything(whole)


def test_it_may_be_resumed_again_and_again(tmp_path: Path) -> None:
    whole = trainer(Counter())
    fitted(whole)
    fitted(trainer(Saver(tmp_path, 2), Counter()))
    for step in range(2, STEPS - 1):
        resumed = trainer(Saver(tmp_path, step + 1), Counter())
        fitted(resumed, resume_from=tmp_path / f"{step}")
        assert everything(resumed) == everything(whole)


def test_a_later_run_of_a_trainer_can_be_resumed_too(tmp_path: Path) -> None:
    whole = trainer(Counter())
    fitted(whole, epochs=2)
    fitted(whole)
    saving = trainer(Saver(tmp_path, 11), Counter())
    saving.callbacks[0].at = ()
    fitted(saving, epochs=2)
    saving.callbacks[0].at = (11,)
    fitted(saving)
    resumed = trainer(Counter())
    fitted(resumed, resume_from=tmp_path / "11")
    assert everything(resumed) == everything(whole)
    for chosen in (whole, resumed):
        fitted(chosen, epochs=1)
    assert everything(resumed) == everything(whole)


def test_a_run_may_be_made_longer(tmp_path: Path) -> None:
    whole = trainer(rate=0.25)
    fitted(whole, epochs=9)
    fitted(trainer(Saver(tmp_path, 18), rate=0.25))
    resumed = trainer(rate=0.25)
    fitted(resumed, epochs=9, resume_from=tmp_path / "18")
    assert everything(resumed) == everything(whole)


def test_a_run_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    whole = trainer(Counter(), Saver(tmp_path, STEPS))
    fitted(whole)
    resumed = trainer(Counter(), Saver(tmp_path))
    run = fitted(resumed, resume_from=tmp_path / f"{STEPS}")
    assert run.stopped_by == "epochs"
    assert everything(resumed) == everything(whole)


def test_a_run_that_a_plugin_ended_stays_ended(tmp_path: Path) -> None:
    whole = trainer(Counter(4), Saver(tmp_path, 12))
    fitted(whole)
    resumed = trainer(Counter(4), Saver(tmp_path))
    run = fitted(resumed, resume_from=tmp_path / "12")
    assert run.stopped_by == "Counter"
    assert everything(resumed) == everything(whole)


def test_a_vote_comes_at_the_same_epoch(tmp_path: Path) -> None:
    whole = trainer(Counter(4))
    fitted(whole)
    fitted(trainer(Counter(4), Saver(tmp_path, 5)))
    resumed = trainer(Counter(4))
    assert fitted(resumed, resume_from=tmp_path / "5").completed_epochs == 4
    assert everything(resumed) == everything(whole)


def test_what_was_frozen_is_frozen_again(tmp_path: Path) -> None:
    frozen = trainer(Saver(tmp_path, 4))
    frozen.model.camadas[0].neuronios[1].vies.trainable = False
    fitted(frozen)
    resumed = trainer()
    fitted(resumed, resume_from=tmp_path / "4")
    assert everything(resumed) == everything(frozen)
    assert not resumed.model.camadas[0].neuronios[1].vies.trainable


def test_the_books_hold_what_was_done_before(tmp_path: Path) -> None:
    fitted(trainer(Saver(tmp_path, 7)))
    seen: list[Any] = []

    class Watcher:
        @hookimpl
        def valor_before_training(self, run: Any) -> None:
            seen.append(("training", run.completed_steps))

        @hookimpl
        def valor_before_epoch(self, run: Any) -> None:
            seen.append(("epoch", run.completed_epochs))

        @hookimpl
        def valor_before_batch(self, run: Any) -> None:
            seen.append(("batch", run.completed_steps))

    run = fitted(trainer(Watcher()), resume_from=tmp_path / "7")
    assert seen[:4] == [("training", 0), ("batch", 7), ("batch", 8), ("epoch", 3)]
    assert len(run.history) == EPOCHS


def test_an_epoch_whose_end_failed_is_ended_again(tmp_path: Path) -> None:
    class Fails:
        def __init__(self, fails: bool) -> None:
            self.fails = fails

        @hookimpl(trylast=True)
        def valor_after_epoch(self, report: Any) -> None:
            if self.fails and report.epoch == 3:
                raise ZeroDivisionError

        @hookimpl
        def valor_on_training_error(self, run: Any) -> None:
            run.save_checkpoint(tmp_path / "saved")

    more: Any = {"validation": (X[:2], Y[:2])}
    whole = trainer(Fails(False))
    fitted(whole, **more)
    with pytest.raises(ZeroDivisionError):
        fitted(trainer(Fails(True)), **more)
    assert read_snapshot(tmp_path / "saved").closed_epochs == 2
    resumed = trainer(Fails(False))
    fitted(resumed, resume_from=tmp_path / "saved", **more)
    assert everything(resumed) == everything(whole)


def test_what_plugins_put_on_the_model_at_the_end_is_not_in_the_file(tmp_path: Path) -> None:
    class Spoils:
        @hookimpl(tryfirst=True)
        def valor_after_training(self, run: Any) -> None:
            for parameter in run.model.parametros():
                parameter.data = 0.0

    class SavesAtTheEnd:
        @hookimpl
        def valor_after_training(self, run: Any) -> None:
            run.save_checkpoint(tmp_path / "end")

    whole, spoilt = trainer(), trainer(SavesAtTheEnd(), Spoils())
    fitted(whole)
    fitted(spoilt)
    assert {p.data for p in spoilt.model.parametros()} == {0.0}
    assert list(read_snapshot(tmp_path / "end").parameters) == [
        p.data for p in whole.model.parametros()
    ]


# Refusals


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fit": {"batch_size": 3}}, "batch_size is 3, but 2 in the checkpoint"),
        ({"fit": {"shuffle": False}}, "shuffle is False, but True in the checkpoint"),
        ({"fit": {"epochs": 1}}, "epochs is 1, but 2 are done in the checkpoint"),
        ({"fit": {"validation": (X, Y)}}, "validation data are not those"),
        ({"fit": {"sample_weight": [1] * 5}}, "training data are not those"),
        ({"fit": {"scale_inputs": "standard"}}, "training data are not those"),
        ({"seed": 4}, "seed is 4, but 3 in the checkpoint"),
        ({"loss": "mean_squared_error"}, "loss is mean_squared_error, but sum_squared_error"),
        ({"rate": 0.25}, r"optimizer is gradient_descent\(learning_rate=0.25.*plateau"),
        ({"penalties": []}, r"penalties is \[\], but \[half\] in the checkpoint"),
        ({"gradient_transforms": [CLIP]}, r"gradient_transforms is \[clip\], but \[\]"),
    ],
)
def test_another_run_is_refused_by_what_differs(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    fitted(trainer(Saver(tmp_path, 7)))
    more = changed.pop("fit", {})
    chosen = trainer(**changed)
    before = [p.data for p in chosen.model.parametros()]
    with pytest.raises(CheckpointError, match=message):
        fitted(chosen, resume_from=tmp_path / "7", **more)
    assert [p.data for p in chosen.model.parametros()] == before
    assert chosen.run is None


def test_another_model_is_refused(tmp_path: Path) -> None:
    fitted(trainer(Saver(tmp_path, 7)))
    other = Trainer(
        MLP(3, [4, 1], activation="tanh", seed=1),
        optimizer=trainer().optimizer,
        seed=3,
        penalties=[HALF],
    )
    with pytest.raises(CheckpointError, match=r"the model has 21 parameters.*16, .*vies"):
        fitted(other, resume_from=tmp_path / "7")


def test_another_activation_is_another_model(tmp_path: Path) -> None:
    fitted(trainer(Saver(tmp_path, 7)))
    other = trainer()
    other.model = MLP(3, [3, 1], activation=["tanh", "sigmoid"], seed=1)
    with pytest.raises(CheckpointError, match=r"model is .*3, tanh.*1, sigmoid.*1, tanh"):
        fitted(other, resume_from=tmp_path / "7")


def test_a_hyperparameter_of_a_weighted_loss_is_looked_at(tmp_path: Path) -> None:
    more: Any = {"sample_weight": [1, 2, 1, 2, 1]}
    fitted(trainer(Saver(tmp_path, 7), loss=loss("huber", delta=0.5)), **more)
    with pytest.raises(CheckpointError, match=r"loss is huber\(delta=0.25\), but huber\(delta=0.5"):
        fitted(trainer(loss=loss("huber", delta=0.25)), resume_from=tmp_path / "7", **more)


def test_other_data_are_refused(tmp_path: Path) -> None:
    fitted(trainer(Saver(tmp_path, 7)))
    with pytest.raises(CheckpointError, match="the training data are not those of the checkpoint"):
        trainer().fit(
            X, [*Y[:4], 0.8], epochs=6, batch_size=2, shuffle=True, resume_from=tmp_path / "7"
        )


def test_a_drawn_seed_is_taken_from_the_file(tmp_path: Path) -> None:
    whole = trainer(Saver(tmp_path, 7), seed=None)
    run = fitted(whole)
    resumed = trainer(seed=None)
    assert fitted(resumed, resume_from=tmp_path / "7").seed == run.seed
    assert everything(resumed) == everything(whole)


def test_a_plugin_that_is_gone_is_told_of(tmp_path: Path) -> None:
    fitted(trainer(Saver(tmp_path, 7), Counter()))
    with pytest.warns(CheckpointWarning, match="plugin 'Counter', which does not take part"):
        fitted(trainer(), resume_from=tmp_path / "7")


def test_a_plugin_that_is_new_begins_afresh(tmp_path: Path) -> None:
    fitted(trainer(Saver(tmp_path, 7)))
    chosen = trainer(Counter())
    fitted(chosen, resume_from=tmp_path / "7")
    assert chosen.callbacks[0].count == EPOCHS - 2


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (float("nan"), "gave nan"),
        ({"best": float("inf")}, "gave inf"),
        ({1: 2}, "a dict with the key 1"),
        ([(1, 2)], r"gave \(1, 2\)"),
        (object, "gave <class 'object'>"),
        (b"bytes", "gave b'bytes'"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_by_name(
    tmp_path: Path, kept: Any, message: str
) -> None:
    class Keeps:
        @hookimpl
        def valor_save_checkpoint(self) -> Any:
            return kept

    with pytest.raises(InvalidArgumentError, match=f"plugin 'Keeps': valor_save_.*{message}"):
        fitted(trainer(Saver(tmp_path, 1), Keeps()))
    assert list(tmp_path.iterdir()) == []


def test_something_endless_is_refused(tmp_path: Path) -> None:
    class Keeps:
        @hookimpl
        def valor_save_checkpoint(self) -> Any:
            endless: list[Any] = []
            endless.append(endless)
            return endless

    with pytest.raises(InvalidArgumentError, match="nested too deeply"):
        fitted(trainer(Saver(tmp_path, 1), Keeps()))


def test_a_run_that_is_over_cannot_be_saved(tmp_path: Path) -> None:
    run = fitted(trainer())
    with pytest.raises(InvalidArgumentError, match="not after fit has returned"):
        run.save_checkpoint(tmp_path / "late")


@pytest.mark.parametrize(
    "hook",
    [
        "valor_after_forward",
        "valor_after_loss",
        "valor_before_backward",
        "valor_after_backward",
        "valor_before_step",
        "valor_after_step",
    ],
)
def test_a_run_cannot_be_saved_within_a_step(tmp_path: Path, hook: str) -> None:
    def save(self: Any, run: Any) -> None:
        run.save_checkpoint(tmp_path / "file")

    early = type("Early", (), {hook: hookimpl(save)})()
    chosen = trainer(early)
    with pytest.raises(InvalidArgumentError, match=f"saved in {hook}.*valor_after_batch"):
        fitted(chosen)
    assert not (tmp_path / "file").exists()
    assert chosen.run is not None
    assert chosen.run.completed_steps == (hook == "valor_after_step")


def test_a_run_that_failed_within_a_step_can_be_saved(tmp_path: Path) -> None:
    class Failing:
        @hookimpl
        def valor_after_step(self, run: Any) -> None:
            if run.completed_steps == 3:
                raise ZeroDivisionError

        @hookimpl
        def valor_on_training_error(self, run: Any) -> None:
            run.save_checkpoint(tmp_path / "file")

    whole, resumed = trainer(), trainer()
    fitted(whole)
    with pytest.raises(ZeroDivisionError):
        fitted(trainer(Failing()))
    fitted(resumed, resume_from=tmp_path / "file")
    assert everything(resumed) == everything(whole)


def test_a_damaged_file_names_the_one_before_it(tmp_path: Path) -> None:
    fitted(trainer(Saver(tmp_path, 7, 8)))
    path = tmp_path / "7"
    shutil.copy(tmp_path / "8", f"{path}.previous")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"7: it is cut off.*before it is .*7\.previous"):
        fitted(trainer(), resume_from=path)
    with pytest.raises(CheckpointError, match=r"nowhere: No such file or directory$"):
        fitted(trainer(), resume_from=tmp_path / "nowhere")
    path.unlink()
    with pytest.raises(CheckpointError, match=r"7: No such file.*before it is .*7\.previous"):
        fitted(trainer(), resume_from=path)


def test_what_a_hook_raises_while_the_state_is_told_leaves_the_model(tmp_path: Path) -> None:
    class Fails(Counter):
        @hookimpl
        def valor_load_checkpoint(self, state: Any) -> None:
            raise ZeroDivisionError

    fitted(trainer(Saver(tmp_path, 7), Counter()))
    class_name = read_snapshot(tmp_path / "7").plugins
    assert class_name == {"Counter": {"count": 2}}
    Fails.__name__ = "Counter"
    with pytest.raises(ZeroDivisionError) as caught:
        fitted(trainer(Fails()), resume_from=tmp_path / "7")
    assert any("valor_load_checkpoint" in note for note in caught.value.__notes__)
