# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of settings there are."""

from __future__ import annotations

import difflib

from .._errors import BadInput
from .affinity import Affinity
from .redis_directive import RedisDirective
from .setting import Provider
from .sysctl import Sysctl
from .sysfs import Sysfs
from .systemd_dropin import SystemdDropin

_PROVIDERS: dict[str, Provider] = {
    "redis": RedisDirective(),
    "sysctl": Sysctl(),
    "sysfs": Sysfs(),
    "systemd": SystemdDropin(),
    "affinity": Affinity(),
}


def provider(kind: str) -> Provider:
    """The provider of a kind. BadInput for an unknown one, naming all, and the nearest."""
    found = _PROVIDERS.get(kind)
    if found is None:
        near = difflib.get_close_matches(kind, _PROVIDERS, 1)
        raise BadInput(
            f"There is no setting kind {kind!r}",
            why=f"the kinds are {', '.join(sorted(_PROVIDERS))}",
            remedy=f"Did you mean {near[0]}?" if near else "Name one of them",
        )
    return found
