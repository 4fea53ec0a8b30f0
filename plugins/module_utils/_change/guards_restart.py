# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of a restart: whether it is allowed, and whether the server would come back with everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._server import acl_users, config_file, supervisor
from .._server.replication import Replica
from .._settings.setting import Host
from . import persistence
from .guard import Hazard, RestartMode
from .guards_start import at_a_start, by_us
from .plan import Plan


def restart_required(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """Never an implicit restart."""
    keys = [item.setting.key for item in plan.to_restart]
    if keys and restart == "refuse":
        yield Hazard(
            "restart_required",
            ", ".join(keys),
            "takes effect only when the server is restarted, and restart is 'refuse'",
            "say restart: allowed, or restart: defer to write it now and restart later "
            "(for a playbook gated_change_restart)",
        )


def restart_loses_data(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """Without persistence a restart empties the server, and then its replicas; one of them could take over before."""
    if not at_a_start(plan, restart):
        return
    state = persistence.persistence(host)
    if not state.keeps_data:
        yield Hazard(
            "restart_loses_data",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"the server holds {state.keys} keys, and a restart would lose what no AOF and no save points keep",
            "; ".join(_choices(plan, restart)),
        )


def _choices(plan: Plan, restart: RestartMode) -> Iterator[str]:
    yield _by_replica(plan.replicas)
    yield (
        "or turn on persistence first: CONFIG SET save, or CONFIG SET appendonly and wait for its rewrite, and the "
        "same in the config file"
    )
    if restart != "defer":
        yield "or say restart: defer, and restart it yourself when the data may go"
    yield "or leave these settings out"


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
    path = persistence.stale_dump(host) if at_a_start(plan, restart) else None
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
    if not by_us(plan, restart) or host.instance.unit or path is None:
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
    found = supervisor.of(host.instance.pid) if by_us(plan, restart) and not host.instance.unit else None
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
    path, version = host.instance.config_file, host.instance.version
    if not at_a_start(plan, restart) or version < acl_users.SINCE or path is None:
        return
    users = acl_users.unsaved(host.client, path, version)
    if users:
        yield Hazard(
            "users_not_saved",
            ", ".join(item.setting.key for item in plan.to_restart),
            f"what ACL users may do ({', '.join(users)}) differs from the config file or the ACL file: "
            "a restart would lose that",
            "save them first (CONFIG REWRITE, or ACL SAVE with an aclfile)",
        )
