# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of what a server would do to its clients, and beside each the harmless neighbour that passes."""

from __future__ import annotations

import os
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._server import directives

Make = Callable[..., Any]


def ids(host: Any, *settings: dict[str, Any], **params: Any) -> list[str]:
    return [hazard["id"] for hazard in host.refused(*settings, **params)]


def passes(host: Any, *settings: dict[str, Any], **params: Any) -> dict[str, Any]:
    """What a rehearsal says."""
    result: dict[str, Any] = host.apply(*settings, check=True, **params)
    assert result["state"] == "applied"
    return result


def test_every_hazard_is_told_at_once(changer: Make) -> None:
    host = changer()
    host.server.client(db=3).set("key", "value")
    settings = host.redis(databases=1, hz=1000, maxmemory="100kb")
    assert ids(host, *settings) == ["databases_in_use", "hz_clamped", "maxmemory_below_used", "restart_required"]


def test_fewer_clients_than_there_are(changer: Make) -> None:
    host = changer()
    held = [host.server.client() for _number in range(20)]
    for client in held:
        client.client_setname("held")
    (hazard,) = host.refused(*host.redis(maxclients=20))
    assert hazard["id"] == "maxclients_in_use" and "choose at least" in hazard["remedy"]
    passes(host, *host.redis(maxclients=100))


def test_more_replicas_than_there_are(changer: Make) -> None:
    host = changer()
    assert ids(host, *host.redis(min_replicas_to_write=1)) == ["min_replicas_missing"]
    passes(host, *host.redis(min_replicas_to_write=1, min_replicas_max_lag=0))
    host.server.client().config_set("min-replicas-to-write", 2)  # it refuses every write already
    passes(host, *host.redis(min_replicas_to_write=1))
    host.server.client().config_set("min-replicas-max-lag", 0)  # which turns that off
    assert ids(host, *host.redis(min_replicas_to_write=1, min_replicas_max_lag=10)) == ["min_replicas_missing"]
    host.server.client().config_set("min-replicas-max-lag", 10)
    passes(host, *host.redis(repl_diskless_sync_delay=1))


def test_io_threads_that_would_spin_on_one_cpu(changer: Make) -> None:
    host = changer(persist=True)
    pinned = {"kind": "affinity", "key": "server", "value": str(min(os.sched_getaffinity(0)))}
    assert ids(host, *host.redis(io_threads=2), pinned, restart="allowed") == ["io_threads_without_cpus"]
    os.sched_setaffinity(host.pid, {min(os.sched_getaffinity(0))})
    assert ids(host, *host.redis(io_threads=2), restart="allowed") == ["io_threads_without_cpus"]
    passes(host, pinned, *host.redis(hz=8))


def test_io_threads_with_a_cpu_each(changer: Make) -> None:
    host = changer(persist=True)
    here = len(os.sched_getaffinity(host.pid))
    if here > 1:
        passes(host, *host.redis(io_threads=2), restart="allowed")
    assert ids(host, *host.redis(io_threads=here + 1), restart="allowed") == ["io_threads_without_cpus"]


@pytest.mark.parametrize("key", ["cluster-config-file", "unixsocketperm", "cluster-announce-port", "supervised"])
def test_what_makes_it_another_server(changer: Make, key: str) -> None:
    host = changer(persist=True)
    value = {"unixsocketperm": "700", "cluster-announce-port": "1", "supervised": "systemd"}.get(key, "other.conf")
    setting = {"kind": "redis", "key": key, "value": value}
    assert "moves_the_server" in ids(host, setting, restart="allowed")


def test_a_limit_is_raised_before_an_evicting_policy_comes(changer: Make) -> None:
    """The other way round the policy would evict under the old limit, in the moment between the two."""
    host = changer("maxmemory 3mb", "maxmemory-policy noeviction")
    client = host.server.client()
    client.config_set("maxmemory", "100mb")
    client.mset({f"key{number}": "x" * 1000 for number in range(5000)})
    client.config_set("maxmemory", "3mb")
    assert ids(host, *host.redis(maxmemory_policy="allkeys-lru")) == ["maxmemory_below_used"]
    host.apply(*host.redis(maxmemory_policy="allkeys-lru", maxmemory="100mb"))
    assert client.dbsize() == 5000 and client.info("stats")["evicted_keys"] == 0


@pytest.mark.parametrize(
    ("key", "value", "live", "restart"),
    [("tcp-backlog", 64, "511", True), ("databases", 12, "16", True), ("tcp-keepalive", 30, "300", False)],
)
def test_the_server_is_asked_what_needs_a_restart(
    changer: Make, monkeypatch: pytest.MonkeyPatch, key: str, value: int, live: str, restart: bool
) -> None:
    """Whatever the table says, which cannot know every version: and nothing is set by the question."""
    monkeypatch.setattr(directives, "immutable", lambda *_arguments: not restart)
    host = changer(persist=True)
    result = passes(host, {"kind": "redis", "key": key, "value": value}, restart="allowed")
    assert result["settings"][0]["restart"] is restart
    assert host.live(key) == live


def test_a_cpu_list_that_the_threads_do_not_have_is_not_believed(changer: Make) -> None:
    """Redis ignores a list that it cannot read, and CONFIG GET shows it all the same."""
    host = changer("server_cpulist 4000", persist=True)
    cpu = str(min(os.sched_getaffinity(0)))
    result = passes(host, {"kind": "redis", "key": "server-cpulist", "value": cpu}, restart="allowed")
    assert host.live("server_cpulist") == "4000"
    assert result["settings"][0]["before"] != "4000"


def test_a_kind_that_there_is_not(changer: Make) -> None:
    host = changer()
    with pytest.raises(Exception, match="There is no setting kind 'cmdline'.*the kinds are affinity, redis"):
        host.apply({"kind": "cmdline", "key": "isolcpus", "value": "1"})
