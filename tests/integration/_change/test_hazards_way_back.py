# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old values under which the server would serve nobody by now are not put back without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import rollback
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting, until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import Refused

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def taken_back_by_the_host(host: Any) -> Any:
    store = Store(host.state_directory)
    with store.locked():
        change = store.unfinished()
        assert change is not None
        return rollback.roll_back(change, connecting(host.server.address()), "deadline")


def test_fewer_clients_than_are_connected_by_now(changer: Make) -> None:
    """Guard maxclients_in_use."""
    host = changer("maxclients 20", "hz 10")
    host.apply(*host.redis(maxclients=200, hz=20))
    there = [host.server.client() for _number in range(40)]
    assert all(client.ping() for client in there)
    with pytest.raises(Refused, match="maxclients_in_use"):
        host.run("rolled_back")
    with pytest.raises(Refused, match="maxclients_in_use"):
        host.run("rolled_back", check=True)
    undone = taken_back_by_the_host(host)
    assert (undone.change.state, host.live("maxclients"), host.live("hz")) == ("rollback_failed", "200", "10")
    assert b"maxclients 200" in host.config and b"hz 10" in host.config
    assert any("maxclients_in_use" in step for step in undone.left)
    assert redis.Redis(port=host.server.port).ping()
    for client in there:
        client.close()
    client = host.server.client()
    until(lambda: client.info("clients")["connected_clients"] < 10, "the others to leave", "")
    assert (host.run("rolled_back")["state"], host.live("maxclients")) == ("rolled_back", "20")
    assert b"maxclients 20\n" in host.config


def write(host: Any, old: bytes, new: bytes) -> None:
    assert old in host.config
    Path(host.server.config_file).write_bytes(host.config.replace(old, new))


def test_a_limit_whose_line_somebody_has_taken_out_is_not_written_as_the_change_had_it(changer: Make) -> None:
    """Without a line the server has its own limit: so it stays."""
    host = changer("maxclients 20", persist=True)
    host.apply(*host.redis(maxclients=200))
    there = [host.server.client() for _number in range(40)]
    assert all(client.ping() for client in there)
    write(host, b"maxclients 200\n", b"")
    assert taken_back_by_the_host(host).change.state == "rollback_failed"
    assert b"maxclients 10000\n" in host.config


def test_nor_is_one_that_somebody_has_written_by_its_other_name(changer: Make) -> None:
    host = changer("min-slaves-to-write 2", persist=True)
    host.apply(*host.redis(min_slaves_to_write=0))
    write(host, b"min-slaves-to-write 0\n", b"min-replicas-to-write 1\n")
    assert taken_back_by_the_host(host).change.state == "rollback_failed"
    assert b"min-slaves-to-write 1\n" in host.config


def test_as_many_as_before_go_back(changer: Make) -> None:
    host = changer("maxclients 20")
    there = [host.server.client() for _number in range(15)]
    assert all(client.ping() for client in there)
    host.apply(*host.redis(maxclients=200))
    assert (host.run("rolled_back")["state"], host.live("maxclients")) == ("rolled_back", "20")


def test_more_replicas_than_are_there_by_now(changer: Make, redis_server: Make) -> None:
    """Guard min_replicas_missing."""
    host = changer("repl-diskless-sync-delay 0", "repl-ping-replica-period 1", "min-replicas-to-write 1")
    replica = redis_server(f"replicaof 127.0.0.1 {host.server.port}")
    client = host.server.client()
    until(lambda: client.info("replication").get("slave0", {}).get("state") == "online", "the replica", "")
    host.apply(*host.redis(min_replicas_to_write=0))
    replica.stop()
    until(lambda: client.info("replication")["connected_slaves"] == 0, "it to be gone", "")
    with pytest.raises(Refused, match="min_replicas_missing"):
        host.run("rolled_back")
    undone = taken_back_by_the_host(host)
    assert (undone.change.state, host.live("min-replicas-to-write")) == ("rollback_failed", "0")
    assert client.set("key", "value")


def test_a_server_that_refuses_writes_already(changer: Make, redis_server: Make) -> None:
    """Guard min_replicas_missing: the old value of one that asks for even more costs nobody a write."""
    host = changer("repl-diskless-sync-delay 0", "repl-ping-replica-period 1", "min-replicas-to-write 1")
    replicas = [redis_server(f"replicaof 127.0.0.1 {host.server.port}") for _number in range(2)]
    client = host.server.client()
    for name in ("slave0", "slave1"):
        until(lambda name=name: client.info("replication").get(name, {}).get("state") == "online", "the replicas", "")
    host.apply(*host.redis(min_replicas_to_write=2))
    for replica in replicas:
        replica.stop()
    until(lambda: client.info("replication")["connected_slaves"] == 0, "them to be gone", "")
    assert (host.run("rolled_back")["state"], host.live("min-replicas-to-write")) == ("rolled_back", "1")
