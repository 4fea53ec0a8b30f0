# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart brings the server back with its data, its runtime settings and its CPUs."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import settling
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_an_immutable_directive_with_a_restart_and_back_again(changer: Make) -> None:
    host = changer(persist=True)
    client = host.server.client()
    client.mset({f"key{number}": number for number in range(100)})
    client.config_set("timeout", 77)  # by hand, never stored
    before = host.config
    os.sched_setaffinity(host.server.pid, {0})
    applied = host.apply(*host.redis(databases=1, hz=8), restart="allowed")
    assert applied["restarted"] is True
    assert (host.live("databases"), host.live("hz"), host.live("timeout")) == ("1", "8", "77")
    assert client.dbsize() == 100
    new_pid = client.info("server")["process_id"]
    assert new_pid != host.server.pid
    assert os.sched_getaffinity(new_pid) == {0}
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"]) == ("rolled_back", True)
    assert (host.live("databases"), host.live("hz"), host.live("timeout")) == ("16", "10", "77")
    assert client.dbsize() == 100
    assert host.config == before


def test_deferred_it_is_written_and_pending(changer: Make) -> None:
    host = changer(persist=True)
    before = host.config
    applied = host.apply(*host.redis(databases=1), restart="defer")
    assert (applied["restarted"], applied["pending_restart"]) == (False, ["databases"])
    assert host.live("databases") == "16" and b"databases 1\n" in host.config
    assert host.run("confirmed")["pending_restart"] == ["databases"]
    host.run("rolled_back")
    assert host.config == before


def test_with_an_aof_alone_the_data_comes_back(changer: Make) -> None:
    host = changer("appendonly yes")
    host.server.client().set("key", "value")
    assert host.apply(*host.redis(databases=1), restart="allowed")["restarted"] is True
    assert host.server.client().get("key") == "value"


def test_an_empty_server_without_persistence_may_be_restarted(changer: Make) -> None:
    host = changer()
    assert not (Path(host.server.directory) / "dump.rdb").exists()
    assert host.apply(*host.redis(databases=1), restart="allowed")["restarted"] is True


def test_a_server_that_dies_soon_after_its_restart_is_not_kept(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(databases=1), restart="allowed")
    monkeypatch.setattr(settling, "SETTLE", 3600.0)  # confirming watches it until it dies
    pid = host.server.client().info("server")["process_id"]
    dies = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
    dies.start()
    with pytest.raises(ChangeError, match=f"did not stay up after its restart.*process {pid} is gone"):
        host.run("confirmed")
    dies.join()
    assert host.history()["changes"][-1]["state"] == "applied"


@pytest.mark.parametrize("key", ["bgsave-cpulist", "aof-rewrite-cpulist"])
def test_the_children_that_were_given_cpus_are_tried(changer: Make, key: str) -> None:
    host = changer("appendonly yes", persist=True)
    host.server.client().set("key", "value")
    cpu = {"kind": "redis", "key": key, "value": str(min(os.sched_getaffinity(0)))}
    assert host.apply(cpu, restart="allowed")["restarted"] is True
    facts = host.server.client().info("persistence")
    assert facts["rdb_saves"] >= 1 and facts["aof_rewrites"] >= 1


def test_where_nobody_can_save_nothing_is_restarted(changer: Make) -> None:
    host = changer(persist=True)
    client, before = host.server.client(), host.config
    client.set("key", "value")
    (Path(host.server.directory) / "dump.rdb" / "in the way").mkdir(parents=True)
    with pytest.raises(ChangeError, match="BGSAVE failed, so the server was not restarted; the host was put back"):
        host.apply(*host.redis(databases=8), restart="allowed")
    assert (host.pid, host.config) == (host.server.pid, before)
    client.config_set("stop-writes-on-bgsave-error", "no")
    assert client.get("key") == "value"
