"""Files: the plugin meant for one, tables read through it, and writing that is never half."""

import os
from pathlib import Path
from typing import Any

import pytest

from valor import Exporter, PluginManager, Reader, hookimpl, plugin_manager
from valor._manager import Plugin
from valor.exceptions import DataError, FormulaError, PluginWarning, UnknownNameError
from valor.files import by_suffix, read_table, remove_leftovers, selected, write_atomically


@pytest.fixture
def manager() -> PluginManager:
    return plugin_manager(environment=False)


def test_a_suffix_chooses_the_plugin_in_any_case(manager: PluginManager) -> None:
    assert by_suffix(Reader, "DATA.CSV", manager).name == "csv"
    assert by_suffix(Exporter, "graph.svg", manager).name == "svg"
    assert by_suffix(Exporter, "graph.png", manager).name == "dot"


def test_of_several_plugins_for_a_suffix_the_first_loaded_is_taken(manager: PluginManager) -> None:
    class Late:
        @hookimpl
        def valor_register_readers(self) -> list[Reader]:
            return [Reader("late", lambda path: [], suffixes=(".csv", ".late"))]

    manager.register(Late())
    assert by_suffix(Reader, "data.csv", manager).name == "csv"
    assert by_suffix(Reader, "data.late", manager).name == "late"


def test_a_suffix_that_no_plugin_knows_lists_those_that_are_known(manager: PluginManager) -> None:
    with pytest.raises(UnknownNameError, match=r"data\.xyz.*csv \(\.csv"):
        by_suffix(Reader, "data.xyz", manager)


def test_where_no_plugin_is_meant_for_a_suffix_those_left_out_are_told() -> None:
    manager = plugin_manager(block=["csv"], environment=False)
    with pytest.warns(PluginWarning):
        manager.load(Plugin("broken", "valor-broken", "0.1"), lambda: 1 / 0)
    with pytest.raises(UnknownNameError) as caught:
        by_suffix(Reader, "data.csv", manager)
    message = str(caught.value)
    assert "plugin 'csv' of valor-framework" in message
    assert "is blocked by the program" in message
    assert message.endswith(
        "plugin 'broken' of valor-broken 0.1 failed to load (ZeroDivisionError: division by zero)"
    )


def test_a_reader_is_told_the_columns_if_it_asks() -> None:
    asked: list[Any] = []

    def read(path: str, *, columns: Any = None) -> list[dict[str, float]]:
        asked.append(columns)
        return [{"a": 1.0}]

    read_table("x", Reader("r", read), ["a"])
    read_table("x", Reader("r", read))
    assert asked == [["a"], None]


@pytest.mark.parametrize("rows", [None, "text", [1], ({"a": 1},)])
def test_a_reader_must_return_a_list_of_dicts(rows: Any) -> None:
    with pytest.raises(FormulaError, match=r"reader 'r'.*list of dicts"):
        read_table("x", Reader("r", lambda path: rows))


@pytest.mark.parametrize("row", [{"a": 1, "": 2}, {"a": 1, 2: 3}, {None: 1}])
def test_a_reader_must_name_every_column(row: Any) -> None:
    with pytest.raises(FormulaError, match=r"reader 'r' must name every column by a text"):
        read_table("x", Reader("r", lambda path: [row]))


def test_a_file_without_samples_is_refused() -> None:
    with pytest.raises(DataError, match=r"empty\.csv.*no samples"):
        read_table("empty.csv", Reader("r", lambda path: []))


def test_columns_are_selected_in_the_order_asked_for() -> None:
    rows = [{"a": 1, "b": 2.5, "c": 3}, {"a": 4, "b": 5, "c": 6}]
    assert selected("x", rows, ["c", "a"]) == [[3.0, 1.0], [6.0, 4.0]]


def test_a_missing_column_or_a_text_is_named() -> None:
    with pytest.raises(DataError, match="no column 'aa', did you mean 'a'"):
        selected("x.csv", [{"a": 1}], ["aa"])
    with pytest.raises(DataError, match=r"x\.csv: sample 2, column 'a'.*'one'"):
        selected("x.csv", [{"a": 1}, {"a": "one"}], ["a"])


def test_a_write_that_fails_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    for function in ("replace", "fsync"):
        with monkeypatch.context() as patched:
            patched.setattr(os, function, full)
            with pytest.raises(OSError, match="No space left"):
                write_atomically(path, "new")
        assert path.read_text() == "old"
        assert os.listdir(tmp_path) == ["a.txt"]


def test_what_was_there_is_kept_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for content in ("first", "second", "third", "third"):
        write_atomically(path, content, keep_previous=True)
    assert path.read_text() == "third"
    assert (tmp_path / "a.txt.previous").read_text() == "third"
    write_atomically(path, "fourth")
    assert (tmp_path / "a.txt.previous").read_text() == "third"
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "a.txt.previous"]


def test_without_links_the_old_name_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "link", refused)
    for content in ("first", "second", "third"):
        write_atomically(tmp_path / "a", content, keep_previous=True)
    assert (tmp_path / "a").read_text() == "third"
    assert (tmp_path / "a.previous").read_text() == "second"
    assert sorted(os.listdir(tmp_path)) == ["a", "a.previous"]


def test_without_links_what_is_kept_is_a_copy_and_the_file_is_never_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, replace, there = tmp_path / "a", os.replace, []

    def refused(*_: Any) -> None:
        raise OSError(1, "Operation not permitted")

    def watched(source: str, target: str) -> None:
        replace(source, target)
        there.append(path.read_text())

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(os, "replace", watched)
    for content in ("first", "second"):
        write_atomically(path, content, keep_previous=True)
    assert there == ["first", "first", "second"]


def test_leftovers_are_those_of_the_file_alone(tmp_path: Path) -> None:
    stay = ["a", "a.previous", ".a.tmp", ".a.b.7-9.tmp", ".a.7-x.tmp", "a.7-9.tmp", ".b.7-9.tmp"]
    for name in [*stay, ".a.7-9.tmp", ".a.71-93.old.tmp"]:
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    remove_leftovers(tmp_path / "link")
    assert sorted(os.listdir(tmp_path)) == sorted([*stay, "link"])


def test_a_write_that_fails_names_the_path_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("none/a.txt", Path("none/a.txt")):
        with pytest.raises(FileNotFoundError) as missing:
            write_atomically(path, "new")
        assert str(missing.value) == "[Errno 2] No such file or directory: 'none/a.txt'"

    def denied(source: str, target: str) -> None:
        raise PermissionError(13, "Permission denied", source, None, target)

    monkeypatch.setattr(os, "replace", denied)
    with pytest.raises(PermissionError) as refused:
        write_atomically("a.txt", "new")
    assert str(refused.value) == "[Errno 13] Permission denied: 'a.txt'"
    assert os.listdir(tmp_path) == []


def test_a_write_replaces_what_a_link_leads_to(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_write_to_what_is_no_regular_file_goes_straight_in(tmp_path: Path) -> None:
    write_atomically(os.devnull, "gone")
    assert not os.path.isfile(os.devnull)
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path, "no")


def test_a_new_file_has_the_rights_any_new_file_has(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"1")
    (tmp_path / "b").write_bytes(b"1")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode
