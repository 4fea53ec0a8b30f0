# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to ask for a change to be taken back or kept, in words."""

from __future__ import annotations


def to_take_back(change_id: str) -> str:
    return (
        f"by the playbook lowlat.redis.rollback with -e lowlat_change_id={change_id}, or by lowlat.redis.change with "
        f"state: rolled_back, change_id: {change_id}"
    )


def to_keep(change_id: str) -> str:
    return f"by lowlat.redis.change with state: confirmed, change_id: {change_id}"
