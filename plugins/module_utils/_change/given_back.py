# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start takes from a server under an open change, and a rollback gives back to it; and what it must not.

What somebody has written into a file that stays is what they want the server to start with: there the file wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from .._server import directives, starting
from .._server.connection import server_errors
from .._settings.setting import Host
from . import foreign, persistence, preimage, remembered, restart, said, sealed, standing
from .store import Change
from .undone import Undone, collecting, note

#: Names a process that has got everything back.
_ENTRY = "given_back"


def opened_with(change: Change) -> dict[str, Any]:
    """What the process had that the change was opened with."""
    return {"runtime": change.opened["runtime"], "cpus": change.opened["server"].get("cpus")}


def wanted(result: Undone, facts: Mapping[str, Any], stored_now: said.Values) -> dict[str, Any]:
    """These facts of a process without what somebody has given another value since: in a file that stays, or by a later
    change, which may have set it in the running server alone.
    """
    restored, later = _are_restored(result), standing.later_keys(result.change)
    edited = theirs_in_file(result, stored_now) | {directives.primary(name) for name in later}

    def is_theirs(name: str, then: Any) -> bool:
        primary = directives.primary(name)
        # Sealed is only what the file said at that time.
        said_otherwise = sealed.is_sealed(then) and not restored and not sealed.matches(then, stored_now.get(primary))
        return primary in edited or said_otherwise

    kept = {name: then for name, then in facts["runtime"].items() if not is_theirs(name, then)}
    placed = bool(edited & {"server-cpulist"} or remembered.PINNING & later)
    return {**facts, "runtime": kept, "cpus": [] if placed else facts.get("cpus")}


def after_others(change: Change, host: Host, result: Undone, stored_now: said.Values) -> dict[str, Any] | None:
    """Give a server that somebody else has started again since what the one had that the change was opened with.

    Returns that. None where it is that process, or has got all of it back; and of a change that was confirmed, maybe
    long ago: what its server has by now is what it is meant to have.
    """
    known = change.opened["server"]
    if not known or change.journal.last("confirmed"):
        return None
    proven = [entry for entry in change.journal.entries if entry["entry"] in ("restarted", _ENTRY)]
    if any(remembered.is_same_process(host, one.get("process", one)) for one in (known, *proven)):
        return None
    ours, steps = preimage.ours(change), len(result.left)
    lost = wanted(result, opened_with(change), stored_now)
    with collecting(result, "set back what stood in no file"), server_errors(host.address):
        # Of a server in a unit the options on its command line have won over the file.
        brought = {**stored_now, **starting.options(host.instance.start_words or (), host.instance.version)}
        _tell_what_nobody_knows(host, lost["runtime"], brought, result)
        lost["runtime"] = _lost_by_its_start(host, lost["runtime"], brought)
        gone = sorted(name for name, _now, _then in remembered.differing(host, lost["runtime"], ours))
        cpus = remembered.cpus(host)
        restart.put_back_runtime_settings(host, lost["runtime"], ours)
        remembered.put_back_cpus(host, lost, ours)
        if remembered.cpus(host) != cpus:
            gone.append("the CPUs of its threads")
        if gone:
            result.warnings.append(
                f"somebody has started the server again since the change: {', '.join(gone)} was otherwise by "
                "command, and was put back"
            )
    if len(result.left) > steps:
        return None  # and what is left to do has been said
    note_process(change, host, result)
    return lost


def _lost_by_its_start(host: Host, runtime: Mapping[str, Any], brought: said.Values) -> dict[str, Any]:
    """Without what somebody has set since that start, and without a limit that would throw away what came since."""
    now = directives.running(host.client)
    used = int(host.client.info("memory")["used_memory"])
    return {
        name: then
        for name, then in runtime.items()
        if name in now
        and _is_of_its_start(name, now[name], brought)
        and not (name == "maxmemory" and 0 < int(then or 0) < used)
    }


def _tell_what_nobody_knows(host: Host, runtime: Mapping[str, Any], brought: said.Values, result: Undone) -> None:
    """Where nothing tells what a start brings, another value may be somebody's, and may be what keeps the data."""
    names = {name for name in runtime if directives.primary(name) not in {*brought, *persistence.ORIGIN}}
    found = [
        name if directives.secret(name) or sealed.is_sealed(then) else f"{name} (it was {then!r})"
        for name, _now, then in remembered.differing(
            host, {name: runtime[name] for name in names}, preimage.ours(result.change)
        )
    ]
    if found:
        result.warnings.append(
            f"somebody has started the server again since the change: {', '.join(sorted(found))} is in no file, so "
            "that start has lost it or somebody has set it since. It was left as it is: set it if it is to be as it was"
        )


def note_process(change: Change, host: Host, result: Undone) -> None:
    """What an operator sets on it from now on is theirs."""
    facts = {"pid": host.instance.pid, "process_started": host.instance.process_started}
    note(change, result, _ENTRY, process=facts)


def _is_of_its_start(name: str, now: str, brought: said.Values) -> bool:
    """Whether a start has brought this value for certain: the file says so, or the unit.

    Where the data comes from is a failover's to say, which writes no file.
    """
    primary = directives.primary(name)
    return primary not in persistence.ORIGIN and primary in brought and directives.same(name, brought[primary], now)


def theirs_in_file(result: Undone, stored_now: said.Values) -> Set[str]:
    """Directives that the config file, as it is after the rollback, has neither as before nor as the change wrote them.

    ``stored_now``: what it says as it is.
    """
    return said.edited(result.change, said.restored(result, stored_now, _are_restored(result)))


def _are_restored(result: Undone) -> bool:
    """Whether the config file goes back whole."""
    files = preimage.config_files(result.change)
    return bool(files) and not any(_stays(result, path) for path in files)


def _stays(result: Undone, path: str) -> bool:
    entry = foreign.latest(result, "file", ("file", path, None))
    return path in result.unlooked or (entry is not None and entry["done"] != "restored")
