# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log of a dead server says of its end, and of its role. Killed, or in a crash, it says nothing of its end.

A log may be shared by several servers, and may end with words from before the change: whose they are counts.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .store import Change

#: What Redis and Valkey write as the last line when they end in order, whoever asked for it.
_FAREWELL = b"is now ready to exit, bye bye"
#: At a start, unless only warnings are written; with the port.
_START = b"Running mode="
#: How a line begins, also as Valkey's logfmt.
_PID = re.compile(rb"(?:pid=)?(\d+)[: ]")
#: So much of the end is looked at where nobody noted where the log ended. Bytes.
_TAIL = 4096
#: The same for what may have been said long before the end.
_LONG_TAIL = 1 << 20
#: What is written where a command makes it a master or, whatever a replica was called then, a replica.
_MASTER, _REPLICA = b"MASTER MODE enabled", re.compile(rb"(REPLICAOF|SLAVE OF|SLAVEOF) .* enabled ")


def path_of(runtime: Mapping[Any, Any], directory: str, outputs: Mapping[str, Any]) -> str | None:
    """The file that a server logs to: its own, or the one that its standard output was redirected to."""
    name = str(runtime.get("logfile") or "")
    if name:
        return os.path.join(directory, name)
    return str(outputs["1"][0]) if "1" in outputs else None


def mark(path: str | None) -> dict[str, int]:
    """Where that file ends now; JSON-ready. Empty where there is none that could be read again."""
    try:
        if path and os.path.isfile(path):
            found = os.stat(path)
            return {"device": found.st_dev, "inode": found.st_ino, "size": found.st_size}
    except OSError:
        pass
    return {}


def was_said(change: Change) -> bool:
    """By the newest process of this server, as the last of its words, while the change was open.

    False where that is not known, as of a log that cannot be read: such a server is one that has died.
    """
    said = False
    with contextlib.suppress(OSError):
        for line in _said(change, _TAIL):
            said = _FAREWELL in line
        return said
    return False


def made_master(change: Change) -> bool:
    """Whether a command has made it the master, as the last that was said of its role. False where it is not known."""
    master = False
    with contextlib.suppress(OSError):
        for line in _said(change, _LONG_TAIL):
            if _START in line or _REPLICA.search(line):  # a start takes the role from the file
                master = False
            master |= _MASTER in line
    return master


def _said(change: Change, tail: int) -> Iterator[bytes]:
    """The lines that its newest process, or one that somebody else has started after it, has written since the change.

    OSError where the log cannot be read.
    """
    runtime, launch = change.opened["runtime"], change.opened["launch"] or {}
    path = path_of(runtime, launch.get("directory", "/"), launch.get("outputs", {}))
    if path is None or not os.path.isfile(path):
        return  # a log that is a device or a pipe tells nobody a second time
    own, started = {_newest(change)}, _started(runtime)
    for line in _lines(path, launch.get("log", {}), tail):
        found = _PID.match(line)
        if found is None:
            continue
        if started and _START in line and started in line:
            own.add(found[1])
        if found[1] in own:
            yield line


def _newest(change: Change) -> bytes:
    """The pid of the newest process that the journal knows of."""
    server = change.opened["server"].get("pid", "")
    told = (entry["pid"] for entry in reversed(change.journal.entries) if "pid" in entry)
    return str(next(told, server)).encode()


def _started(runtime: Mapping[str, str]) -> bytes | None:
    """How the end of the line reads that a process of this server writes at its start; no port is no sign."""
    port = next((runtime[name] for name in ("port", "tls-port") if runtime.get(name, "0") != "0"), None)
    return f"port={port}.".encode() if port else None


def _lines(path: str, marked: Mapping[str, int], tail: int) -> Iterator[bytes]:
    """What was written since that mark; all of a log that has begun anew."""
    with open(path, "rb") as log:
        found = os.fstat(log.fileno())
        if not marked:
            log.seek(max(0, found.st_size - tail))
        elif (found.st_dev, found.st_ino) == (marked["device"], marked["inode"]) and found.st_size >= marked["size"]:
            log.seek(marked["size"])
        yield from log
