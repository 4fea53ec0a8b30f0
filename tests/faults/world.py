# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of its own for every fault: a real Redis with keys, its config behind a link, and a state directory."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import history
from tests.conftest import Server, free_port

from . import steps

HERE = Path(__file__).parent
KEYS = 300
_CONFIG = """\
# A config file as people have it.
port {port}
bind 127.0.0.1
dir {data}
logfile {log}
enable-debug-command local
save 3600 1

hz 10
maxmemory 0
databases 16
"""


@dataclass(frozen=True)
class Case:
    """A change: its settings and how it may restart the server."""

    name: str
    settings: tuple[dict[str, Any], ...]
    restart: str = "refuse"


LIVE = Case(
    "live",
    (
        {"kind": "redis", "key": "hz", "value": 20},
        {"kind": "redis", "key": "maxmemory", "value": "100mb"},
        {"kind": "redis", "key": "appendonly", "value": "yes"},
        {"kind": "affinity", "key": "server", "value": "0"},
    ),
)
RESTART = Case(
    "restart",
    ({"kind": "redis", "key": "databases", "value": 8}, {"kind": "redis", "key": "hz", "value": 20}),
    "allowed",
)


def write_keys(directory: Path) -> Path:
    """A dump with keys of several kinds, made by a server of its own."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    server = Server(port, str(directory), process)  # type: ignore[arg-type]
    client = server.client()
    while True:
        with contextlib.suppress(redis.ConnectionError):
            client.ping()
            break
        time.sleep(0.01)
    for number in range(KEYS):
        client.set(f"key:{number}", number)
        client.rpush("list", number)
    client.save()
    server.stop()
    return directory / "dump.rdb"


@dataclass
class World:
    """``root`` holds everything; ``case`` is the change that is made here."""

    root: Path
    dump: Path
    case: Case
    port: int = field(default_factory=free_port)
    pids: set[int] = field(default_factory=set)

    @contextlib.contextmanager
    def running(self) -> Iterator[World]:
        etc, data = self.root / "etc", self.root / "data"
        for directory in (etc, data, self.root / "elsewhere"):
            directory.mkdir(parents=True)
        shutil.copy(self.dump, data / "dump.rdb")
        real = self.root / "elsewhere" / "redis.conf"
        real.write_text(_CONFIG.format(port=self.port, data=data, log=self.root / "log"))
        real.chmod(0o640)
        os.setxattr(real, "user.lowlat", b"kept")
        (etc / "redis.conf").symlink_to("../elsewhere/redis.conf")
        process = subprocess.Popen(["redis-server", str(etc / "redis.conf")], stdout=subprocess.DEVNULL)
        self.pids.add(process.pid)
        try:
            self.wait()
            yield self
        finally:
            self._end()
            process.wait(10)

    def _end(self) -> None:
        with contextlib.suppress(redis.RedisError):
            self.pids.add(self.server_pid())
        for armed in self.root.glob("state/changes/*/armed"):
            armed.unlink()  # which ends the process that watches
        for pid in self.pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if str(self.port) in " ".join(process.cmdline()) or "redis-server" in process.name():
                    process.kill()

    def client(self) -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=self.port, decode_responses=True, socket_timeout=10)

    def server_pid(self) -> int:
        return int(self.client().info("server")["process_id"])

    def wait(self) -> None:
        end = time.monotonic() + 20
        while True:
            try:
                self.client().ping()
                return
            except redis.RedisError:
                assert time.monotonic() < end, "the server does not answer"
                time.sleep(0.01)

    def command(self, state: str, **params: Any) -> list[str]:
        """The driver's, for a request of this state."""
        everything = {
            "state": state,
            "name": "trial" if state == "applied" else None,
            "change_id": None,
            "settings": list(self.case.settings) if state == "applied" else None,
            "restart": self.case.restart,
            "state_directory": str(self.root / "state"),
            "confirm_within": 900,
            "login_port": self.port,
            **params,
        }
        return [sys.executable, "-m", "tests.faults.driver", json.dumps(everything)]

    def ask(self, state: str, **params: Any) -> None:
        """Make the request undisturbed."""
        command = self.command(state, **params)
        done = subprocess.run(command, env=steps.environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def ask_with(self, state: str, fault: str = "") -> tuple[int, str, list[steps.Step]]:
        """Make it under strace with this fault: how it ended, what it said, and what it changed on the way."""
        log = self.root / "trace"
        done = steps.trace(self.command(state), log, fault)
        return done.returncode, done.stderr, steps.steps(log)

    def recover(self) -> str:
        """What the host does by itself: its own copy of the code, if a change ever came so far as to need one."""
        said = ""
        for runner in (self.root / "state" / "runner").glob("lowlat-*.pyz"):
            command = [sys.executable, str(runner), "recover", str(self.root / "state")]
            done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, f"{done.stdout}{done.stderr}"
            said += done.stdout
        return said

    def state(self) -> str:
        """Of the newest change; empty where none was opened."""
        changes = history.tell(str(self.root / "state"), None)["changes"]
        return str(changes[-1]["state"]) if changes else ""

    def snapshot(self) -> dict[str, Any]:
        """Everything that a change could have changed, or a restart lost."""
        client = self.client()
        files = {}
        for directory in ("etc", "elsewhere"):
            for path in sorted((self.root / directory).iterdir()):
                status = os.lstat(path)
                link = os.readlink(path) if path.is_symlink() else ""
                content = "" if link else path.read_text()
                xattrs = {} if link else {name: os.getxattr(path, name) for name in os.listxattr(path)}
                files[path.name, directory] = (content, oct(status.st_mode), status.st_uid, status.st_gid, link, xattrs)
        pid = self.server_pid()
        self.pids.add(pid)
        return {
            "files": files,
            "live": client.config_get("*"),
            "keys": (client.dbsize(), client.execute_command("DEBUG", "DIGEST")),
            "cpus": sorted(os.sched_getaffinity(pid)),
        }
