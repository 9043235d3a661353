"""`valor new-plugin`: a project with a plugin, complete and installable, written from templates.

The templates stand in `templates/project`, and those of each kind of record in `templates/kinds`.
"""

import ast
import importlib.resources
import keyword
import os
import re
import shlex
import sys
from collections.abc import Iterator
from string import Template
from typing import Any

import attrs

from valor._discovery import BUNDLED_PACKAGE, DISTRIBUTION
from valor._manager import PluginManager, normalized
from valor._registry import providers
from valor.cli._plugins import manager_of
from valor.contracts import KINDS
from valor.exceptions import ConfigurationError

MODULE = "kinds/$kind/module.py.in"
USAGE = "kinds/$kind/usage.md.in"  # the part of the README that each kind has of its own
# Where a file of the project stands, and the template of its text; both with names to fill in.
FILES = {
    "pyproject.toml": "project/pyproject.toml.in",
    "README.md": "project/README.md.in",
    "CHANGELOG.md": "project/CHANGELOG.md.in",
    "LICENSE": "project/LICENSE.in",
    "tox.ini": "project/tox.ini.in",
    ".gitignore": "project/gitignore.in",
    ".github/workflows/ci.yml": "project/ci.yml.in",
    "src/$package/__init__.py": MODULE,
    "src/$package/py.typed": "",
    "tests/test_conformance.py": "project/test_conformance.py.in",
    "tests/test_$package.py": "kinds/$kind/test.py.in",
}
WORD = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
OURS = ("valor", BUNDLED_PACKAGE, normalized(DISTRIBUTION).replace("-", "_"))


@attrs.frozen
class Names:
    """What the parts of a project are called.

    Attributes:
        distribution: what pip installs.
        package: what Python imports.
        name: what users of Valor call the record, and the formula in the package.
        class_name: what a class in the package is called.
        kind, noun: the kind of the record, as Python and as people write it.
    """

    distribution: str
    package: str
    name: str
    class_name: str
    kind: str
    noun: str

    @classmethod
    def of(cls, distribution: str, kind: str) -> "Names":
        """Derive all names from that of the distribution.

        >>> names = Names.of("valor-leaky-swish", "activation")
        >>> names.package, names.name, names.class_name
        ('valor_leaky_swish', 'leaky_swish', 'LeakySwish')
        """
        package = normalized(distribution).replace("-", "_")
        name = package.removeprefix("valor_")
        class_name = "".join(word.capitalize() for word in name.split("_"))
        return cls(distribution, package, name, class_name, kind, kind.replace("_", " "))


def new_plugin(options: Any) -> int:
    """Write a project for a plugin, and tell how to go on."""
    names = Names.of(options.name, options.kind)
    _check_names(names)
    _check_free(names, manager_of(options))
    texts = project(names)
    folder = options.output if options.output is not None else names.distribution
    _write(folder, texts)
    print(f"wrote to {folder}: {' '.join(texts)}")
    print("try it, in an environment in which Valor is installed (--group needs pip 25.1):")
    print(f"  cd {shlex.quote(folder)}")
    print("  pip install --group dev -e .")
    print("  pytest")
    print("  valor plugins")
    print(f"then put your own formula into src/{names.package}/__init__.py")
    return 0


def project(names: Names) -> dict[str, str]:
    """Return the text of each file of a project, by its path within the project.

    >>> files = project(Names.of("my-loss", "loss"))
    >>> files["CHANGELOG.md"].splitlines()[-1]
    '- The loss `my_loss`.'
    """
    words = attrs.asdict(names)
    words["usage"] = _filled(USAGE, words)
    return {
        Template(path).substitute(words): _filled(template, words) if template else ""
        for path, template in FILES.items()
    }


def _filled(template: str, words: dict[str, str]) -> str:
    """Return the text of a template, with names filled in."""
    path = Template(template).substitute(words)
    text = importlib.resources.files("valor.cli").joinpath("templates", path).read_text("utf-8")
    return Template(text).substitute(words)


def _check_names(names: Names) -> None:
    """Refuse a name that no distribution can have, or under which the project would not work."""
    given, name, package = names.distribution, names.name, names.package
    if not WORD.fullmatch(given):
        raise _refused(given, "it must be of letters and digits, with -, _ and . between them")
    if package in OURS:
        raise _refused(given, "that is what Valor itself is called")
    if package in sys.stdlib_module_names:
        raise _refused(given, f"Python has a module {package} of its own")
    for word in (package, name):
        if not word.isidentifier():
            raise _refused(given, f"in Python, {word} is no name: it begins with a digit")
        if keyword.iskeyword(word):
            raise _refused(given, f"in Python, {word} is a keyword")
    stand_in = Names.of("a-name-that-nobody-has", names.kind)
    taken = set(_identifiers(_filled(MODULE, attrs.asdict(stand_in))))
    for word, place in ((name, stand_in.name), (names.class_name, stand_in.class_name)):
        if place in taken and word in taken:
            raise _refused(given, f"the {names.noun} that would be written uses {word} itself")


def _identifiers(module: str) -> Iterator[str]:
    """Yield what a module calls things."""
    for node in ast.walk(ast.parse(module)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(name=name):
                yield name


def _check_free(names: Names, plugins: PluginManager) -> None:
    """Refuse the name of a record that another distribution provides."""
    for plugin, record in providers(plugins, KINDS[names.kind]).get(names.name, ()):
        if normalized(plugin.distribution) != normalized(names.distribution):
            reason = f"there is {record} already, and a name that two provide means neither"
            raise _refused(names.distribution, reason)


def _refused(name: str, reason: str) -> ConfigurationError:
    words = re.findall("[a-z0-9]+", name.lower().removeprefix("valor-").removeprefix("my-"))
    whose = "our" if name.lower().startswith("my-") else "my"
    return ConfigurationError(
        f"{name!r} cannot be the name of a project: {reason}; take another one, such as "
        f"{'-'.join([whose, *(words or ['plugin'])])}"
    )


def _write(folder: str, texts: dict[str, str]) -> None:
    """Write files into a folder, which must be new or empty."""
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder):
            raise ConfigurationError(
                f"--output: the folder {folder!r} is not empty; name another with --output FOLDER"
            )
    except OSError as error:
        reason = error.strerror or str(error)
        if os.path.exists(folder) and not os.path.isdir(folder):
            reason = "it is a file, not a folder"
        raise ConfigurationError(f"--output: cannot write to {folder!r}: {reason}") from error
    try:
        for path, text in texts.items():
            place = os.path.join(folder, path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        error.add_note(f"what is in {folder} is not complete: remove it before you try again")
        raise
