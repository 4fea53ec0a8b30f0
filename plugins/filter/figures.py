# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A measurement in one line."""

from __future__ import annotations

DOCUMENTATION = r"""
name: figures
short_description: Tell a measurement in one line
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Names p50 and p99 of every metric that was measured.
positional: _input
options:
  _input:
    description: A measurement that M(lowlat.redis.latency_probe) returned.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell what was measured
  ansible.builtin.debug:
    msg: "{{ probed.measurement | lowlat.redis.figures }}"
"""

RETURN = r"""
_value:
  description: For example C(rtt p50 8.60 us, p99 9.80 us; set_rtt p50 9.10 us, p99 10.40 us).
  type: str
"""

from typing import Any

METRICS = ("rtt", "set_rtt", "xadd_rtt", "set", "xadd")


def figures(measurement: dict[str, Any]) -> str:
    """``rtt p50 8.60 us, p99 9.80 us; ...``."""
    told = []
    for metric in METRICS:
        values = measurement.get(metric) or {}
        parts = [f"{figure} {values[figure]:.2f} us" for figure in ("p50", "p99") if values.get(figure) is not None]
        if parts:
            told.append(f"{metric} {', '.join(parts)}")
    return "; ".join(told)


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"figures": figures}
