# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value that waits for the operator's own restart is kept only as that restart has brought it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import settling
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._server import modules

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def deferred(changer: Make, *settings: dict[str, Any]) -> Any:
    """A server with a key, under a change that waits for a restart."""
    host = changer(persist=True)
    host.server.client().set("key", "value")
    host.apply(*(settings or host.redis(databases=8)), restart="defer")
    return host


def restarted(host: Any, *options: str) -> None:
    """As an operator does it: in order, by hand."""
    host.server.client().shutdown()
    host.server.process.wait(10)
    host.server.start(*options)


def last(host: Any) -> dict[str, Any]:
    return dict(host.history()["changes"][-1])


def test_after_it_nothing_waits_any_more(changer: Make) -> None:
    host = deferred(changer)
    assert last(host)["pending_restart"] == ["databases"]
    restarted(host)
    confirmed = host.run("confirmed")
    assert (confirmed["state"], confirmed["pending_restart"], host.live("databases")) == ("confirmed", [], "8")
    assert last(host)["pending_restart"] == []
    assert host.run("confirmed")["pending_restart"] == []


def test_before_it_the_value_goes_on_waiting(changer: Make) -> None:
    host = deferred(changer)
    assert host.run("confirmed")["pending_restart"] == last(host)["pending_restart"] == ["databases"]


def test_another_value_than_the_one_that_waited_is_not_kept(changer: Make) -> None:
    host = deferred(changer)
    restarted(host, "--databases", "12")
    with pytest.raises(ChangeError, match="redis databases is '12', not '8'"):
        host.run("confirmed")
    assert last(host)["state"] == "applied"


def test_the_restarted_server_is_watched_until_it_has_settled(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = deferred(changer)
    restarted(host)
    watched: list[float] = []
    monkeypatch.setattr(settling, "prove_settled", lambda _host, seconds: watched.append(seconds))
    monkeypatch.setattr(settling, "SETTLE", 7.0)
    host.run("confirmed")
    assert max(watched) == 7.0


def test_the_children_that_wait_for_their_cpus_are_tried(changer: Make) -> None:
    cpu = {"kind": "redis", "key": "bgsave-cpulist", "value": str(min(os.sched_getaffinity(0)))}
    host = deferred(changer, cpu)
    restarted(host)
    host.run("confirmed")
    assert host.server.client().info("persistence")["rdb_saves"] >= 1


def test_what_that_restart_has_lost_is_told(changer: Make) -> None:
    """Values by command alone, options on a command line alone, and the CPUs."""
    host = changer(persist=True)
    host.server.stop()
    host.server.start("--tcp-backlog", "333")
    client = host.server.client()
    client.set("key", "value")
    client.config_set("timeout", 77)
    client.config_set("masterauth", "s3cret")
    client.config_set("maxmemory-samples", 7)
    os.sched_setaffinity(host.pid, {0})
    host.apply(*host.redis(databases=8), restart="defer")
    restarted(host)
    os.sched_setaffinity(host.pid, {0, 1})
    confirmed = host.run("confirmed")
    (told,) = confirmed["warnings"]
    for what in ("tcp-backlog (it was '333')", "timeout (it was '77')", "maxmemory-samples (it was '7')"):
        assert what in told
    assert "masterauth;" in told and "s3cret" not in told and "CPUs of its threads (they were 0)" in told
    assert "databases" not in told and host.live("timeout") == "0"
    assert last(host)["warnings"] == [told]


def test_what_the_operator_has_written_into_the_file_is_not_lost(changer: Make) -> None:
    host = changer("timeout 5", persist=True)
    host.apply(*host.redis(databases=8), restart="defer")
    path = Path(host.server.config_file)
    path.write_bytes(host.config.replace(b"timeout 5", b"timeout 9") + b"tcp-keepalive 60\n")
    restarted(host)
    assert host.run("confirmed")["warnings"] == []


def test_nor_is_what_the_file_brings_back(changer: Make) -> None:
    host = changer("timeout 5", persist=True, password="s3cret", login={"login_password": "s3cret"})
    host.apply(*host.redis(databases=8), restart="defer")
    host.server.client(password="s3cret").shutdown()
    host.server.process.wait(10)
    host.server.start()
    assert host.run("confirmed")["warnings"] == []


def test_a_restart_left_to_somebody_who_must_know_what_it_would_cost(changer: Make) -> None:
    """Nobody else would tell; in check mode too. The change itself harms nothing."""
    host = changer("maxmemory 3mb", "maxmemory-policy allkeys-lru", persist=True)
    host.server.client().config_set("maxmemory", "100mb")
    host.server.client().mset({f"key{number}": "x" * 50_000 for number in range(100)})
    host.server.client(db=9).set("key", "value")
    with open(host.server.config_file, "a", encoding="utf-8") as file:
        file.write("databases 4\n")
    settings = host.redis(tcp_backlog=100)
    rehearsed = host.apply(*settings, restart="defer", check=True)
    applied = host.apply(*settings, restart="defer")
    assert applied["pending_restart"] == ["tcp-backlog"] and applied["warnings"] == rehearsed["warnings"]
    evicts, databases = applied["warnings"]
    assert "for tcp-backlog, left to you, would hurt: [evicts_at_start]" in evicts and "maxmemory of 3145728" in evicts
    assert "[databases_at_start]" in databases and "database 9 holds keys" in databases
    host.run("rolled_back")


def test_the_choices_of_one_who_has_deferred_it(changer: Make) -> None:
    host = changer()
    host.server.client().set("key", "value")
    (warning,) = host.apply(*host.redis(tcp_backlog=100), restart="defer")["warnings"]
    assert "[restart_loses_data]" in warning and "turn on persistence" in warning and "restart: defer" not in warning


def test_what_cannot_be_looked_at_does_not_refuse_a_change_without_a_restart(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(*_arguments: Any) -> Any:
        raise OSError("nobody may look")

    host = changer(persist=True)
    monkeypatch.setattr(modules, "missing_at_a_start", blind)
    (warning,) = host.apply(*host.redis(tcp_backlog=100), restart="defer")["warnings"]
    assert "modules_at_start" in warning and "nobody may look" in warning


def test_a_restart_that_hurts_nothing_is_warned_of_by_nobody(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client().set("key", "value")
    assert host.apply(*host.redis(tcp_backlog=100), restart="defer")["warnings"] == []
