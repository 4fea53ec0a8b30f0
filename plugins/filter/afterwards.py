# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a change after its record was written."""

from __future__ import annotations

DOCUMENTATION = r"""
name: afterwards
short_description: Tell what became of a change after its record was written
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Takes the result of a rollback and gives what M(lowlat.redis.write_record) adds to the record of the change.
positional: _input
options:
  _input:
    description:
      - What M(lowlat.redis.change) returned with C(state=rolled_back), or one of
        RV(lowlat.redis.change_info#module:changes).
    type: dict
    required: true
  host:
    description: The host's name in the inventory.
    type: str
    required: true
  by:
    description: Who took the change back.
    type: str
    required: true
  at:
    description: When, in UTC.
    type: str
    required: true
  rehearsed:
    description: Whether the rollback was only rehearsed, in check mode.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Tell the end
  ansible.builtin.debug:
    msg: "{{ (rolled_back | lowlat.redis.afterwards(host=inventory_hostname, by='ops', at='now')).message }}"
"""

RETURN = r"""
_value:
  description:
    - C(host), C(name), C(change_id), C(state), C(settings), C(left) and C(message), and as the one item of
      C(afterwards) who took the change back and when, and what came of it.
  type: dict
"""

from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._afterwards import told


def afterwards(result: dict[str, Any], host: str, by: str, at: str, rehearsed: bool = False) -> dict[str, Any]:
    """The record of what came after."""
    return told(result, host, by, at, rehearsed)


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"afterwards": afterwards}
