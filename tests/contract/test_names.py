"""The border between the two languages: Portuguese names stand in few places, and only these.

The names of the lesson are its public contract. This list pins where each is defined; a new
Portuguese name, or an old one in a new place, is a decision and not an accident.
"""

import ast
import re
import unicodedata
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

# Room -> the Portuguese names it defines: classes, functions, parameters, attributes of instances.
BORDER = {
    "_graph.py": {
        "Valor",
        "grad",
        "operador_mae",
        "progenitor",
        "propagar",
        "propagar_tudo",
        "rotulo",
        "sig",
    },
    "functions.py": {"sig"},
    # What takes the place of a Valor has the names of a Valor.
    "standin.py": {
        "grad",
        "operador_mae",
        "progenitor",
        "propagar",
        "propagar_tudo",
        "sig",
    },
    "_network.py": {
        "Camada",
        "MLP",
        "Neuronio",
        "camadas",
        "neuronios",
        "parametros",
        "pesos",
        "vies",
        # the lesson's arguments
        "num_dados_entrada",
        "num_neuronios",
        "num_neuronios_por_camada",
        # one of several, in a loop
        "camada",
        "neuronio",
        "peso",
    },
    "__init__.py": {"plota_grafo"},
}
LESSON = set().union(*BORDER.values())

# Words of the lesson and of its field that would betray a Portuguese name or a mixture. Words that
# are also English (data, total, neural …) are not here.
PORTUGUESE_WORDS = {
    "ativacao", "aprendizado", "aresta", "camada", "camadas", "dados", "entrada", "epoca",
    "epocas", "erro", "expoente", "filho", "filhos", "funcao", "grafo", "gradiente", "mae",
    "neuronio", "neuronios", "nome", "operador", "ordem", "otimizador", "outro", "pai",
    "pais", "parametro", "parametros", "perda", "peso", "pesos", "plota", "previsao", "progenitor",
    "propagar", "rede", "rotulo", "saida", "soma", "taxa", "treinar", "treino", "tudo", "valor",
    "valores", "vertice", "vies", "visitados",
}  # fmt: skip
# Names of the core that hold the project's own name: modules, errors, hooks, environment variables.
PROJECT_NAME = re.compile(r"_*(valor_|VALOR_|Valor(?=[A-Z]))")


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


def defined_names(tree: ast.AST) -> Iterator[str]:
    """Yield every name a module gives to something of its own: not what it imports or reads."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(attr=name, value=ast.Name(id="self"), ctx=ast.Store()):
                yield name


def words(name: str) -> list[str]:
    """Return the words of a snake_case or CamelCase name, in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", plain)
    return [part.lower() for part in parts]


def portuguese(name: str) -> bool:
    """Tell whether a name is one of the lesson's, or holds a Portuguese word."""
    if name in LESSON:
        return True
    return bool(PORTUGUESE_WORDS & set(words(PROJECT_NAME.sub("", name))))


def portuguese_definitions(package: str) -> dict[str, set[str]]:
    folder = folder_of(package)
    found = {
        path.relative_to(folder).as_posix(): {
            name
            for name in defined_names(ast.parse(path.read_text(encoding="utf-8")))
            if portuguese(name)
        }
        for path in sorted(folder.rglob("*.py"))
    }
    assert found, f"{package} has no modules in {folder}"
    return {path: names for path, names in found.items() if names}


@pytest.mark.parametrize(
    "name", ["Neuronio", "taxa", "learning_taxa", "saída", "ordemTopologica", "ValorGrafo"]
)
def test_portuguese_and_mixed_names_are_recognised(name: str) -> None:
    assert portuguese(name)


@pytest.mark.parametrize(
    "name",
    ["ValorError", "valor_register_losses", "VALOR_PLUGINS", "data", "node", "learning_rate"],
)
def test_english_names_are_left_alone(name: str) -> None:
    assert not portuguese(name)


def test_every_kind_of_definition_is_seen() -> None:
    tree = ast.parse(
        "import i\n"
        "class C:\n"
        "  a: int\n"
        "  def m(self, p, *, k):\n"
        "    self.s = i.r\n"
        "    for v in p: pass\n"
        "async def f(): pass\n"
        "[c for c in C]\n"
    )
    assert set(defined_names(tree)) == {"C", "a", "m", "self", "p", "k", "s", "v", "f", "c"}


def test_portuguese_names_are_defined_at_the_border_only() -> None:
    assert portuguese_definitions("valor") == BORDER


def test_plugins_define_no_portuguese_name() -> None:
    assert portuguese_definitions("valor_plugins") == {}
