# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a server is stopped: its data saved where that brings it back, and nothing that a start would lose."""

from __future__ import annotations

import contextlib

from .._errors import ChangeError
from .._libraries import redis
from .._server import acl_users, config_reader, dependents, directives, modules, startable
from .._settings.setting import Host
from . import evicting, hard_stop, settling
from .persistence import elsewhere, gone_with_a_stop, persistence, rewrite_aof, save_before_stop
from .waiting import until


def make_ready(host: Host, ours: frozenset[str]) -> bool:
    """Save the data where that brings it back; whether a master does. ChangeError where nothing would."""
    state = persistence(host)
    if not state.keeps_data:
        raise ChangeError(
            "The server would lose its data in a restart",
            where=str(host.address),
            why=f"it holds {state.keys} keys and neither an AOF, save points nor a master would bring them back",
            remedy="Turn on persistence or restart it yourself when the data may go",
        )
    other = elsewhere(host, ours)
    if other:
        raise ChangeError(
            "The server would not come back as it is now",
            where=str(host.address),
            why=f"what it would start with and the running server differ in {', '.join(other)}",
            remedy="Make them agree, then restart it yourself or try again",
        )
    by, path = gone_with_a_stop(host)
    if by:
        raise ChangeError(
            "The server's data would be removed in a restart",
            where=path,
            why=by,
            remedy="Keep it in a directory that stays; then restart it yourself or try again",
        )
    others = dependents.servers(host.instance.unit)
    if others:
        raise ChangeError(
            "Another server would be restarted with it, so it was not restarted",
            where=str(host.instance.unit),
            why=f"{', '.join(others)} needs it, and may keep nothing on disk",
            remedy="Have that unit order itself with Wants= and After= instead, or restart both yourself",
        )
    limit = evicting.at_a_start(host, {})
    if limit:
        raise ChangeError(
            "The server would evict keys in a restart",
            where=str(host.address),
            why=f"it would start with a maxmemory of {limit} and an evicting policy, and it uses more",
            remedy="Write a limit that holds its data into its config file, or the command line of its unit; then "
            "restart it yourself or try again",
        )
    missing = modules.missing_at_a_start(host.client, host.instance)
    if missing:
        raise ChangeError(
            "The server would lack modules after a restart",
            where=str(host.address),
            why=f"nothing that it starts with loads {', '.join(map(str, missing))}",
            remedy="Write it into the config file as loadmodule, with its arguments; then restart it yourself or "
            "try again",
        )
    _refuse_to_lose_users(host)
    _refuse_unstartable(host)
    if state.aof:
        rewrite_aof(host)
    if not state.aof and not state.replica_in_sync and state.save_points and state.keys:
        save_before_stop(host)
    hard_stop.refuse(host)  # here at last: by now it is known how long a save takes
    return state.replica_in_sync


def _refuse_to_lose_users(host: Host) -> None:
    """ChangeError: somebody may have made them since the change was looked at. What only a file has is to come."""
    path, version = host.instance.config_file, host.instance.version
    known = path is not None and version >= acl_users.SINCE
    users = acl_users.unsaved(host.client, str(path), version, made=False) if known else []
    if users:
        raise ChangeError(
            "The server would lose ACL users in a restart",
            where=str(host.address),
            why=f"what {', '.join(users)} may do differs from the config file or the ACL file",
            remedy="Save them (CONFIG REWRITE, or ACL SAVE with an aclfile), then restart it yourself or try again",
        )


def _refuse_unstartable(host: Host) -> None:
    """ChangeError: somebody may have written into the file since."""
    path, version = host.instance.config_file, host.instance.version
    if path is None or version < startable.SINCE:
        return
    found = startable.objections(config_reader.read_bytes(path), path, version, directives.running(host.client))
    if found:
        raise ChangeError(
            "The server would not start with its config file, so it was not restarted",
            where=path,
            why="; ".join(found[:3]),
            remedy="Correct that, then restart it yourself or try again",
        )


def await_master(host: Host) -> None:
    """A replica whose link is only just coming up keeps its data by it; one that has no master goes on without."""
    client = host.client
    if client.info("replication").get("role") != "slave":
        return

    def synchronised() -> bool:
        # However long the data takes that its master is sending.
        until(lambda: not client.info("replication").get("master_sync_in_progress"), "the sync", str(host.address))
        return link_is_up(client)

    with contextlib.suppress(ChangeError):
        until(synchronised, "the link to the master", str(host.address), settling.DEAD_AFTER)


def link_is_up(client: redis.Redis) -> bool:
    return str(client.info("replication").get("master_link_status")) == "up"
