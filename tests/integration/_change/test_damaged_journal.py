# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a damaged journal what is certain is restored, the rest is named, and nothing is guessed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import preimage
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, ChangeError

Make = Callable[..., Any]


def journal(host: Any, change_id: str) -> Path:
    return Path(host.state_directory) / "changes" / change_id / "journal"


def damage(host: Any, change_id: str, entry: str) -> None:
    """One byte of the newest line of that entry."""
    path = journal(host, change_id)
    lines = path.read_bytes().split(b"\n")
    number = max(n for n, line in enumerate(lines) if line and json.loads(line[33:])["entry"] == entry)
    lines[number] = lines[number][:-9] + b"#" + lines[number][-8:]
    path.write_bytes(b"\n".join(lines))


@pytest.fixture
def host(changer: Make) -> Any:
    return changer()


def made(host: Any, name: str, end: str, **values: Any) -> str:
    change_id = str(host.apply(*host.redis(**values), name=name)["change_id"])
    host.run(end)
    return change_id


def left(host: Any, **params: Any) -> list[str]:
    """Of a rollback that fails."""
    with pytest.raises(ChangeError, match="did not bring everything back") as caught:
        host.run("rolled_back", **params)
    assert caught.value.details["state"] == "rollback_failed"
    return list(caught.value.details["left"])


@pytest.mark.parametrize("entry", ["opened", "setting", "file", "runtime", "launch", "ready", "applied"])
def test_a_change_that_has_certainly_ended_is_in_nobodys_way(host: Any, entry: str) -> None:
    new = made(host, "new", "confirmed", timeout=5)
    damage(host, new, entry)
    assert host.apply(*host.redis(hz=9), name="newest")["state"] == "applied"
    changes = host.history()["changes"]
    assert [(change["state"], change["owner"] != "unknown") for change in changes] == [
        ("confirmed", True),
        ("applied", True),
    ]
    assert bool(changes[0]["lost"]) == (entry not in ("opened", "ready")) and changes[1]["lost"] == []


def test_one_whose_end_is_lost_is_open_and_can_be_taken_back(host: Any) -> None:
    old = made(host, "old", "confirmed", hz=8)
    damage(host, old, "confirmed")
    with pytest.raises(ChangeError, match=f"open on this host.*{old}"):
        host.apply(*host.redis(hz=9))
    with pytest.raises(ChangeError, match="damaged, so it was not confirmed"):
        host.run("confirmed")
    assert "a step that the journal told in its line" in "".join(left(host))
    assert host.live("hz") == "10"


def test_what_is_certain_is_restored_and_the_rest_is_named(host: Any) -> None:
    before = host.config
    change_id = host.apply(*host.redis(hz=8, timeout=5))["change_id"]
    damage(host, change_id, "setting")
    with pytest.raises(ChangeError, match="lost are redis timeout"):
        host.run("confirmed")
    assert [one for one in left(host) if "redis timeout" in one and "damaged part" in one]
    assert (host.config, host.live("hz"), host.live("timeout")) == (before, "10", "5")


def test_who_has_been_told_and_asks_again_has_looked(host: Any) -> None:
    change_id = host.apply(*host.redis(hz=8, timeout=5))["change_id"]
    damage(host, change_id, "setting")
    left(host)
    host.server.client().config_set("timeout", 0)
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and "redis timeout was lost" in "".join(undone["warnings"])
    assert host.history()["open"] is None and journal(host, change_id).with_name("journal.damaged").exists()


def test_a_lost_file_image_is_named_and_live_values_go_back(host: Any) -> None:
    change_id = host.apply(*host.redis(hz=8))["change_id"]
    damage(host, change_id, "file")
    named = left(host)
    assert any(f"file {host.server.config_file}" in one for one in named)
    assert any("redis hz is stored as '8', it was None" in one for one in named)
    assert host.live("hz") == "10"


def test_of_an_empty_journal_nothing_is_restored_and_that_is_said(host: Any) -> None:
    change_id = host.apply(*host.redis(hz=8))["change_id"]
    journal(host, change_id).write_bytes(b"")
    assert any("all that it wrote" in one for one in left(host))
    assert host.live("hz") == "8"
    assert host.run("rolled_back")["state"] == "rolled_back"


def test_a_dead_server_is_not_started_on_facts_that_are_lost(host: Any) -> None:
    change_id = host.apply(*host.redis(hz=8))["change_id"]
    damage(host, change_id, "opened")
    damage(host, change_id, "ready")
    host.server.stop()
    assert any("let us in to the server" in one for one in left(host))


def test_a_later_one_that_may_still_be_in_effect_stops_a_rollback_below_it(host: Any) -> None:
    first = made(host, "one", "confirmed", hz=8)
    second = made(host, "two", "confirmed", hz=9)
    made(host, "three", "confirmed", timeout=5)
    for entry in ("opened", "ready"):
        damage(host, second, entry)
    with pytest.raises(BadInput, match=second):
        host.run("rolled_back", change_id=first)
    assert host.live("hz") == "9"


@pytest.fixture
def applied(changer: Make, tmp_path: Path) -> Iterator[tuple[Any, bytes, Path]]:
    """A server under a change, its journal, and a directory for copies of the state."""
    host = changer("# a comment", "hz 10", "timeout 0")
    change_id = host.apply(*host.redis(hz=8, timeout=5, maxmemory="100mb"))["change_id"]
    yield host, journal(host, change_id).read_bytes(), tmp_path / "copy"


def pre_images(state_directory: Path) -> tuple[list[Any], list[Any], list[str], str]:
    (change,) = Store(str(state_directory)).all()
    return preimage.changed_settings(change), preimage.file_images(change), change.lost, change.state


def damages(whole: bytes) -> Iterator[bytes]:
    """Cut at every byte, and a bit flipped in every byte."""
    for place in range(len(whole)):
        yield whole[:place]
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        yield bytes(damaged)


@pytest.mark.slow
def test_no_cut_and_no_flipped_bit_yields_a_wrong_pre_image(applied: tuple[Any, bytes, Path]) -> None:
    host, whole, copy = applied
    shutil.copytree(host.state_directory, copy)
    path = next(copy.glob("changes/*/journal"))
    settings, images, _lost, _state = pre_images(copy)
    assert len(settings) == 3 and len(images) == 1
    complete = whole.index(b'"entry":"ready"') - 35
    for number, damaged in enumerate(damages(whole)):
        path.write_bytes(damaged)
        some, others, lost, state = pre_images(copy)
        assert all(one in settings for one in some) and all(one in images for one in others)
        missing = len(settings) - len(some) + len(images) - len(others)
        assert bool(missing) <= bool(lost) and state in ("open", "applied")
        if number % 2:
            assert missing <= 1
        elif number // 2 >= complete:
            assert missing == 0


@pytest.mark.slow
def test_a_rollback_from_a_damaged_journal_restores_or_names_everything(applied: tuple[Any, bytes, Path]) -> None:
    host, whole, _copy = applied
    before = {"hz": "10", "timeout": "0", "maxmemory": "0"}
    after = {"hz": "8", "timeout": "5", "maxmemory": str(100 * 1024**2)}
    file_after = host.config
    file_before = file_after.replace(b"hz 8", b"hz 10").replace(b"timeout 5", b"timeout 0").rpartition(b"maxmemory")[0]
    (path,) = Path(host.state_directory).glob("changes/*/journal")
    client = host.server.client()
    for damaged in list(damages(whole))[:: max(1, len(whole) // 40)]:
        for name, value in after.items():
            client.config_set(name, value)
        Path(host.server.config_file).write_bytes(file_after)
        path.write_bytes(damaged)
        path.with_name("journal.damaged").unlink(missing_ok=True)
        try:
            host.run("rolled_back")
            named = ""
        except ChangeError as error:
            named = "; ".join(error.details["left"])
        for name in before:
            assert host.live(name) == before[name] or (host.live(name) == after[name] and named), name
            assert host.live(name) == before[name] or f"redis {name}" in named or "all that it wrote" in named, named
        assert host.config == file_before or (host.config == file_after and named)
