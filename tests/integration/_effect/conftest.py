# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server whose settings are toggled, in this process or in one that is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._effect import bench, request
from ansible_collections.lowlat.redis.plugins.modules.setting_effect import OPTIONS
from tests.conftest import Server

PATIENCE = 30.0
KILLED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "killed.py")


def redis_setting(key: str, old: Any, new: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "redis", "key": key, "values": [old, new], **more}


def until(condition: Callable[[], Any], what: str) -> Any:
    """What the condition yields as soon as that is something; an end to it, so that no test hangs."""
    end = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE:g} s in vain for {what}")
        time.sleep(0.005)


@dataclass
class Toggler:
    server: Server
    state_directory: str
    spawned: list[subprocess.Popen[str]] = field(default_factory=list)

    def options(self, **given: Any) -> dict[str, Any]:
        return {
            **{name: spec.get("default") for name, spec in OPTIONS.items()},
            "login_port": self.server.port,
            "state_directory": self.state_directory,
            "duty": 1,
            "seconds": 20,
            "commands": ["ping"],
            **given,
        }

    def run(self, *settings: dict[str, Any], check: bool = False, **given: Any) -> dict[str, Any]:
        one_or_several = {"setting": settings[0]} if len(settings) == 1 else {"settings": list(settings)}
        return request.run(self.options(**one_or_several, **given), check=check)

    def spawn(self, *settings: dict[str, Any], **given: Any) -> subprocess.Popen[str]:
        """The same in a process of its own, with margins that nothing can settle, so that it toggles on and on."""
        endless = {"margin_p50": 0.001, "margin_p99": 0.001, "seconds": 600, "settings": list(settings), **given}
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, KILLED, json.dumps(self.options(**endless))]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self.spawned.append(process)
        return process

    def live(self, key: str) -> str:
        return str(self.server.client().config_get(key)[key])

    def wait_for(self, key: str, value: str) -> None:
        until(lambda: self.live(key) == value, f"{key} to be {value}")

    def guardians(self) -> list[int]:
        """The processes that hold this state directory's lock, the modules among them."""
        lock = os.path.join(self.state_directory, "lock")
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                open_files = [os.readlink(f"/proc/{name}/fd/{fd}") for fd in os.listdir(f"/proc/{name}/fd")]
            except OSError:
                continue
            if lock in open_files:
                found.append(int(name))
        return found


@pytest.fixture
def toggler(
    redis_server: Callable[..., Server], pinned: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Toggler]]:
    for name, size in (("BLOCK", 100), ("LEAST_BLOCK", 25), ("AFTER_TOGGLE", 10)):
        monkeypatch.setattr(bench, name, size)  # no test here is about a small effect
    made: list[Toggler] = []

    def make(*lines: str, **options: Any) -> Toggler:
        made.append(Toggler(redis_server(pinned, *lines, **options), os.fspath(tmp_path / f"state-{len(made)}")))
        return made[-1]

    yield make
    for toggler in made:
        for process in toggler.spawned:
            process.kill()
            process.communicate()
