# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A damaged copy of the code on the host is not trusted with another change: it would end in an error for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._runner import copy
from tests.integration._runner.test_deadline import apply, run, runner

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
