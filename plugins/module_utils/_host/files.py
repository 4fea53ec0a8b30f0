# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files replaced atomically and durably."""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from collections.abc import Callable
from typing import BinaryIO

from .._errors import BadInput, ChangeError
from .file_attributes import apply, is_locked, xattrs_of

#: Gives the file at this path, which stands open as this descriptor, what it is to have besides its bytes.
Give = Callable[[str, int], None]


def replace_bytes(path: str, content: bytes | None, mode: int = 0o644) -> None:
    """Give the file these bytes, all or none, durably; ``None`` removes it. ChangeError if that fails.

    An existing file keeps owner, mode and extended attributes, a link to it stays a link. A file with several names
    keeps them all, and one that is a mount point stays one: these are written in place. A new file gets ``mode``, and
    the directories it needs.
    """
    try:
        _replace(path, content, mode)
    except OSError as error:
        why, remedy = error.strerror or str(error), "See that this user may write it, and that its disk has room"
        raise ChangeError("Cannot write the file", where=path, why=why, remedy=remedy) from error


def is_written_in_place(path: str) -> bool:
    """Whether this file cannot be replaced by another one, so that a write of it can be cut short."""
    real = os.path.realpath(path)
    return os.stat(real).st_nlink > 1 or _is_mount_point(real)


def replace_exactly(path: str, content: bytes, give: Give) -> None:
    """As ``replace_bytes``, and in the same step the file gets all that ``give`` gives it. OSError if that fails."""
    _replace(path, content, 0o600, give)


def _replace(path: str, content: bytes | None, mode: int, give: Give | None = None) -> None:
    real = os.path.realpath(path)
    if content is None:
        if os.path.lexists(real):
            os.unlink(real)
            sync_directory(os.path.dirname(real))
        return
    _make_directories(os.path.dirname(real))
    try:
        status: os.stat_result | None = os.stat(real)
    except FileNotFoundError:
        status = None
    if status is not None and is_written_in_place(real):
        _write_in_place(real, content, give)
    else:
        _write_beside(real, content, status, mode, give)


def check_replaceable(path: str) -> None:
    """BadInput if ``replace_bytes`` could not work there; nothing is written."""
    real = os.path.realpath(path)

    def refuse(why: str, remedy: str) -> BadInput:
        return BadInput("Cannot write the file", where=path, why=why, remedy=remedy)

    if os.path.isdir(real):
        raise refuse("it is a directory", "Name a file")
    directory = os.path.dirname(real)
    while not os.path.isdir(directory):
        if os.path.lexists(directory):
            raise refuse(f"{directory} is no directory", "Move it out of the way")
        directory = os.path.dirname(directory)
    in_place = os.path.exists(real) and is_written_in_place(real)
    # A file is replaced by a new one in its directory, so it is the directory that must be writable.
    changed = real if in_place else directory
    if os.statvfs(changed).f_flag & os.ST_RDONLY:
        what = f"{real} is mounted" if changed == real else "the file system is mounted"
        raise refuse(f"{what} read-only", "Mount it read-write, or leave this setting out")
    for target in (real, directory):
        if os.path.exists(target) and is_locked(target):
            raise refuse(f"{target} is marked immutable or append-only", f"Run chattr -i -a {target} if that is wanted")
    if not os.access(changed, os.W_OK, effective_ids=True):
        raise refuse(f"this user may not write {changed}", "Run with become: true")
    if not in_place and os.path.exists(real) and os.geteuid() not in (0, os.stat(real).st_uid):
        why = "it belongs to another user, and only root could leave it theirs"
        raise refuse(why, "Run with become: true")


def remove_leftovers(path: str, owner: int) -> None:
    """Remove what a killed ``replace_bytes`` or ``restore`` of this file has left beside it. ChangeError if it stays.

    Only what has our name for such a copy and belongs to us or to ``owner``, whose file it was to become.
    """
    for place in sorted({path, os.path.realpath(path)}):
        directory = os.path.dirname(place)
        ours = re.compile(re.escape(prefix(place)) + r"[a-z0-9_]{8}\Z")
        for found in os.listdir(directory) if os.path.isdir(directory) else ():
            beside = os.path.join(directory, found)
            try:
                if ours.match(found) and os.lstat(beside).st_uid in (os.geteuid(), owner):
                    os.unlink(beside)
            except OSError as error:
                why = error.strerror or str(error)
                raise ChangeError(
                    "Cannot remove an unfinished copy", where=beside, why=why, remedy="Remove it"
                ) from error


def _write_beside(real: str, content: bytes, status: os.stat_result | None, mode: int, give: Give | None) -> None:
    handle, beside = tempfile.mkstemp(prefix=prefix(real), dir=os.path.dirname(real))
    try:
        with os.fdopen(handle, "wb") as file:
            # Before the content: at no moment may it be readable by more people than before.
            if give is not None:
                give(beside, file.fileno())
            elif status is None:
                os.fchmod(file.fileno(), mode)
            else:
                apply(beside, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, xattrs_of(real))
            _fill(file, beside, content, give)
        os.replace(beside, real)
    except OSError as error:
        os.unlink(beside)
        if error.errno != errno.EBUSY:
            raise
        # A file that is itself a mount point (containers do that) cannot be renamed over.
        _write_in_place(real, content, give)
    sync_directory(os.path.dirname(real))


def _write_in_place(real: str, content: bytes, give: Give | None) -> None:
    with open(real, "r+b") as file:
        if give is not None:
            give(real, file.fileno())
        _fill(file, real, content, give)


def _fill(file: BinaryIO, path: str, content: bytes, give: Give | None) -> None:
    """Durably; a write has its own time, and takes some attributes away."""
    file.write(content)
    file.flush()
    if os.fstat(file.fileno()).st_size > len(content):
        os.ftruncate(file.fileno(), len(content))
    if give is not None:
        give(path, file.fileno())
    os.fsync(file.fileno())


def missing_directories(real: str) -> tuple[str, ...]:
    missing: list[str] = []
    directory = os.path.dirname(real)
    while directory and not os.path.lexists(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
    return tuple(reversed(missing))


def _make_directories(directory: str) -> None:
    for missing in missing_directories(os.path.join(directory, "x")):
        os.mkdir(missing, 0o755)
        sync_directory(os.path.dirname(missing))


def prefix(path: str) -> str:
    """Of a copy beside the file: hidden, and known again where a kill has left it. Eight characters follow."""
    return f".lowlat-{os.path.basename(path)[:200]}-"


def _is_mount_point(real: str) -> bool:
    """Whether this very file is mounted, as containers do it; os.path.ismount knows directories only."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            places = [line.split(" ")[4] for line in file]
    except OSError:
        return False
    return any(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place) == real for place in places)


def sync_directory(directory: str | os.PathLike[str]) -> None:
    """Make names in a directory durable."""
    handle = os.open(directory or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
