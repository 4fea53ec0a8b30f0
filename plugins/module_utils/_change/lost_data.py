# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that was started again under a change, by whomever: whether it has the keys that it had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import ChangeError
from .._server.connection import server_errors
from .._settings.setting import Host
from . import belonging, keys, preimage, remembered, restart
from .store import Change
from .undone import Undone, collecting


def look(change: Change, host: Host, result: Undone) -> None:
    """In a rollback: without any key it is for a person to decide what becomes of its data; fewer keys are told.

    Who asks again after having been told has decided.
    """
    with collecting(result, "count the keys of a server that was started again"), server_errors(host.address):
        missing, empty = _missing(change, host)
        if not missing:
            return
        told = (change.journal.last("rollback_failed") or {}).get("data_missing")
        if not empty or told or not _was_kept(change):
            if missing not in result.warnings:
                result.warnings.append(missing)
            return
        result.data_missing = True
        # Turned on now, the log of an empty server would be written over the one that may hold the data.
        result.hurting |= {"appendonly"}
        result.left.append(
            f"{missing}: look at its log, its dump and its AOF before anything else, then roll back again"
        )


def refuse_unless_whole(change: Change, host: Host) -> list[str]:
    """Before a change is kept that has restarted nothing: ChangeError where the server was started again since.

    One that waited for a restart by its operator may have had it; the warnings about that.
    """
    known = change.opened["server"]
    if not known or remembered.is_same_process(host, known):
        return []
    applied = change.journal.last("applied") or {}
    if change.opened["mode"] != "defer" or not applied.get("pending"):
        raise another_process(change, host, {**known, "keys": change.opened["keys"]})
    restart.prove_settled(host, 0)  # systemd's own restart is not the operator's
    with server_errors(host.address):
        missing, empty = _missing(change, host)
    if empty and _was_kept(change):
        raise ChangeError(
            "The server came back without its data, so the change was not confirmed",
            where=change.describe(),
            why=missing,
            remedy="Look at its log, its dump and its AOF before anything else, then roll the change back",
        )
    return [missing] if missing else []


def another_process(change: Change, host: Host, proven: Mapping[str, Any]) -> ChangeError:
    """The keys and runtime values of a server that crashed or was restarted since were proven by nobody."""
    held = f" with {proven['keys']} keys" if proven.get("keys") is not None else ""
    return ChangeError(
        "The server was started again since, so the change was not confirmed",
        where=change.describe(),
        why=f"process {proven['pid']} was proven{held}; now process {host.instance.pid} answers, with "
        f"{sum(host.instance.keys.values())} keys, and what was set by command alone may be gone",
        remedy="See the server's log for why it was started again and look at its data, then roll the change back; "
        "it can be applied again after that",
    )


def _missing(change: Change, host: Host) -> tuple[str, bool]:
    """What to say of keys that are missing, and whether all are; empty where none is, or where nobody knows."""
    here = host.instance
    entries = ({**change.opened["server"], "keys": change.opened["keys"]}, *change.journal.entries)
    before = next((one["keys"] for one in reversed(entries) if one.get("keys") is not None), None)
    if not before or change.journal.last("confirmed"):  # long ago, maybe: keys come and go
        return "", False
    process = (here.pid, here.process_started)
    if process in belonging.processes(change) or remembered.is_same_process(host, entries[0]):
        return "", False
    held, expired = keys.since_start(host.client)
    if held + expired < before:
        restart.await_master(host)  # a replica has them when that has sent them
        held, expired = keys.since_start(host.client)
    if held + expired >= before:
        return "", False
    gone = f", {expired} have expired" if expired else ""
    return (
        f"the server was started again under the change and holds {held} keys now, and {before} before{gone}",
        not held,
    )


def _was_kept(change: Change) -> bool:
    """Whether a start could have brought the data back, as far as is known: by what was in effect, or is to be."""
    runtime = change.opened["runtime"]
    values = {name: {str(runtime.get(name, "unknown")).strip()} for name in ("appendonly", "save", "replicaof")}
    for setting, before, _facts in preimage.changed_settings(change):
        values.setdefault(setting.key, set()).update({str(before.live or "").strip(), str(setting.value or "").strip()})
    return any(values[name] - {"", "no"} for name in ("appendonly", "save", "replicaof"))
