"""What the distribution promises to installers: dependencies, extras, entry points and files."""

import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAME = "valor-framework"


def requirements(extra: str | None) -> set[str]:
    """Return the names of what an extra (None: the bare distribution) requires."""
    found = set()
    for line in metadata.requires(NAME) or []:
        requirement, _, marker = line.partition(";")
        named = re.search(r"extra == ['\"](.+?)['\"]", marker)
        if (named[1] if named else None) == extra:
            found.add(re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0])
    return found


def test_the_bare_distribution_needs_four_small_packages() -> None:
    assert requirements(None) == {"attrs", "cattrs", "pluggy", "tomli-w"}


def test_all_is_every_extra() -> None:
    extras = set(metadata.metadata(NAME).get_all("Provides-Extra") or [])
    assert {"graph", "ui", "all"} <= extras
    others = [requirements(extra) for extra in sorted(extras - {"all"})]
    assert all(others)
    assert requirements("all") == set().union(*others)


@pytest.mark.parametrize(
    ("group", "value"), [("console_scripts", "valor.cli:main"), ("pytest11", "valor.testing")]
)
def test_an_entry_point_leads_to_something(group: str, value: str) -> None:
    (entry_point,) = metadata.distribution(NAME).entry_points.select(group=group)
    assert (entry_point.name, entry_point.value) == ("valor", value)
    assert entry_point.load()


def test_no_bundled_plugin_is_an_entry_point() -> None:
    # They are an explicit list; the group "valor" is for third parties.
    assert not metadata.distribution(NAME).entry_points.select(group="valor")


def test_it_claims_no_python_older_than_its_floor() -> None:
    assert metadata.metadata(NAME)["Requires-Python"] == ">=3.11"


def test_the_changelog_has_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(metadata.version(NAME))}\]", changelog, re.MULTILINE)
