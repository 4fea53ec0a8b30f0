# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a rollback that put values and files back. Each can be done twice, and writes nothing that is so already."""

from __future__ import annotations

from typing import Any

from .._host import files, systemd
from .._server.connection import server_errors
from .._settings import registry
from .._settings.setting import Host, Reading, Setting
from . import evicting, foreign, foreign_files, preimage, stored
from .store import Change
from .undone import Undone, collecting


def restore_live(change: Change, host: Host | None, result: Undone) -> None:
    """Without the server only what is the kernel's goes back. What others have set is told, and may stay."""
    for setting, before, facts in _in_order(change):
        reached = preimage.readable(host) or (
            preimage.without_server() if setting.kind in preimage.KERNEL_KINDS else None
        )
        if reached is None:
            continue
        if preimage.is_gone(setting, reached):
            _tell(result, f"{setting.kind} {setting.key} is not there any more, so that it was not put back")
            continue
        provider = registry.provider(setting.kind)
        step = f"set {setting.kind} {setting.key} back"
        with collecting(result, step), server_errors(reached.address):
            now = provider.read(setting, reached)
            stays = foreign.stays(result, setting, before, now, reached)
            if now.live == before.live or stays or facts["restart"] or _waits_for_the_file(change, setting, before):
                continue
            if setting.kind == "redis" and setting.key in result.hurting:
                continue
            provider.write_live(setting, before.live, reached)


def _tell(result: Undone, warning: str) -> None:
    if warning not in result.warnings:
        result.warnings.append(warning)


def _in_order(change: Change) -> list[tuple[Setting, Reading, dict[str, Any]]]:
    """As they came, the last one first; but nothing is evicted between two of them."""
    changed = preimage.changed_settings(change)[::-1]
    last = evicting.set_last(
        {setting.key: before.live for setting, before, _facts in changed if setting.kind == "redis"}
    )
    return sorted(changed, key=lambda one: (one[0].kind, one[0].key) == ("redis", last))


def restore_files(change: Change, result: Undone, kept: frozenset[str] = frozenset()) -> None:
    for image in reversed(preimage.file_images(change)):
        if image.path in kept or image.path in result.unlooked:  # the only copy of somebody's edit may stand there
            continue
        # Before the file: a directory that was made for it goes only when it is empty.
        with collecting(result, "remove an unfinished copy"):
            files.remove_leftovers(image.path, image.uid)
        with collecting(result, f"put {image.path} back"):
            foreign_files.put_back(image, result)


def activate(change: Change, host: Host | None, result: Undone) -> None:
    kinds = {setting.kind: None for setting, _before, facts in preimage.changed_settings(change) if facts["persisted"]}
    for kind in kinds:
        with collecting(result, f"make the restored files of kind {kind} known"):
            if host:
                registry.provider(kind).activate(host)
            elif kind == "systemd":
                systemd.daemon_reload()


def differences(result: Undone, host: Host | None, waits: frozenset[str] = frozenset()) -> list[str]:
    """What is not as it was, but for what others have set and is to stay, and for files that wait."""
    found = preimage.differences(
        result.change,
        host,
        lambda where, setting, here: foreign.is_kept(result, where, setting, here),
        lambda image: image.path in waits or foreign_files.stays(image, result),
    )
    if found and result.policy == "fail" and result.foreign:
        found.append(
            "somebody set these after the change, and on_foreign_change is fail: set them back yourself, or take the "
            "change back with on_foreign_change restore or keep"
        )
    return found


def _waits_for_the_file(change: Change, setting: Setting, before: Reading) -> bool:
    """While the file still says `appendonly yes`, a server without its AOF would load a stale one at its next start."""
    turns_off = (setting.kind, setting.key, before.live) == ("redis", "appendonly", "no")
    return turns_off and stored.value(change, setting) != before.persisted
