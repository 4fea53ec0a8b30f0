# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files say of a setting, read without asking any server."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from .._server import config_file, directives
from .._server.config_reader import NEWEST
from .._server.instance import Version
from .._settings import dropin, registry
from .._settings.setting import Setting
from . import preimage
from .store import Change


def value(change: Change, setting: Setting) -> str | None:
    """The stored value now, None where no file says anything. BadInput, OSError where a file cannot be read."""
    where = path(change, setting)
    if where is None:
        return None
    if setting.kind == "redis":
        return effective(where, change).get(directives.primary(setting.key))
    if setting.kind == "systemd":
        return dropin.value(Path(where).read_bytes() if Path(where).exists() else None, setting.key)
    return registry.provider(setting.kind).read(setting, preimage.without_server()).persisted


def path(change: Change, setting: Setting) -> str | None:
    """The file that stores it, None if nothing does."""
    if setting.kind == "redis":
        return config_path(change)
    return registry.provider(setting.kind).file(setting, preimage.without_server())


def config_path(change: Change) -> str | None:
    """The server's config file, as far as the change knows it."""
    known = change.opened["server"].get("config_file")
    return cast("str | None", known) or next(iter(sorted(preimage.config_files(change))), None)


def effective(path: str, change: Change) -> dict[str, str]:
    """What the server would read from this config file at a start. BadInput, OSError where it cannot be read."""
    return config_file.effective(path, version(change)) if Path(path).exists() else {}


def version(change: Change) -> Version:
    """Of its server, as far as its journal tells."""
    known = change.opened["server"].get("version")
    return cast(Version, tuple(known)) if known else NEWEST
