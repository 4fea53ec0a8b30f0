# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody writes the config file while a change is being applied: a Sentinel does, at a failover."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import persistence, writing

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def failover(host: Any, master: Any) -> None:
    """As a Sentinel makes a server a replica."""
    client = host.server.client()
    client.replicaof("127.0.0.1", master.port)
    client.config_rewrite()


@pytest.mark.parametrize("moment", ["wait_for_aof", "differing"])
def test_it_is_not_lost_in_a_rollback(
    moment: str, changer: Make, redis_server: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its own lines are written, which a large AOF delays, and after them, while the server loads its data."""
    host, master = changer(persist=True), redis_server()
    where: Any = persistence if moment == "wait_for_aof" else writing
    original = getattr(where, moment)

    def meanwhile(*arguments: Any) -> Any:
        if not host.server.client().config_get("replicaof")["replicaof"]:
            failover(host, master)
        return original(*arguments)

    monkeypatch.setattr(where, moment, meanwhile)
    host.apply(*host.redis(appendonly=True, hz=20))
    undone = host.run("rolled_back")
    assert f"replicaof 127.0.0.1 {master.port}".encode() in host.config
    assert b"hz 20" not in host.config and b"appendonly yes" not in host.config
    assert [one["done"] for one in undone["foreign"]] == ["kept"]
    assert (host.live("hz"), host.live("appendonly")) == ("10", "no")
