# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes that faults are put into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A change: its settings and how it may restart the server. What makes ``fails`` true makes it fail half way."""

    name: str
    settings: tuple[dict[str, Any], ...]
    restart: str = "refuse"
    fails: bool = False


_HZ = {"kind": "redis", "key": "hz", "value": 20}
_MEMORY = {"kind": "redis", "key": "maxmemory", "value": "100mb"}
_LOG = {"kind": "redis", "key": "appendonly", "value": "yes"}
_CPU = {"kind": "affinity", "key": "server", "value": "0"}
_DATABASES = {"kind": "redis", "key": "databases", "value": 8}

LIVE = Case("live", (_HZ, _MEMORY, _LOG, _CPU))
RESTART = Case("restart", (_DATABASES, _HZ), "allowed")
#: The log cannot be made, and what was written before is taken back at once.
FAILING = Case("failing", (_HZ, _MEMORY, _CPU, _LOG), fails=True)
#: No kernel has these: they stand in the files of a host that is a directory.
KERNEL = Case(
    "kernel",
    (
        {"kind": "sysctl", "key": "lowlat.trial", "value": 7},
        {"kind": "sysfs", "key": "lowlat/trial", "value": "never"},
        _HZ,
    ),
)
CASES = {case.name: case for case in (LIVE, RESTART, FAILING, KERNEL)}

_BACKLOG = {"kind": "sysctl", "key": "net.core.somaxconn", "value": 2048}
_UNIT_CPU = {"kind": "systemd", "key": "CPUAffinity", "value": "0"}
#: For a host that has systemd, and a kernel (or its own part of one) that may be changed.
UNITS = Case("units", (_BACKLOG, _HZ, _MEMORY))
UNITS_RESTART = Case("units restart", (_BACKLOG, _UNIT_CPU, _DATABASES, _HZ), "allowed")
