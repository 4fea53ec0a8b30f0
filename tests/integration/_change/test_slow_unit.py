# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit of Type=notify has started only when its server has loaded all: no wait is shorter than without a unit."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import waiting
from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd
from ansible_collections.lowlat.redis.plugins.module_utils._server import instance

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
UNIT = "slow.service"
#: Of its save and its load together, by a clock that does not run. Seconds.
TAKES = waiting.PATIENCE - 1


@pytest.fixture
def host(changer: Make, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server in a unit, of a systemd that is played: it starts the real one."""
    made = changer(persist=True)

    def run(arguments: Sequence[str], shown: str, timeout: float) -> subprocess.CompletedProcess[bytes]:
        if arguments[0] == "restart":
            if timeout < TAKES:
                raise systemd.ChangeError(f"{shown} did not end within {timeout:.0f} s")
            made.server.stop()
            made.server.start()
        facts = f"ActiveState=active\nNRestarts=0\nMainPID={made.server.pid if alive() else 0}\n"
        return subprocess.CompletedProcess([shown], 0, facts.encode(), b"")

    def alive() -> bool:
        return made.server.process.poll() is None

    monkeypatch.setattr(systemd, "_run", run)
    monkeypatch.setattr(instance, "unit_of", lambda _process: (UNIT, None))
    return made


def test_it_is_waited_for_in_a_change_and_its_rollback(host: Any) -> None:
    host.server.client().set("key", "value")
    assert host.apply(*host.redis(databases=8), restart="allowed")["restarted"] and host.live("databases") == "8"
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], host.live("databases")) == ("rolled_back", True, "16")
    assert host.server.client().get("key") == "value"


def test_it_is_waited_for_where_a_rollback_starts_a_dead_one(host: Any) -> None:
    host.apply(*host.redis(hz=20))
    host.server.stop()
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], host.live("hz")) == ("rolled_back", True, "10")
