# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A damaged copy of the code on the host is not trusted with another change: it would end in an error for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import armed, deadline, watching, whole_copy
from ansible_collections.lowlat.redis.plugins.module_utils._change.armed import Deadline
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands, copy
from tests.integration._runner.test_deadline import apply, directory, run, runner, state

pytestmark = pytest.mark.slow


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    os.truncate(path, 1000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [flip, cut, empty])
def test_it_is_replaced(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = copy.install(tmp_path)
    sound, inode = path.read_bytes(), path.stat().st_ino
    assert copy.install(tmp_path) == path and path.stat().st_ino == inode  # a sound one stays
    damage(path)
    assert copy.install(tmp_path) == path and path.read_bytes() == sound
    done = subprocess.run([sys.executable, path, "recover", tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, path.stat().st_mode & 0o777) == (0, 0o600), done.stderr
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_the_next_change_is_armed_with_a_sound_one(changer: Callable[..., Any]) -> None:
    host = changer()
    apply(host, *host.redis(hz=20))
    cut(runner(host))
    assert host.run("rolled_back")["state"] == "rolled_back"  # by whoever asks, with a copy of his own
    apply(host, *host.redis(hz=30))
    assert run(host, "recover", host.state_directory).returncode == 0
    assert host.live("hz") == "10"


def gone(path: Path) -> None:
    path.unlink()


def pass_its_deadline(where: Path) -> Deadline:
    """As if its time had come."""
    found = deadline.load(where)
    assert found is not None
    (where / "armed").write_bytes(armed.encode(asdict(replace(found, boot_at=0.0))))
    return found


def watch(where: Path, known: Deadline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, as the process does it that was started with the change."""
    monkeypatch.setattr(watching, "_say_so", lambda: None)
    monkeypatch.setattr(sys, "argv", [known.runner])
    assert watching.main(["watch", os.fspath(where), "0", known.runner_digest]) == 0


@pytest.mark.parametrize("damage", [flip, cut, empty, gone])
def test_at_the_deadline_the_change_s_own_one_takes_its_place(
    changer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    host = changer()
    before, where = host.config, directory(host, apply(host, *host.redis(hz=20)))
    assert host.history()["open"]["runner_damage"] == []
    assert (where / whole_copy.SPARE).stat().st_mode & 0o777 == 0o600
    path = runner(host)
    damage(path)
    (told,) = host.history()["open"]["runner_damage"]
    assert told.startswith(os.fspath(path))
    watch(where, pass_its_deadline(where), monkeypatch)
    assert (state(host), host.live("hz"), host.config) == ("rolled_back", "10", before)
    assert sorted(os.listdir(where)) == ["journal"] and host.history()["changes"][0]["runner_damage"] == []


@pytest.mark.parametrize("damage", [flip, cut, empty, gone])
def test_without_a_sound_one_nothing_is_run_and_it_is_said(
    changer: Callable[..., Any], damage: Callable[[Path], None]
) -> None:
    """As a unit does it, which tries again: somebody may mend it."""
    host = changer()
    where = directory(host, apply(host, *host.redis(hz=20)))
    copies = [runner(host), where / whole_copy.SPARE]
    sound, known = copies[0].read_bytes(), pass_its_deadline(where)
    for each in copies:
        damage(each)
    assert len(host.history()["open"]["runner_damage"]) == 2
    words = whole_copy.command(sys.executable, known.runner, known.runner_digest, "expire", os.fspath(where))
    done = subprocess.run(words, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == commands.AGAIN and done.stdout == "" and "Traceback" not in done.stderr
    for told in (*map(os.fspath, copies), os.fspath(where), "lowlat.redis.change"):
        assert told in done.stderr
    assert (state(host), host.live("hz")) == ("applied", "20")
    copies[0].write_bytes(sound)
    assert subprocess.run(words, cwd="/", check=False).returncode == commands.DONE
    assert (state(host), host.live("hz")) == ("rolled_back", "10")


def test_a_rollback_that_is_asked_for_needs_none(changer: Callable[..., Any]) -> None:
    host = changer()
    where = directory(host, apply(host, *host.redis(hz=20)))
    gone(runner(host))
    gone(where / whole_copy.SPARE)
    assert host.run("rolled_back")["state"] == "rolled_back" and host.live("hz") == "10"


def test_one_that_an_older_release_has_armed_is_run_as_it_is(
    changer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changer()
    where = directory(host, apply(host, *host.redis(hz=20)))
    known = replace(pass_its_deadline(where), runner_digest="", boot_at=0.0)
    facts = {name: value for name, value in asdict(known).items() if name != "runner_digest"}
    (where / "armed").write_bytes(armed.encode(facts))
    assert host.history()["open"]["runner_damage"] == []
    watch(where, known, monkeypatch)
    assert (state(host), host.live("hz")) == ("rolled_back", "10")
