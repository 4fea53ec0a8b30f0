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
