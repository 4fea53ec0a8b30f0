# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a change back, go on past what fails, and prove that the host is as it was."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable

from .._errors import LowlatError
from .._server import directives
from .._server.connection import Address, server_errors
from .._settings.setting import Host
from . import (
    belonging,
    deadline,
    foreign,
    foreign_files,
    given_back,
    guards_rollback,
    log_again,
    lost_data,
    neighbours,
    not_in_effect,
    other_data,
    preimage,
    remembered,
    said,
    stopped,
    tries,
    unasked,
    waiting,
)
from .restoring import activate, differences, restore_files, restore_live
from .reviving import (
    ABOUT_DATA,
    BLOCKED,
    is_dead,
    may_let_us_in,
    put_back_what_a_restart_lost,
    restart_where_needed,
    start_with_its_data,
)
from .store import Change, Store
from .undone import Undone, answer, collecting, expected, timed_out

__all__ = ["Undone", "before_start", "roll_back", "roll_back_one"]

#: A server listens within this time of its start. Seconds.
STARTING = 1.0


def roll_back_one(
    store: Store,
    asked: Address,
    connect: Callable[[], Host],
    change_id: str | None,
    name: str | None,
    policy: str | None = None,
    accepts_lost_data: bool = False,
) -> Undone:
    """Take back a change by id, or the unfinished one, or the newest confirmed one; a second time is a no-op."""
    if not store.path.exists():
        store.find(change_id, name)  # which says so: the lock would make the directory
    with store.locked(doing="roll a change back"):
        change = store.find(change_id, name)
        if change.state == "rolled_back":
            return replace(foreign.begin(change), changed=False)
        guards_rollback.refuse(store, change, connect, asked)
        return roll_back(change, connect, "operator", policy, accepts_lost_data)


def roll_back(
    change: Change,
    connect: Callable[[], Host],
    by: str = "operator",
    policy: str | None = None,
    accepts_lost_data: bool = False,
    missing: str = "",
) -> Undone:
    """Restore in reverse order and end as `rolled_back` or `rollback_failed`; the caller holds the lock.

    ``by`` is who wants it: operator, apply (which failed), deadline, boot or recover. ``policy`` is about values that
    others have set since, where it is to be another one than the change was opened with. ``accepts_lost_data``: a
    person has looked at a server whose keys are gone. ``missing`` is what a restart of the change has lost.
    """
    result = foreign.begin(change, policy)
    result.accepts_lost_data = accepts_lost_data
    if missing:
        lost_data.hold_back(result, missing)
    foreign_files.look(result)  # before any of it is overwritten
    _tell_what_is_lost(change, result)
    with contextlib.suppress(OSError):  # a full disk stops no rollback; only its end must be written
        change.journal.append("rolling_back", by=by, **tries.begun())
    already = len(result.left)
    connect = belonging.only_to_its_server(change, connect)
    _restore(change, connect, result)
    if result.blocked:
        # Every step can be done twice, and the second time waits until the server answers again.
        del result.left[already:]
        _restore(change, connect, result)
    neighbours.compare(result)
    _end(result, by)
    return result


def _end(result: Undone, by: str) -> None:
    """Until the end is on the disk it has not come: the host goes on watching over the change and tries again."""
    change = result.change
    facts = {"restarted": result.restarted, "warnings": result.warnings, "by": by, "at": time.time()}
    facts["left_stopped"] = result.stopped
    facts["pending"] = result.pending
    end = "rolled_back"
    if result.left and result.unheard and tries.go_on(change, by):
        return
    if result.left:
        end, facts = "rollback_failed", {"left": result.left, "lost": change.lost, **facts}
        facts["data_missing"] = result.data_missing
    with collecting(result, "write its end into the journal"):
        change.journal.append(end, **facts)
        result.warnings.extend(deadline.disarm(change.directory))


def _restore(change: Change, connect: Callable[[], Host], result: Undone) -> None:
    """Bring everything back and compare; what failed or differs is left to do."""
    stored_now = said.now(change)
    interrupted = remembered.interrupted(change)
    about_data = not ABOUT_DATA.isdisjoint(preimage.ours(change))
    lost = interrupted = interrupted and given_back.wanted(result, interrupted, stored_now)
    host, why = waiting.reach(connect)
    _look(change, host, result)
    failed = len(result.left)
    restore_live(change, host, result)
    del result.left[failed:]  # each of them is tried again when the files are back
    dead = host is None and _is_dead(change, why, result)
    result.stopped = dead and answer(
        result, "somebody has stopped the server on purpose", lambda: stopped.on_purpose(change), otherwise=False
    )
    if result.stopped:
        stopped.restore_for_its_next_start(change, result)
        return
    if dead and interrupted:
        # Killed in a restart: the new server may have been started in this very moment, and must get no second one.
        host, why = waiting.reach(connect, starting=STARTING)
        _look(change, host, result)
        dead = host is None and _is_dead(change, why, result)
    if dead:
        lost = lost or given_back.wanted(result, given_back.opened_with(change), stored_now)
        if about_data:
            unasked.make_room(change, result)
            host, why = start_with_its_data(change, connect, lost, result)
            dead = host is None and _is_dead(change, why, result)
            _look(change, host, result)
    if dead:
        unasked.hold(change, result)
    if dead or not about_data:
        restore_files(change, result)
    if host is None and not dead:
        host, why = waiting.reach(connect, BLOCKED)
        _look(change, host, result)
    if not dead and about_data:
        _restore_files_of_a_server_that_was_asked(change, host, result)
    restore_live(change, host, result)
    activate(change, host, result)
    try:
        if host:
            if interrupted:
                put_back_what_a_restart_lost(change, host, interrupted, result)
            elif not lost and not result.data_missing:  # with its limits it might throw away what is left
                lost = given_back.after_others(change, host, result, stored_now)
            host = restart_where_needed(change, host, result)
        elif dead and lost:
            host = unasked.start(change, connect, lost, result)
    except expected() as error:
        result.blocked |= timed_out(error)
        result.left.append(f"restart the server and look at its log: {error}")
    _prove(change, host, why, connect, lost, result)


def _is_dead(change: Change, why: LowlatError | None, result: Undone) -> bool:
    """One of which that cannot be told may live: it gets no second one beside it."""
    return answer(result, "the server is dead", lambda: is_dead(change, why), otherwise=False)


def _look(change: Change, host: Host | None, result: Undone) -> None:
    """What the old values would destroy, and what is gone already: before any of it goes back."""
    if host:
        guards_rollback.look(change, host, result)
        lost_data.look(change, host, result)


def _restore_files_of_a_server_that_was_asked(change: Change, host: Host | None, result: Undone) -> None:
    """With the old config file one that nobody could ask might not start again, or lose keys: that file waits."""
    if host:
        log_again.turn_on(change, host, result)
    waits = preimage.config_files(change) if host is None else frozenset()
    restore_files(change, result, waits)
    result.left.extend(f"put {path} back: nobody could ask the server what it holds by now" for path in sorted(waits))


def _prove(
    change: Change,
    host: Host | None,
    why: LowlatError | None,
    connect: Callable[[], Host],
    lost: Mapping[str, Any] | None,
    result: Undone,
) -> None:
    """Compare the host with its pre-images; what differs is left to do."""
    result.unheard = False
    if host is None:
        host, why = waiting.reach(connect)
        if host:
            lost_data.look(change, host, result)
            result.blocked |= not result.restarted  # somebody's start has just ended: nothing of it was put back yet
    if host is None:
        # The host itself tries again as long as nobody can tell, which has an end.
        result.unheard = answer(result, "the server runs", lambda: may_let_us_in(change, why, result), otherwise=True)
        result.left.append(f"let us in to the server, for its live values: {why}")
        return
    if result.restarted:
        restore_live(change, host, result)
    if "appendonly" not in result.hurting:
        log_again.turn_on(change, host, result)
    with collecting(result, "compare the host with its pre-images"), server_errors(host.address):
        result.left.extend(differences(result, host))
        for name, now, then in remembered.differing(host, lost["runtime"], preimage.ours(change)) if lost else ():
            values = "" if directives.secret(name) else f" {now!r}, it was {then!r}"
            result.left.append(f"redis {name} is live{values or ' another value than it was'}")
    other_data.warn(change, host, result)
    not_in_effect.look(change, host, result)


def before_start(change: Change) -> Undone:
    """After a reboot, before the server starts: files and values of the kernel, so that it comes up as it was before.

    What needs the running server, and the proof of all, is ``roll_back``'s when it has started.
    """
    result = foreign.begin(change)
    foreign_files.look(result)  # before any of it is overwritten
    restore_live(change, None, result)
    # With these settings the file says where the newest data is: it goes back together with their live values.
    about_data = not ABOUT_DATA.isdisjoint(preimage.ours(change))
    unasked.make_room(change, result)
    restore_files(change, result, preimage.config_files(change) if about_data else frozenset())
    activate(change, None, result)
    return result


def _tell_what_is_lost(change: Change, result: Undone) -> None:
    """What the journal tells no more, a person looks after; who asks again after having been told has done so."""
    told = (change.journal.last("rollback_failed") or {}).get("lost", [])
    for lost in change.lost:
        if lost in told:
            result.warnings.append(f"{lost} was lost with a damaged part of the journal")
        else:
            result.left.append(f"look yourself after {lost}: it was lost with a damaged part of {change.journal.path}")
