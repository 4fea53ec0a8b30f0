# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that the disk has no room for is not opened, and one whose end it has no room for is not at its end."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import armed, watching
from ansible_collections.lowlat.redis.plugins.module_utils._change.journal import Journal
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host import files
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands
from tests.integration._change.conftest import Changer

from .test_deadline import apply, directory, state

pytestmark = pytest.mark.slow

Make = Callable[..., Changer]


class Disk:
    """Whether the journal has room for another entry, and a directory for a journal."""

    full = False


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()

    def unless_full(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **facts: Any) -> Any:
            if disk.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "journal")
            return method(*arguments, **facts)

        return call

    monkeypatch.setattr(Journal, "append", unless_full(Journal.append))
    monkeypatch.setattr(Journal, "create", unless_full(Journal.create))
    return disk


def test_the_host_takes_back_what_it_can_and_comes_to_an_end_when_there_is_room(changer: Make, disk: Disk) -> None:
    host = changer()
    before = host.config
    applied = apply(host, *host.redis(hz=20))
    armed = directory(host, applied) / "armed"
    disk.full = True
    assert commands.main(["recover", host.state_directory]) == commands.AGAIN
    assert (host.config, host.live("hz"), armed.exists()) == (before, "10", True)
    with pytest.raises(ChangeError, match="No space left"):
        host.run("rolled_back")
    disk.full = False
    assert commands.main(["recover", host.state_directory]) == commands.DONE
    assert (state(host), armed.exists()) == ("rolled_back", False)


def test_the_process_that_watches_tries_again(changer: Make, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    disk.full = True

    def make_room(_seconds: float) -> None:
        assert (state(host), host.live("hz")) == ("applied", "10")
        disk.full = False

    monkeypatch.setattr(time, "sleep", make_room)
    # What it starts as a process runs here, beside the disk that is full.
    monkeypatch.setattr(os, "spawnv", lambda _mode, _program, words: commands.main(words[2:]))
    monkeypatch.setattr(watching, "_say_so", lambda: None)
    monkeypatch.setattr(armed.Deadline, "is_over", lambda _armed: True)
    assert watching.main(["watch", os.fspath(directory(host, applied)), "0"]) == commands.DONE
    assert state(host) == "rolled_back"


def test_no_room_to_remember_a_restart_is_no_restart(changer: Make, disk: Disk) -> None:
    host = changer(persist=True)
    apply(host, *host.redis(databases=1, hz=20), restart="allowed")
    pid = host.pid
    disk.full = True
    assert commands.main(["recover", host.state_directory]) == commands.AGAIN
    assert (host.pid, host.live("hz"), host.live("databases")) == (pid, "10", "1")
    disk.full = False
    assert commands.main(["recover", host.state_directory]) == commands.DONE
    assert (state(host), host.live("databases")) == ("rolled_back", "16")


def test_of_what_there_is_no_room_to_open_nothing_is_left(changer: Make, disk: Disk) -> None:
    host = changer()
    before = host.config
    disk.full = True
    with pytest.raises(ChangeError, match="No space left"):
        apply(host, *host.redis(hz=20))
    assert (host.config, host.live("hz")) == (before, "10")
    assert list(Path(host.state_directory, "changes").iterdir()) == []


@pytest.mark.parametrize("full", ["copy", "journal"])
@pytest.mark.parametrize("policy", ["restore", "keep"])
def test_an_edit_that_there_is_no_room_to_keep_is_not_overwritten(
    changer: Make, disk: Disk, monkeypatch: pytest.MonkeyPatch, policy: str, full: str
) -> None:
    host = changer("hz 10", persist=True)
    before = host.config
    apply(host, *host.redis(hz=20, databases=8), restart="allowed", on_foreign_change=policy)
    pid = host.pid
    theirs = b"# precious\nslowlog-max-len 777\n"
    Path(host.server.config_file).write_bytes(host.config + theirs)
    edited, replace_bytes = host.config, files.replace_bytes

    def unless_full(path: str, *arguments: Any) -> None:
        if disk.full and full == "copy" and os.path.basename(path).startswith("foreign-"):
            raise ChangeError("Cannot write the file", where=path, why=os.strerror(errno.ENOSPC))
        replace_bytes(path, *arguments)

    monkeypatch.setattr(files, "replace_bytes", unless_full)
    disk.full = True
    with pytest.raises(ChangeError, match=f"put {host.server.config_file} back: what others"):
        host.run("rolled_back")
    assert (host.config, host.live("hz"), host.pid) == (edited, "10", pid)
    disk.full = False
    undone = host.run("rolled_back")
    assert (undone["state"], host.config) == ("rolled_back", before + theirs * (policy == "keep"))
    assert [Path(one["copy"]).read_bytes() for one in undone["foreign"]] == [edited]
