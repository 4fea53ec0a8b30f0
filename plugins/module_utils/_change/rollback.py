# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a change back, go on past what fails, and prove that the host is as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from .._errors import BadInput, LowlatError
from .._host import systemd
from .._libraries import psutil, redis
from .._server.connection import server_errors
from .._settings import registry
from .._settings.setting import Host
from . import preimage, restart
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
        _refuse_when_others_build_on_it(store, change)
        return roll_back(change, connect)


def roll_back(change: Change, connect: Callable[[], Host]) -> Undone:
    """Restore in reverse order and end as `rolled_back` or `rollback_failed`; the caller holds the lock."""
    result = Undone(change)
    _keep_foreign_files(change, result)
    change.journal.append("rolling_back")
    host = _reach(connect)
    if host:
        _restore_live(change, host, result)
    _restore_files(change, result)
    _activate(change, host, result)
    try:
        host = _restart_where_needed(change, host, connect, result)
    except (LowlatError, OSError, redis.RedisError, psutil.Error) as error:
        result.left.append(f"restart the server and look at its log: {error}")
    host = host or _reach(connect)
    if host is None:
        result.left.append("start the server: nobody answers at its address")
    else:
        if result.restarted:
            _restore_live(change, host, result)
        with _collecting(result, "compare the host with its pre-images"):
            result.left.extend(preimage.differences(change, host))
    if result.left:
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
        if isinstance(error, (LowlatError, OSError, redis.RedisError, psutil.Error)):
            self._result.left.append(f"{self._step}: {error}")
            return True
        return False


def _reach(connect: Callable[[], Host]) -> Host | None:
    try:
        return connect()
    except LowlatError:
        return None


def _restore_live(change: Change, host: Host, result: Undone) -> None:
    for setting, before, facts in reversed(preimage.changed_settings(change)):
        if not facts["live"] or facts["restart"]:
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


def _restart_where_needed(
    change: Change, host: Host | None, connect: Callable[[], Host], result: Undone
) -> Host | None:
    """Restart for values that only a restart restores; start a server that the change has killed."""
    ours = frozenset(setting.key for setting, _before, _facts in preimage.changed_settings(change))
    if host is None:
        _start_again(change)
        result.restarted = True
        restart.until(
            lambda: _reach(connect) is not None, "the server to answer again", change.opened["server"]["address"]
        )
        host = connect()
        restart.put_back_runtime_settings(host, change.opened["runtime"], frozenset())
        return host
    for setting, before, facts in preimage.changed_settings(change):
        if not facts["restart"]:
            continue
        # What systemd started a process with cannot be read from it: such a setting goes as it came, by a restart.
        unreadable = setting.kind == "systemd" and change.journal.last("restarting") is not None
        if unreadable or registry.provider(setting.kind).read(setting, host).live != before.live:
            host = restart.restart(host, ours)
            result.restarted = True
            break
    return host


def _start_again(change: Change) -> None:
    unit, launch = change.opened["unit"], change.opened["launch"]
    if unit:
        systemd.restart(unit)
    elif launch:
        restart.Launch(**launch).start()


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


def _refuse_when_others_build_on_it(store: Store, change: Change) -> None:
    """A later change took its pre-images from this one's result: taking this one back first would mix them."""
    paths = {image.path for image in preimage.file_images(change)}
    written = preimage.identities(change)
    later: Sequence[Change] = [
        other
        for other in store.all()
        if float(other.opened["opened_at"]) > float(change.opened["opened_at"])
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
