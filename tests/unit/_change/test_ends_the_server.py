# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of its unit by which a server is ended, unsaved, when it has long settled."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import guards_systemd
from ansible_collections.lowlat.redis.plugins.module_utils._change.plan import Plan, PlannedSetting
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Setting

OWN = "redis-server.service"


def found(key: str, value: str, unit: str = OWN) -> list[str]:
    host: Any = SimpleNamespace(instance=SimpleNamespace(unit=OWN))
    item = PlannedSetting(Setting("systemd", key, value, unit))
    return [hazard.id for hazard in guards_systemd.ends_the_server(item, Plan([item]), host)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("WatchdogSec", "30"),
        ("RuntimeMaxSec", "1h"),
        ("LimitCPU", "3600"),
        ("LimitFSIZE", "0"),
        ("KillSignal", "SIGKILL"),
        ("RestartKillSignal", "9"),
    ],
)
def test_they_are_refused(key: str, value: str) -> None:
    assert found(key, value) == ["ends_the_server"]
    assert found(key, value, "another.service") == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("WatchdogSec", "0"),
        ("RuntimeMaxSec", "infinity"),
        ("LimitFSIZE", "infinity"),
        ("KillSignal", "SIGTERM"),
        ("TimeoutStopSec", "90"),
    ],
)
def test_those_that_end_nothing_are_not(key: str, value: str) -> None:
    assert found(key, value) == []
