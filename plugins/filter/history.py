# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of a host, a line each."""

from __future__ import annotations

DOCUMENTATION = r"""
name: history
short_description: Tell the changes of a host, a line each
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Names each change with its state, its age, who ended it and when, and what waits or is left to do; then each setting
    that is no longer as a confirmed change has set it.
positional: _input
options:
  _input:
    description: The result of M(lowlat.redis.change_info), or its RV(lowlat.redis.change_info#module:changes) alone.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Tell them
  ansible.builtin.debug:
    msg: "{{ found | lowlat.redis.history }}"
"""

RETURN = r"""
_value:
  description: A list of lines, the oldest change first, then drift.
  type: list
  elements: str
"""

from collections.abc import Iterator
from typing import Any

UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
WHO = {
    "deadline": "taken back by the host at its deadline",
    "boot": "taken back by the host after a boot",
    "recover": "taken back by hand on the host",
    "apply": "taken back at once, since applying it failed",
    "operator": "taken back by a play or an operator",
}
#: Who never measures the restored host.
UNMEASURED = ("deadline", "boot", "recover")


def history(found: dict[str, Any] | list[dict[str, Any]]) -> list[str]:
    """``20260102T030405Z-phase2-1a2b: confirmed, 5 settings, 3 h ago by ops``."""
    told = found if isinstance(found, dict) else {"changes": found}
    lines = [_line(change) for change in told["changes"]] or ["no change so far"]
    lines.extend(_drift(one) for one in told.get("drift", []))
    return [*lines, *([f"drift unknown: {told['drift_unknown']}"] if told.get("drift_unknown") else [])]


def _line(change: dict[str, Any]) -> str:
    number = len(change.get("settings", []))
    parts = [f"{change['state'].replace('_', ' ')}", f"{number} setting{'' if number == 1 else 's'}"]
    parts.append(f"{_age(change['age'])} ago by {change['owner']}")
    parts.extend(_end(change))
    if change.get("pending_restart"):
        parts.append("waits for a restart: " + ", ".join(change["pending_restart"]))
    parts.extend(map(_foreign, change.get("foreign", [])))
    if change.get("warnings"):
        parts.append("TO BE KNOWN: " + "; ".join(change["warnings"]))
    if change.get("left"):
        parts.append("LEFT TO DO: " + "; ".join(change["left"]))
    if change.get("deadline"):
        parts.append(f"the host takes it back at {change['deadline']} unless it is confirmed")
    damaged = change.get("runner_damage", [])
    if damaged:
        end = "the other one is used" if len(damaged) == 1 else "so NOBODY TAKES IT BACK: roll it back yourself"
        parts.append(f"DAMAGED COPY of the code that takes it back ({'; '.join(damaged)}): {end}")
    if change.get("lost"):
        parts.append("ITS JOURNAL IS DAMAGED and does not tell: " + "; ".join(change["lost"]))
    return f"{change['change_id']}: {', '.join(parts)}"


def _end(change: dict[str, Any]) -> Iterator[str]:
    """When and by whom it was ended, as far as its journal tells."""
    if not change.get("ended_at"):
        return
    who = "kept" if change["state"] == "confirmed" else WHO.get(change.get("ended_by", ""), "taken back")
    yield f"{who} at {change['ended_at']}"
    # An operator's may be that of a gated change, which measures; but it confirms only what it does not take back.
    unmeasured = change.get("ended_by") in UNMEASURED or change.get("confirmed_at")
    if change["state"] != "confirmed" and unmeasured:
        yield "latency not measured after that"
    if change.get("left_stopped"):
        yield "the server was stopped by somebody and left so"


def _foreign(entry: dict[str, Any]) -> str:
    if entry["where"] == "file" and entry["found"] == "existence":
        ends = {"restored": "made again", "kept": "not made again", "left": "not made again"}
        return f"{entry['key']} was removed by somebody else and {ends[entry['done']]}"
    what = f"{entry['key']} was edited" if entry["where"] == "file" else f"{entry['kind']} {entry['key']} was set"
    found = f" ({entry['found']})"
    if entry["where"] != "file":
        now, before, ours = (_value(entry.get(name)) for name in ("found", "before", "set"))
        found = f" to {now} ({entry['where']}; before it was {before}, by the change {ours})"
    return f"{what} by somebody else{found} and {entry['done']}"


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value) or "''"


def _drift(one: dict[str, Any]) -> str:
    unit = f" of {one['unit']}" if one["unit"] else ""
    stored = "is stored as" if one["where"] == "stored" else "is"
    found = "nothing" if one["found"] is None else one["found"]
    return f"DRIFT: {one['kind']} {one['key']}{unit} {stored} {found}, not {one['wanted']} ({one['change_id']})"


def _age(seconds: float) -> str:
    for size, unit in UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "0 s"


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"history": history}
