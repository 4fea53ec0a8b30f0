# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a change that only the journal of its host tells of."""

from __future__ import annotations

DOCUMENTATION = r"""
name: journalled
short_description: Tell of a change what the journal of its host knows
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Takes a change that has ended and gives what M(lowlat.redis.write_record) writes where there is no record of it.
positional: _input
options:
  _input:
    description: One of RV(lowlat.redis.change_info#module:changes).
    type: dict
    required: true
  host:
    description: The host's name in the inventory.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Tell of every change
  ansible.builtin.debug:
    msg: "{{ history.changes | map('lowlat.redis.journalled', host=inventory_hostname) | list }}"
"""

RETURN = r"""
_value:
  description:
    - C(host), C(name), C(change_id), C(state), C(settings), C(left), C(foreign), C(warnings) and C(message) as in a
      record, C(started_at) and C(ended_at) in UTC, C(owner) and C(ended_by).
  type: dict
"""

from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._afterwards import journalled


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"journalled": journalled}
