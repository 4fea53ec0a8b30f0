# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the running server knows, and a restart would lose: values set by command alone, and its CPUs.

It is journalled before the server stops, so that whoever finds the new one without it can put it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._host import threads
from .._server import directives
from .._settings.setting import Host
from .store import Change

#: Keys of a change that say themselves where the threads belong.
_PINNING = frozenset({"CPUAffinity", "server"})


def capture(host: Host) -> dict[str, Any]:
    """JSON-ready facts of the running process, secrets among them: for the journal alone."""
    cpus = threads.affinities(host.instance.pid).get(host.instance.pid)
    return {
        "pid": host.instance.pid,
        "process_started": host.instance.process_started,
        "runtime": directives.running(host.client),
        "cpus": sorted(cpus) if cpus else [],
    }


def interrupted(change: Change) -> dict[str, Any] | None:
    """What the server knew before a restart that this change began and nobody saw the end of."""
    entry = change.journal.last("restarting", "restarted")
    if entry is None or entry["entry"] != "restarting":
        return None
    runtime = dict(entry.get("runtime") or change.opened["runtime"])
    return {"pid": change.opened["server"].get("pid"), "cpus": [], **entry, "runtime": runtime}


def is_same_process(host: Host, facts: Mapping[str, Any]) -> bool:
    """Whether the process of these facts (``pid``, and ``process_started`` in newer journals) still runs."""
    started = facts.get("process_started")
    return bool(host.instance.pid == facts["pid"] and started in (None, host.instance.process_started))


def put_back_cpus(host: Host, facts: Mapping[str, Any], ours: frozenset[str]) -> None:
    if facts.get("cpus") and not _PINNING & ours:
        threads.set_affinity(host.instance.pid, facts["cpus"])


def differing(host: Host, runtime: Mapping[str, str], ours: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """(directive, value now, value then) of what is not the change's own and can be set at run time."""
    for name, now in directives.running(host.client).items():
        then = runtime.get(name, now)
        if name not in ours and then != now and not directives.immutable(name, host.instance.version):
            yield name, now, then
