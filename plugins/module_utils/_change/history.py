# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of the changes of this host."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._server.connection import Address
from . import drift, foreign, waiting, watched
from .result import settings_of
from .store import Change, Store


def tell(state_directory: str, change_id: str | None, login: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every change (or the one with this id), oldest first, the one that is not finished, and drift.

    ``login`` is how the server is reached; without it drift is not looked for.
    """
    store = Store(state_directory)
    every = store.all()
    changes = [store.find(change_id)] if change_id else every
    unfinished = store.unfinished()
    result = {
        "changed": False,
        "changes": [_tell_one(change) for change in changes],
        "open": _tell_one(unfinished) if unfinished else None,
    }
    if login is not None:
        with waiting.closed_at_the_end(waiting.connecting(Address.from_options(dict(login)))) as connect:
            found = drift.drift(every, connect)
        result["drift"] = [one for one in found.found if change_id in (None, one["change_id"])]
        result["drift_unknown"] = found.unknown
    return result


def _tell_one(change: Change) -> dict[str, Any]:
    confirmed = change.journal.last("confirmed") or {}
    failed = change.end if change.state == "rollback_failed" else {}
    return {
        "change_id": change.change_id,
        "name": change.name,
        "state": change.state,
        "owner": change.opened["owner"],
        "opened_at": _time(change.opened["opened_at"]),
        "age": change.age,
        "confirmed_at": _time(confirmed["at"]) if "at" in confirmed else "",
        "ended_at": _time(change.end["at"]) if "at" in change.end else "",
        "ended_by": str(change.end.get("by", "")),
        "server": change.opened["server"],
        "deadline": watched.until(change),
        "runner_damage": watched.damage(change),
        "settings": settings_of(change),
        "pending_restart": change.pending_restart,
        "on_foreign_change": change.opened["on_foreign_change"],
        "foreign": foreign.of(change),
        "left_stopped": bool(change.end.get("left_stopped", False)),
        "warnings": list(change.end.get("warnings", [])),
        "left": failed.get("left", []),
        "lost": change.lost,
    }


def _time(seconds: Any) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(seconds)))
