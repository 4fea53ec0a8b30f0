# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server in a unit of a systemd that is played: it starts the server with the command line of its unit."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd
from ansible_collections.lowlat.redis.plugins.module_utils._server import exec_start, instance

UNIT = "played.service"


class PlayedSystemd:
    """``options`` are on the line of ExecStart=, after the config file unless that is left out; ``facts`` are other
    properties of the unit.
    """

    def __init__(self, server: Any, *options: str, config_file: bool = True) -> None:
        self.server = server
        self.options, self.config_file = options, config_file
        self.facts: dict[str, str] = {}

    def play(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(systemd, "_run", self._run)
        monkeypatch.setattr(instance, "unit_of", lambda _process: (UNIT, exec_start.words(self.properties())))

    def properties(self) -> dict[str, str]:
        line = " ".join(["/usr/bin/redis-server", *([self.server.config_file] * self.config_file), *self.options])
        pid = self.server.pid if self.server.process.poll() is None else 0
        own = {"ActiveState": "active", "NRestarts": "0", "MainPID": str(pid)}
        return {
            **own,
            "ExecStart": f"{{ path=/usr/bin/redis-server ; argv[]={line} ; ignore_errors=no }}",
            **self.facts,
        }

    def _run(self, arguments: Sequence[str], shown: str, timeout: float) -> subprocess.CompletedProcess[bytes]:
        if arguments[0] == "restart":
            if self.server.process.poll() is None:
                self.server.process.terminate()
                self.server.process.wait()
            self.server.start(*self.options)
        told = "".join(f"{name}={value}\n" for name, value in self.properties().items())
        return subprocess.CompletedProcess([shown], 0, told.encode(), b"")
