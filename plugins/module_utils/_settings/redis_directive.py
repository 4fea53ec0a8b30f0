# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind redis: a directive, at run time by CONFIG SET and for the next start in the config file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._errors import ServerError
from .._host import cpus
from .._server import config_file, directives
from .._server.connection import server_errors
from .setting import Host, Reading, Setting, refuse_unit


class RedisDirective:
    """``Reading.live`` is what CONFIG GET shows."""

    def normalise(self, setting: Setting, host: Host) -> Setting:
        refuse_unit(setting)
        with server_errors(host.address):
            known: dict[str, str] = host.client.config_get("*")  # type: ignore[assignment]
        key = directives.find(setting.key, known)
        value = setting.value
        directive = directives.get(key)
        if directive is not None and directive.type == "cpus" and value:
            value = cpus.resolve(value, host.instance.pid)
        return replace(setting, key=key, value=directives.normalise(key, value))

    def read(self, setting: Setting, host: Host) -> Reading:
        path = host.instance.config_file
        persisted = None
        if path is not None:
            stored = config_file.effective(path, host.instance.version)
            persisted = stored.get(directives.primary(setting.key))
        return Reading(_get(setting, host), persisted)

    def live_matches(self, setting: Setting, reading: Reading) -> bool:
        return directives.same(setting.key, setting.value, reading.live)

    def persisted_matches(self, setting: Setting, reading: Reading) -> bool:
        return directives.same(setting.key, setting.value, reading.persisted)

    def needs_restart(self, setting: Setting, reading: Reading, host: Host) -> bool:
        return directives.immutable(setting.key, host.instance.version) and not self.live_matches(setting, reading)

    def write_live(self, setting: Setting, value: Any, host: Host) -> None:
        """ServerError too if the server says OK and then shows another value: it clamps some (hazard 17)."""
        with server_errors(host.address):
            host.client.config_set(setting.key, value)
        shown = _get(setting, host)
        if not directives.same(setting.key, value, shown):
            secret = directives.secret(setting.key)
            raise ServerError(
                f"CONFIG SET {setting.key} did not take effect",
                where=str(host.address),
                why="" if secret else f"the server shows {shown!r}, not {value!r}",
                remedy="Ask for a value that the server keeps",
            )

    def file(self, setting: Setting, host: Host) -> str | None:
        return host.instance.config_file

    def edit(self, setting: Setting, content: bytes | None, host: Host) -> bytes:
        path = host.instance.config_file or ""
        return config_file.edit(content or b"", path, setting.key, setting.value, host.instance.version)

    def activate(self, host: Host) -> None:
        """Redis reads its file at its start only."""


def _get(setting: Setting, host: Host) -> str | None:
    with server_errors(host.address):
        shown: dict[str, str] = host.client.config_get(setting.key)  # type: ignore[assignment]
    return shown.get(setting.key)
