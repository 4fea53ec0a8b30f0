# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is ordinary on a server, however it is written, is nothing that stands against its restart; its port may be."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, Callable

import psutil
import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import persistence
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from tests.integration._change.test_starts import add, connected, killed_hard
from tests.ports import free_port

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


@pytest.mark.parametrize("line", ["appendonly NO", "appendonly Yes", "replicaof no one", "slaveof NO ONE"])
def test_a_value_that_is_written_otherwise_is_the_same(changer: Make, line: str) -> None:
    host = changer(line, persist=True)
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True


def test_a_clock_that_was_set_back_since_the_last_save(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a day: the save is proven all the same, and nobody waits for that day."""
    host, last, asked = changer(persist=True), persistence._last_save, []

    def of_tomorrow(client: Any) -> int:
        asked.append(client)
        return last(client) + (86_400 if len(asked) == 1 else 0)

    def waits(_seconds: float) -> None:
        raise AssertionError("it waits for that day")

    monkeypatch.setattr(persistence, "_last_save", of_tomorrow)
    monkeypatch.setattr(persistence, "time", SimpleNamespace(time=time.time, sleep=waits))
    persistence.save(connected(host), "It failed")


def elsewhere(host: Any, *arguments: str) -> None:
    """Started again at another port than its file says."""
    host.server.stop()
    host.server.port = free_port()
    host.server.start(*(word.format(host.server.port) for word in arguments))


def test_a_port_of_the_command_line_alone_would_be_another_one(changer: Make) -> None:
    host = changer(persist=True)
    elsewhere(host, "--port", "{}")
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert (hazard["id"], hazard["setting"]) == ("data_elsewhere", "port")
    host.apply(*host.redis(hz=20), restart="allowed")
    killed_hard(host)
    with pytest.raises(ChangeError, match="would listen somewhere else"):
        host.run("rolled_back")
    host.server.stop()  # it has ended: nobody has asked the handle of its process yet
    host.server.start("--port", str(host.server.port))
    assert host.run("rolled_back")["state"] == "rolled_back" and host.live("hz") == "10"


def test_so_would_one_by_command(changer: Make) -> None:
    host, port = changer(persist=True), free_port()
    host.server.client().config_set("port", port)
    host.server.port = port
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert (hazard["id"], hazard["setting"]) == ("data_elsewhere", "port")
    add(host, f"port {port}")
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True


def test_a_server_with_a_socket_alone_is_ordinary(changer: Make) -> None:
    host = changer("unixsocketperm 700", persist=True)
    add(host, "port 0")
    client = redis.Redis(unix_socket_path=host.server.unix_socket, decode_responses=True)
    client.set("key", "value")
    host.login["login_unix_socket"] = host.server.unix_socket
    client.config_set("port", 0)
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True
    client.connection_pool.disconnect()
    client.save()
    process = psutil.Process(client.info("server")["process_id"])
    process.kill()
    process.wait()
    assert host.run("rolled_back")["state"] == "rolled_back" and client.get("key") == "value"
