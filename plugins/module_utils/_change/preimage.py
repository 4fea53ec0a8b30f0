# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pre-images: everything a rollback needs, taken before the first write, and the proof against them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .._host.files import FileImage
from .._settings import registry
from .._settings.setting import Host, Reading, Setting
from .plan import Plan
from .restart import Launch
from .store import Change


def capture(plan: Plan, host: Host) -> dict[str, Any]:
    """Facts for the journal's first entry; JSON-ready. Holds secrets, so the journal is root's alone."""
    paths = plan.files(host)
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
        "files": [FileImage.capture(path).to_dict() for path in paths],
        "missing_directories": _missing_directories(paths),
        "runtime": host.client.config_get("*"),
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


def file_images(change: Change) -> list[FileImage]:
    return [FileImage.from_dict(facts) for facts in change.opened["files"]]


def digest(path: str) -> str:
    """What a file holds, as a name for it; empty where it does not exist."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def remove_made_directories(change: Change) -> None:
    """Directories that only the change needed; kept where somebody else put something in."""
    for path in change.opened["missing_directories"]:
        if os.path.isdir(path) and not os.listdir(path):
            os.rmdir(path)


def differences(change: Change, host: Host) -> list[str]:
    """How the host differs from its pre-images; empty means that it is exactly as it was."""
    found = []
    for setting, before, facts in changed_settings(change):
        now = registry.provider(setting.kind).read(setting, host)
        if facts["live"] and now.live != before.live:
            found.append(f"{setting.kind} {setting.key} is live {now.live!r}, it was {before.live!r}")
        if now.persisted != before.persisted:
            found.append(f"{setting.kind} {setting.key} is stored as {now.persisted!r}, it was {before.persisted!r}")
    for image in file_images(change):
        found.extend(f"{image.path}: {difference}" for difference in image.differs())
    found.extend(f"{path} still exists" for path in change.opened["missing_directories"] if os.path.isdir(path))
    return found


def _missing_directories(paths: Sequence[str]) -> list[str]:
    """Directories that writing these files will make, deepest first."""
    missing: dict[str, None] = {}
    for path in paths:
        parent = os.path.dirname(os.path.realpath(path))
        while not os.path.isdir(parent):
            missing[parent] = None
            parent = os.path.dirname(parent)
    return sorted(missing, key=len, reverse=True)
