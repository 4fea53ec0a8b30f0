# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that somebody else has set since the change: neither what was there before nor what the change has set.

Each gets an entry in the journal before anything is done about it. ``done`` is what becomes of it: restored, kept, or
left (nothing of it is touched, and the rollback ends as failed). ``was`` is for this code alone: what was found, which
tells whether the value has been judged already; never a secret's text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._settings import registry
from .._settings.affinity import is_mixture
from .._settings.setting import Host, Reading, Setting
from . import boot, preimage, remembered, sealed
from .plan import shown
from .store import Change
from .undone import Undone, note

POLICIES = ("restore", "keep", "fail")
DONE = {"restore": "restored", "keep": "kept", "fail": "left"}
_FIELDS = ("where", "kind", "key", "unit", "before", "set", "found", "done", "copy")


def begin(change: Change, policy: str | None = None) -> Undone:
    """A rollback that knows what earlier ones have found; ``policy`` where another one is asked for than in apply."""
    return Undone(change, policy=policy or str(change.opened["on_foreign_change"]), foreign=_journalled(change))


def of(change: Change) -> list[dict[str, Any]]:
    """What rollbacks of this change have found, as results show it: the newest of each."""
    newest = {_identity(entry): entry for entry in _journalled(change)}
    return [{**{name: entry.get(name) for name in _FIELDS}, **_of_a_start(entry)} for entry in newest.values()]


def _of_a_start(entry: dict[str, Any]) -> dict[str, Any]:
    """A live value that nobody has set live: told of those alone."""
    return {"by_start": True} if entry.get("by_start") else {}


def write(result: Undone, where: str, subject: tuple[str, str, str | None], **facts: Any) -> None:
    """Into the journal, then into the result. Once for the same finding under the same policy."""
    kind, key, unit = subject
    entry = {"where": where, "kind": kind, "key": key, "unit": unit or "", "copy": "", "done": DONE[result.policy]}
    entry.update(facts)
    known = latest(result, where, subject)
    if known and known["done"] == entry["done"] and is_same(known["was"], facts["was"]):
        return
    result.foreign.append({"entry": "foreign", **entry})
    note(result.change, result, "foreign", **entry)


def latest(result: Undone, where: str, subject: tuple[str, str, str | None]) -> dict[str, Any] | None:
    wanted = (where, subject[0], subject[1], subject[2] or "")
    return next((entry for entry in reversed(result.foreign) if _identity(entry) == wanted), None)


def is_same(was: Any, now: Any) -> bool:
    """Whether two findings are of the same value."""
    if sealed.is_sealed(was) and not sealed.is_sealed(now):
        return sealed.matches(was, now)
    return bool(was == now)


def stays(result: Undone, setting: Setting, before: Reading, now: Reading, host: Host) -> bool:
    """Whether a live value is somebody else's and is not to be overwritten. One that is gets written down."""
    if not _is_somebodys(result, setting, before, now, host):
        return False
    if result.change.journal.last("applied") is None:
        # Killed on its way the change may have written what the server or the kernel made another value of.
        result.warnings.append(
            f"{setting.kind} {setting.key} was {shown(setting, now.live)!r}, neither what was there before the change "
            "nor what it was to set; it is put back"
        )
        return False
    _write_value(result, "live", setting, before.live, now, _is_as_left(result.change, setting, host))
    return result.policy != "restore"


def is_foreign(change: Change, setting: Setting, before: Reading, now: Reading, host: Host) -> bool:
    """Whether a rollback would find that somebody else has set this live value. Reads only."""
    return change.journal.last("applied") is not None and _is_somebodys(begin(change), setting, before, now, host)


def look_at_stored(result: Undone, setting: Setting, before: Reading, now: str | None) -> None:
    """Write down a stored value that is neither."""
    if now != before.persisted and not preimage.persisted_holds(setting, Reading(None, now)):
        _write_value(result, "stored", setting, before.persisted, Reading(None, now))


def is_kept(result: Undone, where: str, setting: Setting, here: Any) -> bool:
    """Whether a live or stored value is the one that somebody else has set, and is to stay."""
    entry = latest(result, where, _subject(setting))
    return entry is not None and entry["done"] == "kept" and is_same(entry["was"], here)


def is_left_alone(result: Undone, setting: Setting) -> bool:
    """Whether the live value is not the rollback's to bring back."""
    entry = latest(result, "live", _subject(setting))
    return entry is not None and entry["done"] in ("kept", "left")


def ours(result: Undone) -> frozenset[str]:
    """The keys that the rollback brings back itself: a restart has to bring back what stays of the others."""
    settings = (setting for setting, _before, _facts in preimage.changed_settings(result.change))
    return frozenset(setting.key for setting in settings if not is_left_alone(result, setting))


def _write_value(
    result: Undone, where: str, setting: Setting, before: Any, reading: Reading, as_left: bool = True
) -> None:
    """``as_left``: whether what holds the value is what the change wrote to, so that a hand has set this one."""
    now = reading.live if where == "live" else reading.persisted
    found, of_its_file = shown(setting, now), {}
    known = latest(result, where, _subject(setting))
    was = now if found == now else sealed.seal(str(now))
    if known and is_same(known["was"], now):
        was = known["was"]  # sealed anew it would look like another value
    if (
        not as_left
        and reading.persisted is not None
        and registry.provider(setting.kind).live_matches(
            replace(setting, value=reading.persisted), Reading(reading.live, None)
        )
    ):
        of_its_file = {"by_start": True}
    write(
        result,
        where,
        _subject(setting),
        before=shown(setting, before),
        set=shown(setting, setting.value),
        found=found,
        was=was,
        **of_its_file,
    )


def _is_somebodys(result: Undone, setting: Setting, before: Reading, now: Reading, host: Host) -> bool:
    if now.live == before.live or now.live is None or not _is_telling(setting):
        return False
    known = latest(result, "live", _subject(setting))
    again = known is not None and is_same(known["was"], now.live)
    return again or _is_third(result.change, setting, before, now, host)


def _is_third(change: Change, setting: Setting, before: Reading, now: Reading, host: Host) -> bool:
    """Whether only somebody's hand can have set this, and no restart since."""
    if preimage.live_holds(setting, now) or is_mixture(now.live, before.live, setting.value):
        return False
    if _is_as_left(change, setting, host):
        return True
    # A start has brought the file's value, or where the file is silent one that nobody knows.
    if now.persisted is None:
        return False
    if before.persisted is None:
        return True
    return not registry.provider(setting.kind).live_matches(replace(setting, value=before.persisted), now)


def _is_telling(setting: Setting) -> bool:
    """What systemd shows of most keys is neither what was written nor, before it reads its files, what they say."""
    return setting.kind != "systemd" or setting.key == "CPUAffinity"


def _is_as_left(change: Change, setting: Setting, host: Host) -> bool:
    """Whether what holds the value, the kernel or the server's process, is still the one that the change wrote to."""
    if setting.kind in preimage.KERNEL_KINDS:
        return bool(change.opened["boot_id"] == boot.identity())
    entries = change.journal.entries
    end = next((at for at, entry in enumerate(entries) if entry["entry"] == "rolling_back"), len(entries))
    proven = next((entry for entry in reversed(entries[:end]) if entry["entry"] == "restarted"), None)
    return remembered.is_same_process(host, proven or {"pid": None, **change.opened["server"]})


def _subject(setting: Setting) -> tuple[str, str, str | None]:
    return setting.kind, setting.key, setting.unit


def _journalled(change: Change) -> list[dict[str, Any]]:
    return [entry for entry in change.journal.entries if entry["entry"] == "foreign"]


def _identity(entry: dict[str, Any]) -> tuple[str, str, str, str]:
    return entry["where"], entry["kind"], entry["key"], entry["unit"]
