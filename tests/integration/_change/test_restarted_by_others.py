# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else starts the server again under an open change: what that start has lost comes back with the rollback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
#: What the file says of the values that are set by command.
TOLD = ("maxclients 500", "slowlog-log-slower-than 10000")


def set_by_hand(host: Any) -> None:
    """Two values and the CPUs, of which the file tells nothing or another value, and a key that is saved."""
    client = host.server.client()
    client.config_set("maxclients", 77)
    client.config_set("slowlog-log-slower-than", 5)
    os.sched_setaffinity(host.server.pid, {0})
    client.set("key", "value")
    client.save()


def started_again(host: Any, *options: str) -> None:
    """As systemd does it after a crash."""
    host.server.stop()
    host.server.start(*options)
    os.sched_setaffinity(host.server.pid, range(os.cpu_count() or 1))


def by_hand(host: Any) -> tuple[str, str, set[int]]:
    return host.live("maxclients"), host.live("slowlog-log-slower-than"), os.sched_getaffinity(host.pid)


def test_values_set_by_command_alone_and_cpus_come_back(changer: Make) -> None:
    host = changer(*TOLD, persist=True)
    set_by_hand(host)
    host.apply(*host.redis(hz=20))
    started_again(host)
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], host.live("hz")) == ("rolled_back", False, "10")
    assert by_hand(host) == ("77", "5", {0})
    assert any("maxclients, slowlog-log-slower-than" in warning for warning in undone["warnings"])


def test_what_no_file_tells_may_be_somebodys(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client().config_set("save", "")
    host.server.client().config_set("slowlog-max-len", 77)
    host.apply(*host.redis(hz=20))
    started_again(host)
    host.server.client().config_set("slowlog-max-len", 300)
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("slowlog-max-len")) == ("rolled_back", "300")
    assert any("slowlog-max-len (it was '77') is in no file" in warning for warning in undone["warnings"])


def test_also_after_a_restart_by_the_change(changer: Make) -> None:
    host = changer(*TOLD, persist=True)
    set_by_hand(host)
    host.apply(*host.redis(databases=8), restart="allowed")
    os.kill(host.pid, 9)
    host.server.process.wait(10)
    started_again(host)
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.live("databases"), *by_hand(host)) == ("16", "77", "5", {0})


def test_but_not_of_a_change_that_was_confirmed(changer: Make) -> None:
    """Long ago, maybe: what the server has by now is what its operators want."""
    host = changer(persist=True)
    set_by_hand(host)
    host.apply(*host.redis(hz=20))
    host.run("confirmed")
    started_again(host)
    undone = host.run("rolled_back")
    assert (host.live("hz"), host.live("maxclients"), undone["warnings"]) == ("10", "10000", [])


def test_nor_what_somebody_has_set_after_the_restart(changer: Make) -> None:
    """The file tells what a start brings: another value is somebody's."""
    host = changer("timeout 30", *TOLD, persist=True)
    set_by_hand(host)
    host.apply(*host.redis(hz=20))
    started_again(host)
    host.server.client().config_set("timeout", 99)
    host.run("rolled_back")
    assert (host.live("timeout"), host.live("maxclients")) == ("99", "77")


def test_nor_its_role(changer: Make) -> None:
    """A failover makes a server a replica, and tells no file."""
    host, master = changer(persist=True), changer(persist=True)
    set_by_hand(host)
    host.apply(*host.redis(hz=20))
    started_again(host)
    host.server.client().replicaof("127.0.0.1", master.server.port)
    host.run("rolled_back")
    assert host.server.client().info("replication")["role"] == "slave"


@pytest.mark.parametrize("policy, timeout", [("restore", "0"), ("keep", "555")])
@pytest.mark.parametrize("again", [False, True], ids=["dead", "started again"])
def test_what_somebody_has_written_into_a_file_that_stays(
    changer: Make, policy: str, timeout: str, again: bool
) -> None:
    host = changer(*TOLD, persist=True)
    set_by_hand(host)
    host.apply(*host.redis(hz=20), on_foreign_change=policy)
    host.server.client().config_set("timeout", 555)
    with Path(host.server.config_file).open("a") as file:
        file.write("timeout 555\n")
    host.server.stop()
    if again:
        started_again(host)
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("hz"), host.live("timeout")) == ("rolled_back", "10", timeout)
    assert (b"timeout 555" in host.config) is (policy == "keep")
    assert by_hand(host) == ("77", "5", {0})
    done = {"restore": "restored", "keep": "kept"}[policy]
    assert [(one["where"], one["done"]) for one in undone["foreign"]] == [("file", done)]


def test_a_password_that_was_rotated_before_the_server_died(changer: Make) -> None:
    host = changer(persist=True, password="old", login={"login_password": "old"})
    host.apply(*host.redis(hz=20))
    host.server.client().config_set("requirepass", "new")
    with Path(host.server.config_file).open("a") as file:
        file.write("requirepass new\n")
    host.server.stop()
    host.server.password = host.login["login_password"] = "new"
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], host.live("hz")) == ("rolled_back", True, "10")
    assert host.live("requirepass") == "new"
