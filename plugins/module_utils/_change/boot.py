# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot this is, and how long it has lasted: neither changes when somebody sets the clock."""

from __future__ import annotations

import time
from pathlib import Path


def identity() -> str:
    """Of this boot. A container that was started again is another one, though its kernel went on."""
    kernel = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{kernel}/{started(1)}"


def seconds() -> float:
    """Since the kernel was booted, suspended time included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def started(pid: int) -> str:
    """When that process began, in ticks after the boot. OSError where there is none."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode()
