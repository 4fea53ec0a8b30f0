# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is no longer as confirmed changes have set it. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from .._errors import LowlatError
from .._host import systemd
from .._server import directives
from .._server.connection import server_errors
from .._settings import registry
from .._settings.setting import Host, Reading, Setting
from . import belonging, overlap, preimage, stored, waiting
from .plan import shown
from .store import Change


@dataclass
class Drift:
    """``found``: each setting that has another value now. ``unknown``: why some could not be compared, else empty."""

    found: list[dict[str, Any]] = field(default_factory=list)
    unknown: str = ""


def drift(changes: Sequence[Change], connect: Callable[[], Host]) -> Drift:
    """Of the newest confirmed changes (``changes`` are oldest first); what later ones have set anew is theirs."""
    result = Drift()
    wanted = list(_in_force(changes))
    if not wanted:
        return result
    host, why = _reach(connect)
    if host is None and any(_needs_server(setting) for _change, setting, _facts in wanted):
        result.unknown = f"live values of the server were not compared: {why}"
    elsewhere = {change.change_id for change, *_rest in wanted if host and belonging.is_another(change, host)}
    for change, setting, facts in wanted:
        theirs = change.change_id in elsewhere and setting.kind in overlap.OF_A_SERVER
        if theirs:
            _tell_unknown(result, f"live values of {change.change_id} were not compared: {_asked_elsewhere(change)}")
        try:
            result.found.extend(_differing(change, setting, facts, None if theirs else host))
        except (LowlatError, OSError) as error:
            _tell_unknown(result, f"{setting.kind} {setting.key} was not compared: {error}")
    return result


def _asked_elsewhere(change: Change) -> str:
    return f"they are of {belonging.server_of(change)}, and another server was asked"


def _tell_unknown(result: Drift, text: str) -> None:
    """Once."""
    if text not in result.unknown:
        result.unknown = f"{result.unknown}; {text}" if result.unknown else text


def _in_force(changes: Sequence[Change]) -> Iterator[tuple[Change, Setting, dict[str, Any]]]:
    """Every setting that a confirmed change has set and no later one has touched."""
    later: dict[overlap.Identity, list[Change]] = {}
    for change in reversed(changes):
        if change.state == "rolled_back":
            continue
        mine = set()
        for facts in change.opened["settings"]:
            setting = Setting(**facts["setting"])
            key = directives.primary(setting.key) if setting.kind == "redis" else setting.key
            identity = (setting.kind, key, setting.unit)
            anew = (other for other in later.get(identity, ()) if overlap.is_one_thing(identity, change, other))
            if facts["skipped"] or any(anew):
                continue
            mine.add(identity)
            if change.state == "confirmed":
                yield change, setting, facts
        for identity in mine:
            later.setdefault(identity, []).append(change)


def _reach(connect: Callable[[], Host]) -> tuple[Host | None, str]:
    try:
        host, why = waiting.reach(connect)
    except ImportError as error:
        return None, f"the Python library {error.name or 'redis'} is not there"
    return host, str(why or "")


def _needs_server(setting: Setting) -> bool:
    return setting.kind not in (*preimage.KERNEL_KINDS, "systemd") or setting.key == "CPUAffinity"


def _differing(change: Change, setting: Setting, facts: dict[str, Any], host: Host | None) -> Iterator[dict[str, Any]]:
    before = Reading(**facts["before"])
    now = read(setting, host)
    waits = now is not None and setting.key in change.pending_restart and now.live == before.live
    # What runs cannot always be read: then its file tells.
    if now is not None and now.live is not None and not waits and not preimage.live_holds(setting, now):
        yield _told(change, setting, "live", now.live)
    persisted = stored.value(change, setting)
    if before.persistable and not preimage.persisted_holds(setting, Reading(None, persisted)):
        yield _told(change, setting, "stored", persisted)


def read(setting: Setting, host: Host | None) -> Reading | None:
    """None where only the server could tell, and does not."""
    if setting.kind in preimage.KERNEL_KINDS:
        return registry.provider(setting.kind).read(setting, preimage.without_server())
    if host is None or (setting.kind == "systemd" and not systemd.available()):
        return None
    with server_errors(host.address):
        return registry.provider(setting.kind).read(setting, host)


def _told(change: Change, setting: Setting, where: str, found: Any) -> dict[str, Any]:
    return {
        "change_id": change.change_id,
        "kind": setting.kind,
        "key": setting.key,
        "unit": setting.unit or "",
        "where": where,
        "wanted": shown(setting, setting.value),
        "found": shown(setting, found),
    }
