# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to take a change back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .._errors import ChangeError
from .._server.connection import Address
from .._settings.setting import Host
from . import foreign, guards_rollback, result, rollback
from .store import Store


def run(params: Mapping[str, Any], store: Store, connect: Callable[[], Host], check: bool) -> dict[str, Any]:
    asked = Address.from_options(dict(params))
    if check:
        change = store.find(params["change_id"], params["name"])
        if change.state != "rolled_back":
            guards_rollback.refuse(store, change, connect, asked)
        return result.of(change, changed=change.state != "rolled_back")
    policy = params.get("on_foreign_change")
    accepts = bool(params.get("accept_lost_data"))
    undone = rollback.roll_back_one(store, asked, connect, params["change_id"], params["name"], policy, accepts)
    facts = result.of(undone.change, changed=undone.changed, restarted=undone.restarted)
    if undone.left:
        raise ChangeError(
            "The rollback did not bring everything back",
            where=undone.change.describe(),
            why="; ".join(undone.left),
            remedy="Do what is named by hand, then roll back again: that proves the host",
            left=undone.left,
            **facts,
        )
    return dict(facts, warnings=[*undone.warnings, *map(foreign.sentence, facts["foreign"])])
