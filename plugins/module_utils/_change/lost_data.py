# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that was started again under a change, by whomever: whether it has the keys that it had."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .._errors import ChangeError
from .._server.connection import server_errors
from .._settings.setting import Host
from . import belonging, boot, keys, preimage, readying, remembered, restart, settling
from .store import Change
from .undone import Undone, collecting

#: What a person can do about keys that are missing.
WAYS_ON = (
    "Bring the data back and roll back again, or roll back with accept_lost_data (in a playbook "
    "gated_change_accept_lost_data) to go on without it"
)
#: The same where nobody can tell whether they were deleted.
_LOOK = "Unless clients have deleted the others, look at its log, its dump and its AOF before it saves over them"


def look(change: Change, host: Host, result: Undone) -> None:
    """In a rollback: a person decides what becomes of data that is lost for certain; else fewer keys are told.

    Certain is a server without any key, and one that a restart of the change itself has brought up with fewer. It is
    decided with ``accepts_lost_data`` alone: a play that fails asks for a rollback too, and has looked at nothing.
    """
    with collecting(result, "count the keys of a server that was started again"), server_errors(host.address):
        found_before = bool((change.journal.last("rollback_failed") or {}).get("data_missing"))
        missing, empty = _missing(change, host, found_before)
        if not missing:
            return
        certain = empty and _was_kept(change) or _by_our_restart(change, host)
        if result.accepts_lost_data or not (found_before or certain):
            if missing not in result.warnings:
                result.warnings.append(missing)
            return
        hold_back(result, missing)


def hold_back(result: Undone, missing: str) -> None:
    """All goes back that writes over no data: not what needs a restart, nor an AOF that would be written anew."""
    result.data_missing = True
    result.hurting |= result.held_back
    if not any(WAYS_ON in step for step in result.left):
        result.left.append(f"{missing}: look at its log, its dump and its AOF before anything else. {WAYS_ON}")


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
    settling.prove_settled(host, 0)  # systemd's own restart is not the operator's
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


def _missing(change: Change, host: Host, found_before: bool = False) -> tuple[str, bool]:
    """What to say of keys that are missing, and whether all are; empty where none is, or where nobody knows.

    ``found_before``: by an earlier rollback, which may have written down the process that lacks them.
    """
    here = host.instance
    held_then = {name: change.opened[name] for name in ("keys", "expiring")}
    entries = ({**change.opened["server"], **held_then}, *change.journal.entries)
    counted = next((one for one in reversed(entries) if one.get("keys") is not None), None)
    if not counted or not counted["keys"] or change.journal.last("confirmed"):  # long ago, maybe: keys come and go
        return "", False
    then = keys.journalled(counted)
    before, process = then.keys, (here.pid, here.process_started)
    known = process in belonging.processes(change) or remembered.is_same_process(host, entries[0])
    if known and not found_before:
        return "", False
    held, expired = keys.since_start(host.client)
    if held + expired < before:
        readying.await_master(host)  # a replica has them when that has sent them
        held, expired = keys.since_start(host.client)
    if held + expired >= before:
        return "", False
    gone = f", {expired} have expired" if expired else ""
    what = f"the server was started again under the change and holds {held} keys now, and {before} before{gone}"
    may_be_their_time = then.may_have_expired(host.client.info("keyspace"), time.time())
    if may_be_their_time:
        what += f". {then.expiring} had a time to live, and it may have come before anybody counted them"
    return (f"{what}. {_LOOK}" if held or may_be_their_time else what), not held and not may_be_their_time


def _by_our_restart(change: Change, host: Host) -> bool:
    """Whether those that are missing were lost in a restart by the change itself, whose end nobody has seen.

    Nobody else may have deleted them: clients that write were held when they were counted, and the server has loaded
    fewer. Where the host itself went down, what was not saved yet is lost as with any server.
    """
    begun, version = remembered.interrupted(change), tuple(change.opened["server"].get("version") or ())
    if begun is None or begun.get("keys") is None or version < restart.HOLDS_WRITES:
        return False
    return bool(begun.get("boot_id") == boot.identity()) and keys.tells_what_it_loaded(host.client)


def _was_kept(change: Change) -> bool:
    """Whether a start could have brought the data back, as far as is known: by what was in effect, or is to be."""
    runtime = change.opened["runtime"]
    values = {name: {str(runtime.get(name, "unknown")).strip()} for name in ("appendonly", "save", "replicaof")}
    for setting, before, _facts in preimage.changed_settings(change):
        values.setdefault(setting.key, set()).update({str(before.live or "").strip(), str(setting.value or "").strip()})
    return any(values[name] - {"", "no"} for name in ("appendonly", "save", "replicaof"))
