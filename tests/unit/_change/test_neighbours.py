# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other services before a change and after its rollback."""

from __future__ import annotations

import os
from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import boot, foreign, neighbours
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._change.undone import Undone
from ansible_collections.lowlat.redis.plugins.module_utils._host import services
from ansible_collections.lowlat.redis.plugins.module_utils._host.services import Service

RUNS = Service("active", 0, 1000, "0-3")
SHOWN = """\
Type=notify
NRestarts=2
ExecMainStartTimestampMonotonic=123456
MainPID={pid}
Id=web.service
ActiveState=active

Type=oneshot
NRestarts=0
ExecMainStartTimestampMonotonic=1
MainPID={pid}
Id=backup.service
ActiveState=activating

Type=simple
NRestarts=5
MainPID=0
Id=broken.service
ActiveState=failed

Type=simple
MainPID=0
Id=idle.service
ActiveState=inactive

Type=simple
MainPID={pid}
Id=user@1000.service
ActiveState=active
"""


def test_what_systemd_shows_is_read_in_one_go() -> None:
    found = services.read(SHOWN.format(pid=os.getpid()))
    assert set(found) == {"web.service", "broken.service"}
    web = found["web.service"]
    assert (web.state, web.restarts, web.started) == ("active", 2, 123456) and web.cpus
    assert found["broken.service"] == Service("failed", 5, 0, "")


def test_there_are_never_too_many_to_remember() -> None:
    paragraph = "Type=simple\nMainPID={0}\nId=s{0}.service\nActiveState=active"
    assert len(services.read("\n\n".join(paragraph.format(n) for n in range(1, 2000)))) == services.MOST


def told(now: dict[str, Service], *, same_boot: bool = True) -> list[str]:
    return list(neighbours.disturbed({"web.service": RUNS}, now, same_boot=same_boot))


def test_what_runs_as_before_is_not_mentioned() -> None:
    assert told({"web.service": RUNS, "new.service": RUNS}) == []


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ({}, "was active before the change and is not running"),
        ({"web.service": Service("failed", 0, 1000, "")}, "is failed"),
        (
            {"web.service": Service("active", 3, 2000, "0-3")},
            "started again since the change began, 3 times by systemd",
        ),
        ({"web.service": Service("active", 0, 2000, "0-3")}, "was started again since the change began; it cannot be"),
    ],
)
def test_a_service_that_was_disturbed_is_named(now: dict[str, Service], says: str) -> None:
    (sentence,) = told(now)
    assert sentence.startswith("web.service") and says in sentence


def test_a_reboot_starts_everything_again() -> None:
    assert told({"web.service": Service("active", 0, 2, "0-3")}, same_boot=False) == []


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A rollback of a change that wrote this setting, on a host where a service has other CPUs since."""

    def make(kind: str, key: str) -> Undone:
        setting = {"kind": kind, "key": key, "value": "1", "unit": None, "optional": False}
        facts = {"setting": setting, "before": {"live": "0", "persisted": None}, "live": True, "persisted": False}
        change = Store(str(tmp_path / key)).open(
            "trial",
            owner="me",
            boot_id=boot.identity(),
            services={"web.service": list(astuple(RUNS))},
            settings=[{**facts, "restart": False, "skipped": ""}],
        )
        monkeypatch.setattr(
            neighbours, "services", SimpleNamespace(services=lambda: {"web.service": Service("active", 0, 1000, "0")})
        )
        result = foreign.begin(change)
        neighbours.compare(result)
        return result

    return make


def test_cpus_that_the_change_can_have_taken_are_left_to_put_right(compared: Any) -> None:
    for kind, key in (("systemd", "CPUAffinity"), ("systemd", "AllowedCPUs"), ("affinity", "server")):
        result = compared(kind, key)
        assert result.left == ["web.service runs on the CPUs 0, before the change on 0-3"] and not result.warnings


def test_else_nobody_can_tell_whose_doing_it_was(compared: Any) -> None:
    result = compared("redis", "hz")
    assert not result.left and result.warnings == ["web.service runs on the CPUs 0, before the change on 0-3"]
