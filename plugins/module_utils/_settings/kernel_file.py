# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the kernel that hold one value, and files of our own that hold one setting a line."""

from __future__ import annotations

import difflib
import os
from typing import Callable

from .._errors import BadInput, ChangeError

#: Code of the error of ``existing`` where there is nothing at all.
ABSENT = "absent"
_HEADER = "# Written by lowlat.redis."


def one_line(value: str, what: str) -> str:
    """The value without blanks around it. BadInput if it would be more than one line, or nothing."""
    if any(mark in value for mark in "\0\r\n"):
        raise BadInput(
            f"The value of {what} contains a line break or a NUL", why="it is one line", remedy="Write it on one line"
        )
    if not value.strip():
        raise BadInput(
            f"The value of {what} is empty", why="the kernel takes no empty value", remedy="Name the value to write"
        )
    return value.strip()


def existing(tree: str, relative: str, what: str) -> str:
    """The path of a file in a kernel's tree. BadInput with the nearest name, or if a link leads out of the tree."""
    path = os.path.join(tree, relative)
    real, top = os.path.realpath(path), os.path.realpath(tree)
    if os.path.isfile(real):
        if os.path.commonpath([real, top]) != top:
            raise BadInput(f"{what} leads out of {tree}", why=f"it is a link to {real}", remedy="Name a file in it")
        return path
    if os.path.isdir(real):
        raise BadInput(f"{what} is a directory", why="a value stands in a file", remedy="Name a file in it")
    directory, name = os.path.split(path)
    near = difflib.get_close_matches(name, os.listdir(directory), 1) if os.path.isdir(directory) else []
    raise BadInput(
        f"This kernel has no {what}",
        why=f"there is no {path}",
        remedy=f"Did you mean {near[0]}?" if near else "Load the module that has it, or leave it out",
        code=ABSENT,
    )


def read(path: str, what: str) -> str:
    """The file's text. BadInput if it cannot be read: what cannot be read cannot be put back."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().strip()
    except OSError as error:
        raise BadInput(f"{what} cannot be read", where=path, why=error.strerror or str(error)) from error


def check_writable(path: str, what: str) -> None:
    """BadInput if the file cannot be written, as in a container whose /proc/sys and /sys are read-only."""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        why = "its file system is mounted read-only here, as in most containers"
        raise BadInput(f"{what} cannot be written", where=path, why=why, remedy="Set it on the machine itself")
    if not os.stat(path).st_mode & 0o222:
        raise BadInput(f"{what} cannot be written", where=path, why="the kernel only shows it", remedy="Leave it out")
    if not os.access(path, os.W_OK, effective_ids=True):
        raise BadInput(f"{what} cannot be written", where=path, why="this user may not", remedy="Run with become: true")


def write(path: str, value: str, what: str) -> None:
    """Write in one piece, as these files need it. ChangeError with the kernel's reason."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
        try:
            os.write(handle, os.fsencode(value + "\n"))
        finally:
            os.close(handle)
    except OSError as error:
        raise ChangeError(
            f"The kernel does not take {value!r} for {what}",
            where=path,
            why=error.strerror or str(error),
            remedy="Correct the value, or leave the setting out",
        ) from error


def replace_line(content: bytes | None, is_ours: Callable[[str], bool], line: str) -> bytes:
    """Put the line where the setting stands in a file of ours, or at its end; a second line of it goes."""
    old = (content or b"").decode("utf-8", "surrogateescape").splitlines() or [_HEADER]
    new: list[str] = []
    placed = False
    for each in old:
        if not is_ours(each):
            new.append(each)
        elif not placed:
            new.append(line)
            placed = True
    if not placed:
        new.append(line)
    return ("\n".join(new) + "\n").encode("utf-8", "surrogateescape")
