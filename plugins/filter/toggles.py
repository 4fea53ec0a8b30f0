# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a change that may be switched back and forth to find out what each of them does."""

from __future__ import annotations

DOCUMENTATION = r"""
name: toggles
short_description: Turn the settings of a change into those of an A/B comparison
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Takes RV(lowlat.redis.change#module:settings) and gives O(lowlat.redis.setting_effect#module:settings), with the
    value before the change and the one after it.
  - Leaves out what was so already, what only a restart changes, secrets, and what had more than one value (threads that
    each had CPUs of their own). The rest is optional, since only the host knows what can be toggled there.
positional: _input
options:
  _input:
    description: Settings as M(lowlat.redis.change) reports them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Find out which setting did it
  lowlat.redis.setting_effect:
    settings: "{{ applied.settings | lowlat.redis.toggles }}"
"""

RETURN = r"""
_value:
  description: Settings with C(kind), C(key), C(values) (before, after) and C(optional).
  type: list
  elements: dict
"""

from typing import Any

#: In place of a secret.
MASK = "********"
#: A unit's property takes effect by a restart.
_LIVE = ("redis", "sysctl", "sysfs", "affinity")


def toggles(settings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``{kind, key, values, optional}`` for each setting that has two live values."""
    return [
        {"kind": found["kind"], "key": found["key"], "values": [found["before"], found["after"]], "optional": True}
        for found in settings
        if found["kind"] in _LIVE
        and found.get("changed")
        and not found.get("restart")
        and not found.get("skipped")
        and isinstance(found["before"], (str, int, float))
        and found["before"] != found["after"]
        and MASK not in (found["before"], found["after"])
    ]


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"toggles": toggles}
