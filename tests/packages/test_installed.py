"""Third-party distributions, really built, installed, listed, blocked and uninstalled.

The projects stand in the folders beside this file, and those that break in `tests/faults`.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from valor_plugins import BUNDLED

FAULTY = {
    "valor-half": ("0.5.0", "half", "RuntimeError: the second half is missing"),
    "valor-misspelt": ("0.3.0", "misspelt", "unknown hook 'valor_register_activation'"),
    "valor-no-import": ("0.2.0", "no_import", "No module named 'a_module_that_nobody_has'"),
    "valor-signature": ("0.4.0", "unknown_argument", "can not be found in the hookspec"),
}


def rows_of(listing: str, distribution: str) -> list[list[str]]:
    """Return a distribution's rows: state, distribution, version, entry point, what or why."""
    rows = [line.split("\t") for line in listing.splitlines()]
    return [row for row in rows if row[1] == distribution]


# Adding


def test_an_activation_is_found_by_name(environment: Any) -> None:
    output = environment.python(
        "import valor\n"
        "record = valor.activation('swish', slope=1.5)\n"
        "v = valor.Valor(2.0)\n"
        "record.formula(v).propagar_tudo()\n"
        "print(v.grad, record.provider, sep='\\n')"
    )
    grad, provider = output.splitlines()
    # sig(3) + 2·1.5·sig'(3), from mpmath
    assert float(grad) == pytest.approx(1.0881041060151696, rel=1e-14)
    assert provider == "plugin 'swish' of valor-swish 0.1.0"


def test_a_network_trains_with_it(environment: Any) -> None:
    output = environment.python(
        "from valor import MLP, Trainer\n"
        "network = MLP(2, [3, 1], activation='swish', seed=1)\n"
        "trainer = Trainer(network, loss='sum_squared_error', optimizer='gradient_descent')\n"
        "losses = trainer.fit([[0, 1], [1, 0], [1, 1]], [0.1, 0.9, 0.4], epochs=200)"
        ".history['loss']\n"
        "print(losses[0], losses[-1])"
    )
    first, last = map(float, output.split())
    assert 0 < last < first / 2


def test_the_packages_that_work_pass_the_conformance_kit(environment: Any) -> None:
    output = environment.python(
        "from valor.testing import check_activation, check_loss, check_optimizer\n"
        "check_activation('swish')\n"
        "check_loss('absolute_error')\n"
        "check_optimizer('sign_descent')\n"
        "print('passed')"
    )
    assert output == "passed\n"


# A loss and an optimizer, by name, in three ways

ROWS = [[1.0, 2.0, 0.5], [-1.0, 0.5, 1.0], [2.0, -1.0, 0.0], [0.5, 0.5, -0.25]]
EPOCHS, RATE = 30, 0.0625


def expected(weights: list[float]) -> list[float]:
    """Train a + b·x1 + c·x2 by hand: absolute errors, and steps against the gradient's sign."""

    def sign(number: float) -> int:
        return (number > 0) - (number < 0)

    losses = []
    for _ in range(EPOCHS):
        gradient = [0.0, 0.0, 0.0]
        loss = 0.0
        for first, second, target in ROWS:
            inputs = (first, second, 1.0)
            error = sum(w * value for w, value in zip(weights, inputs, strict=True)) - target
            loss += abs(error)
            gradient = [g + sign(error) * v for g, v in zip(gradient, inputs, strict=True)]
        losses.append(loss)
        weights = [w - RATE * sign(g) for w, g in zip(weights, gradient, strict=True)]
    return losses


@pytest.fixture(scope="module")
def reference(environment: Any) -> list[float]:
    """The losses, from the first weights that seed 1 gives."""
    script = (
        "import json\n"
        "from valor import MLP\n"
        "network = MLP(2, [1], activation='identity', seed=1)\n"
        "print(json.dumps([parameter.data for parameter in network.parametros()]))"
    )
    losses = expected(json.loads(environment.python(script)))
    assert losses[-1] < losses[0]
    return losses


def history(text: str) -> list[float]:
    """Return the losses of a CSV log."""
    head, *rows = [line.split(",") for line in text.splitlines()]
    return [float(row[head.index("loss")]) for row in rows]


@pytest.fixture
def data(environment: Any) -> str:
    lines = ["a,b,y", *(",".join(map(str, row)) for row in ROWS)]
    (environment.work / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "data.csv"


def test_they_are_chosen_from_python(environment: Any, reference: list[float]) -> None:
    script = (
        "import json, valor\n"
        "network = valor.MLP(2, [1], activation='identity', seed=1)\n"
        f"optimizer = valor.optimizer('sign_descent', learning_rate={RATE})\n"
        "trainer = valor.Trainer(network, loss='absolute_error', optimizer=optimizer)\n"
        f"rows = {ROWS}\n"
        "x, y = [row[:2] for row in rows], [row[2] for row in rows]\n"
        f"print(json.dumps(list(trainer.fit(x, y, epochs={EPOCHS}).history['loss'])))"
    )
    assert json.loads(environment.python(script)) == pytest.approx(reference, rel=1e-12)


def test_they_are_chosen_from_a_file(environment: Any, data: str, reference: list[float]) -> None:
    (environment.work / "config.toml").write_text(
        f"""
        loss = "absolute_error"
        [data]
        file = "{data}"
        target = "y"
        [model]
        layers = [1]
        activation = "identity"
        seed = 1
        [optimizer]
        name = "sign_descent"
        learning_rate = {RATE}
        [training]
        epochs = {EPOCHS}
        """,
        encoding="utf-8",
    )
    result = environment.run("valor", "train", "config.toml", "--output", "from-file")
    assert result.returncode == 0, result.stdout + result.stderr
    text = (environment.work / "from-file" / "history.csv").read_text(encoding="utf-8")
    assert history(text) == pytest.approx(reference, rel=1e-12)


def test_they_are_chosen_on_the_command_line(
    environment: Any, data: str, reference: list[float]
) -> None:
    arguments = (
        f"train --data {data} --target y --layers 1 --activation identity --seed 1 "
        f"--loss absolute_error --optimizer sign_descent --learning-rate {RATE} "
        f"--epochs {EPOCHS} --output from-options"
    )
    result = environment.run("valor", *arguments.split())
    assert result.returncode == 0, result.stdout + result.stderr
    text = (environment.work / "from-options" / "history.csv").read_text(encoding="utf-8")
    assert history(text) == pytest.approx(reference, rel=1e-12)


# Listing


def test_every_plugin_has_one_line(environment: Any) -> None:
    result = environment.run("valor", "plugins", plugins="")
    assert result.returncode == 0, result.stderr
    listing = result.stdout
    assert {line.count("\t") for line in listing.splitlines()} == {4}
    assert len(rows_of(listing, "valor-framework")) == len(BUNDLED)
    assert rows_of(listing, "valor-swish") == [
        ["active", "valor-swish", "0.1.0", "swish = valor_swish", "activation swish"]
    ]
    assert [row[:1] + row[2:] for row in rows_of(listing, "valor-robust")] == [
        ["active", "1.2.0", f"{name} = valor_robust.{name}", f"{kind} {name}"]
        for kind, name in (("loss", "absolute_error"), ("optimizer", "sign_descent"))
    ]


@pytest.mark.parametrize("distribution", FAULTY)
def test_a_plugin_that_failed_is_listed_with_the_reason(
    environment: Any, distribution: str
) -> None:
    version, name, reason = FAULTY[distribution]
    listing = environment.run("valor", "plugins", plugins="").stdout
    (row,) = (row for row in rows_of(listing, distribution) if row[3].startswith(f"{name} = "))
    assert (row[0], row[2]) == ("failed", version)
    assert reason in row[4]


def test_the_listing_is_the_same_each_time(environment: Any) -> None:
    listings = {
        environment.run("valor", "plugins", plugins="", PYTHONHASHSEED=seed).stdout
        for seed in ("0", "1")
    }
    assert len(listings) == 1
    assert "valor-swish" in listings.pop()


# Blocking

NEVER_IMPORTED = """
import sys, valor
manager = valor.plugin_manager()
print(*sorted({p.state for p in manager.plugins if p.distribution == "valor-swish"}))
print("valor_swish" in sys.modules)
print("valor_robust" in sys.modules)
"""


@pytest.mark.parametrize("name", ["swish", "valor-swish", "Valor_Swish", "valor-swish:swish"])
def test_a_blocked_plugin_is_never_imported(environment: Any, name: str) -> None:
    output = environment.python(NEVER_IMPORTED, VALOR_DISABLE_PLUGINS=name)
    assert output.split() == ["blocked", "False", "True"]


def test_no_third_party_is_imported_where_none_is_wanted(environment: Any) -> None:
    assert environment.python(NEVER_IMPORTED, plugins="none").split() == [
        "blocked",
        "False",
        "False",
    ]


def test_a_blocked_plugin_is_listed_as_such(environment: Any) -> None:
    listing = environment.run("valor", "-p", "no:swish", "plugins").stdout
    (row,) = rows_of(listing, "valor-swish")
    assert (row[0], row[2], row[3]) == ("blocked", "0.1.0", "swish = valor_swish")
    (row,) = rows_of(listing, "valor-no-import")
    assert (row[0], row[4]) == ("blocked", "not in VALOR_PLUGINS")


def test_a_misspelt_block_is_said(environment: Any) -> None:
    result = environment.run("valor", "-p", "no:swich", "plugins")
    assert result.returncode == 0
    assert "block names 'swich', but there is no such plugin" in result.stderr
    assert rows_of(result.stdout, "valor-swish")[0][0] == "active"


def test_the_command_line_blocks_what_a_run_would_use(environment: Any, data: str) -> None:
    arguments = f"--data {data} --target y --layers 1 --activation swish --epochs 1 --output no"
    result = environment.run("valor", "-p", "no:valor-swish", "train", *arguments.split())
    assert result.returncode != 0
    assert "no activation is named 'swish'" in result.stderr
    assert "plugin 'swish' of valor-swish 0.1.0 is blocked" in result.stderr
    assert "Traceback" not in result.stderr


# Conflicts


def test_a_taken_name_is_an_error_that_names_both(environment: Any) -> None:
    script = (
        "import valor\n"
        "for name in ['swish', 'tanh', 'valor-swish:swish', 'Valor_Taken:swish', 'quadruple']:\n"
        "    try:\n"
        "        print(valor.activation(name).provider)\n"
        "    except valor.exceptions.NameConflictError as error:\n"
        "        print(error)"
    )
    output = environment.python(script, plugins="valor-swish,valor-taken")
    swish, tanh, theirs, taken, free = output.splitlines()
    assert swish == (
        "activation 'swish' is provided by plugin 'swish' of valor-swish 0.1.0 and plugin 'taken' "
        "of valor-taken 2.0.1; choose with 'valor-swish:swish' or 'valor-taken:swish', or block "
        "'valor-swish:swish' or 'valor-taken:taken'"
    )
    assert re.search(r"'tanh' of valor-framework \S+ and plugin 'taken' of valor-taken 2", tanh)
    assert theirs == "plugin 'swish' of valor-swish 0.1.0"
    assert taken == free == "plugin 'taken' of valor-taken 2.0.1"


def test_a_conflict_breaks_no_run_that_does_not_ask_for_the_name(environment: Any) -> None:
    script = (
        "from valor import MLP, Trainer\n"
        "trainer = Trainer(MLP(1, [1], seed=0))\n"
        "print(trainer.fit([[1.0]], [0.5], epochs=3).completed_epochs)"
    )
    assert environment.python(script, plugins="valor-swish,valor-taken") == "3\n"


# Failing


@pytest.mark.parametrize("distribution", FAULTY)
def test_a_failing_plugin_is_a_warning_and_the_rest_works(
    environment: Any, distribution: str
) -> None:
    version, name, reason = FAULTY[distribution]
    script = "import valor; print(valor.activation('swish').name)"
    plugins = f"{distribution}:{name},valor-swish"
    result = environment.run("python", "-c", script, plugins=plugins)
    assert (result.returncode, result.stdout) == (0, "swish\n")
    assert f"PluginWarning: plugin '{name}' of {distribution} {version} was left out: " in (
        result.stderr
    )
    assert reason in result.stderr

    strict = "import valor; valor.plugin_manager(strict=True)"
    result = environment.run("python", "-c", strict, plugins=plugins)
    assert result.returncode == 1
    last = result.stderr.rstrip().splitlines()[-1]
    assert last.startswith(
        f"valor.exceptions.PluginError: plugin '{name}' of {distribution} {version}"
    )
    assert reason in last


def test_two_faulty_plugins_of_one_distribution_fail_each_for_its_reason(environment: Any) -> None:
    script = (
        "import valor, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "for plugin in valor.plugin_manager().plugins:\n"
        "    if plugin.state == 'failed':\n"
        "        print(plugin.key, plugin.reason)"
    )
    output = environment.python(script, plugins="valor-signature").splitlines()
    assert [line.split()[0] for line in output] == [
        "valor-signature:default",
        "valor-signature:unknown_argument",
    ]
    assert "take its default away" in output[0]
    assert "{'loss'}" in output[1]


def test_an_exception_in_a_hook_names_the_culprit_and_loses_nothing(environment: Any) -> None:
    script = (
        "from valor import MLP, Trainer\n"
        "model, twin = MLP(2, [2, 1], seed=3), MLP(2, [2, 1], seed=3)\n"
        "x, y = [[0.0, 1.0], [1.0, 0.0]], [0.25, 0.75]\n"
        "trainer = Trainer(model)\n"
        "try:\n"
        "    trainer.fit(x, y, epochs=9)\n"
        "except OSError as error:\n"
        "    print(error.__notes__[0])\n"
        "print(trainer.run.completed_steps, trainer.run.stopped_by)\n"
        "import valor\n"
        "quiet = valor.plugin_manager(block=['valor-raises'])\n"
        "Trainer(twin, plugins=quiet).fit(x, y, epochs=3)\n"
        "print([p.data for p in model.parametros()] == [p.data for p in twin.parametros()])"
    )
    note, steps, same = environment.python(script, plugins="valor-raises").splitlines()
    assert note == "raised by plugin 'raises' of valor-raises 0.6.0 in its hook valor_after_epoch"
    assert steps == "3 error"
    assert same == "True"


def test_the_command_names_the_culprit_too(environment: Any, data: str) -> None:
    arguments = f"train --data {data} --target y --layers 1 --epochs 9".split()
    result = environment.run("valor", *arguments, plugins="valor-raises")
    assert result.returncode == 1
    assert "raised by plugin 'raises' of valor-raises 0.6.0 in its hook valor_after_epoch" in (
        result.stderr
    )
    assert "Traceback" not in result.stderr


# Uninstalling


def test_what_is_uninstalled_is_gone(environment: Any, install: Callable[[str], str]) -> None:
    script = (
        "import valor\n"
        "try:\n"
        "    print(valor.activation('swish').name)\n"
        "except valor.exceptions.UnknownNameError as error:\n"
        "    print(error)"
    )
    environment.pip("uninstall", "--yes", "valor-swish")
    try:
        assert environment.python(script).startswith("no activation is named 'swish'; there are: ")
        listing = environment.run("valor", "plugins").stdout
        assert rows_of(listing, "valor-swish") == []
        assert len(rows_of(listing, "valor-robust")) == 2
    finally:
        install("valor-swish")
    assert environment.python(script) == "swish\n"
