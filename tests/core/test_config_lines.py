"""On which line of a configuration a key stands."""

import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

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
