# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody edits the config file under an open change, and the server has not been started with that yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
KEEP = {"on_foreign_change": "keep"}


def server(changer: Make) -> Any:
    return changer("tcp-backlog 100", "io-threads 1", "# between", "hz 10", persist=True)


def edit(host: Any, old: bytes, new: bytes) -> None:
    assert old in host.config
    Path(host.server.config_file).write_bytes(host.config.replace(old, new))


def waiting(undone: dict[str, Any]) -> list[str]:
    return [warning for warning in undone["warnings"] if "not in effect" in warning]


def test_what_stays_in_the_file_and_waits_for_a_start_is_named(changer: Make) -> None:
    host = server(changer)
    host.apply(*host.redis(hz=20), **KEEP)
    edit(host, b"# between\n", b"# between\ndatabases 20\nslowlog-max-len 77\n")
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("databases"), host.live("slowlog-max-len")) == ("rolled_back", "16", "128")
    (told,) = waiting(undone)
    assert "databases 20 (the server runs with 16)" in told and "slowlog-max-len 77 (the server runs with 128)" in told
    assert undone["pending_restart"] == ["databases", "slowlog-max-len"]
    assert host.history()["changes"][0]["pending_restart"] == ["databases", "slowlog-max-len"]
    assert host.run("rolled_back")["pending_restart"] == ["databases", "slowlog-max-len"]


def test_so_is_one_that_keeps_the_file_from_going_back_whole(changer: Make) -> None:
    host = server(changer)
    host.apply(*host.redis(hz=20))
    edit(host, b"# between\n", b"# between\ndatabases 20\n")
    undone = host.run("rolled_back")
    assert (undone["state"], undone["pending_restart"]) == ("rolled_back", ["databases"])
    assert not any("failover" in warning for warning in undone["warnings"])


def test_one_of_the_change_that_waited_for_a_restart(changer: Make) -> None:
    host = server(changer)
    host.apply(*host.redis(tcp_backlog=120), restart="defer", **KEEP)
    edit(host, b"tcp-backlog 120\n", b"tcp-backlog 130\n")
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], host.live("tcp-backlog")) == ("rolled_back", False, "100")
    assert "tcp-backlog 130 (the server runs with 100)" in waiting(undone)[0]
    assert undone["pending_restart"] == ["tcp-backlog"]


def test_what_goes_back_with_the_file_waits_for_nothing(changer: Make) -> None:
    host = server(changer)
    host.apply(*host.redis(hz=20))
    edit(host, b"io-threads 1\n", b"io-threads 2\n")
    undone = host.run("rolled_back")
    assert (undone["state"], undone["pending_restart"], waiting(undone)) == ("rolled_back", [], [])


@pytest.mark.parametrize(("old", "new"), [(b"io-threads 1\n", b"io-threads 2\n"), (b"# between\n", b"databases 20\n")])
def test_a_restart_of_the_rollback_brings_it_and_nobody_blames_a_command_line(
    changer: Make, old: bytes, new: bytes
) -> None:
    host = server(changer)
    host.server.client().config_set("slowlog-max-len", 5)
    host.apply(*host.redis(tcp_backlog=120), restart="allowed", **KEEP)
    edit(host, old, new)
    undone = host.run("rolled_back")
    name, value = new.decode().split()
    assert (undone["state"], undone["restarted"], undone["pending_restart"]) == ("rolled_back", True, [])
    assert (host.live(name), host.live("tcp-backlog"), host.live("slowlog-max-len")) == (value, "100", "5")
    assert new in host.config


def test_a_value_that_a_restart_of_the_rollback_has_brought_was_set_in_the_file(changer: Make) -> None:
    host = server(changer)
    host.apply(*host.redis(tcp_backlog=120), restart="allowed", **KEEP)
    edit(host, b"tcp-backlog 120\n", b"tcp-backlog 130\n")
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("tcp-backlog")) == ("rolled_back", "130")
    (told,) = [one for one in undone["warnings"] if "tcp-backlog is live" in one]
    assert "'130', which a start has brought from its file" in told


@pytest.mark.parametrize("new", [b"tcp-backlog 130\n", b"tcp-backlog 120\nio-threads 2\n"])
def test_under_fail_a_file_that_stays_is_no_reason_for_a_restart(changer: Make, new: bytes) -> None:
    host = server(changer)
    host.apply(*host.redis(tcp_backlog=120), restart="allowed", on_foreign_change="fail")
    edit(host, b"tcp-backlog 120\n", new)
    before = host.pid
    with pytest.raises(ChangeError) as caught:
        host.run("rolled_back")
    assert (host.pid, host.live("tcp-backlog"), host.live("io-threads")) == (before, "120", "1")
    assert "redis tcp-backlog is live '120', it was '100'" in caught.value.details["left"]
    assert "command line" not in caught.value.message
