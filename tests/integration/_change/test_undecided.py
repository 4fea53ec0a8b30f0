# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server is dead, and by whom: what cannot be told stops no rollback."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import (
    boot,
    preimage,
    reviving,
    rollback,
    stopped,
    writing,
)
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._server.process import started

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
GONE = OSError(errno.EIO, os.strerror(errno.EIO), "/mnt/gone/redis.log")


def failing(*_arguments: Any) -> bool:
    raise GONE


def busy(*_arguments: Any) -> bool:
    raise ChangeError("systemctl show failed with 1", why="Failed to get properties")


def shut_down(host: Any) -> None:
    host.server.client().shutdown()
    host.server.process.wait(10)


def test_a_log_that_cannot_be_read(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    before = host.config
    host.apply(*host.redis(hz=20))
    host.server.stop()
    monkeypatch.setattr(stopped, "on_purpose", failing)
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], host.config, host.live("hz")) == ("rolled_back", True, before, "10")
    assert any("stopped the server" in warning and "/mnt/gone" in warning for warning in undone["warnings"])


def test_nobody_tells_whether_it_is_dead(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it may live, and gets no second one beside it."""
    host = changer(persist=True)
    before = host.config
    host.apply(*host.redis(hz=20))
    host.server.stop()
    with monkeypatch.context() as here:
        here.setattr(rollback, "is_dead", busy)
        here.setattr(reviving, "is_dead", busy)
        with pytest.raises(ChangeError, match="let us in to the server") as caught:
            host.run("rolled_back")
    assert caught.value.details["state"] == "rollback_failed" and host.config == before
    assert not Path("/proc", str(host.server.process.pid)).exists()
    assert host.run("rolled_back")["state"] == "rolled_back" and host.live("hz") == "10"


def test_the_reason_why_it_could_not_be_applied_is_told(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    before = host.config

    def die(*_arguments: Any) -> None:
        host.server.stop()
        raise ChangeError("The disk is full")

    monkeypatch.setattr(writing, "write_files", die)
    monkeypatch.setattr(stopped, "on_purpose", failing)
    with pytest.raises(ChangeError, match="The disk is full"):
        host.apply(*host.redis(hz=20))
    assert host.config == before and host.history()["changes"][-1]["state"] == "rolled_back"


def test_one_that_stays_stopped_is_asked_twice(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    before = host.config
    host.apply(*host.redis(hz=20))
    shut_down(host)
    answers = [True]
    monkeypatch.setattr(stopped, "on_purpose", lambda change: answers.pop() if answers else failing())
    undone = host.run("rolled_back")
    assert (undone["state"], undone["left_stopped"], host.config) == ("rolled_back", True, before)


@pytest.fixture
def other() -> Iterator[int]:
    """The pid of a process that is no server; whatever begins later begins in another tick of the kernel's clock."""
    process = subprocess.Popen(["sleep", "600"])
    until(lambda: boot.seconds() > started(process.pid) + 0.02, "the next tick", "")
    yield process.pid
    process.kill()
    process.wait()


def reused(host: Any, pid: int, monkeypatch: pytest.MonkeyPatch, *lost: str) -> None:
    """By now another process has the number of its server, as may be after a reboot; ``lost`` is not in its journal."""
    capture = preimage.capture

    def with_that_pid(*given: Any) -> dict[str, Any]:
        facts = capture(*given)
        server = {name: fact for name, fact in facts["server"].items() if name not in lost}
        return {**facts, "server": {**server, "pid": pid}}

    with monkeypatch.context() as here:
        here.setattr(preimage, "capture", with_that_pid)
        host.apply(*host.redis(hz=20))
    host.server.stop()


def test_another_process_with_its_number_is_not_the_server(
    changer: Make, other: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changer(persist=True)
    reused(host, other, monkeypatch)
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"], host.live("hz")) == ("rolled_back", True, "10")


def test_a_journal_that_tells_the_number_alone(changer: Make, other: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be the server, which gets no second one beside it."""
    host = changer(persist=True)
    before = host.config
    reused(host, other, monkeypatch, "process_started")
    with pytest.raises(ChangeError, match="let us in to the server"):
        host.run("rolled_back")
    assert host.config == before
