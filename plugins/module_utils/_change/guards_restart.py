# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of a restart: whether it is allowed, and whether the server would come back with everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._server import acl_users, config_file, config_reader, directives, startable, supervisor
from .._server.replication import Replica
from .._settings import registry
from .._settings.setting import Host
from . import evicting, numbered, persistence
from .guard import Hazard, RestartMode
from .plan import Plan


def restart_required(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """Never an implicit restart."""
    keys = [item.setting.key for item in plan.to_restart]
    if keys and restart == "refuse":
        yield Hazard(
            "restart_required",
            ", ".join(keys),
            "takes effect only when the server is restarted, and restart is 'refuse'",
            "say restart: allowed, or restart: defer to write it now and restart later",
        )


def restart_loses_data(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """Without persistence a restart empties the server, and then its replicas; one of them could take over before."""
    if not _restarts(plan, restart):
        return
    state = persistence.persistence(host)
    if not state.keeps_data:
        yield Hazard(
            "restart_loses_data",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"the server holds {state.keys} keys, and a restart would lose what no AOF and no save points keep",
            "; ".join([_by_replica(plan.replicas), *_CHOICES]),
        )


_CHOICES = (
    "or turn on persistence first: CONFIG SET save, or CONFIG SET appendonly and wait for its rewrite, and the same in "
    "the config file",
    "or say restart: defer, and restart it yourself when the data may go",
    "or leave these settings out",
)


def _by_replica(replicas: Sequence[Replica]) -> str:
    """The way that keeps serving, or what it would take."""
    able = [replica for replica in replicas if replica.can_take_over]
    if able:
        best = min(able, key=lambda replica: replica.behind)
        return (
            f"let replica {best.peer.address} take over ({best.failover}): this server then is a replica, and may be "
            "restarted"
        )
    if replicas:
        why = "; ".join(f"{replica.peer.address}: {replica.obstacle}" for replica in replicas)
        return f"let a replica take over, when one can ({why})"
    return "attach a replica and let it take over (REPLICAOF there, then FAILOVER here)"


def stale_dump(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A server that saves nothing still loads an old dump when it starts."""
    path = persistence.stale_dump(host) if _restarts(plan, restart) else None
    if path:
        yield Hazard(
            "stale_dump",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"the server saves nothing, but would load the old {path} when it starts",
            "move that file away if its data is not wanted",
        )


def relative_directory(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A server started by hand from a relative working directory is not found there again."""
    path = host.instance.config_file
    if not _restarts(plan, restart) or host.instance.unit or path is None:
        return
    directory = config_file.effective(path, host.instance.version).get("dir", "./")
    if not directory.startswith("/") and directory.strip("./"):
        yield Hazard(
            "relative_directory",
            "dir",
            f"{path} says dir {directory}, relative to a place that the running server no longer tells",
            "write an absolute dir",
        )


def foreign_supervisor(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """Another program than the host's systemd would start the server again when it ends, beside our own start."""
    found = supervisor.of(host.instance.pid) if _restarts(plan, restart) and not host.instance.unit else None
    if found:
        yield Hazard(
            "foreign_supervisor",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"{found.name} looks after the server and may start it again, or end with it: a restart by hand could make "
            "two processes on one data directory",
            f"say restart: defer, and restart it by its supervisor then ({found.means}); or leave these settings out; "
            "or run it as a unit of systemd",
        )


def users_not_saved(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """ACL users made or changed with ACL SETUSER and never saved are not the same after a restart."""
    if not _restarts(plan, restart) or host.instance.version < (6, 0, 0) or host.instance.config_file is None:
        return
    users = acl_users.unsaved(host.client, host.instance.config_file, host.instance.version)
    if users:
        yield Hazard(
            "users_not_saved",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"what ACL users may do ({', '.join(users)}) differs from the config file or the ACL file: "
            "a restart would lose that",
            "save them first (CONFIG REWRITE, or ACL SAVE with an aclfile)",
        )


def _restarts(plan: Plan, restart: RestartMode) -> bool:
    return restart == "allowed" and bool(plan.to_restart)


def data_elsewhere(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A server whose data, master, password or port differ from what its file says would not come back as it is."""
    if not _restarts(plan, restart) or host.instance.config_file is None:
        return
    for name in persistence.elsewhere(host, frozenset(item.setting.key for item in plan.to_change)):
        yield Hazard(
            "data_elsewhere",
            name,
            "the server would start with another data directory, dump, log, master, password or port than it has now",
            f"make the config file and the running server agree in {name} first",
        )


def evicts_at_start(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A limit that was raised by command alone is the old one again while the server loads its data."""
    if not _restarts(plan, restart):
        return
    items = (item for item in plan.to_change if item.setting.kind == "redis")
    limit = evicting.at_a_start(host, {item.setting.key: str(item.setting.value) for item in items})
    if limit:
        yield Hazard(
            "evicts_at_start",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"the config file has a maxmemory of {limit} and an evicting policy, and the server uses more: a restart "
            "would throw keys away for good before the running values are set again",
            "write the limit that it runs with into the file first",
        )


def databases_at_start(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """The file may have fewer databases than run: written by hand, or by a change that waits for a restart."""
    if not _restarts(plan, restart) or plan.wanted("redis", "databases") is not None:  # which is databases_in_use
        return
    lost, limit = numbered.beyond(host)
    if lost:
        yield Hazard(
            "databases_at_start",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"the config file has {limit} databases, and database {', '.join(map(str, lost))} holds keys: the server "
            "would not start with them, or mix them into others",
            "write as many databases into the file as it runs with, or move those keys first",
        )


def not_startable(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """What was written into the file since the server started nobody has tried: with a bad line it stays down."""
    path, version = host.instance.config_file, host.instance.version
    if not _restarts(plan, restart) or path is None or version < (6, 0, 0):
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
