"""On which line of a configuration a key stands."""

import random
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import tomli_w

from valor.config import read
from valor.config._lines import lines_of
from valor.exceptions import ConfigurationError

TEXT = dedent(
    '''\
    # a comment = 1
    top = "text"
    loss = { name = "x", weight = 1.0 }

    [data]   # [not.a.table]
    x = [[1.0, "a [ = # 2"], # ] a comment
      [2, 3],
    ]
    y = """
    not = "a key"
    [nor.a.table]
    """
    'quoted key' = \'\'\'
    neither = 1\'\'\'
    [ optimizer . learning_rate ]
    "na\\"me" = 3
    a.b . c=4

    [[callbacks]]
    name = "first"
    [callbacks.options]
    path = "a"
    [[callbacks]]
      name = "second"
    '''
)
LINES = {
    ("top",): 2,
    ("loss",): 3,
    ("data",): 5,
    ("data", "x"): 6,
    ("data", "y"): 9,
    ("data", "quoted key"): 13,
    ("optimizer", "learning_rate"): 15,
    ("optimizer", "learning_rate", 'na"me'): 16,
    ("optimizer", "learning_rate", "a", "b", "c"): 17,
    ("callbacks", 0): 19,
    ("callbacks", 0, "name"): 20,
    ("callbacks", 0, "options"): 21,
    ("callbacks", 0, "options", "path"): 22,
    ("callbacks", 1): 23,
    ("callbacks", 1, "name"): 24,
}


def test_every_table_and_key_has_its_line() -> None:
    assert tomllib.loads(TEXT)["callbacks"][1]["name"] == "second"
    assert lines_of(TEXT) == LINES


def test_with_the_line_ends_of_another_system() -> None:
    assert lines_of(TEXT.replace("\n", "\r\n")) == LINES


@pytest.mark.parametrize(
    "value",
    [
        '"""a \\""" [b\nx = 1"""',  # an escaped quote ends nothing
        '"""a""""',  # two more quotes belong to the text
        '"""""a"""""',
        "'''a\\'''",  # no escapes there
        "'''a'''''",
        '""',
        "''",
        '"\\\\"',
        '["]", "[", \'"\', {a = "}"}]',
        "[\n  [1, 2], # [\n\n  [3],\n]",
        "{ a.b = [1], c = { d = 1 } }",
        '"a \u2028 b \x85 c"',  # ends a line elsewhere, but not in TOML
        "1979-05-27T07:32:00Z",
    ],
)
def test_a_value_ends_where_toml_says(value: str) -> None:
    text = f"first = {value}\nsecond = 1\n\n[table]\nthird = {value}# = 1\nfourth = 2"
    assert [*tomllib.loads(text)] == ["first", "second", "table"]
    height = value.count("\n")
    assert lines_of(text) == {
        ("first",): 1,
        ("second",): 2 + height,
        ("table",): 4 + height,
        ("table", "third"): 5 + height,
        ("table", "fourth"): 6 + 2 * height,
    }


def test_whatever_is_written_has_its_lines() -> None:
    """Of any document, every key that stands before an equals sign is found on its line."""
    draw = random.Random(3)
    letters = "ab [](){}=#\"'\\\n\t.\u00e9\u2028,"

    def text() -> str:
        return "".join(draw.choice(letters) for _ in range(draw.randrange(12)))

    def value(depth: int) -> Any:
        kind = draw.randrange(6 if depth else 4)
        if kind == 4:
            return [value(depth - 1) for _ in range(draw.randrange(3))]
        if kind == 5:
            return {text(): value(depth - 1) for _ in range(draw.randrange(3))}
        return [text(), draw.random(), draw.randrange(-9, 9), draw.random() < 0.5][kind]

    for _ in range(500):
        document = {text(): value(3) for _ in range(4)}
        written = tomli_w.dumps(document, multiline_strings=draw.random() < 0.5)
        assert tomllib.loads(written) == document
        lines, where = written.split("\n"), lines_of(written)
        assert {(key,) for key, each in document.items() if type(each) is not dict} <= {*where}
        for keys, line in where.items():
            found: Any = document
            for key in keys:
                found = found[key]  # there is such a place
            key = str([key for key in keys if isinstance(key, str)][-1])
            assert key == "" or key[0] in lines[line - 1] or "\\" in lines[line - 1]


def test_an_empty_file_has_none() -> None:
    assert lines_of("") == lines_of("# nothing\n\n") == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 10", "epochs = 3.7", "line 6: [training] epochs: expected an int"),
        ("epochs = 10", "epoch = 10", "line 6: [training] epoch: there is no such key"),
        ("[training]", "[trainning]", "line 5: [trainning]: there is no such table"),
        ("[3, 1]", "[3,\n 0]", "line 4: [model] layers[1]: expected an int of at least 1, not 0"),
        ("[model]", "optimizer = 3\n[model]", "line 3: [optimizer]: expected a name, or a table"),
    ],
)
def test_an_error_names_the_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = "data.x = [1, 2]\ndata.y = [1, 2]\n[model]\nlayers = [3, 1]\n[training]\nepochs = 10\n"
    path = tmp_path / "run.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    assert str(caught.value).splitlines()[0].startswith(f"{path}, {message}")


def test_a_name_that_nobody_provides_has_its_line_too(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(
        "[data]\nx = [1, 2]\ny = [1, 2]\n[model]\nlayers = [1]\n[training]\nepochs = 1\n"
        '[optimizer]\nname = "adan"\n'
    )
    configuration = read(path)
    with pytest.raises(ConfigurationError, match=r"run\.toml, line 8: \[optimizer\]: no optimizer"):
        configuration.trainer(1)


def test_the_lines_of_every_configuration_in_the_documentation() -> None:
    """What tomllib finds has a line, which holds the key."""
    pages = (Path(__file__).parents[2] / "docs").rglob("*.toml")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        found: Any = lines_of(text)
        lines = text.splitlines()
        for keys, line in found.items():
            name = str([key for key in keys if isinstance(key, str)][-1])
            assert name in lines[line - 1]
        for table, entries in tomllib.loads(text).items():
            for key in entries if isinstance(entries, dict) else ():
                assert (table, key) in found
