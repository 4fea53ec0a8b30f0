# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that no service manager owns: stop it, and start it as it was started before."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._errors import ChangeError
from .._host import outputs, surroundings
from .._libraries import psutil, redis
from .._server import supervisor
from .._server.connection import command
from .._settings.setting import Host
from . import farewell
from .waiting import until


@dataclass(frozen=True)
class Launch:
    """How to start a server that no service manager owns as it was started before."""

    executable: str
    config_file: str
    directory: str
    user: int
    group: int
    groups: Sequence[int] = ()  #: the supplementary ones; journals of old do not tell them
    oom_score_adj: int = 0  #: likewise
    supervisor: str = ""  #: who else starts it again, and alone may
    surroundings: Mapping[str, Any] = field(default_factory=dict)  #: of _host/surroundings.py, secrets among them
    outputs: Mapping[str, Any] = field(default_factory=dict)  #: of _host/outputs.py
    log: Mapping[str, int] = field(default_factory=dict)  #: where its log ended, of farewell.py

    @classmethod
    def capture(cls, host: Host) -> Launch | None:
        """None where the server has no config file: its command line is overwritten with its title."""
        process = psutil.Process(host.instance.pid)
        if host.instance.config_file is None:
            return None
        redirected = outputs.of(process.pid)
        log = farewell.path_of(host.client.config_get("logfile"), process.cwd(), redirected)
        return cls(
            host.instance.executable,
            host.instance.config_file,
            process.cwd(),
            process.uids().real,
            process.gids().real,
            _groups(process.pid),
            _oom_score_adj(host),
            str(supervisor.of(process.pid) or ""),
            surroundings.of(process.pid),
            redirected,
            farewell.mark(log),
        )

    def start(self) -> None:
        # With `daemonize no` the server stays the process that was started: it must be nobody's child.
        with _passing_on(self.oom_score_adj), outputs.reopened(self.outputs) as (output, error):
            subprocess.run(
                [shutil.which("setsid") or "setsid", "--fork", self.executable, self.config_file],
                cwd=self.directory,
                env=self.surroundings.get("environment"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=error,
                check=True,
                # Its user comes last: an ordinary one may not have all of the others.
                preexec_fn=self._become,
            )

    def _become(self) -> None:
        surroundings.take_on(self.surroundings)
        own = (os.geteuid(), os.getegid(), set(os.getgroups()))
        # An ordinary user can only start a server of its own, and not with other groups.
        if self.user != own[0] or (own[0] == 0 and (self.user, self.group, set(self.groups)) != own):
            os.setgroups(list(self.groups))
            os.setregid(self.group, self.group)
            os.setreuid(self.user, self.user)


def _groups(pid: int) -> list[int]:
    """The supplementary groups of a process."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        return next(([int(word) for word in line.split()[1:]] for line in file if line.startswith("Groups:")), [])


def _oom_score_adj(host: Host) -> int:
    """What it was started with; one that sets its own by its config file adds that to what it is started with."""
    if host.client.config_get("oom-score-adj").get("oom-score-adj", "no") != "no":
        return 0
    return int(Path(f"/proc/{host.instance.pid}/oom_score_adj").read_text(encoding="ascii"))


@contextlib.contextmanager
def _passing_on(oom_score_adj: int) -> Iterator[None]:
    """What is started meanwhile inherits it: whoever takes a change back is itself never to be killed by the kernel."""
    own = Path("/proc/self/oom_score_adj")
    before = own.read_text(encoding="ascii")
    with contextlib.suppress(OSError):  # an ordinary user may not have it lower
        own.write_text(str(oom_score_adj), encoding="ascii")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            own.write_text(before, encoding="ascii")


def refuse_supervised(host: Host) -> None:
    """ChangeError where somebody else starts this server again when it ends."""
    found = None if host.instance.unit else supervisor.of(host.instance.pid)
    if found:
        raise ChangeError(
            f"{found.name} looks after the server, so it was not restarted",
            where=str(host.address),
            why="it could start the server a second time on the same data directory",
            remedy=f"Restart it there ({found.means}), then try again",
        )


def restart_process(host: Host) -> None:
    launch = Launch.capture(host)
    process = psutil.Process(host.instance.pid)
    if launch is None:
        raise ChangeError(
            "A server without a config file cannot be started again as it was",
            where=f"process {process.pid}",
            why="its options were given on a command line that it has overwritten",
            remedy="Start it from a config file or under systemd",
        )
    try:
        host.client.shutdown()
    except redis.TimeoutError:
        pass  # it saves, and ends when it has
    except redis.ResponseError as error:
        with contextlib.suppress(redis.RedisError):  # it ends by itself; the reason that counts is the first
            command(host.client, "CLIENT UNPAUSE")
        raise ChangeError(
            "The server refused to shut down", where=str(host.address), why=str(error), remedy="It runs on unchanged"
        ) from error
    until(lambda: not is_running(process.pid), f"process {process.pid} to end", str(host.address))
    launch.start()


def is_running(pid: int) -> bool:
    """A zombie has ended, and its parent only has not looked yet, unless a thread of it still holds on to its port."""
    try:
        process = psutil.Process(pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False
