# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host itself comes again while a server that runs lets nobody in, but not without end."""

from __future__ import annotations

import time
from typing import Any

from . import boot, waiting
from .store import Change

#: Who tries again. An operator, or an apply that failed, is told at once.
_HOST = ("deadline", "boot", "recover")


def begun() -> dict[str, Any]:
    """When a try begins, for the journal: the clock may be set, the time since the boot may not."""
    return {"at": time.time(), "boot_id": boot.identity(), "uptime": boot.seconds()}


def go_on(change: Change, by: str) -> bool:
    """Counted from the first try of this boot, in which the server may only just be starting."""
    if by not in _HOST:
        return False
    tries = [one for one in change.journal.entries if one["entry"] == "rolling_back" and one.get("by") == by]
    here = boot.identity()
    first = next((one for one in tries if one.get("boot_id") == here), None)
    if first is not None:
        return boot.seconds() - float(first["uptime"]) < waiting.PATIENCE
    older = next((one for one in tries if "boot_id" not in one), None)
    return older is None or time.time() - float(older["at"]) < waiting.PATIENCE
