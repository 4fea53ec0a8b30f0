# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a config file looks like: an edit says what it should, comes back whole, and a fresh server reads it so.

The same examples every time; ``./dev bench fuzz`` tries others and more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._server import config_file, directives, startable
from ansible_collections.lowlat.redis.plugins.module_utils._server.instance import Version
from tests.fuzz import config_cases, fresh
from tests.fuzz.config_text import Text, Writer, wanted

SAME = {"derandomize": True, "database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}
#: What hypothesis draws can be made smaller; what a seed gives is as varied as it gets.
RANDOM = st.one_of(st.randoms(), st.randoms(use_true_random=True))
VERSION = (7, 0, 15)
#: What CONFIG GET lists need not be asked of a server where none is started.
ALL = [name for one in directives.table() for name in (one.name, *one.aliases)]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory with a short name, as the path of a socket must be."""
    directory = tempfile.mkdtemp(prefix="lowlat-")
    yield Path(directory)
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def here(place: Path) -> dict[str, Any]:
    """The version of the server, and what CONFIG GET lists."""
    config = place / "redis.conf"
    config.write_bytes(fresh.own_lines(str(place)))
    with fresh.started(str(config)) as client:
        number = str(client.info()["redis_version"])
        major, minor, patch = map(int, number.split("."))
        shown: Any = client.config_get("*")
        return {"version": (major, minor, patch), "known": list(shown), "shown": shown}


def written(random: Random, place: Path, known: list[str], lines: int = 40, version: Version = VERSION) -> Text:
    """A config and its includes in an empty directory, as a server of that version can read them."""
    directory = place / "text"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    text = Writer(random, str(directory), known, fresh.own_lines(str(directory)), lines, version >= (7, 0, 0)).text()
    text.write()
    return text


@pytest.mark.slow
@given(RANDOM)
@settings(max_examples=30, **SAME)
def test_an_edit_says_what_it_should_and_nothing_else(place: Path, random: Random) -> None:
    text = written(random, place, ALL, 12)
    _edited, wrong = config_cases.edit(text, *wanted(random, ALL), VERSION)
    assert wrong == []


@pytest.mark.slow
@given(RANDOM, st.sampled_from([(7, 0, 15), (6, 2, 0), (6, 0, 0)]))
@settings(max_examples=300, **SAME)
def test_more_edits(place: Path, random: Random, version: Version) -> None:
    text = written(random, place, ALL, version=version)
    _edited, wrong = config_cases.edit(text, *wanted(random, ALL), version)
    assert wrong == []


@pytest.mark.slow
@given(RANDOM, st.sampled_from([0o600, 0o640, 0o4755]), st.sampled_from(["", "link", "names"]))
@settings(max_examples=30, **SAME)
def test_what_was_edited_comes_back_whole(place: Path, random: Random, mode: int, how: str) -> None:
    text = written(random, place, ALL, 12)
    name, value = wanted(random, ALL)
    edited = config_file.edit(text.content, text.main, name, value, VERSION)
    path = Path(text.main)
    os.chmod(path, mode)
    os.utime(path, ns=(1_000_000_007, 1_000_000_007))
    if os.geteuid() == 0:
        os.chown(path, 12, 34)
        os.chmod(path, mode)
    if how:
        other = path.with_name("other.conf")
        path.rename(other)
        path.symlink_to("other.conf") if how == "link" else os.link(other, path)
    assert config_cases.restore(text.main, edited) == []


@pytest.mark.slow
@given(RANDOM)
@settings(max_examples=100, **SAME)
def test_a_fresh_server_reads_what_the_file_says(place: Path, here: dict[str, Any], random: Random) -> None:
    """Of the file as it is found and edited several times; every directive that it names is compared."""
    text = written(random, place, here["known"], version=here["version"])
    for _edit in range(random.randint(0, 8)):
        content, wrong = config_cases.edit(text, *wanted(random, here["known"]), here["version"])
        assert wrong == []
        text.files[text.main] = content
    stored = config_file.effective(text.main, here["version"])
    assert config_cases.disagreements(stored, fresh.shown(text.main)) == []


@pytest.mark.slow
@given(RANDOM)
@settings(max_examples=20, **SAME)
def test_a_server_starts_with_every_value_that_is_taken(place: Path, here: dict[str, Any], random: Random) -> None:
    """A value that only looks like one is refused by us, or it is one for the server too."""
    assert config_cases.refused_by_the_server(random, str(place / "redis.conf"), here["known"], here["version"]) == []


@pytest.mark.slow
@given(RANDOM)
@settings(max_examples=20, **SAME)
def test_a_line_that_keeps_a_server_down_is_named(place: Path, here: dict[str, Any], random: Random) -> None:
    assert config_cases.unnoticed(random, str(place / "redis.conf"), here["shown"], here["version"]) == []


@pytest.mark.slow
@given(RANDOM)
@settings(max_examples=50, **SAME)
def test_nothing_is_said_against_a_file_that_a_server_starts_with(
    place: Path, here: dict[str, Any], random: Random
) -> None:
    text = written(random, place, here["known"], version=here["version"])
    assert startable.objections(text.content, text.main, here["version"], here["shown"]) == []


NAMED = [b"timeout 0\nlogfile 'x\n", b"\xff\0\ntimeout 0\n", b"include more.conf\n", b"include /nonexistent/x\n"]


@pytest.mark.parametrize("content", NAMED, ids=["quote", "NUL", "relative", "missing"])
def test_what_a_server_does_not_start_with_is_named(place: Path, here: dict[str, Any], content: bytes) -> None:
    directory = place / "named"
    directory.mkdir(exist_ok=True)
    path = directory / "redis.conf"
    path.write_bytes(fresh.own_lines(str(directory)) + content)
    with pytest.raises(RuntimeError):
        fresh.shown(str(path))
    with pytest.raises(BadInput) as caught:
        config_file.effective(str(path), here["version"])
    assert caught.value.where.startswith((str(path), "/nonexistent/x")) and caught.value.why + caught.value.remedy


@pytest.mark.slow
def test_an_include_that_the_locale_decides_is_named(place: Path, here: dict[str, Any]) -> None:
    """a_b.conf comes after B.conf in the locale C, and before it in most others."""
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/locales/en_US").exists():
        pytest.skip("only a locale of its own shows it, and localedef or its sources (package locales) are not here")
    if here["version"] < (7, 0, 0):
        pytest.skip("before 7.0 an include names one file: there is no order for a locale to decide")
    locales = place / "locales"
    locales.mkdir()
    subprocess.run(["localedef", "-f", "UTF-8", "-i", "en_US", str(locales / "en_US.UTF-8")], check=True)
    directory = place / "locale"
    (directory / "conf.d").mkdir(parents=True)
    for name, seconds in (("a_b", 1), ("B", 2)):
        (directory / "conf.d" / f"{name}.conf").write_text(f"timeout {seconds}\n")
    path = directory / "redis.conf"
    path.write_bytes(fresh.own_lines(str(directory)) + f"include {directory}/conf.d/*.conf\n".encode())
    found = {
        fresh.shown(str(path), environment={**os.environ, "LOCPATH": str(locales), "LC_ALL": each})["timeout"]
        for each in ("C", "en_US.UTF-8")
    }
    assert found == {"1", "2"}
    with pytest.raises(BadInput, match=r"depends on the locale.*B\.conf, a_b\.conf.*10-a\.conf"):
        config_file.effective(str(path), here["version"])
    (directory / "conf.d" / "B.conf").write_text("hz 20\n")
    assert config_file.effective(str(path), here["version"])["timeout"] == "1"
