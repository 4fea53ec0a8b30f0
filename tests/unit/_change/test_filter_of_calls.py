# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server may pin itself, as a change leaves the filter of its unit."""

from __future__ import annotations

from fnmatch import fnmatch
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import guards_systemd
from ansible_collections.lowlat.redis.plugins.module_utils._change.plan import Plan, PlannedSetting
from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Setting

FORBIDS = "~acct sched_setaffinity"
OWN = "redis-server.service"


def host_of(monkeypatch: pytest.MonkeyPatch, shown: str, unit: str | None = OWN, **running: str) -> Any:
    monkeypatch.setattr(systemd, "show", lambda *_arguments: {"SystemCallFilter": shown})
    client = SimpleNamespace(config_get=lambda name: {key: running[key] for key in running if fnmatch(key, name)})
    return SimpleNamespace(instance=SimpleNamespace(unit=unit), client=client)


def plan_of(value: str | None, unit: str = OWN) -> Plan:
    setting = Setting("systemd", "SystemCallFilter", value or "", unit)
    return Plan([] if value is None else [PlannedSetting(setting, live=True)])


@pytest.mark.parametrize(
    ("shown", "wanted", "may"),
    [
        ("", None, True),
        (FORBIDS, None, False),
        (FORBIDS, "sched_setaffinity", True),
        (FORBIDS, "", True),
        (FORBIDS, "~swapon", False),
        ("", "~sched_setaffinity", False),
        ("", "~swapon", True),
    ],
)
def test_what_the_change_writes_counts(
    monkeypatch: pytest.MonkeyPatch, shown: str, wanted: str | None, may: bool
) -> None:
    assert guards_systemd.may_pin(plan_of(wanted), host_of(monkeypatch, shown)) is may


def test_the_filter_of_another_unit_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    host = host_of(monkeypatch, FORBIDS)
    assert guards_systemd.may_pin(plan_of("sched_setaffinity", "other.service"), host) is False
    assert guards_systemd.may_pin(plan_of(None), host_of(monkeypatch, FORBIDS, None)) is True


@pytest.mark.parametrize(
    ("shown", "wanted", "running", "says"),
    [
        ("", "sched_setaffinity", {}, "no calls but sched_setaffinity"),
        ("", "~sched_setaffinity", {"server_cpulist": "0"}, "which server-cpulist needs"),
        ("", "~sched_setaffinity", {"server_cpulist": ""}, ""),
        ("", "~swapon", {"bgsave_cpulist": "1"}, ""),
        (FORBIDS, "sched_setaffinity", {}, ""),
    ],
)
def test_a_filter_that_the_server_cannot_live_with(
    monkeypatch: pytest.MonkeyPatch, shown: str, wanted: str, running: dict[str, str], says: str
) -> None:
    plan = plan_of(wanted)
    found = list(guards_systemd.filter_kills(plan.settings[0], plan, host_of(monkeypatch, shown, **running)))
    assert [hazard.id for hazard in found] == (["syscall_filter"] if says else [])
    assert not found or says in found[0].reason
