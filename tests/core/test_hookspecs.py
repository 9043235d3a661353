"""Hooks: which there are, what they are given, and in which order they are called."""

import ast
import inspect
from textwrap import dedent
from typing import Any

import pytest

from valor import PluginManager, Trainer, hookimpl, hookspecs, plugin_manager
from valor.contracts import KINDS
from valor.exceptions import PluginError

LIFECYCLE = {
    "valor_before_training": ("run",),
    "valor_before_epoch": ("run",),
    "valor_before_batch": ("run",),
    "valor_after_forward": ("run", "outputs"),
    "valor_after_loss": ("run", "loss"),
    "valor_before_backward": ("run", "loss"),
    "valor_after_backward": ("run",),
    "valor_before_step": ("run", "gradients"),
    "valor_after_step": ("run",),
    "valor_after_batch": ("run", "loss"),
    "valor_before_validation": ("run",),
    "valor_after_validation": ("run", "report"),
    "valor_after_epoch": ("run", "report"),
    "valor_should_stop": ("run", "report"),
    "valor_after_steps": ("run",),
    "valor_save_checkpoint": ("run",),
    "valor_load_checkpoint": ("run", "state"),
    "valor_after_training": ("run",),
    "valor_on_training_error": ("run", "error"),
}
SPECS = {
    name: function
    for name, function in vars(hookspecs).items()
    if hasattr(function, f"{hookspecs.PROJECT}_spec")
}


def test_the_hooks_are_one_for_each_kind_and_those_of_a_run() -> None:
    assert set(SPECS) == {f"valor_register_{kind.plural}" for kind in KINDS.values()} | {*LIFECYCLE}


def test_the_lifecycle_is_listed_in_its_order() -> None:
    assert tuple(LIFECYCLE) == hookspecs.LIFECYCLE


@pytest.mark.parametrize("name", SPECS)
def test_a_hook_takes_what_is_promised(name: str) -> None:
    assert tuple(inspect.signature(SPECS[name]).parameters) == LIFECYCLE.get(name, ())


@pytest.mark.parametrize("name", SPECS)
def test_a_hook_says_who_calls_it_and_what_its_arguments_are(name: str) -> None:
    text = inspect.getdoc(SPECS[name]) or ""
    assert "Called by the " in text
    _, _, arguments = text.partition("Args:\n")
    for argument in LIFECYCLE.get(name, ()):
        assert f"    {argument}: " in arguments


@pytest.mark.parametrize("name", [name for name in SPECS if name not in LIFECYCLE])
def test_the_example_of_a_collection_hook_implements_it(name: str) -> None:
    _, _, example = (inspect.getdoc(SPECS[name]) or "").partition("Example::\n")
    tree = ast.parse(dedent(example))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert name in [function.name for function in functions]

    manager = PluginManager()
    plugin = module_of(example)
    manager.register(plugin, "example")
    (record,) = manager.plugins[0].records
    assert f"valor_register_{record.plural}" == name


def module_of(text: str) -> Any:
    """Execute the example of a docstring; what it leaves open is filled in."""
    import json
    import types

    import valor

    module = types.ModuleType("example")
    vars(module).update(vars(valor), json=json, MyProgram=object)
    exec(dedent(text), vars(module))
    return module


# The order


class Listener:
    def __init__(self, name: str, calls: list[str]) -> None:
        self.name, self.calls = name, calls

    @hookimpl
    def valor_after_epoch(self, report: Any) -> None:
        self.calls.append(f"{self.name} {report.epoch}")

    @hookimpl
    def valor_should_stop(self, report: Any) -> bool:
        self.calls.append(f"{self.name} votes")
        return False


class First(Listener):
    @hookimpl(tryfirst=True)
    def valor_after_epoch(self, report: Any) -> None:
        super().valor_after_epoch(report)


class Last(Listener):
    @hookimpl(trylast=True)
    def valor_after_epoch(self, report: Any) -> None:
        super().valor_after_epoch(report)


def epoch_calls(network: Any, x: Any, y: Any, plugins: list[Any], callbacks: list[Any]) -> None:
    manager = plugin_manager(block=(), environment=False)
    for plugin in plugins:
        manager.register(plugin)
    Trainer(network(), plugins=manager, callbacks=callbacks).fit(x, y, epochs=1)


def test_callbacks_are_called_before_plugins_and_later_ones_first(
    network: Any, x: Any, y: Any
) -> None:
    calls: list[str] = []
    a, b, c, d = (Listener(name, calls) for name in "abcd")
    epoch_calls(network, x, y, [a, b], [c, d])
    assert calls == ["d 1", "c 1", "b 1", "a 1", "d votes", "c votes", "b votes", "a votes"]


def test_a_hook_may_ask_to_be_first_or_last(network: Any, x: Any, y: Any) -> None:
    calls: list[str] = []
    first, last, plain = First("first", calls), Last("last", calls), Listener("plain", calls)
    epoch_calls(network, x, y, [first, plain], [last])
    assert [call for call in calls if call.endswith("1")] == ["first 1", "plain 1", "last 1"]


def test_the_hooks_of_a_run_come_in_order(trainer: Any, recorder: Any, x: Any, y: Any) -> None:
    trainer(callbacks=[recorder]).fit(x, y, epochs=2)
    assert recorder.calls == [
        "before training",
        "before 1",
        "after 1",
        "vote 1",
        "before 2",
        "after 2",
        "vote 2",
        "after training",
    ]


def test_a_failed_run_tells_the_error_instead_of_the_end(
    trainer: Any, recorder: Any, x: Any, y: Any
) -> None:
    def fail() -> None:
        raise OSError("the disk is full")

    recorder.actions["after 2"] = fail
    with pytest.raises(OSError, match="the disk is full"):
        trainer(callbacks=[recorder]).fit(x, y, epochs=4)
    assert recorder.calls[-2:] == ["after 2", "error OSError"]


def test_a_hook_may_leave_arguments_out_and_take_them_in_any_order(
    trainer: Any, x: Any, y: Any
) -> None:
    seen: list[Any] = []

    class Backwards:
        @hookimpl
        def valor_after_epoch(self, report: Any, run: Any) -> None:
            seen.append((type(report).__name__, type(run).__name__))

        @hookimpl
        def valor_should_stop(self) -> bool:
            seen.append("asked")
            return True

    trainer(callbacks=[Backwards()]).fit(x, y, epochs=4)
    assert seen == [("EpochReport", "Run"), "asked"]


def test_a_misspelt_hook_of_a_callback_is_refused(trainer: Any) -> None:
    class Misspelt:
        @hookimpl
        def valor_after_epochs(self, run: Any) -> None: ...

    with pytest.raises(PluginError, match=r"Misspelt.*unknown hook 'valor_after_epochs'"):
        trainer(callbacks=[Misspelt()])
