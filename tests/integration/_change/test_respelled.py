# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that writes its config file anew under a change spells values in its own way: a Sentinel has it do so."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from tests.integration._change.test_edited_meanwhile import failover
from tests.integration._change.test_hazards_way_back import taken_back_by_the_host

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_what_the_change_set_goes_out_of_it_all_the_same(changer: Make, redis_server: Make) -> None:
    host, master = changer("save 900 1", "maxmemory 1gb", "hz 10", persist=True), redis_server()
    before, live = host.config, host.live("client-output-buffer-limit")
    limits = "replica 512mb 64mb 60"
    host.apply(
        *host.redis(save="3600 1 300 100 60 10000", hz=20, maxmemory="2000mb", client_output_buffer_limit=limits),
        *host.redis(notify_keyspace_events="AKE", repl_backlog_size="2mb", timeout=100),
    )
    failover(host, master)
    assert b"maxmemory 2000mb\n" in host.config and b"save 300 100\n" in host.config
    undone = taken_back_by_the_host(host)
    assert (undone.change.state, undone.left) == ("rolled_back", [])
    there = host.config.replace(b'"', b"")
    assert there.startswith(before.rstrip(b"\n") + b"\n")
    assert f"replicaof 127.0.0.1 {master.port}".encode() in there
    for name in (b"client-output", b"notify-keyspace", b"repl-backlog", b"timeout", b"save 300", b"save 60"):
        assert name not in there
    assert (host.live("client-output-buffer-limit"), host.live("maxmemory")) == (live, str(2**30))


def test_what_somebody_has_set_beside_it_stays(changer: Make, redis_server: Make) -> None:
    """Of another class of clients, and another value of a directive of the change."""
    host, master = changer("hz 10", "maxmemory 1gb", persist=True), redis_server()
    host.apply(*host.redis(hz=20, maxmemory="2gb", client_output_buffer_limit="replica 512mb 64mb 60"))
    host.server.client().config_set("client-output-buffer-limit", "pubsub 64mb 8mb 60")
    host.server.client().config_set("hz", 50)
    failover(host, master)
    undone = taken_back_by_the_host(host)
    assert undone.change.state == "rollback_failed" and any("client-output" in step for step in undone.left)
    assert b"pubsub 64mb 8mb 60" in host.config and b"hz 50\n" in host.config
    assert b"maxmemory 1gb\n" in host.config and b"maxmemory 2gb" not in host.config


@pytest.mark.parametrize("lines", [(), ("tcp-backlog 256",)])
def test_what_waits_for_a_restart_is_written_over_by_what_runs(changer: Make, lines: tuple[str, ...]) -> None:
    """Nobody has chosen that value: it was the server's own before the change."""
    host = changer(*lines)
    host.apply(*host.redis(tcp_backlog=300, hz=20), restart="defer")
    host.server.client().config_rewrite()
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert [line for line in host.config.decode().splitlines() if line.startswith(("tcp-backlog", "hz"))] == [*lines]
