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
  - Names each change with its state, its age, and what waits or is left to do.
positional: _input
options:
  _input:
    description: RV(lowlat.redis.change_info#module:changes).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell them
  ansible.builtin.debug:
    msg: "{{ found.changes | lowlat.redis.history }}"
"""

RETURN = r"""
_value:
  description: A list of lines, the oldest change first.
  type: list
  elements: str
"""

from typing import Any

UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def history(changes: list[dict[str, Any]]) -> list[str]:
    """``20260102T030405Z-phase2-1a2b: confirmed, 5 settings, 3 h ago by ops``."""
    return [_line(change) for change in changes] or ["no change so far"]


def _line(change: dict[str, Any]) -> str:
    number = len(change.get("settings", []))
    parts = [f"{change['state'].replace('_', ' ')}", f"{number} setting{'' if number == 1 else 's'}"]
    parts.append(f"{_age(change['age'])} ago by {change['owner']}")
    if change.get("pending_restart"):
        parts.append("waits for a restart: " + ", ".join(change["pending_restart"]))
    if change.get("left"):
        parts.append("LEFT TO DO: " + "; ".join(change["left"]))
    if change.get("deadline"):
        parts.append(f"the host takes it back at {change['deadline']} unless it is confirmed")
    if change.get("lost"):
        parts.append("ITS JOURNAL IS DAMAGED and does not tell: " + "; ".join(change["lost"]))
    return f"{change['change_id']}: {', '.join(parts)}"


def _age(seconds: float) -> str:
    for size, unit in UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "0 s"


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"history": history}
