# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time limits of the calls of systemctl, on a host that is short of CPU: there a reload took longer than 30 seconds."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd


def takes(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every systemctl takes so long, by a clock that does not run."""

    def run(command: list[str], timeout: float, **_options: Any) -> subprocess.CompletedProcess[bytes]:
        if timeout < seconds:
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", run)


def test_a_reload_may_take_as_long_as_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    takes(120, monkeypatch)
    systemd.daemon_reload()
    systemd.restart("redis-server.service")


def test_a_question_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    takes(120, monkeypatch)
    with pytest.raises(ChangeError, match="did not end within 30 s"):
        systemd.show("redis-server.service", ["MainPID"])
