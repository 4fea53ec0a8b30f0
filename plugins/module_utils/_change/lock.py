# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's one lock, and who holds it.

The kernel frees it with its process, so nothing that a dead one has left in the file hinders anybody; what stands
there is for the error of whoever has to wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass

from . import boot

#: Of a look at a lock that somebody holds. Seconds.
_PAUSE = 0.05


@dataclass(frozen=True)
class Holder:
    """What a process wrote of itself: ``started`` in ticks after the boot, ``since`` in seconds since the epoch."""

    pid: int
    started: str
    boot_id: str
    since: float
    doing: str

    @classmethod
    def myself(cls, doing: str) -> Holder:
        return cls(os.getpid(), boot.started(os.getpid()), boot.identity(), time.time(), doing)

    def runs(self) -> bool:
        """Whether that very process is there in this boot."""
        try:
            return self.boot_id == boot.identity() and boot.started(self.pid) == self.started
        except OSError:
            return False

    def shown(self) -> str:
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.since))
        return f"process {self.pid}" + (f" ({self.doing})" if self.doing else "") + f" since {since}"


def take(descriptor: int, patience: float, doing: str) -> bool:
    """Lock the open file and write there who did; False where another process has it for ``patience`` seconds."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
        time.sleep(_PAUSE)
    os.ftruncate(descriptor, 0)
    with contextlib.suppress(OSError):  # a full disk has no room for a name, and stops no rollback
        os.pwrite(descriptor, json.dumps(asdict(Holder.myself(doing))).encode(), 0)
    return True


def holder(descriptor: int) -> Holder | None:
    """Who holds the lock, as far as its file tells. JSON that is no holder's tells nothing."""
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):
        return None


def told(found: Holder | None) -> str:
    """For an error: who holds the lock, and whether that can be true."""
    if found is None:
        return "another process holds the lock"
    if found.runs():
        return f"{found.shown()} holds the lock, and still runs"
    # The lock was not free, so somebody has it: a child of that process, or one that has not written its name yet.
    return f"another process holds the lock; the last that did, {found.shown()}, has ended"
