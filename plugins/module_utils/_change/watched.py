# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when a change may be confirmed, for those who look on."""

from __future__ import annotations

from . import deadline
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
