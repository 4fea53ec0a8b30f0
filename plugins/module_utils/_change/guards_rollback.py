# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of the way back: later changes that build on this one, and data that the old values would cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Callable

from .._errors import BadInput
from .._server.connection import Address, server_errors
from .._settings.setting import Host
from . import asking, belonging, guards_redis, hazards, preimage, standing, waiting
from .guard import Hazard
from .plan import Plan, PlannedSetting
from .store import Change, Store
from .undone import Undone, collecting

#: Directives that the old values of can destroy what came since: the server is asked before they go back.
ASKED = frozenset({"databases", "maxmemory", "maxmemory-policy"})
#: And those under which it would serve nobody any more. They destroy nothing, so nothing waits for the answer.
_SERVES = frozenset({"maxclients", "min-replicas-to-write", "min-slaves-to-write"})
#: So far above its limit a full server may be that evicts nothing: its clients' buffers, and the last write.
OVERSHOOT = 1.05


def refuse(store: Store, change: Change, connect: Callable[[], Host], asked: Address) -> None:
    """BadInput, ServerError or Refused where taking this change back now would mix it with later ones, or hurt.

    ``asked`` is where ``connect`` leads to.
    """
    _refuse_when_others_build_on_it(store, change)
    host, why = waiting.reach(connect)
    if why is not None:
        belonging.refuse_unproven(change, asked, why)
    if host is not None:
        belonging.refuse_another(change, host)
        found, plan = dangers(change, host)
        hazards.refuse(found, plan, f"{host.address}, taking back {change.change_id}")


def dangers(change: Change, host: Host) -> tuple[list[Hazard], Plan]:
    """What would be lost by going back, and the way back as a plan."""
    items = [
        PlannedSetting(replace(setting, value=str(before.live), optional=False), before, live=True)
        for setting, before, facts in preimage.changed_settings(change)
        if before.live is not None
    ]
    plan = Plan(items)
    found = [
        hazard
        for item in items
        for guard in (guards_redis.databases_in_use, _evicts, _too_few_clients, guards_redis.min_replicas_missing)
        for hazard in guard(item, plan, host)
    ]
    return found, plan


def asked(change: Change) -> frozenset[str]:
    """Those of the change."""
    return frozenset(key for kind, key, _unit in preimage.identities(change) if kind == "redis" and key in ASKED)


def may_hurt(change: Change) -> frozenset[str]:
    """Those of the change that may be left as they are because their old values would hurt."""
    return asked(change) | (preimage.ours(change) & _SERVES)


def look(change: Change, host: Host, result: Undone) -> None:
    """Note which old values would destroy something: these are left to a person, whoever wants the change back."""
    if not may_hurt(change):
        return
    result.hurting = asked(change) | result.held_back  # as long as nobody knows
    with collecting(result, "ask the server what the old values would destroy"), server_errors(host.address):
        found, _plan = dangers(change, host)
        result.hurting = frozenset(hazard.setting for hazard in found) | result.held_back
        if found:
            reasons = (f"[{hazard.id}] {hazard.setting}: {hazard.reason}; {hazard.remedy}" for hazard in found)
            result.left.append("set the values back that would hurt the server now: " + "; ".join(reasons))


def _too_few_clients(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Without the room of a new limit: as many as before may be there."""
    yield from guards_redis.maxclients_in_use(planned, plan, host, room=0)


def _evicts(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """Without the margin of a new limit: what was before is none.

    Where the limit stays what it was, a server that refuses to evict may be full and somewhat over it. A cache that is
    to evict again loses no more than it would have lost before.
    """
    then, now = plan.wanted("redis", "maxmemory"), host.client.config_get("maxmemory")["maxmemory"]
    same = int(now or 0) <= int(then or now or 0)
    yield from guards_redis.maxmemory_below_used(planned, plan, host, margin=1 / OVERSHOOT if same else 1.0)


def _refuse_when_others_build_on_it(store: Store, change: Change) -> None:
    """Taking this one back before those that stand on it would mix them."""
    later = standing.on(store, change)
    if later:
        first = [other.change_id for other in reversed(later)]
        those = (
            f"those back first, in this order: {', '.join(first)}; the first" if len(first) > 1 else "that back first,"
        )
        raise BadInput(
            f"Change {change.change_id} cannot be taken back before later ones",
            where=str(store.path),
            why="they wrote the same settings or files, or may have: " + ", ".join(reversed(first)),
            remedy=f"Take {those} {asking.to_take_back(first[0], store.path)}",
            take_back_first=first,
        )
