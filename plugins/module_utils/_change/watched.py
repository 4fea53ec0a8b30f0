# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when a change may be confirmed, and what the host would take it back with, for those who look on."""

from __future__ import annotations

import os

from . import deadline, whole_copy
from .store import Change


def until(change: Change) -> str:
    """When the host takes it back by itself, in UTC; "unknown" where that is damaged, "" where nobody watches."""
    try:
        armed = deadline.load(change.directory)
    except OSError:
        return "unknown"
    if armed is None:
        return ""
    return "unknown" if armed.damage else armed.shown()


def damage(change: Change) -> list[str]:
    """What is not whole of the code by which the host takes it back by itself; nothing where nobody watches."""
    try:
        armed = deadline.load(change.directory)
    except OSError:
        return []
    if armed is None:
        return []
    return whole_copy.damage(armed.runner, armed.runner_digest, os.fspath(change.directory))
