# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a server's unit: what somebody has edited meanwhile, and what they make of its next stop and start."""

from __future__ import annotations

import contextlib
import glob
import math
import os
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._host import systemd
from .instance import Instance

PROPERTIES = ("NeedDaemonReload", "FragmentPath", "DropInPaths", "ExecStop", "KillSignal", "Names", "TimeoutStopUSec")
#: Where systemd looks for units and their drop-ins, the most important first.
PLACES = (
    *("/etc/systemd/system", "/run/systemd/system"),
    *("/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"),
)
#: Our own drop-ins say what a change has set, and what waits for a restart.
_OURS = "90-lowlat.conf"
_STOPS_HARD = re.compile(r"nosave|\bkill(all)?\s+(-s\s+)?-?(9|KILL|SIGKILL)\b", re.IGNORECASE)
#: Of these signals a server saves its data and ends.
_SAVING = frozenset({"", "15", "2"})
#: /proc counts hundredths of a second, and a start takes its time. Seconds.
_SLACK = 1.0


@dataclass(frozen=True)
class UnitFiles:
    """``paths`` are those that systemd has read. ``unread`` are newer than that, or it does not know them."""

    paths: list[str]
    unread: list[str] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)  #: read, and changed since the server was started
    stops_hard: str = ""  #: what ends the server before it has saved, as the unit says it
    stops_within: float = math.inf  #: seconds for its stop, after which systemd kills it


def look(instance: Instance) -> UnitFiles:
    """Of the server's own unit; nothing of a server without one."""
    if instance.unit is None:
        return UnitFiles([])
    shown = systemd.show(instance.unit, PROPERTIES)
    paths = [path for path in [shown.get("FragmentPath", ""), *shown.get("DropInPaths", "").split()] if path]
    since = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + instance.process_started + _SLACK
    newer = [path for path in paths if not _is_told(path) and _changed(path) > since]
    unread = _unknown(instance.unit, shown.get("Names", "").split(), paths)
    if shown.get("NeedDaemonReload") == "yes" and not unread:
        unread, newer = newer or paths, []
    return UnitFiles(paths, unread, newer, _stops_hard(shown), systemd.seconds(shown.get("TimeoutStopUSec", "")))


def _is_told(path: str) -> bool:
    """Ours, or that of a set-property, which the running server has already."""
    return os.path.basename(path) == _OURS or "/system.control/" in path


def _changed(path: str) -> float:
    """When its content or its name was; one that has gone has changed."""
    try:
        return os.stat(path).st_ctime
    except OSError:
        return float("inf")


def _unknown(unit: str, aliases: Iterable[str], paths: list[str]) -> list[str]:
    """Files that systemd will read at its next daemon-reload, and that NeedDaemonReload= does not tell of.

    It does not where the directory of the drop-ins is new, or a whole unit file stands over another one.
    """
    read = {os.path.basename(path): path for path in paths}
    there: dict[str, str] = {}  # of files of one name the most important counts
    # A drop-in for the unit by its own name counts more than one for another name of it or for all, wherever that is.
    alike = [_dropped_into(name) for name in (unit, *aliases)] + [[unit.rpartition(".")[2]]]
    for name in (os.path.join(place, name) for names in alike for place in PLACES for name in names):
        for path in sorted(glob.glob(f"{glob.escape(name)}.d/*.conf")):
            there.setdefault(os.path.basename(path), path)
    found = [path for name, path in there.items() if name != _OURS and not _known(path, read.get(name))]
    whole = next((path for path in (os.path.join(place, unit) for place in PLACES) if os.path.exists(path)), None)
    # Of an instance of a template, a link or a generated one another file is read.
    if whole and paths and os.path.basename(paths[0]) == unit and os.path.realpath(whole) != os.path.realpath(paths[0]):
        found.append(whole)
    return found


def _dropped_into(name: str) -> list[str]:
    """The names whose drop-ins are for the unit of this name too, see systemd.unit(5); the nearest first."""
    stem, dot, kind = name.rpartition(".")
    prefix, at, _instance = stem.partition("@")
    found: dict[str, None] = {}
    for start in (prefix, *(prefix[: dash.end()] for dash in reversed([*re.finditer("-", prefix)]))):
        found.update(dict.fromkeys((start + stem[len(prefix) :] + dot + kind, start + at + dot + kind)))
    return list(found)


def _known(path: str, read: str | None) -> bool:
    """Read; or empty (a link to /dev/null), which takes the file of that name away; or overruled by a place of its own.

    Such as that of set-property.
    """
    if read is None:
        with contextlib.suppress(OSError):
            return os.stat(path).st_size == 0
        return True
    # With the slash: the directory of set-property is /etc/systemd/system.control.
    ordinary = read.startswith(tuple(f"{place}/" for place in PLACES))
    return os.path.realpath(path) == os.path.realpath(read) or not ordinary


def _stops_hard(shown: Mapping[str, str]) -> str:
    for line in shown.get("ExecStop", "").splitlines():
        found = _STOPS_HARD.search(line.partition("argv[]=")[2].partition(" ; ")[0])
        if found:
            return f"ExecStop= with {found[0]}"  # and not the rest: a password may stand there
    signal = shown.get("KillSignal", "")
    return "" if signal in _SAVING else f"KillSignal={signal}"
