# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a change after its record was written: told in the same record, and nothing of that is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._change.foreign_words import others

#: Between what came after and the text that was there.
BEFORE = "\nWhat follows is the record as it was before that.\n\n---\n\n"


def told(result: Mapping[str, Any], host: str, by: str, at: str, rehearsed: bool = False) -> dict[str, Any]:
    """The record of a rollback with this ``result``, which ``by`` has made; ``at`` is its time in UTC.

    ``rehearsed``: it was not made, and the result's state is that of before.
    """
    change_id = str(result.get("change_id", ""))
    event = {
        "state": result["state"],
        "state_before": "",
        "at": at,
        "by": by,
        "changed": bool(result.get("changed", False)),
        "restarted": bool(result.get("restarted", False)),
        "left": list(result.get("left") or []),
        "foreign": list(result.get("foreign") or []),
        "warnings": others(result.get("warnings") or [], result.get("foreign") or []),
        "message": f"{change_id} on {host}{_would(result) if rehearsed else _end(result)}",
    }
    return {
        "schema": 2,
        "host": host,
        "name": _name(change_id),
        "change_id": change_id,
        "state": event["state"],
        "message": event["message"],
        "settings": list(result.get("settings") or []),
        "left": event["left"],
        "afterwards": [event],
    }


def journalled(change: Mapping[str, Any], host: str) -> dict[str, Any]:
    """The record of a change that has ended and was never written down: what the journal of its host tells."""
    change_id = str(change["change_id"])
    return {
        "schema": 2,
        "host": host,
        "name": change.get("name") or _name(change_id),
        "change_id": change_id,
        "state": change["state"],
        "message": f"Written down from the journal of {host}: who made the change could not. "
        "What was measured is not known.",
        "started_at": change.get("opened_at") or "",
        "owner": change.get("owner") or "",
        "ended_at": change.get("ended_at") or "",
        "ended_by": change.get("ended_by") or "",
        **{part: list(change.get(part) or []) for part in ("settings", "left", "foreign", "warnings")},
    }


def added(earlier: Mapping[str, Any] | None, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The ``earlier`` record with what this one tells of afterwards; None where it says so already.

    The decision, the figures and the words of the earlier one stay; where there is none this one is the record.
    """
    if earlier is None:
        return dict(record)
    (event,) = record["afterwards"]
    before = earlier.get("state", "")
    if before == event["state"] and not event["changed"]:
        return None
    entries = [*earlier.get("afterwards", []), {**event, "state_before": before}]
    return {**earlier, "state": event["state"], "left": event["left"], "afterwards": entries}


def joined(text: str, earlier: str) -> str:
    """The Markdown of what came after, above what was there."""
    return f"{text}{BEFORE}{earlier}" if earlier else text


def _name(change_id: str) -> str:
    return change_id.partition("-")[2].rpartition("-")[0] or change_id


def _would(result: Mapping[str, Any]) -> str:
    if result["state"] == "rolled_back":
        return _end({**result, "changed": False})
    again = " once more: an earlier rollback has failed" if result["state"] == "rollback_failed" else ""
    more = ", and the server would be restarted" if result.get("restarted") else ""
    return f" would be rolled back{again}{more}"


def _end(result: Mapping[str, Any]) -> str:
    if result["state"] == "rollback_failed":
        left = "; ".join(result.get("left") or []) or "see the change with lowlat.redis.status"
        return f": ROLLBACK FAILED. Left to do by hand: {left}"
    read = "every value has been read back"
    more = "; the server was restarted" if result.get("restarted") else ""
    if result.get("left_stopped"):
        read = "files and values of the kernel have been read back"
        more += "; the server was stopped by somebody and left so"
    if not result.get("changed", True):  # what the host did by itself says nothing of it
        return f" had been rolled back before{more}"  # measured then or not: its record tells
    return f" was rolled back, and {read}{more}; its latency was not measured by this rollback"
