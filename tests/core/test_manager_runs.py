"""Plugins during a run: forks of the manager, callbacks, exceptions out of hooks, and votes."""

from typing import Any

import attrs
import pytest

import valor
from valor import Activation, Plugin, PluginManager, Trainer, hookimpl, plugin_manager
from valor.exceptions import InvalidArgumentError, PluginError, PluginWarning


class Plain:
    def __init__(self, name: str = "double") -> None:
        self.name = name

    @hookimpl
    def valor_register_activations(self) -> Any:
        yield Activation(self.name, lambda v: 2 * v)


class StopAt:
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    @hookimpl
    def valor_should_stop(self, report: Any) -> bool:
        return bool(report.epoch >= self.epoch)


class Listener:
    """Notes in a list shared with others that it was called."""

    def __init__(self, name: str, calls: list[str]) -> None:
        self.name, self.calls = name, calls

    @hookimpl
    def valor_after_epoch(self, run: Any, report: Any) -> None:
        self.calls.append(self.name)


def notes(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", ()))


def test_two_runs_never_see_each_others_callbacks(trainer: Any, x: Any, y: Any) -> None:
    calls: list[str] = []
    inner = trainer(callbacks=[Listener("inner", calls)])

    class RunsAnother:
        @hookimpl
        def valor_after_epoch(self, report: Any) -> None:
            calls.append(f"outer {report.epoch}")
            if report.epoch == 1:
                inner.fit(x, y, epochs=2)

    trainer(callbacks=[RunsAnother()]).fit(x, y, epochs=2)
    assert calls == ["outer 1", "inner", "inner", "outer 2"]
    trainer().fit(x, y, epochs=3)
    assert calls == ["outer 1", "inner", "inner", "outer 2"]


def test_a_fork_leaves_its_manager_alone() -> None:
    manager = PluginManager()
    manager.register(Plain(), "plain")
    fork = manager.fork([StopAt(1)])
    assert fork.listens("valor_should_stop")
    assert not manager.listens("valor_should_stop")
    fork.register(Plain("more"), "more")
    assert [plugin.name for plugin in manager.plugins] == ["plain"]
    assert valor.activation("double", plugins=fork).name == "double"


def test_listeners_of_the_manager_hear_every_run(trainer: Any, x: Any, y: Any) -> None:
    calls: list[str] = []
    manager = plugin_manager(environment=False)
    manager.register(Listener("global", calls), "first")
    one = trainer(plugins=manager, callbacks=[Listener("one", calls)])
    two = trainer(plugins=manager, callbacks=[Listener("two", calls)])
    one.fit(x, y, epochs=1)
    two.fit(x, y, epochs=1)
    one.fit(x, y, epochs=1)
    assert calls == ["one", "global", "two", "global", "one", "global"]


def test_a_plugin_left_out_for_its_name_does_not_make_another_listen_twice() -> None:
    calls: list[str] = []
    manager = PluginManager()
    manager.load(Plugin("same", "valor-same", "1.0"), lambda: Listener("kept", calls))
    with pytest.warns(PluginWarning, match="was left out: another plugin is registered by the na"):
        manager.load(Plugin("same", "valor-same", "1.0"), lambda: Listener("left out", calls))
    manager.fork().hook.valor_after_epoch(run=None, report=None)
    assert calls == ["kept"]


def test_callbacks_that_cannot_be_hashed_are_welcome(trainer: Any, x: Any, y: Any) -> None:
    @attrs.define
    class Unhashable:
        calls: list[int]

        @hookimpl
        def valor_after_epoch(self, report: Any) -> None:
            self.calls.append(report.epoch)

    one, two = Unhashable([]), Unhashable([0])
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    trainer(callbacks=[one, two]).fit(x, y, epochs=2)
    assert (one.calls, two.calls) == ([1, 2], [0, 1, 2])


def test_callbacks_that_are_equal_are_refused_with_a_reason(trainer: Any) -> None:
    @attrs.define
    class Equal:
        patience: int = 3

        @hookimpl
        def valor_should_stop(self, report: Any) -> None: ...

    reason = r"Equal#2': it cannot be told from another plugin by ==; .*eq=False"
    with pytest.raises(PluginError, match=reason):
        trainer(callbacks=[Equal(), Equal()])


def test_a_callback_that_is_given_twice_is_refused(trainer: Any) -> None:
    stop = StopAt(2)
    with pytest.raises(PluginError, match="already registered, as 'StopAt'"):
        trainer(callbacks=[stop, stop])


def test_callbacks_of_one_class_are_told_apart(trainer: Any, x: Any, y: Any) -> None:
    run = trainer(callbacks=[StopAt(9), StopAt(3)]).fit(x, y, epochs=20)
    assert (run.stopped_by, run.completed_epochs) == ("StopAt#2", 3)


@pytest.mark.parametrize("callback", [object(), None, 3, lambda run: None])
def test_what_has_no_hook_is_no_callback(trainer: Any, callback: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="callbacks must hold objects with lifecycle"):
        trainer(callbacks=[callback])


def test_a_class_is_no_callback(trainer: Any) -> None:
    with pytest.raises(PluginError, match=r"StopAt': .* 'self'; give an instance, not the class"):
        trainer(callbacks=[StopAt])


def test_a_callback_cannot_register_records(trainer: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="callbacks must hold objects with lifecycle"):
        trainer(callbacks=[Plain()])


# Exceptions and votes

RAISES = """
    from valor import hookimpl

    @hookimpl
    def {hook}(run):
        if run.completed_epochs >= {after}:
            raise OSError("the disk is full")
"""


@pytest.mark.parametrize(
    ("hook", "after", "completed"),
    [
        ("valor_before_training", 0, 0),
        ("valor_before_epoch", 2, 2),
        ("valor_after_epoch", 3, 3),
        ("valor_should_stop", 3, 3),
        ("valor_after_training", 0, 5),
    ],
)
def test_an_exception_out_of_a_hook_names_the_plugin_and_loses_nothing(
    site: Any,
    network: Any,
    numbers: Any,
    x: Any,
    y: Any,
    hook: str,
    after: int,
    completed: int,
) -> None:
    text = RAISES.format(hook=hook, after=after)
    site.install("valor-raises", "0.6", modules={"raising_plugin": text}, raises="raising_plugin")
    manager = plugin_manager(strict=True)
    model, quiet = network(), network()
    trainer = Trainer(model, plugins=manager)
    with pytest.raises(OSError, match="the disk is full") as caught:
        trainer.fit(x, y, epochs=5)
    assert f"raised by plugin 'raises' of valor-raises 0.6 in its hook {hook}" in notes(
        caught.value
    )
    assert trainer.run is not None
    assert trainer.run.completed_steps == completed

    expected = Trainer(quiet, plugins=plugin_manager(block=["raises"]))
    if completed:
        history = expected.fit(x, y, epochs=completed).history["loss"]
        assert trainer.run.history["loss"] == history
    assert numbers(model) == numbers(quiet)


def test_a_callback_that_raises_is_named(trainer: Any, x: Any, y: Any) -> None:
    class Breaks:
        @hookimpl
        def valor_after_epoch(self, run: Any) -> None:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full") as caught:
        trainer(callbacks=[Breaks()]).fit(x, y, epochs=5)
    assert "Breaks' in its hook valor_after_epoch" in notes(caught.value)
    assert "completed step 1 of this run" in notes(caught.value)


class Votes:
    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, 0

    @hookimpl
    def valor_should_stop(self) -> Any:
        self.asked += 1
        return self.answer


@pytest.mark.parametrize("position", [0, 1, 2])
def test_any_plugins_true_stops_the_run_and_is_named(
    trainer: Any, x: Any, y: Any, position: int
) -> None:
    voters = [Votes(False), Votes(None), Votes(0)]
    voters[position].answer = True
    run = trainer(callbacks=voters).fit(x, y, epochs=9)
    assert run.stopped_by == ["Votes", "Votes#2", "Votes#3"][position]
    assert run.completed_epochs == 1
    assert [voter.asked for voter in voters] == [1, 1, 1]


def test_the_vote_of_a_distributions_plugin_has_its_name(
    site: Any, network: Any, x: Any, y: Any
) -> None:
    text = """
        from valor import hookimpl

        @hookimpl
        def valor_should_stop(report):
            return report.epoch == 4
    """
    site.install("valor-patient", modules={"patient_plugin": text}, patience="patient_plugin")
    manager = plugin_manager(strict=True)
    run = Trainer(network(), plugins=manager).fit(x, y, epochs=9)
    assert (run.stopped_by, run.completed_epochs) == ("patience", 4)


def test_nobodys_vote_lets_the_run_go_on(trainer: Any, x: Any, y: Any) -> None:
    run = trainer(callbacks=[Votes(False), Votes(None)]).fit(x, y, epochs=9)
    assert (run.stopped_by, run.completed_epochs) == ("epochs", 9)


def test_a_vote_that_is_neither_true_nor_false_names_the_voter(
    trainer: Any, x: Any, y: Any
) -> None:
    class Undecided:
        def __bool__(self) -> bool:
            raise ValueError("ambiguous")

    with pytest.raises(ValueError, match="ambiguous") as caught:
        trainer(callbacks=[Votes(Undecided())]).fit(x, y, epochs=9)
    assert "in its hook valor_should_stop" in notes(caught.value)
