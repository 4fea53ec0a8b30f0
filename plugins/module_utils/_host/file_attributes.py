# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file carries besides its bytes: owner, mode, extended attributes, chattr flags."""

from __future__ import annotations

import array
import errno
import fcntl
import os

# From linux/fs.h: what chattr sets.
_GET_FLAGS = 0x80086601
_IMMUTABLE = 0x10
_APPEND_ONLY = 0x20


def apply(real: str, mode: int, uid: int, gid: int, xattrs: dict[str, bytes]) -> None:
    """Give the file exactly these; what is so already is not touched (an ordinary user may not even re-set it)."""
    status = os.stat(real)
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.chown(real, uid, gid)
    for name in xattrs_of(real):
        if name not in xattrs:
            os.removexattr(real, name)
    here = xattrs_of(real)
    for name, value in xattrs.items():
        if here.get(name) != value:
            os.setxattr(real, name, value)
    # Last: chown clears set-id bits, and an access list changes the group's bits.
    os.chmod(real, mode)


def xattrs_of(real: str) -> dict[str, bytes]:
    """Extended attributes: the security label, access lists, capabilities; none where the file system has none."""
    try:
        return {name: os.getxattr(real, name) for name in os.listxattr(real)}
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENODATA):
            return {}
        raise


def is_locked(real: str) -> bool:
    """Whether chattr made the file or directory immutable or append-only; False where that cannot be known."""
    buffer = array.array("l", [0])
    try:
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.ioctl(handle, _GET_FLAGS, buffer, True)
    except OSError:
        return False
    finally:
        os.close(handle)
    return bool(buffer[0] & (_IMMUTABLE | _APPEND_ONLY))
