# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change would do to a host, or why it may not be made there. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import ChangeError
from .._settings.setting import Host
from . import asking, hazards, other_places
from .guard import RestartMode
from .plan import Plan, build, parse
from .store import Change, Store


@dataclass
class Applied:
    """What came of a request to apply."""

    plan: Plan
    state: str = "unchanged"
    change: Change | None = None
    restarted: bool = False
    pending: list[str] = field(default_factory=list)


def propose(host: Host, settings: Sequence[Mapping[str, Any]], mode: RestartMode) -> Plan:
    """Plan the change and refuse it where a hazard stands against it; reads only."""
    wanted = parse(settings)
    hazards.refuse(hazards.without_a_look(wanted), Plan([]), str(host.address))
    plan = build(wanted, host)
    hazards.refuse(hazards.preflight(plan, host, mode), plan, str(host.address))
    return plan


def refuse_unfinished(store: Store) -> None:
    """One change at a time on a host."""
    other = store.unfinished()
    if other is None:
        other_places.refuse(store.path)
        return
    failed = other.state == "rollback_failed"
    back = asking.to_take_back(other.change_id, store.path)
    if failed:
        remedy = f"Roll it back again, which also proves that the host is as it was: {back}"
    elif other.state == "applied":
        remedy = f"Keep it first, {asking.to_keep(other.change_id, store.path)}; or take it back: {back}"
    else:  # killed on its way
        remedy = f"Take it back first: {back}"
    raise ChangeError(
        "A rollback on this host failed and is not mended" if failed else "Another change is open on this host",
        where=str(store.path),
        why=other.describe(),
        remedy=remedy,
        open_change=other.change_id,  # never as change_id: it is not the caller's to take back
    )
