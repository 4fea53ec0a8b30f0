# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a change back, go on past what fails, and prove that the host is as it was."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from .._errors import LowlatError
from .._host import files, systemd
from .._libraries import psutil, redis
from .._server import directives
from .._server.connection import server_errors
from .._settings import registry
from .._settings.setting import Host, Reading, Setting
from . import deadline, guards_rollback, launch, persistence, preimage, remembered, restart, waiting
from .store import Change, Store

#: A server that is blocked (a slow script, a fork, a swapped-out page) is waited for so long, in seconds.
BLOCKED = 60.0
#: A server listens within this time of its start. Seconds.
STARTING = 1.0
#: Kinds that no server has a part in.
KERNEL_KINDS = ("sysctl", "sysfs")
_ABOUT_DATA = frozenset({"appendonly", "databases"})


@dataclass
class Undone:
    """What came of a rollback. ``left`` is what remains to be done by hand."""

    change: Change
    changed: bool = True
    restarted: bool = False
    left: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    blocked: bool = False  #: a step failed because the server did not answer in time


def roll_back_one(store: Store, connect: Callable[[], Host], change_id: str | None, name: str | None) -> Undone:
    """Take back a change by id, or the unfinished one, or the newest confirmed one; a second time is a no-op."""
    with store.locked(doing="roll a change back"):
        change = store.find(change_id, name)
        if change.state == "rolled_back":
            return Undone(change, changed=False)
        guards_rollback.refuse(store, change, connect)
        return roll_back(change, connect)


def roll_back(change: Change, connect: Callable[[], Host]) -> Undone:
    """Restore in reverse order and end as `rolled_back` or `rollback_failed`; the caller holds the lock."""
    result = Undone(change)
    _keep_foreign_files(change, result)
    _tell_what_is_lost(change, result)
    _note(change, result, "rolling_back")
    already = len(result.left)
    _restore(change, connect, result)
    if result.blocked:
        # Every step can be done twice, and the second time waits until the server answers again.
        del result.left[already:]
        _restore(change, connect, result)
    if result.left:
        facts = {"left": result.left, "lost": change.lost, "restarted": result.restarted}
        _note(change, result, "rollback_failed", **facts)
        if change.state != "rollback_failed":
            return result  # nobody will know of it, so whoever watches tries again when there is room for that
    else:
        change.journal.append("rolled_back", restarted=result.restarted, warnings=result.warnings)
    result.warnings.extend(deadline.disarm(change.directory))
    return result


def _restore(change: Change, connect: Callable[[], Host], result: Undone) -> None:
    """Bring everything back and compare; what failed or differs is left to do."""
    lost = remembered.interrupted(change)
    host, why = waiting.reach(connect)
    # What fails here is tried again below, when no half-written file stands in the way.
    _restore_live(change, host, Undone(change))
    _restore_files(change, result)
    dead = host is None and _is_dead(change, why)
    if dead and lost:
        # Killed in a restart: the new server may have been started in this very moment, and must get no second one.
        host, why = waiting.reach(connect, starting=STARTING)
        dead = host is None and _is_dead(change, why)
    if host is None and not dead:
        host, why = _reach_late(change, connect, result)
    _restore_live(change, host, result)
    _activate(change, host, result)
    try:
        if host:
            if lost:
                _put_back_what_a_restart_lost(change, host, lost, result)
            host = _restart_where_needed(change, host, result)
        elif dead:
            lost = lost or {"runtime": change.opened["runtime"]}
            host = _start_again(change, connect, lost, result)
    except _expected() as error:
        result.blocked |= _timed_out(error)
        result.left.append(f"restart the server and look at its log: {error}")
    _prove(change, host, why, connect, lost, result)


def _prove(
    change: Change,
    host: Host | None,
    why: LowlatError | None,
    connect: Callable[[], Host],
    lost: Mapping[str, Any] | None,
    result: Undone,
) -> None:
    """Compare the host with its pre-images; what differs is left to do."""
    if host is None:
        host, why = waiting.reach(connect)
    if host is None:
        result.left.append(f"let us in to the server, for its live values: {why}")
        return
    if result.restarted:
        _restore_live(change, host, result)
    with _collecting(result, "wait for the AOF that was turned on again"), server_errors(host.address):
        changed = preimage.changed_settings(change)
        if any((setting.key, before.live) == ("appendonly", "yes") for setting, before, _facts in changed):
            persistence.wait_for_aof(host)
    with _collecting(result, "compare the host with its pre-images"), server_errors(host.address):
        result.left.extend(preimage.differences(change, host))
        for name, now, then in remembered.differing(host, lost["runtime"], preimage.ours(change)) if lost else ():
            values = "" if directives.secret(name) else f" {now!r}, it was {then!r}"
            result.left.append(f"redis {name} is live{values or ' another value than it was'}")


def _note(change: Change, result: Undone, entry: str, **facts: Any) -> None:
    """Journal a step; a journal that cannot be written stops no rollback."""
    with _collecting(result, "write the journal"):
        change.journal.append(entry, **facts)


class _collecting:
    """Go on past a failing step; what it was to do is left to do by hand."""

    def __init__(self, result: Undone, step: str) -> None:
        self._result, self._step = result, step

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, _expected()):
            self._result.blocked |= _timed_out(error)
            self._result.left.append(f"{self._step}: {error}")
            return True
        return False


def _timed_out(error: BaseException) -> bool:
    return isinstance(error, LowlatError) and error.details.get("code") == "timeout"


def _expected() -> tuple[type[Exception], ...]:
    """What a failing step may raise; anything else is a fault of the program and is not hidden."""
    return (LowlatError, OSError, subprocess.SubprocessError, redis.RedisError, psutil.Error)


def _reach_late(change: Change, connect: Callable[[], Host], result: Undone) -> tuple[Host | None, LowlatError | None]:
    """The same for a server that was blocked when the rollback began, so that nobody has looked yet what it holds."""
    host, why = waiting.reach(connect, BLOCKED)
    dangers = guards_rollback.dangers(change, host)[0] if host else []
    if not dangers:
        return host, why
    reasons = (f"[{hazard.id}] {hazard.setting}: {hazard.reason}; {hazard.remedy}" for hazard in dangers)
    result.left.append("set the live values back, which would hurt the server now: " + "; ".join(reasons))
    return None, why


def _is_dead(change: Change, why: LowlatError | None) -> bool:
    """Nobody listens and its process is gone. One that only does not let us in must never get a second beside it."""
    if why is None or why.details.get("code") != "unreachable" or not change.opened["server"]:
        return False
    unit = change.opened["unit"]
    if unit:
        return systemd.show(unit, ["MainPID"]).get("MainPID") in (None, "", "0")
    seen = [change.opened["server"]["pid"], *(entry["pid"] for entry in change.journal.entries if "pid" in entry)]
    return not any(launch.is_running(int(pid)) for pid in seen)


def _restore_live(change: Change, host: Host | None, result: Undone) -> None:
    """Nothing is written that is so already. Without the server only what is the kernel's goes back."""
    for setting, before, facts in reversed(preimage.changed_settings(change)):
        reached = host or (preimage.without_server() if setting.kind in KERNEL_KINDS else None)
        if reached is None or facts["restart"] or _waits_for_the_file(change, setting, before):
            continue
        provider = registry.provider(setting.kind)
        step = f"set {setting.kind} {setting.key} back"
        with _collecting(result, step), server_errors(reached.address):
            if provider.read(setting, reached).live != before.live:
                provider.write_live(setting, before.live, reached)


def _waits_for_the_file(change: Change, setting: Setting, before: Reading) -> bool:
    """While the file still says `appendonly yes`, a server without its AOF would load a stale one at its next start."""
    turns_off = (setting.kind, setting.key, before.live) == ("redis", "appendonly", "no")
    return turns_off and any(image.differs() for image in preimage.file_images(change))


def before_start(change: Change) -> Undone:
    """After a reboot, before the server starts: files and values of the kernel, so that it comes up as it was before.

    What needs the running server, and the proof of all, is ``roll_back``'s when it has started.
    """
    result = Undone(change)
    _keep_foreign_files(change, result)
    _restore_live(change, None, result)
    # With these settings the file says where the newest data is: it goes back together with their live values.
    about_data = not _ABOUT_DATA.isdisjoint(preimage.ours(change))
    _restore_files(change, result, preimage.config_files(change) if about_data else frozenset())
    _activate(change, None, result)
    return result


def _restore_files(change: Change, result: Undone, kept: frozenset[str] = frozenset()) -> None:
    for image in reversed(preimage.file_images(change)):
        if image.path in kept:
            continue
        # Before the file: a directory that was made for it goes only when it is empty.
        with _collecting(result, "remove an unfinished copy"):
            files.remove_leftovers(image.path, image.uid)
        with _collecting(result, f"put {image.path} back"):
            image.restore()


def _activate(change: Change, host: Host | None, result: Undone) -> None:
    kinds = {setting.kind: None for setting, _before, facts in preimage.changed_settings(change) if facts["persisted"]}
    for kind in kinds:
        with _collecting(result, f"make the restored files of kind {kind} known"):
            if host:
                registry.provider(kind).activate(host)
            elif kind == "systemd":
                systemd.daemon_reload()


def _put_back_what_a_restart_lost(change: Change, host: Host, lost: Mapping[str, Any], result: Undone) -> None:
    """Somebody was killed between the start of the new server and giving it what only the old one knew."""
    if remembered.is_same_process(host, lost):
        return  # it never came to the restart
    steps = len(result.left)
    with _collecting(result, "set back what stood in no file"), server_errors(host.address):
        restart.put_back_runtime_settings(host, lost["runtime"], preimage.ours(change))
        remembered.put_back_cpus(host, lost, preimage.ours(change))
    if len(result.left) == steps:
        _note(change, result, "restarted", **restart.proof(host))


def _restart_where_needed(change: Change, host: Host, result: Undone) -> Host:
    """Restart for values that only a restart restores."""
    for setting, before, facts in preimage.changed_settings(change):
        if not facts["restart"]:
            continue
        # What systemd started a process with cannot be read from it: such a setting goes as it came, by a restart.
        unreadable = setting.kind == "systemd" and change.journal.last("restarting") is not None
        if unreadable or registry.provider(setting.kind).read(setting, host).live != before.live:
            result.restarted = True

            def note(known: dict[str, Any]) -> None:
                _note(change, result, "restarting", **known)

            host = restart.restart(host, preimage.ours(change), restart.SETTLE, note)
            _note(change, result, "restarted", **restart.proof(host))
            return host
    return host


def _start_again(change: Change, connect: Callable[[], Host], lost: Mapping[str, Any], result: Undone) -> Host:
    """Start a server that has died under the change."""
    unit, started = change.opened["unit"], change.opened["launch"]
    result.restarted = True
    if unit:
        systemd.systemctl("reset-failed", "--", unit)
        systemd.restart(unit)
    elif started:
        launch.Launch(**started).start()
    address = change.opened["server"]["address"]
    waiting.until(
        lambda: waiting.reach(connect)[0] is not None, "the server to answer again", address, restart.DEAD_AFTER
    )
    host = connect()
    before = change.opened["runtime"]
    ours = {name: before[name] for name in preimage.ours(change) if name in before}
    with server_errors(host.address):
        remembered.put_back_cpus(host, lost, preimage.ours(change))
        restart.put_back_runtime_settings(host, {**lost["runtime"], **ours}, frozenset())
    return host


def _tell_what_is_lost(change: Change, result: Undone) -> None:
    """What the journal tells no more, a person looks after; who asks again after having been told has done so."""
    told = (change.journal.last("rollback_failed") or {}).get("lost", [])
    for lost in change.lost:
        if lost in told:
            result.warnings.append(f"{lost} was lost with a damaged part of the journal")
        else:
            result.left.append(f"look yourself after {lost}: it was lost with a damaged part of {change.journal.path}")


def _keep_foreign_files(change: Change, result: Undone) -> None:
    """Somebody edited a file after the change: what stood there is kept before it is overwritten."""
    applied = change.journal.last("applied")
    for number, (path, digest) in enumerate(sorted((applied or {}).get("written", {}).items())):
        if preimage.digest(path) in (digest, ""):
            continue
        image = next((image for image in preimage.file_images(change) if image.path == path), None)
        if image is None or not image.differs():
            continue
        copy = change.directory / f"foreign-{number}"
        copy.touch(mode=0o600)
        copy.write_bytes(Path(path).read_bytes())
        result.warnings.append(f"{path} was edited after the change; what stood there is kept in {copy}")
