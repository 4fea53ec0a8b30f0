# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases that hold keys and that a start does not bring: a start dies of them, or mixes them into others."""

from __future__ import annotations

from .._errors import ChangeError
from .._server import instance, starting
from .._settings.setting import Host

_DEFAULT = 16


def beyond(host: Host) -> tuple[list[int], int]:
    """Their numbers, and how many databases a start would give the server."""
    if not starting.known(host.instance):
        return [], 0
    limit = int(starting.values(host.instance).get("databases", _DEFAULT))
    held = instance.keys(host.client.info("keyspace"))
    return sorted(number for number, count in held.items() if count and number >= limit), limit


def refuse(host: Host, outcome: str) -> None:
    """ChangeError where there are any: clients may have written to them since the change was looked at."""
    lost, limit = beyond(host)
    if lost:
        raise ChangeError(
            f"The server would not come back with all of its databases, so {outcome}",
            where=str(host.address),
            why=f"it would start with {limit} databases, and database {', '.join(map(str, lost))} holds keys",
            remedy="Move those keys, or write more databases into its config file; then try again",
        )
