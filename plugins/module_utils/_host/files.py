# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as they are, replaced atomically, and put back exactly as they were."""

from __future__ import annotations

import base64
import errno
import os
import re
import secrets
import stat
import tempfile
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from .._errors import BadInput, ChangeError
from .file_attributes import apply, is_locked, xattrs_of


@dataclass(frozen=True)
class FileImage:
    """A file as it was at one moment: its bytes and everything that a rewrite could lose.

    ``link`` is the target of a symbolic link at ``path``; content and attributes are those of the file behind it.
    ``new_directories`` are the directories above it that did not exist, innermost last.
    """

    path: str
    exists: bool
    link: str | None = None
    content: bytes = b""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    xattrs: dict[str, bytes] = field(default_factory=dict)
    mtime_ns: int = 0
    new_directories: tuple[str, ...] = ()

    @classmethod
    def capture(cls, path: str) -> FileImage:
        """The file at ``path`` now; BadInput if something there is no regular file or cannot be read."""
        link = os.readlink(path) if os.path.islink(path) else None
        real = os.path.realpath(path)
        try:
            status = os.stat(real)
        except FileNotFoundError:
            return cls(path, exists=False, link=link, new_directories=_missing_directories(real))
        except OSError as error:
            raise BadInput("Cannot look at the file", where=path, why=error.strerror or str(error)) from error
        if not stat.S_ISREG(status.st_mode):
            raise BadInput("This is no regular file", where=path, remedy="Name a file that can be edited")
        try:
            with open(real, "rb") as file:
                content = file.read()
        except OSError as error:
            raise BadInput("Cannot read the file", where=path, why=error.strerror or str(error)) from error
        mode = stat.S_IMODE(status.st_mode)
        return cls(path, True, link, content, mode, status.st_uid, status.st_gid, xattrs_of(real), status.st_mtime_ns)

    def restore(self) -> None:
        """Make the file what it was, touching nothing that is already so. ChangeError if that fails."""
        try:
            if not self.differs():
                self._restore_time()
                return
            self._restore_link()
            if self.exists:
                _replace(self.path, self.content, 0o600, self)
            else:
                replace_bytes(self.path, None)
                for directory in reversed(self.new_directories):
                    _remove_if_empty(directory)
        except OSError as error:
            raise ChangeError("Cannot put the file back", where=self.path, why=error.strerror or str(error)) from error

    def give(self, real: str, handle: int) -> None:
        """What it has besides its bytes, for the file at ``real`` that stands open; the caller syncs it."""
        apply(real, self.mode, self.uid, self.gid, self.xattrs)
        os.utime(handle, ns=(self.mtime_ns, self.mtime_ns))

    def _restore_time(self) -> None:
        """Of a file that is as it was otherwise: whoever put it back was killed before this, or could not."""
        real = os.path.realpath(self.path)
        if self.exists and os.stat(real).st_mtime_ns != self.mtime_ns:
            handle = os.open(real, os.O_RDONLY)
            try:
                os.utime(handle, ns=(self.mtime_ns, self.mtime_ns))
                os.fsync(handle)
            finally:
                os.close(handle)

    def _restore_link(self) -> None:
        now = os.readlink(self.path) if os.path.islink(self.path) else None
        if now == self.link:
            return
        directory = os.path.dirname(self.path)
        if self.link is None:
            os.unlink(self.path)
        else:
            beside = os.path.join(directory, _prefix(self.path) + secrets.token_hex(4))
            os.symlink(self.link, beside)
            os.replace(beside, self.path)
        _sync_directory(directory)

    def differs(self) -> list[str]:
        """What is not as it was: any of link, existence, content, mode, owner, group, xattrs, directories."""
        try:
            now = FileImage.capture(self.path)
        except BadInput:
            return ["existence"]
        found = ["link"] if now.link != self.link else []
        if now.exists != self.exists:
            return [*found, "existence"]
        if not self.exists:
            return [*found, "directories"] if any(map(os.path.isdir, self.new_directories)) else found
        pairs = (
            ("content", now.content, self.content),
            ("mode", now.mode, self.mode),
            ("owner", now.uid, self.uid),
            ("group", now.gid, self.gid),
            ("xattrs", now.xattrs, self.xattrs),
        )
        return found + [name for name, here, then in pairs if here != then]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; bytes are base64."""
        return {
            "path": self.path,
            "exists": self.exists,
            "link": self.link,
            "content": base64.b64encode(self.content).decode("ascii"),
            "mode": self.mode,
            "uid": self.uid,
            "gid": self.gid,
            "xattrs": {name: base64.b64encode(value).decode("ascii") for name, value in self.xattrs.items()},
            "mtime_ns": self.mtime_ns,
            "new_directories": list(self.new_directories),
        }

    @classmethod
    def from_dict(cls, image: dict[str, Any]) -> FileImage:
        """The inverse of ``to_dict``."""
        decoded = dict(
            image,
            content=base64.b64decode(image["content"]),
            xattrs={name: base64.b64decode(value) for name, value in image["xattrs"].items()},
            new_directories=tuple(image["new_directories"]),
        )
        return cls(**decoded)


def replace_bytes(path: str, content: bytes | None, mode: int = 0o644) -> None:
    """Give the file these bytes, all or none, durably; ``None`` removes it. ChangeError if that fails.

    An existing file keeps owner, mode and extended attributes, a link to it stays a link. A file with several names
    keeps them all, and one that is a mount point stays one: these are written in place. A new file gets ``mode``, and
    the directories it needs.
    """
    try:
        _replace(path, content, mode)
    except OSError as error:
        raise ChangeError("Cannot write the file", where=path, why=error.strerror or str(error)) from error


def is_written_in_place(path: str) -> bool:
    """Whether this file cannot be replaced by another one, so that a write of it can be cut short."""
    real = os.path.realpath(path)
    return os.stat(real).st_nlink > 1 or _is_mount_point(real)


def _replace(path: str, content: bytes | None, mode: int, exact: FileImage | None = None) -> None:
    """As ``replace_bytes``; where ``exact`` is given the file gets all that this one had, in the same step."""
    real = os.path.realpath(path)
    if content is None:
        if os.path.lexists(real):
            os.unlink(real)
            _sync_directory(os.path.dirname(real))
        return
    _make_directories(os.path.dirname(real))
    try:
        status: os.stat_result | None = os.stat(real)
    except FileNotFoundError:
        status = None
    if status is not None and is_written_in_place(real):
        _write_in_place(real, content, exact)
    else:
        _write_beside(real, content, status, mode, exact)


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


def remove_leftovers(path: str, owner: int) -> None:
    """Remove what a killed ``replace_bytes`` or ``restore`` of this file has left beside it. ChangeError if it stays.

    Only what has our name for such a copy and belongs to us or to ``owner``, whose file it was to become.
    """
    for place in sorted({path, os.path.realpath(path)}):
        directory = os.path.dirname(place)
        ours = re.compile(re.escape(_prefix(place)) + r"[a-z0-9_]{8}\Z")
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


def _write_beside(real: str, content: bytes, status: os.stat_result | None, mode: int, exact: FileImage | None) -> None:
    handle, beside = tempfile.mkstemp(prefix=_prefix(real), dir=os.path.dirname(real))
    try:
        with os.fdopen(handle, "wb") as file:
            # Before the content: at no moment may it be readable by more people than before.
            if exact is not None:
                exact.give(beside, file.fileno())
            elif status is None:
                os.fchmod(file.fileno(), mode)
            else:
                apply(beside, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, xattrs_of(real))
            _fill(file, beside, content, exact)
        os.replace(beside, real)
    except OSError as error:
        os.unlink(beside)
        if error.errno != errno.EBUSY:
            raise
        # A file that is itself a mount point (containers do that) cannot be renamed over.
        _write_in_place(real, content, exact)
    _sync_directory(os.path.dirname(real))


def _write_in_place(real: str, content: bytes, exact: FileImage | None) -> None:
    with open(real, "r+b") as file:
        if exact is not None:
            exact.give(real, file.fileno())
        _fill(file, real, content, exact)


def _fill(file: BinaryIO, path: str, content: bytes, exact: FileImage | None) -> None:
    """Durably; a write has its own time, and takes some attributes away."""
    file.write(content)
    file.flush()
    if os.fstat(file.fileno()).st_size > len(content):
        os.ftruncate(file.fileno(), len(content))
    if exact is not None:
        exact.give(path, file.fileno())
    os.fsync(file.fileno())


def _missing_directories(real: str) -> tuple[str, ...]:
    missing: list[str] = []
    directory = os.path.dirname(real)
    while directory and not os.path.lexists(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
    return tuple(reversed(missing))


def _make_directories(directory: str) -> None:
    for missing in _missing_directories(os.path.join(directory, "x")):
        os.mkdir(missing, 0o755)
        _sync_directory(os.path.dirname(missing))


def _remove_if_empty(directory: str) -> None:
    try:
        os.rmdir(directory)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
            raise
        return
    _sync_directory(os.path.dirname(directory))


def _prefix(path: str) -> str:
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


def _sync_directory(directory: str) -> None:
    handle = os.open(directory or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
