# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting, what was read of it, the host it is applied to, and what every kind of setting can do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .._errors import BadInput

if TYPE_CHECKING:
    import redis

    from .._server.connection import Address
    from .._server.instance import Instance


@dataclass(frozen=True)
class Setting:
    """One knob and the value it shall have. ``optional``: a host that cannot do it skips it, with a reason."""

    kind: str
    key: str
    value: str
    unit: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class Reading:
    """What a setting is now. JSON-ready.

    ``live``: as the provider's ``write_live`` takes it, or None if nothing is in effect that could be read.
    ``persisted``: as its file has it, None if no file says anything. ``persistable``: whether there is such a file.
    """

    live: Any
    persisted: str | None
    persistable: bool = True


@dataclass
class Host:
    """What providers act on. ``root`` stands before /etc, /proc/sys and /sys, so that tests need no real ones."""

    client: redis.Redis
    address: Address
    instance: Instance
    root: str = "/"

    def path(self, absolute: str) -> str:
        """An absolute path of the host under ``root``."""
        return os.path.join(self.root, absolute.lstrip("/"))


class Provider(Protocol):
    """One kind of setting. Only ``write_live`` and ``activate`` change the host."""

    def normalise(self, setting: Setting, host: Host) -> Setting:
        """Key and value checked and canonical for this host. BadInput otherwise."""

    def read(self, setting: Setting, host: Host) -> Reading:
        """What is in effect and what is persisted now."""

    def live_matches(self, setting: Setting, reading: Reading) -> bool:
        """Whether the (normalised) setting is in effect."""

    def persisted_matches(self, setting: Setting, reading: Reading) -> bool:
        """Whether the setting would be in effect after a restart; True where nothing can be persisted."""

    def needs_restart(self, setting: Setting, reading: Reading, host: Host) -> bool:
        """Whether only a restart of the server brings it into effect."""

    def write_live(self, setting: Setting, value: Any, host: Host) -> None:
        """Bring into effect a value as ``normalise`` gives it, or put back one as ``Reading.live`` holds it."""

    def file(self, setting: Setting, host: Host) -> str | None:
        """The file that persists the setting, None if nothing does."""

    def edit(self, setting: Setting, content: bytes | None, host: Host) -> bytes:
        """The content of that file with the setting in it. Pure."""

    def activate(self, host: Host) -> None:
        """To be called after the files of this kind were written or put back."""


def refuse_unit(setting: Setting) -> None:
    """BadInput for a unit where none belongs, rather than a setting that means less than its author thinks."""
    if setting.unit is not None:
        raise BadInput(
            f"{setting.kind} {setting.key} belongs to no unit",
            why=f"unit: {setting.unit} is for the kind systemd only",
            remedy="Leave unit out",
        )
