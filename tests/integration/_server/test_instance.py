# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from typing import Any, Callable

import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._server import instance, process

Make = Callable[..., Any]


def test_what_a_server_is(redis_server: Make) -> None:
    server = redis_server("databases 4")
    server.client(db=0).set("a", 1)
    server.client(db=3).mset({"b": 1, "c": 2})
    found = instance.discover(server.client(), "here")
    assert (found.flavour, found.role, found.cluster) == ("redis", "master", False)
    assert found.version >= (6, 0, 0) and found.pid == server.pid and found.tcp_port == server.port
    assert found.config_file == server.config_file and found.unit is None
    assert found.keys == {0: 1, 3: 2} and found.replicas == [] and found.used_memory > 100_000
    assert os.path.basename(found.executable) == "redis-server"
    assert os.path.samefile(found.executable, f"/proc/{server.pid}/exe")
    assert instance.same_process(found)


def test_a_restarted_server_is_another_process(redis_server: Make) -> None:
    server = redis_server()
    found = instance.discover(server.client(), "here")
    server.stop()
    assert not instance.same_process(found)


def test_a_replica_and_its_master(redis_server: Make) -> None:
    master = redis_server("repl-diskless-sync-delay 0")
    replica = redis_server(f"replicaof 127.0.0.1 {master.port}")
    assert instance.discover(replica.client(), "here").role == "replica"
    for _attempt in range(2000):
        if master.client().info("replication")["connected_slaves"]:
            break
    (seen,) = instance.discover(master.client(), "here").replicas
    assert seen["port"] == replica.port


def test_the_process_is_proven_by_the_connection(redis_server: Make) -> None:
    server, other = redis_server(), redis_server()
    over_socket = redis.Redis(unix_socket_path=server.unix_socket)
    for client in (server.client(), over_socket):
        assert process._holds_connection(client, server.pid)
        assert not process._holds_connection(client, other.pid)
    over_socket.close()


def test_a_proxy_between_is_no_obstacle(redis_server: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user who may not look at the server's sockets."""
    server = redis_server()
    monkeypatch.setattr(process, "_holds_connection", lambda client, pid: False)
    assert instance.discover(server.client(), "here").pid == server.pid
    longer: Any = Elsewhere(server.client(), uptime_in_seconds=10**6)
    with pytest.raises(ServerError, match="not on this host"):
        instance.discover(longer, "here")


def test_ipv6(redis_server: Make) -> None:
    server = redis_server("bind ::1 127.0.0.1")
    with redis.Redis(host="::1", port=server.port) as client:
        assert process._holds_connection(client, server.pid)


class Elsewhere:
    """A client whose server claims a process that is not the one at the other end."""

    def __init__(self, client: redis.Redis, **claims: Any) -> None:
        self._client, self._claims = client, claims

    def info(self) -> dict[str, Any]:
        return {**self._client.info(), **self._claims}

    def client(self) -> Any:
        return self._client.client()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("pid", [1, 2**22 + 1])
def test_a_server_on_another_host_is_refused(redis_server: Make, pid: int) -> None:
    client: Any = Elsewhere(redis_server().client(), process_id=pid)
    with pytest.raises(ServerError, match=f"not on this host.*process {pid}"):
        instance.discover(client, "there:6379")


def test_options_of_the_command_line(redis_server: Make) -> None:
    hidden = redis_server(arguments=("--hz", "20"))
    assert instance.discover(hidden.client(), "here").command_line_overrides is None
    shown = redis_server("set-proc-title no", arguments=("--hz", "20", "--save", ""))
    assert instance.discover(shown.client(), "here").command_line_overrides == {"hz", "save"}
