# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change writes to the host: live values, files, and a restart where it needs one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._errors import ChangeError
from .._host import files
from .._host.file_image import FileImage
from .._settings import registry
from .._settings.setting import Host
from . import line_edits, persistence, preimage, restart, settling, standing
from .guard import RestartMode
from .guards_start import by_us
from .plan import Plan, PlannedSetting, shown
from .store import Change


@dataclass
class Written:
    """What came of it: whether the server was restarted, and which settings wait for that."""

    restarted: bool = False
    pending: list[str] = field(default_factory=list)


def write(change: Change, plan: Plan, host: Host, mode: RestartMode) -> Written:
    """Live values first: a file that names what the server does not have yet is read at its next start."""
    outcome = Written()
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
    if by_us(plan, mode):
        # Confirming looks again: until then the measurement takes the time that a wait would take here.
        ours = frozenset(item.setting.key for item in plan.to_change)
        host = restart.restart(
            host,
            ours | standing.waiting(change),
            settling.FIRST_LOOK,
            lambda known: change.journal.append("restarting", **known),
        )
        up_since = settling.uptime() - settling.FIRST_LOOK
        change.journal.append("restarted", up_since=up_since, **restart.proof(host))
        persistence.try_children(host, ours)
        outcome.restarted = True
        for item in plan.to_change:
            provider = registry.provider(item.setting.kind)
            if not item.restart and not provider.live_matches(item.setting, provider.read(item.setting, host)):
                _write_live(item, host)
    elif plan.to_restart:
        outcome.pending = [item.setting.key for item in plan.to_restart]
    wrong = differing(change, host, set(outcome.pending))
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


def intended(plan: Plan, host: Host) -> dict[str, Any]:
    """For the journal: what the change makes of each file."""
    by_file = _by_file(plan, host).items()
    return {
        path: line_edits.told(FileImage.capture(path).content, edited(path, items, host)) for path, items in by_file
    }


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


def differing(change: Change, host: Host, pending: set[str]) -> list[str]:
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
