# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a change on the host: open, apply, confirm. Taking back is rollback.py's."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from .._errors import ChangeError, LowlatError
from .._host import files
from .._host.file_image import FileImage
from .._server.connection import server_errors
from .._settings import registry
from .._settings.setting import Host
from . import (
    belonging,
    deadline,
    foreign,
    foreign_files,
    hazards,
    neighbours,
    persistence,
    preimage,
    remembered,
    restart,
    rollback,
    unopened,
)
from .guard import RestartMode
from .plan import Plan, PlannedSetting, build, parse, shown
from .store import Change, Store


@dataclass
class Applied:
    """What came of a request to apply."""

    plan: Plan
    state: str = "unchanged"
    change: Change | None = None
    restarted: bool = False
    pending: list[str] = field(default_factory=list)


def propose(host: Host, settings: Sequence[Mapping[str, Any]], mode: RestartMode) -> Plan:
    """Plan the change and refuse it where a hazard stands against it; reads only."""
    wanted = parse(settings)
    hazards.refuse(hazards.without_a_look(wanted), Plan([]), str(host.address))
    plan = build(wanted, host)
    hazards.refuse(hazards.preflight(plan, host, mode), plan, str(host.address))
    return plan


def apply(
    store: Store,
    connect: Callable[[], Host],
    name: str,
    settings: Sequence[Mapping[str, Any]],
    mode: RestartMode,
    owner: str,
    arm: Callable[[Path, Host, Sequence[str]], Any] = lambda directory, host, changed: None,
    on_foreign_change: str = "restore",
) -> Applied:
    """Apply and leave the change open; whatever fails on the way is taken back before this raises.

    ``arm`` sets its deadline, given its directory and the files that taking back needs; nothing has been written then.
    ``on_foreign_change`` is what a rollback does about values that others have set since.
    """
    host = connect()
    refuse_unfinished(store)
    plan = propose(host, settings, mode)
    if not plan.to_change:
        return Applied(plan)  # nothing is made on a host that needs nothing
    with store.locked(doing=f"apply {name}"):
        refuse_unfinished(store)
        plan = propose(host, settings, mode)  # again: whoever held the lock may have changed the host
        unopened.clear_all(store.path)
        captured = {**preimage.capture(plan, host), "lines": _intended(plan, host)}
        captured.update(services=neighbours.capture(host.instance.unit), on_foreign_change=on_foreign_change)
        needed = [*plan.files(host), *filter(None, [host.instance.config_file])]
        change = _open(store, name, lambda directory: arm(directory, host, needed), owner=owner, mode=mode, **captured)
        try:
            with server_errors(host.address):
                outcome = _write(change, plan, host, mode)
            change.journal.append(
                "applied",
                restarted=outcome.restarted,
                pending=outcome.pending,
                written={path: preimage.digest(path) for path in plan.files(host)},
            )
        except BaseException as error:
            _take_back(change, connect, error)
            raise
        outcome.state = "applied"
        return outcome


def _open(store: Store, name: str, arm: Callable[[Path], Any], **facts: Any) -> Change:
    """Whole or not at all: where there is no room for the journal nobody watches over a change that never was."""
    made: list[Path] = []

    def prepare(directory: Path) -> None:
        made.append(directory)
        arm(directory)

    try:
        return store.open(name, prepare, **facts)
    except BaseException:
        for directory in made:
            if not (directory / "journal").exists():
                deadline.disarm(directory)
                with contextlib.suppress(OSError):
                    directory.rmdir()
        raise


def confirm(
    store: Store, connect: Callable[[], Host], change_id: str | None, name: str | None
) -> tuple[Change, bool, list[str]]:
    """Keep an applied change, after proof that the server answers and every value still holds.

    Returns the change, whether this call confirmed it, and what could not be removed of its watch.
    """
    with store.locked(doing="confirm a change"):
        change = store.find(change_id, name)
        if change.state == "confirmed":
            left = deadline.disarm(change.directory) if deadline.is_armed(change.directory) else []
            return change, False, left
        if change.state != "applied":
            raise ChangeError(
                "Only an applied change can be confirmed",
                where=change.describe(),
                why=f"it is {change.state}",
                remedy="Roll it back, or apply it again",
            )
        if change.lost:
            raise ChangeError(
                "The journal of this change is damaged, so it was not confirmed",
                where=change.describe(),
                why=f"lost are {', '.join(change.lost)}: no proof, no keep",
                remedy="Roll it back, which restores what is certain and names the rest",
            )
        deadline.refuse_late(change)
        host = connect()
        belonging.refuse_another(change, host)
        restarted = change.journal.last("restarted")
        if restarted:
            _refuse_another_process(change, host, restarted)
            restart.prove_settled(host, restart.left_to_settle(restarted["up_since"]))
        pending = set((change.journal.last("applied") or {})["pending"])
        drifted = _differing(change, host, pending)
        if drifted:
            raise ChangeError(
                "The host is no longer as the change left it, so it was not confirmed",
                where=change.describe(),
                why="; ".join(drifted),
                remedy="Find out who changed it, then roll back or apply again",
            )
        deadline.refuse_late(change)  # the proof has taken its time
        change.journal.append("confirmed", by="operator", at=time.time())
        return change, True, deadline.disarm(change.directory)


def _refuse_another_process(change: Change, host: Host, proven: Mapping[str, Any]) -> None:
    """The keys and runtime values of a server that crashed or was restarted since were proven by nobody."""
    if remembered.is_same_process(host, proven):
        return
    held = f" with {proven['keys']} keys" if "keys" in proven else ""
    raise ChangeError(
        "This is not the server process that the change was proven on, so it was not confirmed",
        where=change.describe(),
        why=f"process {proven['pid']} was proven{held}; now process {host.instance.pid} answers, with "
        f"{sum(host.instance.keys.values())}, and what was set by command alone may be gone",
        remedy="See the server's log for why it was started again and look at its data, then roll the change back; "
        "it can be applied again after that",
    )


def refuse_unfinished(store: Store) -> None:
    """One change at a time on a host."""
    other = store.unfinished()
    if other is None:
        return
    failed = other.state == "rollback_failed"
    raise ChangeError(
        "A rollback on this host failed and is not mended" if failed else "Another change is open on this host",
        where=str(store.path),
        why=other.describe(),
        remedy="Roll it back again, which also proves that the host is as it was"
        if failed
        else "Confirm it or roll it back first",
        open_change=other.change_id,  # never as change_id: it is not the caller's to take back
    )


def _write(change: Change, plan: Plan, host: Host, mode: RestartMode) -> Applied:
    """Live values first: a file that names what the server does not have yet is read at its next start."""
    outcome = Applied(plan, change=change)
    for item in plan.to_change:
        if item.live and not item.restart and not _after_the_file(item):
            _write_live(item, host)
    if any(item.setting.key == "appendonly" for item in plan.to_change):
        persistence.wait_for_aof(host)
    write_files(plan, host)
    for item in filter(_after_the_file, plan.to_change):
        _write_live(item, host)
    for kind in {item.setting.kind: None for item in plan.to_change if item.persisted}:
        registry.provider(kind).activate(host)
    if plan.to_restart and mode == "allowed":
        # Confirming looks again: until then the measurement takes the time that a wait would take here.
        ours = frozenset(item.setting.key for item in plan.to_change)
        host = restart.restart(
            host, ours, restart.FIRST_LOOK, lambda known: change.journal.append("restarting", **known)
        )
        up_since = restart.uptime() - restart.FIRST_LOOK
        change.journal.append("restarted", up_since=up_since, **restart.proof(host))
        persistence.try_children(host, ours)
        outcome.restarted = True
        for item in plan.to_change:
            provider = registry.provider(item.setting.kind)
            if not item.restart and not provider.live_matches(item.setting, provider.read(item.setting, host)):
                _write_live(item, host)
    elif plan.to_restart:
        outcome.pending = [item.setting.key for item in plan.to_restart]
    wrong = _differing(change, host, set(outcome.pending))
    if wrong:
        raise ChangeError(
            "Values did not take effect",
            where=str(host.address),
            why="; ".join(wrong),
            remedy="See the server's log; its version may not take them",
        )
    return outcome


def _after_the_file(item: PlannedSetting) -> bool:
    """While the file still says `appendonly yes`, a server without its AOF would load a stale one at its next start."""
    return item.live and (item.setting.key, item.setting.value) == ("appendonly", "no")


def _write_live(item: PlannedSetting, host: Host) -> None:
    registry.provider(item.setting.kind).write_live(item.setting, item.setting.value, host)


def write_files(plan: Plan, host: Host) -> None:
    """Every edit of one file in one replacement."""
    for path, items in _by_file(plan, host).items():
        files.replace_bytes(path, edited(path, items, host))


def _intended(plan: Plan, host: Host) -> dict[str, Any]:
    """For the journal: what the change makes of each file."""
    by_file = _by_file(plan, host).items()
    return {path: foreign_files.intended(FileImage.capture(path), edited(path, items, host)) for path, items in by_file}


def _by_file(plan: Plan, host: Host) -> dict[str, list[PlannedSetting]]:
    edits: dict[str, list[PlannedSetting]] = {}
    for item in plan.to_change:
        path = registry.provider(item.setting.kind).file(item.setting, host) if item.persisted else None
        if path:
            edits.setdefault(path, []).append(item)
    return edits


def edited(path: str, items: Sequence[PlannedSetting], host: Host) -> bytes:
    """What a file would hold after the edits of these settings."""
    content: bytes | None = Path(path).read_bytes() if Path(path).exists() else None
    for item in items:
        content = registry.provider(item.setting.kind).edit(item.setting, content, host)
    return content or b""


def _differing(change: Change, host: Host, pending: set[str]) -> list[str]:
    """Settings of the change that the host does not have; the live value of pending ones waits for a restart."""
    wrong: list[str] = []
    for setting, _before, facts in preimage.changed_settings(change):
        now = registry.provider(setting.kind).read(setting, host)
        checks = []
        if setting.key not in pending:
            checks.append(("", now.live, preimage.live_holds(setting, now)))
        if facts["persisted"]:
            checks.append(("stored as ", now.persisted, preimage.persisted_holds(setting, now)))
        wanted = shown(setting, setting.value)
        wrong.extend(
            f"{setting.kind} {setting.key} is {how}{shown(setting, here)!r}, not {wanted!r}"
            for how, here, holds in checks
            if not holds
        )
    return wrong


def _take_back(change: Change, connect: Callable[[], Host], error: BaseException) -> None:
    """Roll back after a failed apply and raise what the operator must know."""
    if isinstance(error, restart.DataMissing):
        # Another restart could destroy what is left: this is for a person to look at.
        facts = {"left": [error.message], "restarted": False, "by": "apply", "at": time.time()}
        change.journal.append("rollback_failed", **facts)
        deadline.disarm(change.directory)
        undone = rollback.Undone(change, left=[error.message])
    else:
        undone = rollback.roll_back(change, connect, "apply")
    if not isinstance(error, Exception):
        return
    known = error if isinstance(error, LowlatError) else ChangeError("The change failed", why=str(error) or repr(error))
    remedy = known.remedy
    if undone.left:
        remedy = "ROLLBACK FAILED, left to do by hand: " + "; ".join(undone.left)
    raise ChangeError(
        f"{known.what}; the host was put back" if not undone.left else known.what,
        where=known.where,
        why=known.why,
        remedy=remedy,
        change_id=change.change_id,
        state=change.state,
        left=undone.left,
        restarted=undone.restarted,
        left_stopped=undone.stopped,
        foreign=foreign.of(change),
    ) from error
