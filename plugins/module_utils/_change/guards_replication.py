# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of a restart in the middle of replication: a failover, and keys that a master does not know."""

from __future__ import annotations

from collections.abc import Iterator

from .._server import instance, replication
from .._settings.setting import Host
from .guard import Hazard, RestartMode
from .guards_start import at_a_start, by_us
from .plan import Plan


def failover_under_way(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """It holds the writes, as our restart does: who is through first lets go of them for both."""
    if not by_us(plan, restart):
        return
    state = host.client.info("replication").get("master_failover_state", "no-failover")
    if state != "no-failover":
        yield Hazard(
            "failover_under_way",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"a FAILOVER is under way here ({state}): this server holds its writes and is about to be a replica, and a "
            "restart could lose what its replica has not got yet",
            "wait for its end, or stop it with FAILOVER ABORT",
        )


def replica_keys(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A replica that clients may write to can hold keys of its own, which the full sync after a restart takes."""
    if not at_a_start(plan, restart) or host.instance.role != "replica":
        return
    shown = host.client.config_get("*-read-only")
    if "no" not in (shown.get("replica-read-only"), shown.get("slave-read-only")):
        return
    here, master = instance.keys(host.client.info("keyspace")), replication.master(host.client, host.address)
    there = master.keys if master else None
    own = sorted(number for number, count in here.items() if there is None or count > there.get(number, 0))
    if own:
        who = f"its master {master.address}" if master else "its master"
        yield Hazard(
            "replica_keys",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"this replica may be written to (replica-read-only no), and in database {', '.join(map(str, own))} it has "
            f"more keys than {who}{'' if there is not None else ' may have, which could not be asked'}: a full sync "
            "after the restart would take them for good",
            "move its own keys elsewhere first" + ("" if restart == "defer" else ", or say restart: defer"),
        )
