# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to apply settings, or only to plan that, and its result as JSON."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

from .._errors import BadInput
from .._settings.setting import Host, Reading
from .diff_lines import Lines
from .guards_start import by_us
from .proposal import Applied, propose, refuse_unfinished
from .store import Store

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
#: Seconds: 31 days. Times much further away are none to the calendar of systemd, of C or of the host.
LONGEST_DEADLINE = 2_678_400
_NO_REBOOT = (
    "There is no systemd that could take this change back after a reboot: until it is confirmed a process watches over "
    "it, which a reboot ends"
)
#: Has a copy of this code in a state directory, which the host itself runs when a deadline passes.
Install = Callable[[Path], Path]


def run(
    params: Mapping[str, Any], store: Store, connect: Callable[[], Host], check: bool, install: Install | None
) -> dict[str, Any]:
    _validate(params)
    armed: list[tuple[str, str]] = []
    if check:
        refuse_unfinished(store)
        done = Applied(propose(connect(), params["settings"], params["restart"]))
        if done.plan.to_change:
            done.state = "applied"
        done.restarted = by_us(done.plan, params["restart"])
        done.pending = [] if done.restarted else [item.setting.key for item in done.plan.to_restart]
    else:
        done = _apply(params, store, connect, install, armed)
    return {
        "changed": bool(done.plan.to_change),
        "change_id": done.change.change_id if done.change else "",
        "state": done.state,
        "settings": [item.report() for item in done.plan.settings],
        "restarted": done.restarted,
        "pending_restart": done.pending,
        "reboot_required": False,
        "deadline": armed[0][0] if armed else "",
        "diff": _diff(done, check),
        "replicas": [replica.report() for replica in done.plan.replicas],
        "warnings": done.plan.warnings + ([_NO_REBOOT] if armed and armed[0][1] == "process" else []),
    }


def _validate(params: Mapping[str, Any]) -> None:
    name = params["name"]
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name[:80]!r} is no name for a change",
            where="name",
            why="it becomes part of a directory's name",
            remedy="Use letters, digits, dots, dashes and underscores",
        )
    seconds = int(params.get("confirm_within") or 0)
    if not 0 <= seconds <= LONGEST_DEADLINE:
        raise BadInput(
            f"confirm_within {str(seconds)[:40]} is no deadline",
            where="confirm_within",
            why="it lies in the past" if seconds < 0 else "the host watches over a change for 31 days at most",
            remedy=f"Give the seconds until it takes the change back, up to {LONGEST_DEADLINE}, or 0 for no deadline",
        )


def _apply(
    params: Mapping[str, Any],
    store: Store,
    connect: Callable[[], Host],
    install: Install | None,
    armed: list[tuple[str, str]],
) -> Applied:
    from . import deadline, transaction  # a plan, which most requests are, is made without their code

    seconds = int(params.get("confirm_within") or 0)

    def arm(directory: Path, host: Host, changed: Sequence[str]) -> None:
        if seconds and install:
            made = deadline.arm(directory, seconds, install(store.path), params, host.instance.unit, changed)
            # Said here already: once the change is applied, nothing may fail that only tells of it.
            armed.append((made.shown(), made.keeper))

    policy = params.get("on_foreign_change") or "restore"
    return transaction.apply(
        store, connect, params["name"], params["settings"], params["restart"], _owner(), arm, policy
    )


def _diff(done: Applied, check: bool) -> dict[str, str]:
    """Live and stored values before and after, a line each, and what becomes of the server."""
    lines = Lines()
    for item in done.plan.to_change:
        before = item.before or Reading(None, None)
        if item.live and item.setting.key not in done.pending:
            lines.value(item.setting, "live", before.live, item.setting.value)
        if item.persisted:
            lines.value(item.setting, "stored", before.persisted, item.setting.value)
    if done.restarted:
        lines.restart([item.setting.key for item in done.plan.to_restart], check)
    lines.restart(done.pending, check, by="somebody")
    return lines.told()


def _owner() -> str:
    """Who asks, as far as the host can tell."""
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    origin = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    return f"{user} from {origin}" if origin else user
