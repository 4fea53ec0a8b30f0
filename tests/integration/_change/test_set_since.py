# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that has nothing to do with the config file is taken back: what was set in there since is not undone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import said
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
PIN = {"kind": "affinity", "key": "server", "value": "0"}


def server(changer: Make, *lines: str) -> Any:
    """With a value of which the file tells another one, under a change that writes no file."""
    host = changer("hz 20", "timeout 30", "maxclients 500", *lines, persist=True)
    host.server.client().config_set("maxclients", 77)
    host.apply(PIN)
    return host


def write(host: Any, old: bytes, new: bytes) -> None:
    assert old in host.config
    Path(host.server.config_file).write_bytes(host.config.replace(old, new))


def by_hand(host: Any) -> tuple[str, str, str]:
    return host.live("hz"), host.live("timeout"), host.live("maxclients")


@pytest.mark.parametrize("confirmed", [True, False], ids=["confirmed", "open"])
def test_a_dead_server_is_started_with_what_its_file_says_by_now(changer: Make, confirmed: bool) -> None:
    host = server(changer)
    if confirmed:
        host.run("confirmed")
    host.server.client().config_set("hz", 50)
    write(host, b"hz 20\n", b"hz 50\n")
    write(host, b"timeout 30\n", b"")
    host.server.stop()
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"]) == ("rolled_back", True)
    assert by_hand(host) == ("50", "0", "77")  # the last was by command alone, and the file says what it said


def test_one_that_somebody_else_has_started_too(changer: Make) -> None:
    host = server(changer)
    write(host, b"hz 20\n", b"hz 50\n")
    host.server.stop()
    host.server.start()
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert by_hand(host) == ("50", "30", "77")


def test_a_password_that_was_rotated_since(changer: Make) -> None:
    host = changer(persist=True, password="old", login={"login_password": "old"})
    host.apply(PIN)
    host.run("confirmed")
    write(host, b"requirepass old\n", b"requirepass new\n")
    host.server.stop()
    host.server.password = host.login["login_password"] = "new"
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("requirepass")) == ("rolled_back", "new")
    assert "old" not in str(undone)


def test_what_a_later_change_has_set_live_alone(changer: Make) -> None:
    """The file has said so all along, so it does not tell that somebody wants it now."""
    host = server(changer)
    host.run("confirmed")
    first = host.history()["changes"][0]["change_id"]
    host.apply(*host.redis(maxclients=500))
    host.run("confirmed")
    host.server.stop()
    assert host.run("rolled_back", change_id=first)["state"] == "rolled_back"
    assert host.live("maxclients") == "500"


def test_the_cpus_of_a_later_change(changer: Make) -> None:
    host = changer("hz 20", persist=True)
    os.sched_setaffinity(host.server.pid, {0})
    host.apply({"kind": "redis", "key": "hz", "value": "30"})
    host.run("confirmed")
    first = host.history()["changes"][0]["change_id"]
    write(host, b"hz 30\n", b"hz 30\nserver_cpulist 1\n")
    host.server.stop()
    undone = host.run("rolled_back", change_id=first, on_foreign_change="keep")
    assert (undone["state"], os.sched_getaffinity(host.pid)) == ("rolled_back", {1})


def test_without_a_word_of_what_the_file_said_it_wins_over_a_change_of_long_ago(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Journals of older releases do not tell."""
    monkeypatch.setattr(said, "capture", lambda host: None)
    host = server(changer)
    host.run("confirmed")
    write(host, b"hz 20\n", b"hz 50\n")
    host.server.stop()
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert by_hand(host) == ("50", "30", "500")


def test_values_that_differ_in_nothing_but_spelling_are_no_edit(changer: Make) -> None:
    host = server(changer, "maxmemory 100mb")
    host.server.client().config_set("maxmemory", 300 * 2**20)
    host.run("rolled_back")
    host.apply(PIN)
    write(host, b"maxmemory 100mb\n", b"maxmemory 104857600\n")
    host.server.stop()
    try:
        host.run("rolled_back")
    except ChangeError as error:
        raise AssertionError(error.message) from error
    assert host.live("maxmemory") == str(300 * 2**20)


def test_nor_is_any_directive_by_command_alone_told_as_an_edit_then(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(said, "capture", lambda host: None)
    host = server(changer)
    host.run("confirmed")
    undone = host.run("rolled_back")
    assert (undone["state"], undone["pending_restart"], undone["warnings"]) == ("rolled_back", [], [])
