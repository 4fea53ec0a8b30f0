# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit of another server that needs this one's: systemd restarts both, and nobody has looked after its data."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from tests.integration._change.in_unit import UNIT, PlayedSystemd

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


class Bound(PlayedSystemd):
    """``others`` are further units: name to properties."""

    others: dict[str, dict[str, str]] = {}

    def _run(self, arguments: Sequence[str], shown: str, timeout: float) -> subprocess.CompletedProcess[bytes]:
        facts = self.others.get(arguments[-1])
        if facts is None:
            return super()._run(arguments, shown, timeout)
        told = "".join(f"{name}={value}\n" for name, value in {"Id": arguments[-1], **facts}.items())
        return subprocess.CompletedProcess([shown], 0, told.encode(), b"")


@pytest.fixture
def host(changer: Make, redis_server: Make, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Which a target needs, once ``bind`` says so, and that a second server and something else."""
    made, other = changer(persist=True), redis_server()
    made.systemd = Bound(made.server)
    made.systemd.play(monkeypatch)
    made.systemd.others = {
        "all.target": {"ConsistsOf": f"second.service {UNIT}", "BoundBy": "app.service"},
        "second.service": {"MainPID": str(other.pid)},
        "app.service": {"MainPID": str(os.getpid())},
        "stopped.service": {"MainPID": "0"},
    }
    made.bind = lambda *names: made.systemd.facts.update(Id=UNIT, RequiredBy=" ".join(names))
    return made


def test_the_server_is_not_restarted(host: Any) -> None:
    host.bind("all.target")
    (hazard,) = host.refused(*host.redis(databases=8), restart="allowed")
    assert hazard["id"] == "restarts_another" and "second.service" in hazard["reason"]
    assert host.apply(*host.redis(hz=20))["state"] == "applied"


def test_nor_by_a_rollback(host: Any) -> None:
    host.apply(*host.redis(databases=8), restart="allowed")
    host.bind("all.target")
    pid = host.pid
    with pytest.raises(ChangeError, match="Another server would be restarted"):
        host.run("rolled_back")
    assert host.pid == pid


def test_of_anything_else_it_is_said(host: Any) -> None:
    host.bind("app.service", "stopped.service")
    done = host.apply(*host.redis(databases=8), restart="allowed")
    assert done["restarted"]
    assert [each for each in done["warnings"] if "app.service needs" in each and "stopped" not in each]
