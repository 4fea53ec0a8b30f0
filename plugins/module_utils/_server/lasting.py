# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a server has saved outlives its stop: some directories go with its unit, dump, AOF and all."""

from __future__ import annotations

import fnmatch
import os
import re
from dataclasses import dataclass

from .._host import systemd
from .instance import Instance

PROPERTIES = (
    *("RuntimeDirectory", "RuntimeDirectoryPreserve"),
    *("ExecStartPre", "ExecStartPost", "ExecStop", "ExecStopPost"),
)
_RUN = "/run"
_EMPTIES = re.compile(r"\b(flushall|flushdb)\b", re.IGNORECASE)
_REMOVES = re.compile(r"\b(rm|unlink|shred|truncate)\b")
_IN_MEMORY = ("tmpfs", "ramfs")
#: Where systemd keeps the /tmp and /var/tmp of a unit with PrivateTmp=, which it removes at its stop.
_PRIVATE = "/systemd-private-"


def taken_away_by(instance: Instance, path: str) -> str:
    """What removes this file, or directory, of the server when its unit stops or starts; empty where it stays."""
    if instance.unit is None:
        return ""
    shown = systemd.show(instance.unit, PROPERTIES)
    if shown.get("RuntimeDirectoryPreserve", "no") == "no":
        for name in shown.get("RuntimeDirectory", "").split():
            if _is_below(path, os.path.join(_RUN, name.partition(":")[0])):
                return f"RuntimeDirectory={name}, which systemd removes when the unit stops"
    for name in PROPERTIES[2:]:
        # And not the whole line: a password may stand there.
        for line in shown.get(name, "").splitlines():
            command = line.partition("argv[]=")[2].partition(" ; ignore_errors=")[0]
            found = _EMPTIES.search(command) or (_names(command, path) and _REMOVES.search(command))
            if found:
                return f"{name}= with {found[0]}"
    return _private(instance.pid, path)


def _names(command: str, path: str) -> bool:
    """Whether one of its words is that path, a directory of it, or a pattern for it."""
    words = (word.rstrip("/") for word in re.split(r"[\s\"';]+", command))
    return any(word and (fnmatch.fnmatchcase(path, word) or path.startswith(f"{word}/")) for word in words)


def _private(pid: int, path: str) -> str:
    """A file system in memory that only the unit sees ends with it, as its own /tmp does."""
    try:
        # Of several mounts at one place the last one is seen.
        mount = max((each for each in _mounts(pid) if _is_below(path, each.place)), key=_nearest, default=None)
        if mount is None:
            return ""
        if _PRIVATE in mount.root:
            return f"the {mount.place} of its unit alone (PrivateTmp=), which systemd removes when the unit stops"
        lasts = mount.type not in _IN_MEMORY or mount.device in {each.device for each in _host_mounts()}
    except OSError:
        return ""  # whoever may not look knows nothing of it
    return "" if lasts else f"a {mount.type} at {mount.place} that only its unit has, and that ends with it"


@dataclass(frozen=True)
class _Mount:
    number: int  #: in their order
    device: str
    root: str  #: what of the file system is mounted
    place: str
    type: str


def _nearest(mount: _Mount) -> tuple[int, int]:
    return len(mount.place), mount.number


def _mounts(pid: int | str) -> list[_Mount]:
    with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        lines = [line.split(" ") for line in file]
    return [
        _Mount(number, words[2], words[3], _plain(words[4]), words[words.index("-") + 1])
        for number, words in enumerate(lines)
    ]


def _host_mounts() -> list[_Mount]:
    """Those of all units; an ordinary user may only see his own, which are the same as a rule."""
    try:
        return _mounts(1)
    except PermissionError:
        return _mounts("self")


def _plain(place: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place)


def _is_below(path: str, directory: str) -> bool:
    return os.path.commonpath([path, directory]) == directory if path.startswith("/") else False
