# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to keep a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .._settings.setting import Host
from . import confirming, result
from .store import Store


def run(params: Mapping[str, Any], store: Store, connect: Callable[[], Host], check: bool) -> dict[str, Any]:
    if check:
        change = store.find(params["change_id"], params["name"])
        return result.of(change, changed=change.state == "applied")
    change, changed, left = confirming.confirm(store, connect, params["change_id"], params["name"])
    return dict(result.of(change, changed=changed), warnings=left)
