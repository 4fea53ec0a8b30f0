# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a change back, go on past what fails, and prove that the host is as it was."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable

from .._errors import BadInput, LowlatError
from .._host import systemd
from .._libraries import psutil, redis
from .._server.connection import server_errors
from .._settings import registry
from .._settings.setting import Host
from . import guards_redis, hazards, launch, persistence, preimage, restart, waiting
from .plan import Plan, PlannedSetting
from .store import Change, Store


@dataclass
class Undone:
    """What came of a rollback. ``left`` is what remains to be done by hand."""

    change: Change
    changed: bool = True
    restarted: bool = False
    left: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def roll_back_one(store: Store, connect: Callable[[], Host], change_id: str | None, name: str | None) -> Undone:
    """Take back a change by id, or the unfinished one, or the newest confirmed one; a second time is a no-op."""
    with store.locked():
        change = store.find(change_id, name)
        if change.state == "rolled_back":
            return Undone(change, changed=False)
        refuse(store, change, connect)
        return roll_back(change, connect)


def roll_back(change: Change, connect: Callable[[], Host]) -> Undone:
    """Restore in reverse order and end as `rolled_back` or `rollback_failed`; the caller holds the lock."""
    result = Undone(change)
    _keep_foreign_files(change, result)
    with _collecting(result, "write the journal"):
        change.journal.append("rolling_back")
    host, why = _reach(connect)
    if host:
        _restore_live(change, host, result)
    _restore_files(change, result)
    _activate(change, host, result)
    try:
        if host:
            host = _restart_where_needed(change, host, result)
        elif _is_dead(change, why):
            host = _start_again(change, connect, result)
    except _expected() as error:
        result.left.append(f"restart the server and look at its log: {error}")
    if host is None:
        host, why = _reach(connect)
    if host is None:
        result.left.append(f"let us in to the server, for its live values: {why}")
    else:
        if result.restarted:
            _restore_live(change, host, result)
        with _collecting(result, "wait for the AOF that was turned on again"), server_errors(host.address):
            if any(setting.key == "appendonly" for setting, _before, _facts in preimage.changed_settings(change)):
                persistence.wait_for_aof(host)
        with _collecting(result, "compare the host with its pre-images"):
            result.left.extend(preimage.differences(change, host))
    if result.left:
        with _collecting(result, "write the journal"):
            change.journal.append("rollback_failed", left=result.left, restarted=result.restarted)
    else:
        change.journal.append("rolled_back", restarted=result.restarted, warnings=result.warnings)
    return result


class _collecting:
    """Go on past a failing step; what it was to do is left to do by hand."""

    def __init__(self, result: Undone, step: str) -> None:
        self._result, self._step = result, step

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, _expected()):
            self._result.left.append(f"{self._step}: {error}")
            return True
        return False


def _expected() -> tuple[type[Exception], ...]:
    """What a failing step may raise; anything else is a fault of the program and is not hidden."""
    return (LowlatError, OSError, subprocess.SubprocessError, redis.RedisError, psutil.Error)


def _reach(connect: Callable[[], Host]) -> tuple[Host | None, LowlatError | None]:
    """The host, or why there is none. A server that loads its data is waited for."""
    end = time.monotonic() + waiting.PATIENCE
    while True:
        try:
            return connect(), None
        except LowlatError as error:
            if error.details.get("code") != "loading" or time.monotonic() > end:
                return None, error
            time.sleep(0.1)


def _is_dead(change: Change, why: LowlatError | None) -> bool:
    """Nobody listens and its process is gone. One that only does not let us in must never get a second beside it."""
    if why is None or why.details.get("code") != "unreachable":
        return False
    unit = change.opened["unit"]
    if unit:
        return systemd.show(unit, ["MainPID"]).get("MainPID") in (None, "", "0")
    seen = [change.opened["server"]["pid"], *(entry["pid"] for entry in change.journal.entries if "pid" in entry)]
    return not any(launch.is_running(int(pid)) for pid in seen)


def _restore_live(change: Change, host: Host, result: Undone) -> None:
    for setting, before, facts in reversed(preimage.changed_settings(change)):
        if facts["restart"]:
            continue
        provider = registry.provider(setting.kind)
        step = f"set {setting.kind} {setting.key} back"
        with _collecting(result, step), server_errors(host.address):
            if provider.read(setting, host).live != before.live:
                provider.write_live(setting, before.live, host)


def _restore_files(change: Change, result: Undone) -> None:
    for image in reversed(preimage.file_images(change)):
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


def _restart_where_needed(change: Change, host: Host, result: Undone) -> Host:
    """Restart for values that only a restart restores."""
    for setting, before, facts in preimage.changed_settings(change):
        if not facts["restart"]:
            continue
        # What systemd started a process with cannot be read from it: such a setting goes as it came, by a restart.
        unreadable = setting.kind == "systemd" and change.journal.last("restarting") is not None
        if unreadable or registry.provider(setting.kind).read(setting, host).live != before.live:
            result.restarted = True
            ours = frozenset(key for _kind, key, _unit in preimage.identities(change))
            return restart.restart(host, ours, settle=restart.SETTLE)
    return host


def _start_again(change: Change, connect: Callable[[], Host], result: Undone) -> Host:
    """Start a server that has died under the change."""
    unit, started = change.opened["unit"], change.opened["launch"]
    result.restarted = True
    if unit:
        systemd.systemctl("reset-failed", "--", unit)
        systemd.restart(unit)
    elif started:
        launch.Launch(**started).start()
    address = change.opened["server"]["address"]
    waiting.until(lambda: _reach(connect)[0] is not None, "the server to answer again", address, restart.DEAD_AFTER)
    host = connect()
    restart.put_back_runtime_settings(host, change.opened["runtime"], frozenset())
    return host


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


def refuse(store: Store, change: Change, connect: Callable[[], Host]) -> None:
    """BadInput or Refused where taking this change back now would mix it with later ones, or hurt (hazard 27)."""
    _refuse_when_others_build_on_it(store, change)
    host, _why = _reach(connect)
    if host is None:
        return
    items = [
        PlannedSetting(replace(setting, value=str(before.live), optional=False), before, live=True)
        for setting, before, facts in preimage.changed_settings(change)
        if before.live is not None
    ]
    plan = Plan(items)
    found = [
        hazard
        for item in items
        for guard in (guards_redis.databases_in_use, guards_redis.maxmemory_below_used)
        for hazard in guard(item, plan, host)
    ]
    hazards.refuse(found, plan, f"{host.address}, taking back {change.change_id}")


def _refuse_when_others_build_on_it(store: Store, change: Change) -> None:
    """A later change took its pre-images from this one's result: taking this one back first would mix them."""
    paths = {image.path for image in preimage.file_images(change)}
    written = preimage.identities(change)
    later: Sequence[Change] = [
        other
        for other in store.all()
        if other.opened["sequence"] > change.opened["sequence"]
        and other.state != "rolled_back"
        and (paths & {image.path for image in preimage.file_images(other)} or written & preimage.identities(other))
    ]
    if later:
        raise BadInput(
            f"Change {change.change_id} cannot be taken back before later ones",
            where=str(store.path),
            why="they wrote the same settings or files: " + ", ".join(other.change_id for other in later),
            remedy="Take those back first, newest first",
        )
