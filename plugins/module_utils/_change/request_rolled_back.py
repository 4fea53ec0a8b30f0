# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to take a change back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Callable

from .._errors import ChangeError
from .._server.connection import Address
from .._settings.setting import Host
from . import diff_rolled_back, foreign_words, guards_rollback, result, rollback, standing
from .diff_lines import Lines
from .store import Change, Store


def run(
    params: Mapping[str, Any], store: Store, connect: Callable[[], Host], check: bool, diff: bool
) -> dict[str, Any]:
    """With ``diff`` the result tells what goes back; that of a rehearsal always does."""
    asked = Address.from_options(dict(params))
    policy = params.get("on_foreign_change")
    if check:
        change = store.find(params["change_id"], params["name"])
        if change.state == "rolled_back":
            return _once_more(change, params, store, True)
        guards_rollback.refuse(store, change, connect, asked)
        way = diff_rolled_back.look(change, connect, policy)
        restarted = bool(way.restart) and not way.supervisor
        facts = result.of(change, changed=True, restarted=restarted)
        return dict(facts, diff=way.diff(check), still_confirmed="")
    before = _look(store, params, connect) if diff else None
    accepts = bool(params.get("accept_lost_data"))
    undone = rollback.roll_back_one(store, asked, connect, params["change_id"], params["name"], policy, accepts)
    if not undone.changed:
        return _once_more(undone.change, params, store, diff)
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
    if before:
        facts["diff"] = before.diff(check)
    warnings = [*undone.warnings, *map(foreign_words.sentence, facts["foreign"])]
    return dict(facts, still_confirmed="", warnings=warnings)


def _look(store: Store, params: Mapping[str, Any], connect: Callable[[], Host]) -> diff_rolled_back.WayBack | None:
    """Before it goes back. No rollback fails for what only tells of it, and the lock is not held for that long."""
    with contextlib.suppress(Exception):  # whatever it is, a mistake of ours too
        change = store.find(params["change_id"], params["name"])
        return diff_rolled_back.look(change, connect, params.get("on_foreign_change"))
    return None


def _once_more(change: Change, params: Mapping[str, Any], store: Store, diff: bool) -> dict[str, Any]:
    """Of a change that is back already. Who has not named it may have meant another one."""
    other = "" if params["change_id"] else standing.still_confirmed(store, change, params["name"])
    facts = dict(result.of(change, changed=False), still_confirmed=other)
    return dict(facts, diff=Lines().told()) if diff else facts
