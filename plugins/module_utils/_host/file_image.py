# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as they are, and put back exactly as they were."""

from __future__ import annotations

import base64
import errno
import os
import secrets
import stat
from dataclasses import dataclass, field
from typing import Any

from .._errors import BadInput, ChangeError
from . import files
from .file_attributes import apply, xattrs_of


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
            return cls(path, exists=False, link=link, new_directories=files.missing_directories(real))
        except OSError as error:
            raise _unreadable("look at", path, error) from error
        if not stat.S_ISREG(status.st_mode):
            why = "a device, a pipe or a directory cannot be put back as it was"
            raise BadInput("This is no regular file", where=path, why=why, remedy="Name a file that can be edited")
        try:
            with open(real, "rb") as file:
                content = file.read()
        except OSError as error:
            raise _unreadable("read", path, error) from error
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
                files.replace_exactly(self.path, self.content, self.give)
            else:
                files.replace_bytes(self.path, None)
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
            beside = os.path.join(directory, files.prefix(self.path) + secrets.token_hex(4))
            os.symlink(self.link, beside)
            os.replace(beside, self.path)
        files.sync_directory(directory)

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


def _remove_if_empty(directory: str) -> None:
    try:
        os.rmdir(directory)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.ENOENT):
            raise
        return
    files.sync_directory(os.path.dirname(directory))


def _unreadable(verb: str, path: str, error: OSError) -> BadInput:
    why = error.strerror or str(error)
    return BadInput(f"Cannot {verb} the file", where=path, why=why, remedy="Make it readable, or name another")
