# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a power cut could undo that a later step builds on. Pure.

A killed process loses nothing that it wrote, so no kill shows a missing fsync. The order of the steps does: before the
host is touched, all of our own must be on the disk, and before the journal says that something is done, that must be.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from .steps import Step


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILLS = _names(
    "write pwrite64 writev pwritev ftruncate truncate setxattr fsetxattr lsetxattr removexattr fremovexattr "
    "chmod fchmod fchmodat chown fchown fchownat utimensat copy_file_range sendfile"
)
_ENTERS = _names("open openat creat mkdir mkdirat rmdir unlink unlinkat symlink symlinkat link linkat")
_RENAMES = _names("rename renameat renameat2")


def complaints(found: Sequence[Step], state: str, *, opened: bool) -> Iterator[str]:
    """``state`` is the state directory; ``opened`` tells whether the change was before the first of these steps."""
    dirty: dict[str, Step] = {}
    for step in found:
        if step.error or step.what.endswith("/state/lock"):
            continue
        if _touches_the_host(step, state):
            if not opened:
                yield f"{step} comes before the journal"
            yield from (f"{step} comes before {path} is on the disk" for path in dirty if _is_ours(path, state))
        if step.syscall in ("write", "rename") and step.paths[-1:] and step.paths[-1].endswith("/journal"):
            others = (path for path in dirty if not _is_ours(path, state))
            yield from (f"the journal goes on before {path} is on the disk" for path in others)
            opened = True
        yield from _apply(step, dirty)
    yield from (f"in the end {path} is not on the disk" for path in dirty)


def _apply(step: Step, dirty: dict[str, Step]) -> Iterator[str]:
    """What is not on the disk after this step: files, and directories whose names are meant."""
    if step.syscall in ("fsync", "fdatasync"):
        dirty.pop(step.paths[0], None)
    elif step.syscall in _RENAMES:
        if step.paths[0] in dirty:
            yield f"{step} comes before what it holds is on the disk"
        dirty.update({os.path.dirname(path): step for path in step.paths})
    elif any(_is_of_the_kernel(path) for path in step.paths):
        return
    elif step.syscall in _ENTERS:
        dirty[os.path.dirname(step.paths[-1])] = step
    elif step.syscall in _FILLS and step.paths:
        dirty[step.paths[0]] = step


def _touches_the_host(step: Step, state: str) -> bool:
    if step.syscall in ("fsync", "fdatasync"):
        return False
    others = any(not _is_ours(path, state) for path in step.paths)
    return others or step.is_command or step.syscall == "sched_setaffinity"


def _is_ours(path: str, state: str) -> bool:
    """In the state directory (or the directory that it stands in), or a unit that watches."""
    return path == state or path.startswith(f"{state}/") or os.path.basename(path).startswith("lowlat-")


def _is_of_the_kernel(path: str) -> bool:
    return "/proc/" in path or "/sys/" in path
