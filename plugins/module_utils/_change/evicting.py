# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that a start would throw away: a limit that was raised by command alone is the file's again while data loads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

from .._errors import ChangeError
from .._server import directives, dump, starting
from .._settings.setting import Host
from .store import Change

#: A cache that uses so much of its limit is full.
_FULL = 0.9


def at_a_start(host: Host, written: Mapping[str, str]) -> int:
    """The limit by which a start would evict keys, before the running server's own can be set again; 0 where none does.

    ``written`` is what the config file is going to say besides what it says now.
    """
    if not starting.known(host.instance) or host.instance.role == "replica":  # which leaves that to its master
        return 0
    stored = starting.values(host.instance, written)
    used = int(host.client.info("memory")["used_memory"])
    return _limit(stored, directives.running(host.client), used)


def refuse(change: Change, stored_now: Mapping[str, str]) -> None:
    """ChangeError where starting its dead server would evict keys that it had when it was opened, or last saved.

    ``stored_now`` is what a start would bring. Journals of older releases do not tell what the server used.
    """
    then = change.opened["runtime"]
    written = map(_told, dump.files(places(then, stored_now)))
    used = max(int(change.opened["server"].get("used_memory") or 0), *written, 0)
    limit = 0 if then.get("replicaof") else _limit(stored_now, then, used)
    if limit:
        raise ChangeError(
            "The server is dead and was not started, since it would evict keys for good",
            where=str(change.opened["server"]["config_file"]),
            why=f"it would start with a maxmemory of {limit} and an evicting policy, and used {used} under a limit "
            f"of {then.get('maxmemory', 'which the journal tells nothing')} (0 is none) that was set by command alone",
            remedy="Write a limit into that file that holds its data and start it, then roll back again; or roll back "
            "with accept_lost_data",
        )


def places(then: Mapping[str, str], stored_now: Mapping[str, str]) -> dict[str, str]:
    """Where its data is, by directive. A relative ``dir`` means what it was: from where it started nobody can tell."""
    found = {**then, **stored_now}
    return found if os.path.isabs(found.get("dir", "")) else {**found, "dir": then.get("dir", "")}


def _told(path: str) -> int:
    """What the server used when it wrote that file; 0 where it cannot be read."""
    with contextlib.suppress(OSError):
        return dump.used_memory(path)
    return 0


def in_order(values: Iterable[tuple[str, str, Any]]) -> list[tuple[str, str, Any]]:
    """(directive, value now, value to be) in the order in which setting them evicts nothing on the way.

    The old limit under the new policy would evict, or the new limit under the old policy.
    """
    found = list(values)
    last = set_last({name: then for name, _now, then in found})
    return sorted(found, key=lambda one: one[0] == last)


def set_last(values: Mapping[str, Any]) -> str:
    """The directive of these that is to be set after all others."""
    return "maxmemory" if values.get("maxmemory-policy") == "noeviction" else "maxmemory-policy"


def without_what_evicts(change: Change, host: Host, runtime: Mapping[str, Any]) -> dict[str, Any]:
    """Without a limit that was set by command alone and would throw away what has come since.

    A cache that was full when the change was opened evicts as ever.
    """
    live = host.client.config_get("maxmemory*")
    limit, now = int(runtime.get("maxmemory") or 0), int(live["maxmemory"] or 0)
    policy = str(runtime.get("maxmemory-policy") or live["maxmemory-policy"])
    used, then = int(host.client.info("memory")["used_memory"]), change.opened["server"].get("used_memory") or 0
    hurts = policy != "noeviction" and limit < used and not 0 < now <= limit and int(then) < limit * _FULL
    return {name: value for name, value in runtime.items() if name != "maxmemory" or not (limit and hurts)}


def _limit(stored: Mapping[str, str], running: Mapping[str, str], used: int) -> int:
    limit = directives.normalise("maxmemory", stored.get("maxmemory", "0"))
    policy = stored.get("maxmemory-policy", "noeviction").lower()
    if policy == "noeviction" or not limit.isdigit() or not 0 < int(limit) < used:
        return 0
    return 0 if evicts_already(running, int(limit), policy) else int(limit)


def evicts_already(running: Mapping[str, str], limit: int, policy: str) -> bool:
    """Whether the running server evicts all that this limit and policy would: a full cache uses its limit and more."""
    if "maxmemory" not in running:
        return False  # lost with a part of the journal, and nothing is guessed
    now, runs = int(running["maxmemory"] or 0), str(running["maxmemory-policy"])
    spares = runs == "noeviction" or runs.startswith("volatile-") and not policy.startswith("volatile-")
    return 0 < now <= limit and (policy == "noeviction" or not spares)
