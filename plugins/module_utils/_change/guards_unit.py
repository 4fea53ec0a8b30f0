# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of a unit that somebody edits: a restart stops the server, and starts it, by what the files say by then."""

from __future__ import annotations

import os
from collections.abc import Iterator

from .._server import dependents, starting, unit_files
from .._settings.setting import Host
from . import hard_stop
from .guard import Hazard, RestartMode
from .guards_start import at_a_start
from .plan import Plan

_TRY_IT = "look at it, run systemctl daemon-reload, and restart the server by hand if that is meant"


def reload_brings_an_edit(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """The change makes its daemon-reload now, whoever restarts the server: a limit, for one, is in effect at once."""
    unread = _files(plan, host).unread if host.instance.unit and _reloads(plan) else []
    if unread:
        yield Hazard(
            "unit_edited",
            str(host.instance.unit),
            f"{', '.join(unread)} was edited and systemd has not read it yet: a daemon-reload by this change would "
            "bring it",
            _TRY_IT,
        )


def unit_edited(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """Whoever has not told systemd of his edit has not tried it either."""
    if host.instance.unit is None or not at_a_start(plan, restart):
        return
    files = _files(plan, host)
    if files.unread and not _reloads(plan):
        yield Hazard(
            "unit_edited",
            host.instance.unit,
            f"{', '.join(files.unread)} was edited and systemd has not read it yet: after the next daemon-reload a "
            "restart would bring it, whatever it makes of the server",
            _TRY_IT,
        )
    other = _other_config_file(host)
    if other:
        yield Hazard(
            "unit_edited",
            host.instance.unit,
            f"the ExecStart= of {', '.join(files.paths)} names {other}, and the server runs with "
            f"{host.instance.config_file or 'no config file'}: another server would start than the one that runs",
            "make the unit name the file that the server runs with, or restart it by hand first",
        )


def _reloads(plan: Plan) -> bool:
    return any(item.setting.kind == "systemd" and item.persisted for item in plan.to_change)


def _other_config_file(host: Host) -> str | None:
    """What the command line of the unit names instead of the file that the server has."""
    if host.instance.start_words is None:
        return None
    path, _options = starting.parts(host.instance.start_words, host.instance.version)
    runs = host.instance.config_file
    if path is None:
        return "no config file" if runs else None
    same = runs is not None and os.path.realpath(path) == os.path.realpath(runs)
    return None if same or not os.path.isabs(path) else path


def restarts_another(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A unit that needs this one is restarted with it, and nobody has looked whether its data is kept."""
    others = dependents.servers(host.instance.unit) if at_a_start(plan, restart) else []
    if others:
        yield Hazard(
            "restarts_another",
            str(host.instance.unit),
            f"{', '.join(others)} needs it (Requires=, BindsTo= or PartOf=) and would be restarted with it: what that "
            "server does not keep on disk would be lost, and nothing proves or takes back that",
            f"have {others[0]} order itself with Wants= and After= instead (and systemctl daemon-reload)",
        )


def stop_does_not_save(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """What clients write between our save and the stop is in no dump then."""
    found = hard_stop.found(host, _files(plan, host)) if at_a_start(plan, restart) else None
    if found:
        how, where = found
        yield Hazard(
            "stop_does_not_save",
            str(host.instance.unit),
            f"its unit stops the server with {how} ({where}), before it has saved: what was written since the last "
            "save would be lost",
            "take that out of the unit, or give it more time there (and systemctl daemon-reload), or turn on AOF first",
        )


def changed_since(plan: Plan, host: Host, restart: RestartMode) -> Iterator[str]:
    """Read by systemd, and not tried by any start yet: that is meant, or forgotten."""
    newer = _files(plan, host).newer if at_a_start(plan, restart) else []
    if newer:
        yield (
            f"{', '.join(newer)} was changed after {host.instance.unit} had started the server: a restart brings what "
            "it says now, and taking the change back does not undo that. Look at it first"
        )


def _files(plan: Plan, host: Host) -> unit_files.UnitFiles:
    """Asked once for a plan: each call of systemctl takes longer than all other guards."""
    if plan.unit_files is None:
        plan.unit_files = unit_files.look(host.instance)
    return plan.unit_files
