"""Plugins that break a rule: each is left out whole, and named with its origin and the reason."""

import warnings
from textwrap import dedent
from typing import Any

import pytest

import valor
from valor import PluginManager, plugin_manager
from valor.exceptions import PluginError, PluginWarning, UnknownNameError

OURS = "valor-framework"


def good(name: str) -> str:
    """Return the text of a plugin with one activation."""
    return f"""
        from valor import Activation, hookimpl

        @hookimpl
        def valor_register_activations():
            yield Activation({name!r}, lambda v: 2 * v)
    """


def third_party(manager: PluginManager) -> list[Any]:
    return [plugin for plugin in manager.plugins if plugin.distribution != OURS]


def states(manager: PluginManager) -> dict[str, str]:
    return {plugin.name: plugin.state for plugin in third_party(manager)}


HEAD = "from valor import Activation, Loss, hookimpl\n"
FAULTS = {
    "does not import": (
        "import a_module_that_nobody_has",
        "ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
    ),
    "does not parse": ("def:", "SyntaxError: invalid syntax"),
    "exits": ("import sys; sys.exit('bye')", "SystemExit: bye"),
    "raises over two lines": ("raise ValueError('one\\n  two')", "ValueError: one two"),
    "raises without a word": ("raise ValueError", "ValueError"),
    "has no hook": ("def valor_register_losses(): ...", "it has no hook"),
    "misspells a hook": (
        """
    @hookimpl
    def valor_register_activation():
        yield Activation("faulty", abs)
    """,
        "unknown hook 'valor_register_activation'",
    ),
    "asks for what there is not": (
        """
    @hookimpl
    def valor_after_epoch(run, losses): ...
    """,
        "Argument(s) {'losses'} are declared in the hookimpl but can not be found in the hookspec",
    ),
    "has a default": (
        """
    @hookimpl
    def valor_after_epoch(run, report=None): ...
    """,
        "valor_after_epoch would never be passed its argument 'report=None'; take its default away",
    ),
    "has a keyword": (
        """
    @hookimpl
    def valor_after_epoch(run, *, report): ...
    """,
        "valor_after_epoch would never be passed its argument 'report'; take it away",
    ),
    "has a star": (
        """
    @hookimpl
    def valor_after_epoch(**everything): ...
    """,
        "valor_after_epoch would never be passed its argument '**everything'; take it away",
    ),
    "is a wrapper": (
        """
    @hookimpl(wrapper=True)
    def valor_should_stop(run, report):
        return (yield)
    """,
        "valor_should_stop is a wrapper; Valor's hooks take none",
    ),
    "is an old wrapper": (
        """
    @hookimpl(hookwrapper=True)
    def valor_register_activations():
        yield
    """,
        "valor_register_activations is a wrapper; Valor's hooks take none",
    ),
    "is lazy": (
        """
    @hookimpl
    def valor_should_stop(run):
        yield True
    """,
        "valor_should_stop must be a plain function, or it would never run",
    ),
    "is a coroutine": (
        """
    @hookimpl
    async def valor_after_epoch(run): ...
    """,
        "valor_after_epoch must be a plain function, or it would never run",
    ),
    "yields no record": (
        """
    @hookimpl
    def valor_register_activations():
        yield "faulty"
    """,
        "valor_register_activations yielded 'faulty' instead of a record Activation",
    ),
    "yields a record of another kind": (
        """
    @hookimpl
    def valor_register_losses():
        yield Activation("faulty", lambda v: v)
    """,
        "instead of a record Loss",
    ),
    "returns one record": (
        """
    @hookimpl
    def valor_register_activations():
        return Activation("faulty", lambda v: v)
    """,
        "valor_register_activations must yield records, not return Activation(name='faulty'",
    ),
    "yields a name twice": (
        """
    @hookimpl
    def valor_register_activations():
        yield Activation("faulty", lambda v: v)
        yield Activation("faulty", lambda v: v)
    """,
        "valor_register_activations yielded 'faulty' twice",
    ),
    "yields a bad record": (
        """
    @hookimpl
    def valor_register_activations():
        yield Activation("faulty", lambda v, slope: v)
    """,
        "InvalidArgumentError: Activation('faulty'): call must take (v, *, …), not (v, slope)",
    ),
    "fails half way": (
        """
    @hookimpl
    def valor_register_activations():
        yield Activation("faulty", lambda v: v)
        raise RuntimeError("the second half is missing")

    @hookimpl
    def valor_register_losses():
        yield Loss("faulty", lambda predicted, target: predicted[0])

    @hookimpl
    def valor_after_epoch(run, report): ...
    """,
        "RuntimeError: the second half is missing",
    ),
    "exits while it is asked": (
        """
    @hookimpl
    def valor_register_activations():
        raise SystemExit(1)
    """,
        "SystemExit: 1",
    ),
}


@pytest.mark.parametrize(("text", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_plugin_that_breaks_a_rule_is_left_out_wholly(site: Any, text: str, reason: str) -> None:
    site.install("valor-a-good", modules={"early_plugin": good("early")}, early="early_plugin")
    site.install(
        "Valor_Faulty",
        "4.2",
        modules={"faulty_plugin": HEAD + dedent(text)},
        faulty="faulty_plugin",
    )
    site.install("valor-z-good", modules={"late_plugin": good("late")}, late="late_plugin")
    with pytest.warns(PluginWarning) as caught:
        manager = plugin_manager()
    (warning,) = caught
    message = str(warning.message)
    assert message.startswith("plugin 'faulty' of Valor_Faulty 4.2 was left out: ")
    assert reason in message
    assert message.count("'faulty' of") == len(message.splitlines()) == 1

    faulty = third_party(manager)[1]
    assert (faulty.name, faulty.state, faulty.records) == ("faulty", "failed", ())
    assert message.endswith(f"was left out: {faulty.reason}")
    assert states(manager) == {"early": "active", "faulty": "failed", "late": "active"}
    assert manager.get_plugin(faulty.key) is None
    assert not any(
        implementation.plugin_name == faulty.key
        for hook in vars(manager.hook).values()
        for implementation in hook.get_hookimpls()
    )
    for look_up in (valor.activation, valor.loss):
        with pytest.raises(UnknownNameError) as unknown:
            look_up("faulty", plugins=manager)
        assert f"plugin 'faulty' of Valor_Faulty 4.2 failed to load ({faulty.reason})" in str(
            unknown.value
        )
    assert valor.activation("late", plugins=manager).formula(3) == 6


@pytest.mark.parametrize(("text", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_strict_manager_raises_instead(site: Any, text: str, reason: str) -> None:
    site.install(
        "valor-faulty",
        "4.2",
        modules={"faulty_plugin": HEAD + dedent(text)},
        faulty="faulty_plugin",
    )
    with pytest.raises(PluginError) as caught:
        plugin_manager(strict=True)
    assert str(caught.value).startswith("plugin 'faulty' of valor-faulty 4.2 was left out: ")
    assert reason in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_failing_hook_is_named_in_a_note(site: Any) -> None:
    text = FAULTS["fails half way"][0]
    site.install(
        "valor-faulty",
        "4.2",
        modules={"faulty_plugin": HEAD + dedent(text)},
        faulty="faulty_plugin",
    )
    with pytest.raises(PluginError) as caught:
        plugin_manager(strict=True)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.value.__cause__.__notes__ == [
        "raised by plugin 'faulty' of valor-faulty 4.2 in its hook valor_register_activations"
    ]


def test_an_entry_point_to_nowhere_is_left_out(site: Any) -> None:
    site.install("valor-faulty", modules={"half_there": ""}, faulty="half_there:missing")
    with pytest.warns(PluginWarning, match="'faulty' of valor-faulty 1.0 .*no attribute 'missing'"):
        assert states(plugin_manager()) == {"faulty": "failed"}


def test_an_entry_point_may_be_an_object(site: Any) -> None:
    text = """
        from valor import Activation, hookimpl

        class Plugin:
            def __init__(self, factor):
                self.factor = factor

            @hookimpl
            def valor_register_activations(self):
                return [Activation("scaled", lambda v: self.factor * v)]

        plugin = Plugin(5)
    """
    site.install("valor-object", modules={"object_plugin": text}, scaled="object_plugin:plugin")
    assert valor.activation("scaled", plugins=plugin_manager(strict=True)).formula(2) == 10


def test_an_interrupt_while_a_plugin_is_imported_is_an_interrupt(site: Any) -> None:
    site.install("valor-slow", modules={"slow": "raise KeyboardInterrupt"}, slow="slow")
    with pytest.raises(KeyboardInterrupt):
        plugin_manager()


def test_a_hook_of_a_later_version_may_be_marked_optional(site: Any) -> None:
    text = """
        from valor import hookimpl

        @hookimpl(optionalhook=True)
        def valor_of_the_future(run): ...
    """
    site.install("valor-early", modules={"early_bird": text}, early="early_bird")
    assert states(plugin_manager(strict=True)) == {"early": "active"}


def test_a_fork_is_quiet_about_plugins_that_failed(site: Any) -> None:
    site.install("valor-faulty", modules={"faulty_plugin": "1 / 0"}, faulty="faulty_plugin")
    with pytest.warns(PluginWarning, match="ZeroDivisionError"):
        manager = plugin_manager()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert states(manager.fork()) == {"faulty": "failed"}
