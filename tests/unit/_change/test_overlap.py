# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings of two changes are the same thing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import overlap
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Change, Store
from ansible_collections.lowlat.redis.plugins.module_utils._server.process import Process

HERE = {"pid": os.getpid(), "process_started": Process.of(os.getpid()).started}
FIRST = {"pid": Process.of(1).pid, "process_started": Process.of(1).started}
GONE = {"pid": 2**22 + 1, "process_started": 1.0, "address": "127.0.0.1:6379"}
A, B = {"config_file": "/etc/redis/a.conf"}, {"config_file": "/etc/redis/b.conf"}
OTHER_PORT = {"address": "127.0.0.1:6380"}


def made(tmp_path: Path, server: dict[str, Any], unit: str | None, *settings: tuple[str, str, str | None]) -> Change:
    facts = [
        {
            "setting": {"kind": kind, "key": key, "value": "1", "unit": named},
            "before": {"live": "0", "persisted": None, "persistable": True},
            "live": True,
            "persisted": False,
            "restart": False,
            "skipped": "",
        }
        for kind, key, named in settings
    ]
    return Store(str(tmp_path / "state")).open("one", owner="me", server=server, unit=unit, settings=facts)


@pytest.mark.parametrize(
    ("one", "unit", "other", "other_unit", "same"),
    [
        ({}, None, GONE, None, True),
        (GONE, None, GONE, None, True),
        (GONE, None, {**GONE, "pid": 7}, None, True),
        (GONE, None, {**GONE, **OTHER_PORT, "pid": 7}, None, False),
        ({**GONE, **A}, None, {**GONE, **A, **OTHER_PORT, "pid": 7}, None, True),
        ({**GONE, **A}, None, {**GONE, **B, "pid": 7}, None, False),
        ({**GONE, **A}, "a.service", {**GONE, **B, "pid": 7}, "a.service", True),
        ({**GONE, "pid": 6}, "a.service", {**GONE, "pid": 7}, "b.service", False),
        ({**GONE, **A, "pid": 6}, "a.service", {**GONE, **A, "pid": 7}, None, True),
        ({**HERE, **A}, None, {**FIRST, **A}, None, False),
        ({**HERE, **A}, None, {**HERE, **B}, None, True),
        ({**GONE, "address": "unix:/a"}, None, {**GONE, "pid": 7}, None, True),
    ],
)
def test_servers_are_known_by_what_is_told(
    tmp_path: Path, one: dict[str, Any], unit: str | None, other: dict[str, Any], other_unit: str | None, same: bool
) -> None:
    mine, theirs = made(tmp_path, one, unit), made(tmp_path, other, other_unit)
    assert overlap.is_same_server(mine, theirs) is overlap.is_same_server(theirs, mine) is same


SETTINGS = (
    ("redis", "hz", None),
    ("affinity", "server", None),
    ("sysctl", "net.core.somaxconn", None),
    ("sysfs", "kernel/mm/transparent_hugepage/enabled", None),
    ("systemd", "Nice", "a.service"),
)


def test_of_two_servers_only_what_is_the_hosts_or_of_one_unit_is_the_same(tmp_path: Path) -> None:
    one = made(tmp_path, {**GONE, **A}, None, *SETTINGS)
    other = made(tmp_path, {**GONE, **B, "pid": 7}, None, *SETTINGS, ("systemd", "Nice", "b.service"))
    assert {kind for kind, _key, _unit in overlap.settings(one, other)} == {"sysctl", "sysfs", "systemd"}
    same = made(tmp_path, {**GONE, **A}, None, *SETTINGS)
    assert overlap.settings(one, same) == set(SETTINGS)
