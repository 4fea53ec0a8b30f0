# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process at a time works on a host, and nothing that a dead one left behind hinders the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.lock import Holder
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

PROGRAM = """
import sys
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
with Store(sys.argv[1]).locked(doing="apply phase2"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "state"))


@pytest.fixture
def hold(store: Store) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts a process of its own that holds the lock until its standard input ends."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(store.path)],
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout and process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def refusal(store: Store) -> ChangeError:
    with pytest.raises(ChangeError, match="being worked on") as caught, store.locked():
        pass
    return caught.value


def test_the_error_names_who_holds_it_since_when_and_for_what(
    store: Store, hold: Callable[[], subprocess.Popen[str]]
) -> None:
    process = hold()
    why = refusal(store).why
    assert f"process {process.pid} (apply phase2) since 20" in why
    assert "still runs" in why


def test_the_error_names_the_open_change_its_owner_and_its_age(
    store: Store, hold: Callable[[], subprocess.Popen[str]]
) -> None:
    with store.locked():
        change = store.open("phase2", owner="alice from 192.0.2.1")
    hold()
    error = refusal(store)
    assert f"{change.change_id} (phase phase2, open, by alice from 192.0.2.1, " in error.why
    assert error.details["open_change"] == change.change_id


def test_whoever_has_patience_gets_it_when_the_other_ends(
    store: Store, hold: Callable[[], subprocess.Popen[str]]
) -> None:
    process = hold()
    got: list[bool] = []

    def wait() -> None:
        with store.locked(patience=60):
            got.append(process.poll() is not None)

    waiting = threading.Thread(target=wait)
    waiting.start()
    process.kill()
    process.wait()
    waiting.join(60)
    assert got == [True]


def test_one_that_was_killed_leaves_no_lock(store: Store, hold: Callable[[], subprocess.Popen[str]]) -> None:
    process = hold()
    process.kill()
    process.wait()
    assert json.loads((store.path / "lock").read_bytes())["pid"] == process.pid
    with store.locked():
        assert json.loads((store.path / "lock").read_bytes())["pid"] == os.getpid()


STALE = {
    "of another boot": lambda: asdict(replace(Holder.myself("apply"), boot_id="another")),
    "of a process id that another process has now": lambda: asdict(replace(Holder.myself("apply"), started="1")),
    "no holder's": lambda: ["nobody"],
}


@pytest.mark.parametrize("left", list(STALE))
def test_what_stands_in_a_lock_file_hinders_nobody(store: Store, left: str) -> None:
    with store.locked():
        pass
    (store.path / "lock").write_text(json.dumps(STALE[left]()))
    with store.locked():
        pass
    (store.path / "lock").write_bytes(b"\xff" * 9000)
    with store.locked():
        pass


def test_a_name_that_a_dead_process_left_is_told_as_such(
    store: Store, hold: Callable[[], subprocess.Popen[str]]
) -> None:
    """Whoever got the lock in this moment has not written its name yet."""
    hold()
    (store.path / "lock").write_text(json.dumps(STALE["of another boot"]()))
    assert f"the last that did, process {os.getpid()} (apply) since" in refusal(store).why
    assert "has ended" in refusal(store).why
