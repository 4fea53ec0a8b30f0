# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that did no harm."""

from __future__ import annotations

DOCUMENTATION = r"""
name: innocent
short_description: Leave the culprits out of a list of settings
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Takes settings as somebody wrote them and gives those that are none of the culprits.
  - Culprits are named as the host names its settings (V(hz) where V(HZ) was written), so what M(lowlat.redis.change)
    made of the same list is needed as well.
positional: _input, applied, culprits
options:
  _input:
    description: Settings as they were given to M(lowlat.redis.change).
    type: list
    elements: dict
    required: true
  applied:
    description: RV(lowlat.redis.change#module:settings), which has them in the same order.
    type: list
    elements: dict
    required: true
  culprits:
    description: RV(lowlat.redis.setting_effect#module:culprits).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Apply what did no harm
  lowlat.redis.change:
    name: phase2
    settings: "{{ phase2_settings | lowlat.redis.innocent(applied.settings, found.culprits) }}"
"""

RETURN = r"""
_value:
  description: The settings that are left, as they were written.
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._judge.culprits import innocent


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"innocent": innocent}
