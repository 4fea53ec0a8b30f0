# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of what a start of the server brings that the running one has not."""

from __future__ import annotations

from collections.abc import Iterator

from .._server import config_reader, directives, modules, process, startable
from .._settings import registry
from .._settings.setting import Host
from . import evicting, numbered, persistence
from .guard import Hazard, RestartMode
from .plan import Plan


def data_elsewhere(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A server whose data, master or password differ from what its file says would not come back as it is."""
    if not at_a_start(plan, restart):
        return
    for name in persistence.elsewhere(host, frozenset(item.setting.key for item in plan.to_change)):
        yield Hazard(
            "data_elsewhere",
            name,
            "the server would start with another data directory, dump, log, master, password, port or socket than it "
            "runs with now",
            f"make the config file (or the command line of its unit) and the running server agree in {name} first",
        )


def data_goes_with_unit(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """However well it is saved: the directory is the unit's, and is removed with it."""
    by, path = persistence.gone_with_a_stop(host) if at_a_start(plan, restart) else ("", "")
    if by:
        yield Hazard(
            "data_goes_with_unit",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"the data that the server saves ({path}) does not outlive its restart: {by}",
            "keep it in a directory that stays (as /var/lib/redis) first; CONFIG SET dir and the config file",
        )


def evicts_at_start(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A limit that was raised by command alone is the old one again while the server loads its data."""
    if not at_a_start(plan, restart):
        return
    items = (item for item in plan.to_change if item.setting.kind == "redis")
    limit = evicting.at_a_start(host, {item.setting.key: str(item.setting.value) for item in items})
    if limit:
        yield Hazard(
            "evicts_at_start",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"the server would start with a maxmemory of {limit} and an evicting policy, and uses more: a restart "
            "would throw keys away for good before the running values are set again",
            "write the limit that it runs with into its config file, or the command line of its unit, first",
        )


def databases_at_start(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """The file may have fewer databases than run: written by hand, or by a change that waits for a restart."""
    if not at_a_start(plan, restart) or plan.wanted("redis", "databases") is not None:  # which is databases_in_use
        return
    lost, limit = numbered.beyond(host)
    if lost:
        yield Hazard(
            "databases_at_start",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"the server would start with {limit} databases, and database {', '.join(map(str, lost))} holds keys: it "
            "would not come up with them, or mix them into others",
            "write as many databases into the file as it runs with, or move those keys first",
        )


def not_startable(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """What was written into the file since the server started nobody has tried: with a bad line it stays down."""
    path, version = host.instance.config_file, host.instance.version
    if not at_a_start(plan, restart) or path is None or version < startable.SINCE:
        return
    content = config_reader.read_bytes(path)
    for item in plan.to_change:
        if item.setting.kind == "redis" and item.persisted:
            content = registry.provider("redis").edit(item.setting, content, host)
    found = startable.objections(content, path, version, directives.running(host.client))
    if found:
        yield Hazard(
            "not_startable",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"the server would not start with its config file: {'; '.join(found[:3])}",
            "correct the file first; a rollback could not start the server with it either",
        )


def modules_at_start(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A module that was loaded by command alone is gone after a start, and keys of its types cannot be loaded."""
    if not at_a_start(plan, restart):
        return
    missing = modules.missing_at_a_start(host.client, host.instance)
    if missing:
        yield Hazard(
            "modules_at_start",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"nothing that the server starts with loads the module {', '.join(map(str, missing))}: it would come up "
            "without those commands, and not at all where its data has their types",
            "write it into the config file as loadmodule, with its arguments, first",
        )


def program_replaced(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """Upgraded while it runs: what comes of that is not this change's, and no rollback takes it back."""
    path = process.replaced(host.instance.pid) if at_a_start(plan, restart) else ""
    if path:
        yield Hazard(
            "program_replaced",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"{path} was replaced or removed after the server was started: a restart would start another program, and "
            "taking the change back could not bring the old one back",
            "restart the server by hand first, and see that it runs well",
        )


def at_a_start(plan: Plan, restart: RestartMode) -> bool:
    """Whether the server will be restarted for this change, now or by somebody later."""
    return restart != "refuse" and bool(plan.to_restart)


def by_us(plan: Plan, restart: RestartMode) -> bool:
    """Whether this change restarts it itself."""
    return restart == "allowed" and bool(plan.to_restart)
