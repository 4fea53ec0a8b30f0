# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of its own for every fault: a real Redis with keys, its config behind a link, and a state directory."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import deadline, history

from ..ports import free_port, give_back
from . import cases
from .cases import Case
from .drivers import Driver, Ended

KEYS = 300
_PATIENCE = 30.0
#: What is in braces is filled in.
CONFIG = """\
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


@dataclass
class World:
    """``root`` holds everything; ``case`` is the change that is made here, by this driver."""

    root: Path
    dump: Path
    case: Case
    driver: Driver
    own_copy: bool = True
    broken: str = ""
    config: str = CONFIG
    port: int = field(default_factory=free_port)
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def state_directory(self) -> Path:
        return self.root / "state"

    @property
    def _kernel(self) -> str:
        """Where the host's /proc, /sys and /etc are; empty for those of this machine."""
        return str(self.root) if self.case is cases.KERNEL else ""

    @contextlib.contextmanager
    def running(self) -> Iterator[World]:
        self._furnish()
        try:
            self.start()
            # Somebody has done this by hand, and no file tells it.
            self.client().config_set("timeout", 77)
            if self.case.restart == "allowed":
                os.sched_setaffinity(self._started[-1].pid, {min(os.sched_getaffinity(0))})
            yield self
        finally:
            self._end()

    def start(self) -> None:
        started = subprocess.Popen(["redis-server", str(self.root / "etc/redis.conf")], stdout=subprocess.DEVNULL)
        self._started.append(started)
        self.wait()
        assert self.server_pid() == started.pid, "another server listens where this one was to"

    def _furnish(self) -> None:
        etc, data, elsewhere = (self.root / name for name in ("etc", "data", "elsewhere"))
        for directory in (etc, data, elsewhere, self.root / "proc/sys/lowlat", self.root / "sys/lowlat"):
            directory.mkdir(parents=True)
        (self.root / "proc/sys/lowlat/trial").write_text("1\n")
        (self.root / "sys/lowlat/trial").write_text("[always] never\n")
        if self.dump.exists():
            shutil.copy(self.dump, data / "dump.rdb")
        if self.case is cases.FAILING:
            (data / "appendonlydir").touch()  # where a directory is to be made
        real = elsewhere / "redis.conf"
        text = self.config
        for name, value in (("{port}", self.port), ("{data}", data), ("{log}", self.root / "log")):
            text = text.replace(name, str(value))
        real.write_text(text)
        real.chmod(0o640)
        os.utime(real, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
        if self.case.restart == "allowed":
            (etc / "redis.conf").hardlink_to(real)  # is written in place
        else:
            os.setxattr(real, "user.lowlat", b"kept")
            (etc / "redis.conf").symlink_to("../elsewhere/redis.conf")

    def _end(self) -> None:
        for armed in self.root.glob("state/changes/*/armed"):
            armed.unlink()  # which ends the process that watches
        for process in psutil.process_iter(["name", "cmdline", "cwd"]):
            if process.info["name"] == "redis-server" and str(self.root) in f"{process.info}":
                process.kill()  # whoever has started it
        for started in self._started:
            started.wait(_PATIENCE)
        give_back(self.port)

    def client(self) -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=self.port, decode_responses=True, socket_timeout=10)

    def server_pid(self) -> int:
        with self.client() as client:
            return int(client.info("server")["process_id"])

    def answers(self) -> bool:
        with self.client() as client, contextlib.suppress(redis.RedisError):
            return bool(client.ping())
        return False

    def wait(self) -> None:
        """Until the server answers. AssertionError if it never does."""
        end = time.monotonic() + _PATIENCE
        while not self.answers():
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.01)

    def stop(self) -> None:
        with self.client() as client, contextlib.suppress(redis.ConnectionError):
            client.shutdown()
        self._started[-1].wait(_PATIENCE)

    def ask(
        self,
        state: str,
        settings: Sequence[dict[str, Any]] | None = None,
        confirm_within: int = 900,
        **order: Any,
    ) -> Ended:
        """Make the request for this state, or have the host's own runner look: ``recover``."""
        common = {"root": self._kernel, "broken": self.broken}
        if state == "recover":
            return self.driver.ask(recover=str(self.state_directory), **common, **order)
        params = {
            "state": state,
            "name": "trial" if state == "applied" else None,
            "change_id": None,
            "settings": list(settings or self.case.settings) if state == "applied" else None,
            "restart": self.case.restart,
            "state_directory": str(self.state_directory),
            "confirm_within": confirm_within,
            "login_port": self.port,
        }
        return self.driver.ask(params=params, **common, **order)

    def traced(self, state: str, fault: str = "", **order: Any) -> tuple[Ended, str]:
        """The same under strace, with this fault; and what strace wrote."""
        log = self.root / "trace"
        ended = self.ask(state, log=str(log), fault=fault, **order)
        return ended, log.read_text(errors="replace")

    def recover(self) -> Ended:
        """What the host does by itself: its own copy of the code, if a change ever came so far as to need one."""
        if not self.state_directory.is_dir():
            return Ended(0, "")  # killed before there was anything
        if not self.own_copy or self.case is cases.KERNEL:
            return self.ask("recover")
        ended = Ended(0, "")
        for runner in (self.state_directory / "runner").glob("lowlat-*.pyz"):
            command = [sys.executable, str(runner), "recover", str(self.state_directory)]
            done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120, check=False)
            ended = Ended(done.returncode, f"{done.stdout}{done.stderr}")
        return ended

    def state(self) -> str:
        """Of the newest change; empty where none was opened."""
        changes = history.tell(str(self.state_directory), None)["changes"]
        return str(changes[-1]["state"]) if changes else ""

    def deadline(self, change: Path) -> float:
        """Of the open change in this directory, in seconds since the epoch."""
        armed = deadline.load(change)
        assert armed is not None
        return armed.at

    def left_over(self) -> list[str]:
        """What is there although no change is open: unfinished copies, secrets."""
        names = (".lowlat-*", "*.new", "armed")
        places = (self.root / "etc", self.root / "elsewhere", self.state_directory)
        return sorted({path.name for place in places for name in names for path in place.rglob(name)})

    def snapshot(self) -> dict[str, Any]:
        """Everything that a change could have changed, or a restart lost."""
        client = self.client()
        pid = self.server_pid()
        return {
            "files": dict(self._files()),
            "live": client.config_get("*"),
            "keys": (client.dbsize(), client.execute_command("DEBUG", "DIGEST")),
            "cpus": sorted(os.sched_getaffinity(pid)),
        }

    def _places(self) -> Iterator[Path]:
        """Directories that a change may write in."""
        for name in ("etc", "elsewhere", "proc", "sys"):
            yield self.root / name

    def _files(self) -> Iterator[tuple[str, Any]]:
        for path in sorted(path for place in self._places() for path in place.rglob("*")):
            status = os.lstat(path)
            link = os.readlink(path) if path.is_symlink() else ""
            owner = (oct(status.st_mode), status.st_uid, status.st_gid)
            if link or path.is_dir():
                yield str(path), (owner, link)
                continue
            text = path.read_bytes().replace(b"[always] never", b"always")  # a choice, and how it is written
            time_written = 0 if path.name == "trial" else status.st_mtime_ns
            xattrs = {name: os.getxattr(path, name) for name in os.listxattr(path)}
            yield str(path), (owner, text.decode("latin-1"), xattrs, status.st_nlink, time_written)


def write_keys(directory: Path) -> Path:
    """A dump with keys of several kinds, made by a server of its own."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    client = redis.Redis(host="127.0.0.1", port=port)
    try:
        end = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(redis.ConnectionError):
                client.ping()
                break
            assert time.monotonic() < end
            time.sleep(0.01)
        with client.pipeline() as pipe:
            for number in range(KEYS):
                pipe.set(f"key:{number}", number)
                pipe.rpush("list", number)
            pipe.execute()
        client.save()
    finally:
        client.close()
        process.kill()
        process.wait(10)
        give_back(port)
    return directory / "dump.rdb"
