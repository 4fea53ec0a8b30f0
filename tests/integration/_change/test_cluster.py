# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node of a Redis Cluster: its master stands in no config file, where a line for that keeps it from starting."""

from __future__ import annotations

import contextlib
from typing import Any, Callable

import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import restart
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from tests.integration._change.test_replicas import in_sync

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


@pytest.fixture
def other(changer: Make, redis_server: Make) -> Any:
    """A master with all slots and a key, and ``host``, its replica."""
    found = redis_server("cluster-enabled yes", persist=True)
    found.host = changer("cluster-enabled yes", persist=True)
    client, own = found.client(), found.host.server.client()
    client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    own.execute_command("CLUSTER", "MEET", "127.0.0.1", found.port)
    replicates(own, client)
    client.set("key", "value")
    until(lambda: own.info("keyspace").get("db0"), "the key", "")
    return found


def replicates(one: redis.Redis, of: redis.Redis) -> None:
    def done() -> bool:
        with contextlib.suppress(redis.ResponseError):  # it does not know that one yet
            return bool(one.execute_command("CLUSTER", "REPLICATE", of.execute_command("CLUSTER", "MYID")))
        return False

    until(done, "the replica", "")
    until(lambda: one.info("replication")["master_link_status"] == "up", "the link", "")


def take_over(server: Any, of: Any) -> None:
    server.client().execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
    until(lambda: of.client().info("replication")["role"] == "slave", "the failover", "")
    in_sync(of)


def test_a_replica_is_restarted(other: Any) -> None:
    host = other.host
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"]
    undone = host.run("rolled_back")
    assert (undone["state"], undone["warnings"], host.live("tcp-backlog")) == ("rolled_back", [], "511")
    assert host.server.client().info("replication")["role"] == "slave"


def test_a_failover_under_an_open_change(other: Any) -> None:
    """The server is the master when the change is opened, and a replica when it is taken back."""
    host = other.host
    take_over(host.server, other)
    host.apply(*host.redis(tcp_backlog=100), restart="allowed")
    take_over(other, host.server)
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("tcp-backlog")) == ("rolled_back", "511")
    assert host.server.client().info("replication")["role"] == "slave"
    assert other.client().get("key") == "value"


def test_a_failover_while_it_is_restarted(other: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    host = other.host
    take_over(host.server, other)
    start = restart.restart_process

    def restarted(there: Any) -> None:
        start(there)
        take_over(other, host.server)

    monkeypatch.setattr(restart, "restart_process", restarted)
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["state"] == "applied"
