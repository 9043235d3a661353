"""From names to records: what is found, what is ambiguous, and what an error suggests."""

from typing import Any

import pytest

import valor
from valor import Activation, Engine, Loss, Plugin, PluginManager, hookimpl, plugin_manager
from valor._registry import resolve
from valor.contracts import KINDS
from valor.exceptions import (
    HyperparameterError,
    InvalidArgumentError,
    NameConflictError,
    UnknownNameError,
    shown,
)


class Provides:
    """A plugin with activations; each multiplies by its place in the list, from 1."""

    def __init__(self, *names: str) -> None:
        self.names = names

    @hookimpl
    def valor_register_activations(self) -> Any:
        for factor, name in enumerate(self.names, start=1):
            yield Activation(name, lambda v, *, factor=float(factor): factor * v)


def manager_of(*plugins: tuple[str, str, str, Any]) -> PluginManager:
    """Return a manager with plugins of a distribution, a version and a name."""
    manager = PluginManager(strict=True)
    for distribution, version, name, plugin in plugins:
        manager.load(Plugin(name, distribution, version), lambda plugin=plugin: plugin)
    return manager


@pytest.fixture
def conflict() -> PluginManager:
    return manager_of(
        ("valor-one", "1.0", "first", Provides("taken", "one")),
        ("Valor_Two", "2.0", "second", Provides("two", "taken")),
    )


# Names


def test_every_kind_has_its_look_up(bundled: PluginManager) -> None:
    for record in [each for plugin in bundled.plugins for each in plugin.records]:
        look_up = getattr(valor, record.kind)
        found = look_up(record.name, plugins=bundled)
        assert type(found) is type(record)
        assert (found.name, found.provider) == (record.name, record.provider)
    assert {record.kind for plugin in bundled.plugins for record in plugin.records} >= {
        "activation",
        "loss",
        "optimizer",
        "initializer",
    }


def test_a_name_of_one_kind_is_no_name_of_another(bundled: PluginManager) -> None:
    with pytest.raises(UnknownNameError, match="no loss is named 'tanh'"):
        valor.loss("tanh", plugins=bundled)


def test_a_look_up_binds_hyperparameters(conflict: PluginManager) -> None:
    assert valor.activation("one", plugins=conflict).formula(3) == 6
    record = valor.activation("one", factor=5, plugins=conflict)
    assert (record.formula(3), record.hyperparameters) == (15, {"factor": 5.0})
    assert valor.activation("one", plugins=conflict).formula(3) == 6
    with pytest.raises(HyperparameterError, match=r"'one' of plugin 'first' .* 'slope'; .* factor"):
        valor.activation("one", slope=5, plugins=conflict)


def test_what_takes_no_hyperparameters_says_so() -> None:
    class Provider:
        @hookimpl
        def valor_register_engines(self) -> Any:
            yield Engine("mine", lambda model, loss, optimizer, plan: None)

    manager = PluginManager()
    manager.register(Provider(), "mine")
    assert valor.engine("mine", plugins=manager).name == "mine"
    with pytest.raises(HyperparameterError, match=r"engine 'mine' .* not \['threads'\]"):
        valor.engine("mine", threads=2, plugins=manager)


def test_the_default_manager_is_asked_where_none_is_given() -> None:
    assert valor.activation("tanh").provider.startswith("plugin 'tanh' of valor-framework")


@pytest.mark.parametrize("name", [3, None, ["tanh"], b"tanh"])
def test_a_name_is_a_string(bundled: PluginManager, name: Any) -> None:
    with pytest.raises(
        InvalidArgumentError, match="name must be the name of an activation, a record"
    ):
        valor.activation(name, plugins=bundled)


@pytest.mark.parametrize("name", ["eager", "nativ"])
def test_the_trainers_own_engines_are_mentioned(bundled: PluginManager, name: str) -> None:
    with pytest.raises(UnknownNameError, match=r'"auto" and "eager" are always there$'):
        valor.engine(name, plugins=bundled)
    with pytest.raises(UnknownNameError) as caught:
        valor.activation("eager", plugins=bundled)
    assert "always" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_look_up_shows_an_example_of_its_own(kind: str) -> None:
    text = getattr(valor, kind).__doc__
    assert f">>> {kind}(" in text


# Conflicts


def test_a_name_claimed_twice_means_neither(conflict: PluginManager) -> None:
    with pytest.raises(NameConflictError) as caught:
        valor.activation("taken", plugins=conflict)
    assert str(caught.value) == (
        "activation 'taken' is provided by plugin 'first' of valor-one 1.0 and "
        "plugin 'second' of Valor_Two 2.0; choose with 'valor-one:taken' or 'Valor_Two:taken', "
        "or block 'valor-one:first' or 'Valor_Two:second'"
    )


def test_only_that_name_is_poisoned(conflict: PluginManager) -> None:
    assert valor.activation("one", plugins=conflict).provider == "plugin 'first' of valor-one 1.0"
    assert valor.activation("two", plugins=conflict).provider == "plugin 'second' of Valor_Two 2.0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("valor-one:taken", 1),
        ("Valor_One:taken", 1),
        ("valor-two:taken", 2),
        ("Valor_Two:taken", 2),
        ("valor.two:two", 1),
    ],
)
def test_the_distribution_chooses(conflict: PluginManager, name: str, value: float) -> None:
    assert valor.activation(name, plugins=conflict).formula(1) == value


def test_the_choice_is_taken_wherever_a_name_is(conflict: PluginManager) -> None:
    network = valor.MLP(1, [1], activation="valor-two:taken", seed=0, plugins=conflict)
    assert network.camadas[0].activation.provider == "plugin 'second' of Valor_Two 2.0"


def test_a_bundled_name_is_not_shadowed() -> None:
    manager = plugin_manager(environment=False)
    manager.register(Provides("tanh"), "impostor")
    with pytest.raises(NameConflictError, match=r"'valor-framework:tanh' or 'impostor:tanh'"):
        valor.activation("tanh", plugins=manager)
    assert valor.activation("valor-framework:tanh", plugins=manager).formula(0.0) == 0
    assert valor.activation("impostor:tanh", plugins=manager).formula(1.0) == 1
    assert valor.MLP(1, [1], seed=0, plugins=manager)([1.0]).data > 0


def test_blocking_one_of_two_settles_it(tmp_path: Any) -> None:
    manager = plugin_manager(block=["valor-framework:tanh"], environment=False)
    manager.register(Provides("tanh"), "mine")
    assert valor.activation("tanh", plugins=manager).provider == "plugin 'mine'"


def test_two_plugins_of_one_distribution_cannot_be_told_apart_by_it() -> None:
    manager = manager_of(
        ("valor-one", "1.0", "first", Provides("taken")),
        ("valor-one", "1.0", "second", Provides("taken")),
    )
    for name in ("taken", "valor-one:taken"):
        with pytest.raises(NameConflictError) as caught:
            valor.activation(name, plugins=manager)
        assert str(caught.value).endswith(
            "plugin 'second' of valor-one 1.0; block 'valor-one:first' or 'valor-one:second'"
        )


def test_a_distribution_has_only_its_own_names(conflict: PluginManager) -> None:
    for name in ("valor-one:two", "valor-three:taken", ":taken:", "valor-one:"):
        with pytest.raises(UnknownNameError):
            valor.activation(name, plugins=conflict)


# What an error suggests


def test_an_unknown_name_lists_what_there_is_and_what_is_near(conflict: PluginManager) -> None:
    with pytest.raises(UnknownNameError) as caught:
        valor.activation("takne", plugins=conflict)
    assert str(caught.value) == (
        "no activation is named 'takne'; there are: taken, one, two; did you mean 'taken'?"
    )


def test_nothing_near_is_suggested_where_nothing_is(conflict: PluginManager) -> None:
    with pytest.raises(UnknownNameError) as caught:
        valor.activation("zzzzzz", plugins=conflict)
    assert "did you mean" not in str(caught.value)
    with pytest.raises(UnknownNameError, match="no metric is named 'taken'; there are: none"):
        valor.metric("taken", plugins=conflict)


def test_an_unknown_name_points_to_plugins_that_failed_or_are_blocked() -> None:
    manager = plugin_manager(block=["tanh"], environment=False)
    with pytest.warns(valor.exceptions.PluginWarning):
        manager.load(Plugin("broken", "valor-broken", "0.1"), lambda: 1 / 0)
    with pytest.raises(UnknownNameError) as caught:
        valor.activation("tanh", plugins=manager)
    message = str(caught.value)
    assert "plugin 'tanh' of valor-framework" in message
    assert "is blocked by the program" in message
    assert message.endswith(
        "plugin 'broken' of valor-broken 0.1 failed to load (ZeroDivisionError: division by zero)"
    )


# What stands for a record


def test_a_record_stands_for_itself(bundled: PluginManager) -> None:
    record = Activation("mine", lambda v: v)
    assert resolve(Activation, record, bundled, "activation") is record


def test_a_function_is_known_by_its_qualified_name(bundled: PluginManager) -> None:
    def mine(predicted: Any, target: Any) -> Any:
        return predicted[0]

    record = resolve(Loss, mine, bundled, "loss")
    assert record.name == f"{mine.__qualname__}"
    assert record.call is mine


@pytest.mark.parametrize("given", [3, None, Loss("mine", lambda predicted, target: target)])
def test_anything_else_is_refused_by_name(bundled: PluginManager, given: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        resolve(Activation, given, bundled, "activation")
    assert str(caught.value).startswith("activation must be the name of a")
    assert shown(given) in str(caught.value)


def test_an_optimizer_is_not_made_of_a_function(bundled: PluginManager) -> None:
    with pytest.raises(InvalidArgumentError, match="optimizer must be the name of"):
        resolve(valor.Optimizer, lambda p, g, s, step: (p, s), bundled, "optimizer")
