# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the running server knows, and a restart would lose: values set by command alone, and its CPUs.

It is journalled before the server stops, so that whoever finds the new one without it can put it back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from .._errors import BadInput
from .._host import threads
from .._server import config_file, directives
from .._settings.setting import Host
from . import sealed
from .store import Change

#: Keys of a change that say themselves where the threads belong.
PINNING = frozenset({"CPUAffinity", "server"})


def capture(host: Host) -> dict[str, Any]:
    """JSON-ready facts of the running process, secrets among them: for the journal alone."""
    return {
        "pid": host.instance.pid,
        "process_started": host.instance.process_started,
        "runtime": directives.running(host.client),
        "cpus": cpus(host),
    }


def cpus(host: Host) -> list[int]:
    """Where the main thread may run; empty if nobody can tell."""
    found = threads.affinities(host.instance.pid).get(host.instance.pid)
    return sorted(found) if found else []


def journalled(facts: Mapping[str, Any], host: Host) -> dict[str, Any]:
    """Those facts as the journal is to hold them."""
    return {**facts, "runtime": sealed_runtime(facts["runtime"], host)}


def sealed_runtime(runtime: Mapping[str, str], host: Host) -> dict[str, Any]:
    """Of secrets that a start brings back from the config file a digest, which is enough to know them again.

    One that was set by command alone has to be put back after a restart, and stays as it is.
    """
    secret = {name for name, value in runtime.items() if value and directives.secret(name)}
    path = host.instance.config_file
    stored: Mapping[str, str] = {}
    if secret and path:
        with contextlib.suppress(BadInput, OSError):  # a file that cannot be read brings nothing back
            stored = config_file.effective(path, host.instance.version)
    return {
        name: sealed.seal(value) if name in secret and stored.get(directives.primary(name)) == value else value
        for name, value in runtime.items()
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
    if facts.get("cpus") and not PINNING & ours:
        threads.set_affinity(host.instance.pid, facts["cpus"])


def differing(host: Host, runtime: Mapping[str, Any], ours: frozenset[str]) -> Iterator[tuple[str, str, Any]]:
    """(directive, value now, value then) of what is not the change's own and can be set at run time.

    A secret may be sealed: then it is only certain that it is another one now.
    """
    for name, now in directives.running(host.client).items():
        then = runtime.get(name, now)
        same = sealed.matches(then, now) if sealed.is_sealed(then) else then == now
        if name not in ours and not same and not directives.immutable(name, host.instance.version):
            yield name, now, then
