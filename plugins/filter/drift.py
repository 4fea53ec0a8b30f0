# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings are not as they should be, in words."""

from __future__ import annotations

DOCUMENTATION = r"""
name: drift
short_description: Say which settings are not as they should be
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Takes RV(lowlat.redis.change#module:settings) and names each setting whose live or stored value differs.
positional: _input
options:
  _input:
    description: The settings that M(lowlat.redis.change) returned.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Say what is not as it should be
  ansible.builtin.debug:
    msg: "{{ plan.settings | lowlat.redis.drift }}"
"""

RETURN = r"""
_value:
  description: One sentence part for each such setting, joined by semicolons; empty if there is none.
  type: str
"""

from typing import Any


def drift(settings: list[dict[str, Any]]) -> str:
    """``redis hz is 10, not 8; sysctl vm.overcommit_memory is stored as nothing, not 1``."""
    return "; ".join(_one(setting) for setting in settings if setting["changed"])


def _one(setting: dict[str, Any]) -> str:
    name = f"{setting['kind']} {setting['key']}"
    wanted = setting["after"]
    if setting["persisted_before"] == setting["persisted_after"] or str(setting["before"]) != str(wanted):
        return f"{name} is {setting['before']}, not {wanted}"
    stored = "nothing" if setting["persisted_before"] is None else setting["persisted_before"]
    return f"{name} is stored as {stored}, not {setting['persisted_after']}"


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"drift": drift}
