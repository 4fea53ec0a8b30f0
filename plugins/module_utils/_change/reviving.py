# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a rollback about a server that must be started or started again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .._errors import LowlatError
from .._host import systemd
from .._server import exec_start, instance, starting
from .._server.connection import server_errors
from .._settings import registry
from .._settings.setting import Host
from . import (
    belonging,
    demoted,
    evicting,
    foreign,
    given_back,
    guards_rollback,
    launch,
    listening,
    not_in_effect,
    numbered,
    persistence,
    preimage,
    remembered,
    restart,
    said,
    sealed,
    settling,
    standing,
    stored,
    waiting,
)
from .store import Change
from .undone import Undone, collecting, expected, note

#: A server that is blocked (a slow script, a fork, a swapped-out page) is waited for so long, in seconds.
BLOCKED = 60.0
#: With these the config file says where the newest data is, or whether there is room for it.
ABOUT_DATA = guards_rollback.ASKED | {"appendonly"}


def is_dead(change: Change, why: LowlatError | None) -> bool:
    """Nobody listens and its process is gone. One that only does not let us in must never get a second beside it."""
    if why is None or why.details.get("code") != "unreachable" or not change.opened["server"]:
        return False
    unit = change.opened["unit"]
    if unit:
        return systemd.show(unit, ["MainPID"]).get("MainPID") in (None, "", "0")
    return not belonging.any_runs(change)


def may_let_us_in(change: Change, why: LowlatError | None, result: Undone) -> bool:
    """It runs, or somebody is starting it: it has too many clients at this moment, or is only being restarted."""
    if why is None or why.details.get("code") not in ("unreachable", "timeout", "loading", "busy"):
        return False
    unit = change.opened["unit"]
    if not is_dead(change, why):
        return True
    # One that did not come up for us is no business of another try.
    return (
        bool(unit) and not result.restarted and systemd.show(unit, ["ActiveState"]).get("ActiveState") == "activating"
    )


def put_back_what_a_restart_lost(change: Change, host: Host, lost: Mapping[str, Any], result: Undone) -> None:
    """Somebody was killed between the start of the new server and giving it what only the old one knew."""
    if remembered.is_same_process(host, lost):
        return  # it never came to the restart
    steps = len(result.left)
    with collecting(result, "set back what stood in no file"), server_errors(host.address):
        runtime = _without_what_evicts(change, host, lost["runtime"], result)
        restart.put_back_runtime_settings(host, runtime, foreign.ours(result))
        remembered.put_back_cpus(host, lost, foreign.ours(result))
    if len(result.left) == steps and not result.data_missing:  # one without its data is proven by nobody
        note(change, result, "restarted", **restart.proof(host))


def _without_what_evicts(change: Change, host: Host, runtime: Mapping[str, Any], result: Undone) -> dict[str, Any]:
    """What is left out is found again by the proof, so that the rollback has failed and a person decides."""
    kept = evicting.without_what_evicts(change, host, runtime)
    if len(kept) < len(runtime):
        result.warnings.append(
            f"maxmemory was {runtime['maxmemory']} by command alone and was not put back: the server holds more by "
            "now, and keys would be evicted for good"
        )
    return kept


def restart_where_needed(change: Change, host: Host, result: Undone) -> Host:
    """Restart for values that only a restart restores."""
    # It would start with a file that has not gone back yet; or save over what is left of its data.
    if result.unlooked or result.data_missing:
        return host
    for setting, before, facts in preimage.changed_settings(change):
        if not facts["restart"] or foreign.is_left_alone(result, setting) or setting.key in result.hurting:
            continue
        if not_in_effect.file_is_left(result, setting, before):
            continue
        # What systemd started a process with cannot be read from it: such a setting goes as it came, by a restart.
        unreadable = setting.kind == "systemd" and change.journal.last("restarting") is not None
        if unreadable or registry.provider(setting.kind).read(setting, host).live != before.live:
            result.restarted = True

            # Whoever comes after a crash must find it: without room for it the server is not restarted.
            def before_it_stops(known: dict[str, Any]) -> None:
                change.journal.append("restarting", **known)

            ours = foreign.ours(result) | standing.waiting(change) | not_in_effect.brought_by_a_start(change, host)
            host = restart.restart(host, ours, settling.SETTLE, before_it_stops)
            note(change, result, "restarted", **restart.proof(host))
            return host
    return host


def start_with_its_data(
    change: Change, connect: Callable[[], Host], lost: Mapping[str, Any], result: Undone
) -> tuple[Host | None, LowlatError | None]:
    """Start a dead server as the change has left its files: with those of before it would load older data."""
    try:
        return start_again(change, connect, lost, result, ABOUT_DATA), None
    except expected() as error:
        result.warnings.append(f"the server did not start as the change left it, so it may lack newer data: {error}")
        return waiting.reach(connect)


def _options(unit: str | None, change: Change) -> Mapping[str, str]:
    """What the command line of its unit gives it, over its file."""
    words = exec_start.words(systemd.show(unit, exec_start.PROPERTIES)) if unit else None
    return starting.options(instance.start_words(words, "") or (), stored.version(change))


def start_again(
    change: Change,
    connect: Callable[[], Host],
    lost: Mapping[str, Any],
    result: Undone,
    later: frozenset[str] = frozenset(),
) -> Host:
    """Start a server that has died under the change. Directives in ``later`` stay as its files have them."""
    unit, started = change.opened["unit"], change.opened["launch"]
    options = _options(unit, change)
    stored_now = {**said.now(change), **options}
    listening.refuse_start(change, stored_now)
    if not result.accepts_lost_data:
        evicting.refuse(change, stored_now)
        demoted.refuse(change, stored_now, options)
        numbered.refuse_start(change, stored_now)
    result.restarted = True
    if unit:
        systemd.systemctl("reset-failed", "--", unit)
        systemd.restart(unit, waiting.PATIENCE)
    elif started and not started.get("supervisor"):
        launch.Launch(**started).start()
    address, awaited = change.opened["server"]["address"], "the server to answer again"
    if started and started.get("supervisor"):
        awaited = f"the server, which is its supervisor's to start: {started['supervisor']}"
    waiting.until(lambda: waiting.reach(connect)[0] is not None, awaited, address, settling.DEAD_AFTER)
    host = connect()
    before = change.opened["runtime"]
    # Their secrets are in their own pre-images.
    ours = (name for name in preimage.ours(change) if name in before and not sealed.is_sealed(before[name]))
    names = [name for name in ours if name in lost["runtime"]]
    runtime = {**lost["runtime"], **{name: before[name] for name in names}}
    with server_errors(host.address):
        remembered.put_back_cpus(host, lost, preimage.ours(change))
        runtime = _without_what_evicts(change, host, runtime, result)
        restart.put_back_runtime_settings(host, runtime, later | (persistence.PLACES - preimage.ours(change)))
    given_back.note_process(change, host, result)
    return host
