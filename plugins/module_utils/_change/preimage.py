# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pre-images: everything a rollback needs, taken before the first write, and the proof against them."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from .._host.files import FileImage
from .._server import directives
from .._server.connection import Address
from .._settings import registry
from .._settings.setting import Host, Reading, Setting
from .launch import Launch
from .plan import Plan, shown
from .store import Change


def capture(plan: Plan, host: Host) -> dict[str, Any]:
    """Facts for the journal's first entry; JSON-ready. Holds secrets, so the journal is root's alone."""
    launch = None if host.instance.unit else Launch.capture(host)
    return {
        "settings": [
            {
                "setting": asdict(item.setting),
                "before": asdict(item.before) if item.before else None,
                "live": item.live,
                "persisted": item.persisted,
                "restart": item.restart,
                "skipped": item.skipped,
            }
            for item in plan.settings
        ],
        "files": [FileImage.capture(path).to_dict() for path in plan.files(host)],
        "runtime": directives.running(host.client),
        "unit": host.instance.unit,
        "launch": asdict(launch) if launch else None,
        "server": {
            "flavour": host.instance.flavour,
            "version": list(host.instance.version),
            "address": str(host.address),
            "pid": host.instance.pid,
        },
    }


def changed_settings(change: Change) -> list[tuple[Setting, Reading, dict[str, Any]]]:
    """(setting, reading before, facts) of every setting that the change writes, in the order of writing."""
    return [
        (Setting(**facts["setting"]), Reading(**facts["before"]), facts)
        for facts in change.opened["settings"]
        if not facts["skipped"] and (facts["live"] or facts["persisted"])
    ]


def identities(change: Change) -> set[tuple[str, str, str | None]]:
    """What the change writes: (kind, key, unit) of each setting."""
    return {(setting.kind, setting.key, setting.unit) for setting, _before, _facts in changed_settings(change)}


def ours(change: Change) -> frozenset[str]:
    """The keys alone."""
    return frozenset(key for _kind, key, _unit in identities(change))


def file_images(change: Change) -> list[FileImage]:
    return [FileImage.from_dict(facts) for facts in change.opened["files"]]


def without_server() -> Host:
    """Enough of a host for kinds that no server has a part in."""
    return Host(client=cast(Any, None), address=Address(), instance=cast(Any, None))


def config_files(change: Change) -> frozenset[str]:
    """The files of the change that the server itself reads: the paths of the other kinds are known without it."""
    host = without_server()
    others = {
        registry.provider(setting.kind).file(setting, host)
        for setting, _before, _facts in changed_settings(change)
        if setting.kind != "redis"
    }
    return frozenset(image.path for image in file_images(change)) - others


def digest(path: str) -> str:
    """What a file holds, as a name for it; empty where it does not exist."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def differences(change: Change, host: Host) -> list[str]:
    """How the host differs from its pre-images; empty means that it is exactly as it was."""
    found = []
    for setting, before, _facts in changed_settings(change):
        now = registry.provider(setting.kind).read(setting, host)
        for how, here, then in (("live", now.live, before.live), ("stored as", now.persisted, before.persisted)):
            if here != then:
                values = f"{shown(setting, here)!r}, it was {shown(setting, then)!r}"
                found.append(f"{setting.kind} {setting.key} is {how} {values}")
    for image in file_images(change):
        found.extend(f"{image.path} differs in {what}" for what in image.differs())
    return found
