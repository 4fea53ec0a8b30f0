# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals of releases that noted less are read all the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._change import remembered
from ansible_collections.lowlat.redis.plugins.module_utils._change.launch import Launch
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Change, Store

RUNTIME = {"timeout": "77"}


def opened(tmp_path: Path) -> Change:
    return Store(str(tmp_path / "state")).open("phase2", owner="me", runtime=RUNTIME, server={"pid": 7})


def host(pid: int, started: float) -> Any:
    return SimpleNamespace(instance=SimpleNamespace(pid=pid, process_started=started))


def test_a_launch_without_groups_has_none() -> None:
    facts = asdict(Launch("/usr/bin/redis-server", "/etc/redis.conf", "/", 1, 2, [3]))
    assert Launch(**facts).groups == [3]
    del facts["groups"]
    assert list(Launch(**facts).groups) == []


def test_a_restart_that_noted_nothing_is_put_right_from_the_first_entry(tmp_path: Path) -> None:
    change = opened(tmp_path)
    assert remembered.interrupted(change) is None
    change.journal.append("restarting")
    lost = remembered.interrupted(change)
    assert lost is not None
    assert (lost["runtime"], lost["cpus"], lost["pid"]) == (RUNTIME, [], 7)
    change.journal.append("restarted", pid=8, up_since=1.0)
    assert remembered.interrupted(change) is None


def test_the_newest_restart_counts(tmp_path: Path) -> None:
    change = opened(tmp_path)
    change.journal.append("restarting")
    change.journal.append("restarted", pid=8)
    change.journal.append("restarting", pid=8, process_started=5.0, runtime={"timeout": "5"}, cpus=[1])
    lost = remembered.interrupted(change)
    assert lost is not None
    assert (lost["runtime"], lost["cpus"], lost["pid"]) == ({"timeout": "5"}, [1], 8)


def test_a_process_is_known_by_its_start_too_where_that_was_noted() -> None:
    assert remembered.is_same_process(host(8, 5.0), {"pid": 8})
    assert remembered.is_same_process(host(8, 5.0), {"pid": 8, "process_started": 5.0})
    assert not remembered.is_same_process(host(8, 6.0), {"pid": 8, "process_started": 5.0})
    assert not remembered.is_same_process(host(9, 5.0), {"pid": 8})
