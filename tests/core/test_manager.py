"""The plugin manager: what it finds, in which order, what it blocks, what is added by hand.

Distributions are made by writing what an installer writes; `tests/packages` installs real ones.
"""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import valor
import valor_plugins
from valor import Activation, PluginManager, hookimpl, plugin_manager
from valor.exceptions import InvalidArgumentError, PluginError, PluginWarning, UnknownNameError

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


def python(script: str, **environment: str) -> str:
    """Return what a new interpreter prints."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(script)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


# What is found


def test_bundled_plugins_are_those_of_the_list_in_its_order() -> None:
    manager = plugin_manager(strict=True, environment=False)
    bundled = [plugin for plugin in manager.plugins if plugin.distribution == OURS]
    assert [plugin.entry_point for plugin in bundled] == list(valor_plugins.BUNDLED)
    assert {plugin.state for plugin in bundled} == {"active"}
    assert all(plugin.version and plugin.records for plugin in bundled)


def test_without_the_bundled_plugins_everything_else_works() -> None:
    output = python("""
        import sys
        sys.modules["valor_plugins"] = None  # importing it raises ModuleNotFoundError
        import valor
        manager = valor.plugin_manager(environment=False)
        print([p.name for p in manager.plugins if p.distribution == "valor-framework"])

        def squares(predicted, target):
            return sum((p - t) ** 2 for p, t in zip(predicted, target))

        def descent(parameter, gradient, state, step, *, learning_rate=0.1):
            return parameter - learning_rate * gradient, state

        model = valor.MLP(1, [1], seed=0)
        trainer = valor.Trainer(model, squares, valor.Optimizer("descent", descent))
        losses = trainer.fit([[1.0]], [0.5], epochs=9).history["loss"]
        print(losses[-1] < losses[0])
        try:
            valor.activation("tanh", plugins=manager)
        except valor.exceptions.UnknownNameError as error:
            print(error)
        """)
    bundled, trained, unknown = output.splitlines()
    assert bundled == "[]"
    assert trained == "True"
    assert unknown.startswith("no activation is named 'tanh'; there are: ")
    assert "relu" not in unknown


def test_bundled_plugins_that_are_broken_are_not_taken_for_absent(tmp_path: Path) -> None:
    package = tmp_path / "valor_plugins"
    package.mkdir()
    (package / "__init__.py").write_text("import a_module_that_nobody_has\n")
    script = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import valor
        try:
            valor.plugin_manager()
        except ModuleNotFoundError as error:
            print(error.name)
        """
    assert python(script) == "a_module_that_nobody_has\n"


def test_entry_points_come_sorted_by_distribution_and_name(site: Any) -> None:
    modules = {f"order_{letter}": good(letter) for letter in "abcd"}
    site.install("valor-two", modules=modules, zeta="order_a", alpha="order_b")
    site.install("Valor.One", "3.1", modules={}, later="order_c")
    site.install("valor-three", modules={}, middle="order_d")
    found = [
        (plugin.distribution, plugin.version, plugin.name, plugin.entry_point)
        for plugin in third_party(plugin_manager(strict=True))
    ]
    assert found == [
        ("Valor.One", "3.1", "later", "order_c"),
        ("valor-three", "1.0", "middle", "order_d"),
        ("valor-two", "1.0", "alpha", "order_b"),
        ("valor-two", "1.0", "zeta", "order_a"),
    ]


def test_a_record_says_who_provides_it(site: Any) -> None:
    site.install("valor-good", "2.5", modules={"good_plugin": good("double")}, good="good_plugin")
    record = valor.activation("double", plugins=plugin_manager(strict=True))
    assert record.provider == "plugin 'good' of valor-good 2.5"
    assert str(record) == "activation 'double' of plugin 'good' of valor-good 2.5"


def test_the_default_manager_is_built_once(site: Any) -> None:
    from valor._discovery import default_manager

    assert default_manager() is default_manager()


# What is blocked


@pytest.mark.parametrize(
    "name", ["good", "valor-good", "Valor_Good", "valor-good:good", "VALOR.good:good"]
)
def test_a_blocked_plugin_is_never_imported(site: Any, name: str) -> None:
    site.install("valor-good", modules={"blocked_plugin": good("double")}, good="blocked_plugin")
    manager = plugin_manager(block=[name])
    assert "blocked_plugin" not in sys.modules
    (plugin,) = third_party(manager)
    assert (plugin.state, plugin.reason) == ("blocked", "blocked by the program")
    assert plugin.records == ()
    with pytest.raises(UnknownNameError, match=r"'good' of valor-good 1\.0 is blocked by the prog"):
        valor.activation("double", plugins=manager)
    assert states(plugin_manager()) == {"good": "active"}
    assert "blocked_plugin" in sys.modules


def test_blocking_one_plugin_of_a_distribution_leaves_the_others(site: Any) -> None:
    modules = {"first_plugin": good("one"), "second_plugin": good("two")}
    site.install("valor-pair", modules=modules, first="first_plugin", second="second_plugin")
    manager = plugin_manager(block=["valor-pair:first"])
    assert states(manager) == {"first": "blocked", "second": "active"}


@pytest.mark.parametrize("value", ["good", "valor-good", " x , valor_good ,", "tanh,good"])
def test_the_environment_blocks_plugins_and_distributions(
    site: Any, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    site.install("valor-good", modules={"blocked_plugin": good("double")}, good="blocked_plugin")
    monkeypatch.setenv("VALOR_DISABLE_PLUGINS", value)
    manager = plugin_manager()
    assert "blocked_plugin" not in sys.modules
    (plugin,) = third_party(manager)
    assert (plugin.state, plugin.reason) == ("blocked", "blocked by VALOR_DISABLE_PLUGINS")
    tanh = next(plugin for plugin in manager.plugins if plugin.name == "tanh")
    assert tanh.state == ("blocked" if "tanh" in value else "active")
    assert states(plugin_manager(environment=False)) == {"good": "active"}


def test_the_bundled_distribution_can_be_blocked_as_a_whole(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALOR_DISABLE_PLUGINS", OURS)
    assert {p.state for p in plugin_manager().plugins if p.distribution == OURS} == {"blocked"}


@pytest.mark.parametrize(
    ("value", "active"),
    [
        ("none", []),
        ("good", ["good"]),
        ("valor-good, other", ["good", "other"]),
        ("", ["good", "other"]),
    ],
)
def test_the_environment_chooses_third_parties(
    site: Any, monkeypatch: pytest.MonkeyPatch, value: str, active: list[str]
) -> None:
    site.install("valor-good", modules={"chosen_plugin": good("double")}, good="chosen_plugin")
    site.install("valor-other", modules={"other_plugin": good("triple")}, other="other_plugin")
    monkeypatch.setenv("VALOR_PLUGINS", value)
    manager = plugin_manager()
    assert [plugin.name for plugin in third_party(manager) if plugin.state == "active"] == active
    assert {p.reason for p in third_party(manager) if p.state == "blocked"} <= {
        "not in VALOR_PLUGINS"
    }
    assert ("other_plugin" in sys.modules) == ("other" in active)
    assert all(p.state == "active" for p in manager.plugins if p.distribution == OURS)
    assert set(states(plugin_manager(environment=False)).values()) == {"active"}


def test_blocking_what_does_not_exist_is_said(site: Any) -> None:
    with pytest.warns(PluginWarning, match="block names 'tanhh', but there is no such plugin"):
        plugin_manager(block=["relu", "tanhh"])


def test_a_string_to_block_is_not_taken_letter_by_letter() -> None:
    with pytest.raises(InvalidArgumentError, match=r"block must be a list .* 'tanh'"):
        plugin_manager(block="tanh")


# By hand


class Plain:
    def __init__(self, name: str = "double") -> None:
        self.name = name

    @hookimpl
    def valor_register_activations(self) -> Any:
        yield Activation(self.name, lambda v: 2 * v)


def test_names_made_up_for_plugins_never_collide() -> None:
    manager = PluginManager()
    assert manager.register(Plain("a"), "Plain#2") == "Plain#2"
    assert [manager.register(Plain(name)) for name in "bcd"] == ["Plain", "Plain#3", "Plain#4"]
    assert [plugin.name for plugin in manager.plugins] == ["Plain#2", "Plain", "Plain#3", "Plain#4"]


def test_a_name_is_registered_once() -> None:
    manager = PluginManager()
    manager.register(Plain("a"), "mine")
    with pytest.raises(PluginError, match="another plugin is registered by the name 'mine'"):
        manager.register(Plain("b"), "mine")
    assert [record.name for plugin in manager.plugins for record in plugin.records] == ["a"]


def test_a_plugin_is_registered_once_and_refusing_it_again_keeps_it() -> None:
    manager, plugin = PluginManager(), Plain()
    manager.register(plugin, "mine")
    for again in ("mine", "yours"):
        with pytest.raises(PluginError, match="registered"):
            manager.register(plugin, again)
    assert manager.get_plugin("mine") is plugin
    assert len(manager.plugins) == 1


def test_nothing_cannot_be_registered() -> None:
    with pytest.raises(PluginError, match="no hook"):
        PluginManager().register(None, "nothing")


def test_what_breaks_a_rule_is_named_and_not_registered() -> None:
    class Wrong:
        @hookimpl
        def valor_after_epoch(self, run: Any, report: Any = None) -> None: ...

    manager = PluginManager()
    with pytest.raises(PluginError, match=r"plugin 'wrong': valor_after_epoch .* 'report: .*None'"):
        manager.register(Wrong(), "wrong")
    assert manager.plugins == []
    assert not manager.listens("valor_after_epoch")


def test_what_a_plugin_provided_goes_with_it() -> None:
    manager, plugin = PluginManager(), Plain("gone")
    manager.register(Plain("kept"), "stays")
    manager.register(plugin, "goes")
    assert manager.unregister(plugin) is plugin
    with pytest.raises(UnknownNameError, match="there are: kept"):
        valor.activation("gone", plugins=manager)


# Copies


def test_a_copy_of_a_trainer_shares_the_manager() -> None:
    manager = plugin_manager(environment=False)
    trainer = valor.Trainer(valor.MLP(1, [1], seed=0), plugins=manager)
    again = copy.deepcopy(trainer)
    again.fit([0.0, 1.0], [1.0, 0.0], epochs=5)
    assert trainer.run is None
    weights = [[p.data for p in each.model.parametros()] for each in (trainer, again)]
    assert weights[0] != weights[1]
    assert copy.deepcopy([manager])[0] is manager
    assert copy.copy(manager) is manager


def test_a_manager_is_not_pickled() -> None:
    with pytest.raises(PluginError, match=r"cannot be pickled.*valor\.plugin_manager"):
        pickle.dumps(plugin_manager(environment=False))


def test_bundled_records_and_what_holds_them_can_be_pickled(bundled: PluginManager) -> None:
    for record in [each for plugin in bundled.plugins for each in plugin.records]:
        again = pickle.loads(pickle.dumps(record))
        assert str(again) == str(record)
        made_by = "compile" if isinstance(record, valor.Engine) else "call"
        assert getattr(again, made_by) is getattr(record, made_by)
    names = ["progress", "csv_log", "loss_curve"]
    trainer = valor.Trainer(valor.MLP(1, [1], seed=0), callbacks=names)
    again = pickle.loads(pickle.dumps(trainer))
    assert [callback.name for callback in again.callbacks] == names
