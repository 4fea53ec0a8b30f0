# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo fails where it does not show what it is to show, and leaves nothing when it is cleaned up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

REPOSITORY = Path(__file__).parents[3]
pytestmark = pytest.mark.slow


def play(name: str, directory: Path, **variables: Any) -> subprocess.CompletedProcess[str]:
    """A playbook of the demo as ./dev demo runs it, in a directory of its own and with a small measurement."""
    given = {
        "demo_server_directory": str(directory),
        "gated_change_samples": 100,
        "gated_change_runs": 2,
        "gated_change_gates": [{"name": "generous", "query": "rtt.p50", "max": 1e9}],
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "inventory/local", "-e", json.dumps(given), name],
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_DISPLAY_FAILED_STDERR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def directory() -> Iterator[Path]:
    """On a disk, as the demo wants it, which a temporary directory may not be."""
    path = REPOSITORY / ".cache" / f"demo-{os.getpid()}"
    yield path
    play("lowlat.redis.demo_clean", path)


def test_a_bad_change_that_is_not_caught_fails_it_and_clean_leaves_nothing(directory: Path) -> None:
    harmless = [{"kind": "redis", "key": "hz", "value": 11}]
    done = play("lowlat.redis.demo", directory, demo_phases=["phase3"], demo_bad_settings=harmless)
    assert done.returncode == 2, done.stdout[-3000:]
    assert "The demo did not show what it is to show" in done.stdout + done.stderr
    assert "gated_change_results[-1].state == 'rolled_back'" in done.stdout + done.stderr
    server = psutil.Process(int((directory / "server" / "redis.pid").read_text()))
    assert server.is_running() and "bad_change" in (directory / "summary.txt").read_text()
    assert play("lowlat.redis.demo_clean", directory).returncode == 0
    assert not directory.exists() and not server.is_running()


@pytest.mark.parametrize("name", ["status", "rollback", "apply", "verify"])
def test_where_there_is_no_demo_the_playbooks_say_so_and_touch_no_other_server(directory: Path, name: str) -> None:
    done = play(f"lowlat.redis.{name}", directory, lowlat_phase="phase1", lowlat_phases=["phase2"])
    assert done.returncode == 2, done.stdout[-3000:]
    told = " ".join((done.stdout + done.stderr).split())
    assert f"The demo has no server ({directory}/port): there is no such file, so it " in told, told[-3000:]
    assert "Start it with ./dev demo" in told and "lookup plugin" not in told
    # In its own words, and not within those of a task that could not be begun.
    assert "Finalization" not in told and "mandatory" not in told and "error while" not in told.lower(), told[-3000:]
    assert not directory.exists()
