"""The cache: where it is, that it is the user's alone, and what counts as being in it."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from valor.exceptions import InvalidArgumentError
from valor.files import cache_folder, cache_root, cached_files, write_atomically


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VALOR_CACHE", str(tmp_path / "cache"))
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "cache"


def test_a_folder_is_made_when_it_is_asked_for_and_is_private(root: Path) -> None:
    assert cache_root() == str(root)
    assert cached_files() == []
    assert not root.exists()
    folder = cache_folder("programs")
    assert folder == str(root / "programs")
    for each in (root, root / "programs"):
        assert each.stat().st_mode & 0o777 == 0o700
    assert cache_folder("programs") == folder


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, ".cache/valor"),
        ("linux", {"XDG_CACHE_HOME": "HOME/xdg"}, "xdg/valor"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, ".cache/valor"),
        ("linux", {"XDG_CACHE_HOME": ""}, ".cache/valor"),
        ("darwin", {"XDG_CACHE_HOME": "HOME/xdg"}, "Library/Caches/valor"),
        ("win32", {"LOCALAPPDATA": "HOME/local"}, "local/valor"),
        ("win32", {}, "AppData/Local/valor"),
        ("linux", {"VALOR_CACHE": "~/mine"}, "mine"),
    ],
)
def test_each_platform_has_its_folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    variables: dict[str, str],
    expected: str,
) -> None:
    monkeypatch.setenv("VALOR_CACHE", "")
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("HOME", str(tmp_path)))
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", platform)
        assert cache_root() == str(tmp_path / expected)


def test_without_a_home_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VALOR_CACHE")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(InvalidArgumentError, match="set VALOR_CACHE"):
        cache_root()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "/a", "C:a", ".a", "a\n", "a\0"])
def test_a_name_is_that_of_one_folder(root: Path, name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="name must be that of a folder, not "):
        cache_folder(name)
    assert not root.exists()


@pytest.mark.parametrize("mode", [0o770, 0o707])
@pytest.mark.parametrize("which", [".", "programs"])
def test_a_folder_that_others_can_write_to_is_refused(root: Path, which: str, mode: int) -> None:
    cache_folder("programs")
    folder = root / which
    folder.chmod(mode)
    with pytest.raises(InvalidArgumentError, match=f"{folder} can be written to by others"):
        cache_folder("programs")


def test_a_folder_of_another_user_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache_folder("programs")
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(InvalidArgumentError, match=rf"cache belongs to another user \({owner}\)"):
        cache_folder("programs")


def test_a_link_is_refused_in_the_cache_and_followed_to_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    root.mkdir(mode=0o700)
    (root / "programs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidArgumentError, match="programs is a link"):
        cache_folder("programs")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("VALOR_CACHE", str(tmp_path / "link"))
    assert cache_folder("programs") == str(tmp_path / "elsewhere" / "programs")


def test_a_folder_of_another_kind_is_never_taken_for_one_of_ours(root: Path) -> None:
    for name, tag in (("thesis", None), ("browser", "Signature: of somebody else")):
        (root / name).mkdir(parents=True)
        (root / name).chmod(0o700)
        (root / name / "chapter.txt").write_text("1")
        if tag:
            (root / name / "CACHEDIR.TAG").write_text(tag)
        root.chmod(0o700)
        with pytest.raises(
            InvalidArgumentError, match=r"'chapter\.txt', which is not of the cache"
        ):
            cache_folder(name)
    assert cached_files() == []


def test_files_are_those_that_are_whole(root: Path, tmp_path: Path) -> None:
    folder = Path(cache_folder("programs"))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a").write_text("1")
    (folder / "b").write_text("1")
    (folder / "deep").mkdir()
    (folder / "deep" / "a").write_text("1")
    (folder / "link").symlink_to(tmp_path / "outside" / "a")
    (folder / "folder").symlink_to(tmp_path / "outside")
    (root / "programs2").symlink_to(folder)
    (root / "file").write_text("1")
    os.mkfifo(folder / "pipe")
    for name, age in ((".b.1.tmp", 60), (".c.1.tmp", 7200)):
        (folder / name).write_text("half")
        os.utime(folder / name, (time.time() - age,) * 2)
    expected = [folder / ".c.1.tmp", folder / "b", folder / "deep" / "a"]
    assert cached_files() == [str(path) for path in expected]


def test_several_threads_may_make_a_folder_and_write_a_file_at_once() -> None:
    failures = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        try:
            for _ in range(20):
                write_atomically(os.path.join(cache_folder("programs"), "a"), "1" * 1000)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [Path(path).read_text() for path in cached_files()] == ["1" * 1000]
