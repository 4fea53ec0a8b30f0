# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the kernel held a process back because the CPU quota of its cgroup was used up."""

from __future__ import annotations

import os
import re

_COUNTER = re.compile(rb"^throttled_(usec|time) (\d+)$", re.MULTILINE)


def statistics_of(pid: int | str, root: str = "/") -> list[str]:
    """The paths of every ``cpu.stat`` that counts for ``pid``: of its cgroup and all above it.

    OSError where /proc does not tell. Empty where no such file is there: no CPU controller, or not mounted here.
    """
    with open(os.path.join(root, f"proc/{pid}/cgroup"), encoding="utf-8", errors="surrogateescape") as file:
        lines = file.read().splitlines()
    found = []
    for line in lines:
        _number, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        # Version 1 mounts the controller by its own or its joint name, version 2 all in one place.
        places = ("cpu", controllers) if controllers else ("", "unified")
        for place in dict.fromkeys(places):
            found += _upwards(os.path.join(root, "sys/fs/cgroup", place), group.strip("/"))
    return list(dict.fromkeys(os.path.realpath(path) for path in found))


def throttled_seconds(paths: list[str]) -> float:
    """The most that any of these groups was held back, since it exists. OSError if one cannot be read."""
    return max((_seconds(path) for path in paths), default=0.0)


def _upwards(top: str, group: str) -> list[str]:
    found = []
    while True:
        path = os.path.join(top, group, "cpu.stat")
        if os.path.exists(path):
            found.append(path)
        if not group:
            return found
        group = os.path.dirname(group)


def _seconds(path: str) -> float:
    with open(path, "rb") as file:
        match = _COUNTER.search(file.read())
    # The root group has no such line: nothing holds it back.
    if match is None:
        return 0.0
    return int(match.group(2)) / (1e6 if match.group(1) == b"usec" else 1e9)
