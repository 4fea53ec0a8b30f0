# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a process' standard output and error were redirected to, to start it again with the same."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_NUMBERS = ("1", "2")


def of(pid: int) -> dict[str, list[Any]]:
    """Path, device and inode by the number of the descriptor, of regular files alone; JSON-ready."""
    found: dict[str, list[Any]] = {}
    for number in _NUMBERS:
        with contextlib.suppress(OSError):
            where = f"/proc/{pid}/fd/{number}"
            opened = os.stat(where)
            if stat.S_ISREG(opened.st_mode):
                found[number] = [os.readlink(where), opened.st_dev, opened.st_ino]
    return found


@contextlib.contextmanager
def reopened(facts: Mapping[str, Sequence[Any]]) -> Iterator[list[int]]:
    """Standard output and error, to be appended to; what was none of these files, or is gone, is /dev/null."""
    with contextlib.ExitStack() as held:
        made = [_again(facts.get(number)) for number in _NUMBERS]
        for descriptor in made:
            if descriptor >= 0:
                held.callback(os.close, descriptor)
        yield made


def _again(fact: Sequence[Any] | None) -> int:
    """The very same file, which root opens: whoever may write to its directory must not choose another one."""
    if fact is None:
        return subprocess.DEVNULL
    path, device, inode = fact
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return subprocess.DEVNULL
    found = os.fstat(descriptor)
    if (found.st_dev, found.st_ino) == (device, inode) and stat.S_ISREG(found.st_mode):
        return descriptor
    os.close(descriptor)
    return subprocess.DEVNULL
