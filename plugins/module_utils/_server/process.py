# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process behind a connection: proof that it runs on this host, and what /proc says of it."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import ServerError
from .._libraries import redis

# A server notes its start only after it has read its configuration, and in whole seconds.
_START_SLACK = 10.0
#: What the kernel writes behind the name of a file that is there no more.
_GONE = " (deleted)"


@dataclass(frozen=True)
class Process:
    """``started`` in seconds after boot; ``arguments`` is None where a process title has replaced them."""

    pid: int
    started: float
    executable: str
    cgroup: str
    arguments: list[str] | None

    @classmethod
    def of(cls, pid: int) -> Process:
        """OSError if there is no such process."""
        since = started(pid)
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="replace") as file:
            cgroup = file.read()
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            line = file.read()
        # A title is one string, padded with NULs to the length of what it replaced.
        words = [os.fsdecode(word) for word in line[:-1].split(b"\0")]
        titled = not any(words[1:]) and (len(words) > 1 or " " in words[0])
        return cls(pid, since, _executable(pid), cgroup, None if titled else words)


def started(pid: int) -> float:
    """When that process began, in seconds after boot; anybody may ask for anybody's. OSError if there is none."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        # The name may contain anything, blanks and brackets too; what follows its last bracket may not.
        return int(file.read().rpartition(b")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")


def find_process(client: redis.Redis, info: Mapping[str, Any], where: str) -> Process:
    """The process that INFO names, if it is the one that ``client`` talks to. ServerError otherwise."""
    pid = int(info["process_id"])
    try:
        process = Process.of(pid)
        if _holds_connection(client, pid) or _started_together(process, info):
            return process
    except OSError:
        pass
    raise ServerError(
        "The server's process is not on this host",
        where=where,
        why=f"it calls itself process {pid}, and that is not the one this connection leads to",
        remedy="Run this on the server's own host and in its own PID namespace (not outside its container)",
    )


def _executable(pid: int) -> str:
    """The file to start the same server with. Not what INFO says: started by bare name, that is no real path."""
    try:
        real = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""
    real = replaced(pid) or real  # what stands there now
    # Debian's redis-server is a link to redis-check-rdb, and the program goes by the name it is called by.
    if os.path.exists(real) and os.path.basename(real).split("-")[1:] != ["server"]:
        for name in ("redis-server", "valkey-server"):
            beside = os.path.join(os.path.dirname(real), name)
            if os.path.exists(beside) and os.path.samefile(beside, real):
                return beside
    return real


def replaced(pid: int) -> str:
    """The file of its program, where that has been replaced or removed since it was started; else empty."""
    try:
        path = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""
    return path[: -len(_GONE)] if path.endswith(_GONE) and not os.path.exists(path) else ""


def _holds_connection(client: redis.Redis, pid: int) -> bool:
    """Whether the other end of our connection belongs to that process. False also where that cannot be seen."""
    # The way to hold one connection that all releases of redis-py have without a warning.
    holder: Any = client.client()  # type: ignore[no-untyped-call]
    try:
        sock = getattr(holder.connection, "_sock", None)
        if sock is None:
            return False
        if sock.family == socket.AF_UNIX:
            credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return bool(struct.unpack("3i", credentials)[0] == pid)
        return _socket_inode(pid, sock.getpeername(), sock.getsockname()) in _socket_inodes(pid)
    except (OSError, redis.RedisError):
        return False
    finally:
        holder.close()


def _socket_inode(pid: int, local: Any, remote: Any) -> str:
    """Of the TCP socket of these two ends in the network namespace of that process; never found is ``none``."""
    for table in ("tcp", "tcp6"):
        ends = (_kernel_address(local, table == "tcp6"), _kernel_address(remote, table == "tcp6"))
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
            for line in file:
                fields = line.split()
                if (fields[1], fields[2]) == ends:
                    return fields[9]
    return "none"


def _kernel_address(end: Any, six: bool) -> str:
    """As /proc/net/tcp has it: the address in words of the machine's own byte order, in hexadecimal."""
    host, port = str(end[0]).partition("%")[0], int(end[1])
    if ":" in host:
        packed = socket.inet_pton(socket.AF_INET6, host)
        if packed.startswith(b"\0" * 10 + b"\xff\xff") and not six:
            packed = packed[12:]
    else:
        packed = socket.inet_pton(socket.AF_INET, host)
        if six:
            packed = b"\0" * 10 + b"\xff\xff" + packed
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def _socket_inodes(pid: int) -> set[str]:
    found = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return found


def _started_together(process: Process, info: Mapping[str, Any]) -> bool:
    """Where the sockets of the process cannot be seen, or a proxy stands between: it is called like a server and began
    in the same moment as the one that answers.
    """
    with open(f"/proc/{process.pid}/comm", encoding="utf-8", errors="replace") as file:
        name = file.read()
    if "redis" not in name and "valkey" not in name:
        return False
    now = int(info["server_time_usec"]) / 1e6 if "server_time_usec" in info else time.time()
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return abs(now - int(info["uptime_in_seconds"]) - (booted + process.started)) < _START_SLACK


def mounted_over(pid: int) -> bool:
    """Whether something was mounted over the directory that a process is in, so that the next one finds another there.

    By its own mounts: those of a unit may lead elsewhere than ours.
    """
    try:
        here, path = os.stat(f"/proc/{pid}/cwd"), os.readlink(f"/proc/{pid}/cwd")
        there = os.stat(f"/proc/{pid}/root{path}")
    except OSError:
        return False  # removed or out of reach; a directory that is gone has another name by then
    return not os.path.samestat(here, there)
