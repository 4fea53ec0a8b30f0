# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of systemctl on a host that is short of CPU, and while systemd starts itself anew, as when it is upgraded."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd

# As systemctl 252 said it when it was run beside a daemon-reexec.
AWAY = "Failed to restart one.service: Message recipient disconnected from message bus without replying"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A systemctl that fails at its first call, with what stands in `says`, and writes down its calls."""
    script = tmp_path / "systemctl"
    script.write_text(
        f'#!/bin/sh\ncd {tmp_path}\necho "$*" >>calls\n'
        '[ "$(wc -l <calls)" -gt 1 ] && echo done && exit\ncat says >&2\nexit 1\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path / "calls"


def test_a_systemd_that_starts_itself_anew_is_asked_again(calls: Path) -> None:
    calls.with_name("says").write_text(AWAY)
    assert systemd.systemctl("restart", "--", "one.service") == "done\n"
    assert len(calls.read_text().splitlines()) == 2


def test_what_fails_for_any_other_reason_is_not_done_twice(calls: Path) -> None:
    calls.with_name("says").write_text("Job for one.service failed")
    with pytest.raises(ChangeError, match="failed with 1: Job for one.service failed"):
        systemd.systemctl("restart", "--", "one.service")
    assert len(calls.read_text().splitlines()) == 1


def takes(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every systemctl takes so long, by a clock that does not run."""

    def run(command: list[str], timeout: float, **_options: Any) -> subprocess.CompletedProcess[bytes]:
        if timeout < seconds:
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", run)


def test_a_reload_may_take_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    takes(120, monkeypatch)
    systemd.daemon_reload()


def test_a_restart_may_take_as_long_as_the_caller_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    takes(600, monkeypatch)
    systemd.restart("redis-server.service", 900)
    with pytest.raises(ChangeError, match="did not end within 300 s"):
        systemd.restart("redis-server.service", 300)


def test_a_question_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    takes(120, monkeypatch)
    with pytest.raises(ChangeError, match="did not end within 30 s"):
        systemd.show("redis-server.service", ["MainPID"])


@pytest.mark.parametrize(
    ("span", "seconds"),
    [("1min 30s", 90), ("5s", 5), ("1.5s", 1.5), ("500ms", 0.5), ("1h", 3600), ("infinity", math.inf), ("", math.inf)],
)
def test_a_span_is_read_as_it_is_shown(span: str, seconds: float) -> None:
    assert systemd.seconds(span) == seconds
