# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with replicas: which could take over while it restarts, and what they hold."""

from __future__ import annotations

import os
import signal
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._server import replication

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
FAST = ("repl-diskless-sync-delay 0", "repl-ping-replica-period 1")


def in_sync(replica: Any) -> None:
    client = replica.client()
    until(lambda: client.info("replication")["master_link_status"] == "up", "the replica", "")


@pytest.fixture
def master(changer: Make) -> Any:
    """Keeps nothing on disk."""
    host = changer(*FAST)
    host.server.client().set("key", "value")
    return host


@pytest.fixture
def replica(master: Any, redis_server: Make) -> Any:
    server = redis_server(*FAST, f"replicaof 127.0.0.1 {master.server.port}", "replica-read-only no")
    in_sync(server)
    acknowledged(master)
    return server


def acknowledged(master: Any) -> None:
    client = master.server.client()
    until(lambda: client.info("replication").get("slave0", {}).get("state") == "online", "the acknowledgement", "")


def losing(host: Any) -> dict[str, str]:
    (hazard,) = host.refused(*host.redis(databases=8), restart="allowed")
    assert hazard["id"] == "restart_loses_data"
    found: dict[str, str] = hazard
    return found


def test_without_persistence_the_replica_that_could_take_over_is_named(master: Any, replica: Any) -> None:
    remedy = losing(master)["remedy"]
    assert f"let replica 127.0.0.1:{replica.port} take over (FAILOVER TO 127.0.0.1 {replica.port})" in remedy
    assert "CONFIG SET appendonly" in remedy and "restart: defer" in remedy and "leave these settings out" in remedy
    # The command that is named does it, and then the restart is allowed.
    words = remedy.partition("(")[2].partition(")")[0].split()
    master.server.client().execute_command(*words)
    client = master.server.client()
    until(lambda: client.info("replication")["role"] == "slave", "the failover", "")
    in_sync(master.server)
    with open(master.server.config_file, "a", encoding="utf-8") as file:
        file.write(f"replicaof 127.0.0.1 {replica.port}\n")
    assert master.apply(*master.redis(databases=8), restart="allowed")["restarted"] is True
    assert master.server.client().get("key") == replica.client().get("key") == "value"


def test_without_a_replica_the_choices_are_explained(master: Any) -> None:
    remedy = losing(master)["remedy"]
    for choice in ("attach a replica", "turn on persistence", "restart: defer", "leave these settings out"):
        assert choice in remedy


def test_a_replica_that_may_never_be_master(master: Any, replica: Any) -> None:
    replica.client().config_set("replica-priority", 0)
    assert f"127.0.0.1:{replica.port}: its replica-priority is 0" in losing(master)["remedy"]


def test_a_replica_whose_memory_would_not_do(master: Any, replica: Any) -> None:
    replica.client().config_set("maxmemory", 1000)
    assert "its maxmemory is 1000" in losing(master)["remedy"]


def test_a_replica_that_stands_still_is_not_waited_for(
    master: Any, replica: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replication, "TIMEOUT", 0.2)
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        assert "could not be asked: The server does not answer in time" in losing(master)["remedy"]
    finally:
        os.kill(replica.pid, signal.SIGCONT)


def test_a_replica_that_does_not_know_our_login(changer: Make, redis_server: Make) -> None:
    host = changer(*FAST, password="right", login={"login_password": "right"})
    host.server.client().set("key", "value")
    other = redis_server(*FAST, f"replicaof 127.0.0.1 {host.server.port}", "masterauth right", password="another")
    in_sync(other)
    acknowledged(host)
    assert "could not be asked: The server does not let user default in" in losing(host)["remedy"]


def test_replicas_are_told_of_a_restart_and_of_nothing_else(
    changer: Make, redis_server: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changer(*FAST, persist=True)
    one, two = (redis_server(*FAST, f"replicaof 127.0.0.1 {host.server.port}") for _number in range(2))
    for replica in (one, two):
        in_sync(replica)
    client = host.server.client()
    until(lambda: client.info("replication").get("slave1", {}).get("state") == "online", "both", "")
    two.client().config_set("replica-priority", 0)
    restarts = host.apply(*host.redis(tcp_backlog=64), restart="allowed", check=True)
    assert [found["address"] for found in restarts["replicas"]] == [
        f"127.0.0.1:{port}" for port in (one.port, two.port)
    ]
    first, second = restarts["replicas"]
    assert first["in_sync"] and first["can_take_over"] and first["obstacle"] == ""
    assert first["failover"] == f"FAILOVER TO 127.0.0.1 {one.port}" and first["behind"] >= 0
    assert second["in_sync"] and not second["can_take_over"] and "replica-priority" in second["obstacle"]

    def asked(*_arguments: Any) -> None:
        raise AssertionError("a change that restarts nothing asks nobody else")

    monkeypatch.setattr(replication, "_ask", asked)
    assert host.apply(*host.redis(hz=20), check=True)["replicas"] == []


def test_databases_that_a_replica_alone_uses(master: Any, replica: Any) -> None:
    replica.client(db=3).set("own", "value")
    (hazard,) = master.refused(*master.redis(databases=2), restart="defer")
    assert hazard["id"] == "databases_in_use" and f"replica 127.0.0.1:{replica.port}" in hazard["reason"]
    (loses,) = master.apply(*master.redis(databases=8), restart="defer", check=True)["warnings"]
    assert "restart_loses_data" in loses


def test_databases_that_the_master_uses(changer: Make, redis_server: Make) -> None:
    above = redis_server(*FAST, "databases 64")
    host = changer(*FAST, f"replicaof 127.0.0.1 {above.port}")
    in_sync(host.server)
    above.client(db=5).set("key", "value")
    hazards = host.refused(*host.redis(databases=2), restart="defer")
    assert {hazard["id"] for hazard in hazards} == {"databases_in_use"}
    assert any(f"its master 127.0.0.1:{above.port}" in hazard["reason"] for hazard in hazards)
    (warning,) = host.apply(*host.redis(databases=8), restart="defer", check=True)["warnings"]
    assert f"Master 127.0.0.1:{above.port} has 64 databases" in warning


def test_a_replica_with_fewer_databases(master: Any, replica: Any) -> None:
    loses, warning = master.apply(*master.redis(databases=32), restart="defer", check=True)["warnings"]
    assert "restart_loses_data" in loses and f"Replica 127.0.0.1:{replica.port} has only 16 databases" in warning


def test_a_master_that_cannot_be_asked_is_said_to_be_unknown(changer: Make) -> None:
    host = changer("replicaof 127.0.0.1 1")
    (warning,) = host.apply(*host.redis(databases=2), restart="defer", check=True)["warnings"]
    assert "Master 127.0.0.1:1 may hold keys in databases that go away" in warning
