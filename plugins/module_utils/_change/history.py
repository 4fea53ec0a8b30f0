# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the changes of this host."""

from __future__ import annotations

import time
from typing import Any

from .request import settings_of
from .store import Change, Store
from .watched import until


def tell(state_directory: str, change_id: str | None) -> dict[str, Any]:
    """Every change (or the one with this id), oldest first, and the one that is not finished."""
    store = Store(state_directory)
    changes = [store.find(change_id)] if change_id else store.all()
    unfinished = store.unfinished()
    return {
        "changed": False,
        "changes": [_tell_one(change) for change in changes],
        "open": _tell_one(unfinished) if unfinished else None,
    }


def _tell_one(change: Change) -> dict[str, Any]:
    applied = change.journal.last("applied") or {}
    failed = change.journal.last("rollback_failed") if change.state == "rollback_failed" else None
    return {
        "change_id": change.change_id,
        "name": change.name,
        "state": change.state,
        "owner": change.opened["owner"],
        "opened_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(change.opened["opened_at"]))),
        "age": change.age,
        "server": change.opened["server"],
        "deadline": until(change),
        "settings": settings_of(change),
        "pending_restart": applied.get("pending", []) if change.state in ("applied", "confirmed") else [],
        "left": failed["left"] if failed else [],
        "lost": change.lost,
    }
