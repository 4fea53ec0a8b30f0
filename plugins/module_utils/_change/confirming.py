# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep an applied change, with proof that it is what the host still has."""

from __future__ import annotations

import time
from typing import Callable

from .._errors import ChangeError
from .._server.connection import server_errors
from .._settings.setting import Host
from . import (
    belonging,
    deadline,
    lost_data,
    lost_values,
    numbered,
    persistence,
    preimage,
    remembered,
    settling,
    writing,
)
from .store import Change, Store


def confirm(
    store: Store, connect: Callable[[], Host], change_id: str | None, name: str | None
) -> tuple[Change, bool, list[str]]:
    """Keep an applied change, after proof that the server answers and every value still holds.

    Returns the change, whether this call confirmed it, and warnings: of what its server has lost, and
    of what is left of its watch.
    """
    if not store.path.exists():
        store.find(change_id, name)  # which says so: the lock would make the directory
    with store.locked(doing="confirm a change"):
        change = store.find(change_id, name)
        if change.state == "confirmed":
            left = deadline.disarm(change.directory) if deadline.is_armed(change.directory) else []
            return change, False, left
        if change.state != "applied":
            raise ChangeError(
                "Only an applied change can be confirmed",
                where=change.describe(),
                why=f"it is {change.state}",
                remedy="Roll it back, or apply it again",
            )
        if change.lost:
            raise ChangeError(
                "The journal of this change is damaged, so it was not confirmed",
                where=change.describe(),
                why=f"lost are {', '.join(change.lost)}: no proof, no keep",
                remedy="Roll it back, which restores what is certain and names the rest",
            )
        deadline.refuse_late(change)
        host = connect()
        belonging.refuse_another(change, host)
        restarted, warnings = change.journal.last("restarted"), []
        if restarted is None:
            warnings = [*lost_data.refuse_unless_whole(change, host), *lost_values.told(change, host)]
        else:
            if not remembered.is_same_process(host, restarted):
                raise lost_data.another_process(change, host, restarted)
            settling.prove_settled(host, settling.left_to_settle(restarted["up_since"]))
        pending = _still_pending(change, host)
        drifted = writing.differing(change, host, set(pending))
        if drifted:
            raise ChangeError(
                "The host is no longer as the change left it, so it was not confirmed",
                where=change.describe(),
                why="; ".join(drifted),
                remedy="Find out who changed it, then roll back or apply again",
            )
        if "databases" in pending:
            with server_errors(host.address):
                numbered.refuse(host, "the change was not confirmed")
        if pending != change.pending_restart:
            with server_errors(host.address):
                persistence.try_children(host, preimage.ours(change))
        deadline.refuse_late(change)  # the proof has taken its time
        change.journal.append("confirmed", by="operator", at=time.time(), pending=pending, warnings=warnings)
        return change, True, [*warnings, *deadline.disarm(change.directory)]


def _still_pending(change: Change, host: Host) -> list[str]:
    """What waits for a restart. Nothing after the operator's own one, which is proven like one by the change itself."""
    pending, known = change.pending_restart, change.opened["server"]
    if not pending or not known or remembered.is_same_process(host, known):
        return pending
    settling.prove_settled(host, settling.SETTLE)  # when it first answered nobody has seen
    return []
