# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live values in safe keeping while they are toggled: back afterwards whatever happens, and proven to be."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Callable

from .._settings.setting import Host
from .guardian import Guardian
from .restoring import Restored, restore
from .toggle import Toggle

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Keeping:
    """``restored`` is there when the block has been left; ``guardian`` is the process that watches.

    ``foreign``: by the name of a setting, what was seen of somebody else's value. It is left alone.
    """

    def __init__(self, guardian: Guardian, foreign: dict[str, str]) -> None:
        self.guardian = guardian
        self.foreign = foreign
        self.restored: Restored | None = None


@contextmanager
def kept(
    toggles: Sequence[Toggle],
    before: Host,
    connect: Callable[[], Host],
    lock: Path,
    limit: float,
    held: Sequence[int] = (),
) -> Iterator[Keeping]:
    """Toggle inside. ``lock`` is the host's lock, which the guardian goes on holding until it has ended, and the
    descriptors in ``held`` with it.

    After ``limit`` seconds the guardian takes the module for hung and puts the values back.
    """
    foreign: dict[str, str] = {}
    standing = [before]

    def put_back() -> Restored:
        ours = [toggle for toggle in toggles if toggle.name not in foreign]
        restored = restore(ours, before, connect, standing[0])
        restored.foreign.extend(foreign.values())
        return restored

    def stand() -> None:
        # Who is let in now is not cut off by another password, or by a server that is full of clients, later.
        standing[0] = connect()

    guardian = Guardian.post(put_back, keep=[*_descriptors_of(lock), *held], limit=limit, stand=stand)
    keeping = Keeping(guardian, foreign)
    try:
        yield keeping
    finally:
        # A signal that comes now waits: putting back must not be broken off.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            keeping.restored = put_back()
        finally:
            keeping.guardian.dismiss(keeping.restored is not None and not keeping.restored.left)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _descriptors_of(path: Path) -> list[int]:
    """Our descriptors that are open on this file."""
    wanted = os.stat(path)
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            status = os.fstat(int(name))
        except OSError:
            continue  # the one that the listing itself had open
        if (status.st_dev, status.st_ino) == (wanted.st_dev, wanted.st_ino):
            found.append(int(name))
    return found
