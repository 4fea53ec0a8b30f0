# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request about a change, as a module's parameters carry it, and its result as JSON."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Callable

from .._errors import BadInput, ChangeError
from .._server.connection import Address, server_errors
from .._settings.setting import Host
from . import confirming, deadline, foreign, guards_rollback, preimage, rollback, transaction, waiting
from .armed import Deadline
from .plan import MASK, Plan, PlannedSetting
from .store import Change, Store

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


_NO_REBOOT = (
    "There is no systemd that could take this change back after a reboot: until it is confirmed a process watches over "
    "it, which a reboot ends"
)
Step = Callable[[Mapping[str, Any], Store, Any, bool], "dict[str, Any]"]
#: Has a copy of this code in a state directory, which the host itself runs when a deadline passes.
Install = Callable[[Path], Path]


def run(params: Mapping[str, Any], *, check: bool, install: Install | None = None) -> dict[str, Any]:
    """Carry out `state` for these parameters; with `check` nothing is written.

    Without ``install`` nobody but the caller takes a change back.
    """
    address = Address.from_options(dict(params))
    store = Store(params["state_directory"])
    connect = waiting.connecting(address)
    steps: dict[str, Step] = {
        "applied": partial(_apply, install=install),
        "confirmed": _confirm,
        "rolled_back": _roll_back,
    }
    try:
        with server_errors(address):
            return steps[params["state"]](params, store, connect, check)
    except OSError as error:
        raise ChangeError(
            "The host does not let us work",
            where=str(error.filename or store.path),
            why=error.strerror or str(error),
            remedy="Make room there, or make it writable",
        ) from error


def _apply(
    params: Mapping[str, Any], store: Store, connect: Any, check: bool, install: Install | None
) -> dict[str, Any]:
    name = params["name"]
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:80]!r} is no name for a change",
            where="name",
            why="it becomes part of a directory's name",
            remedy="Use letters, digits, dots, dashes and underscores",
        )
    seconds = int(params.get("confirm_within") or 0)
    if seconds < 0:
        raise BadInput(
            f"confirm_within {seconds} lies in the past",
            where="confirm_within",
            remedy="Give the seconds until the host takes the change back, or 0 for no deadline",
        )
    armed: list[Deadline] = []

    def arm(directory: Path, host: Host, changed: Sequence[str]) -> None:
        if seconds and install:
            unit = host.instance.unit
            armed.append(deadline.arm(directory, seconds, install(store.path), params, unit, changed))

    if check:
        transaction.refuse_unfinished(store)
        done = transaction.Applied(transaction.propose(connect(), params["settings"], params["restart"]))
        if done.plan.to_change:
            done.state = "applied"
    else:
        policy = params.get("on_foreign_change") or "restore"
        done = transaction.apply(store, connect, name, params["settings"], params["restart"], _owner(), arm, policy)
    return {
        "changed": bool(done.plan.to_change),
        "change_id": done.change.change_id if done.change else "",
        "state": done.state,
        "settings": [item.report() for item in done.plan.settings],
        "restarted": done.restarted,
        "pending_restart": done.pending,
        "reboot_required": False,
        "deadline": armed[0].shown() if armed else "",
        "diff": diff(done.plan),
        "replicas": [replica.report() for replica in done.plan.replicas],
        "warnings": done.plan.warnings + ([_NO_REBOOT] if armed and armed[0].keeper == "process" else []),
    }


def _confirm(params: Mapping[str, Any], store: Store, connect: Any, check: bool) -> dict[str, Any]:
    if check:
        change = store.find(params["change_id"], params["name"])
        return _result(change, changed=change.state == "applied")
    change, changed, left = confirming.confirm(store, connect, params["change_id"], params["name"])
    return dict(_result(change, changed=changed), warnings=left)


def _roll_back(params: Mapping[str, Any], store: Store, connect: Any, check: bool) -> dict[str, Any]:
    asked = Address.from_options(dict(params))
    if check:
        change = store.find(params["change_id"], params["name"])
        if change.state != "rolled_back":
            guards_rollback.refuse(store, change, connect, asked)
        return _result(change, changed=change.state != "rolled_back")
    policy = params.get("on_foreign_change")
    undone = rollback.roll_back_one(store, asked, connect, params["change_id"], params["name"], policy)
    result = _result(undone.change, changed=undone.changed, restarted=undone.restarted)
    if undone.left:
        raise ChangeError(
            "The rollback did not bring everything back",
            where=undone.change.describe(),
            why="; ".join(undone.left),
            remedy="Do what is named by hand, then roll back again: that proves the host",
            left=undone.left,
            **result,
        )
    return dict(result, warnings=[*undone.warnings, *map(foreign.sentence, result["foreign"])])


def _result(change: Change, *, changed: bool, restarted: bool = False) -> dict[str, Any]:
    applied = change.journal.last("applied") or {}
    return {
        "changed": changed,
        "change_id": change.change_id,
        "state": change.state,
        "settings": settings_of(change),
        "restarted": restarted,
        "pending_restart": applied.get("pending", []) if change.state in ("applied", "confirmed") else [],
        "reboot_required": False,
        "foreign": foreign.of(change),
        "left_stopped": bool(change.end.get("left_stopped", False)),
    }


def settings_of(change: Change) -> list[dict[str, Any]]:
    """The settings that a change wrote, as results show them."""
    return [
        PlannedSetting(setting, before, facts["live"], facts["persisted"], facts["restart"]).report()
        for setting, before, facts in preimage.changed_settings(change)
    ]


def diff(plan: Plan) -> dict[str, str]:
    """Live and stored values before and after, a line each."""
    before, after = [], []
    for item in plan.to_change:
        facts = item.report()
        label = f"{facts['kind']} {facts['key']}" + (f" ({facts['unit']})" if facts["unit"] else "")
        for what, old, new in (
            ("live", facts["before"], facts["after"] if item.live else facts["before"]),
            ("stored", facts["persisted_before"], facts["persisted_after"]),
        ):
            masked = old == MASK and new == MASK
            if old != new or masked:
                before.append(f"{label} {what}: {'(a secret)' if masked else old}")
                after.append(f"{label} {what}: {'(another secret)' if masked else new}")
    return {"before": "\n".join(before) + "\n" if before else "", "after": "\n".join(after) + "\n" if after else ""}


def _owner() -> str:
    """Who asks, as far as the host can tell."""
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    origin = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    return f"{user} from {origin}" if origin else user
