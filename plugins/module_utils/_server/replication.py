# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other servers that one replicates with: what they hold, and whether a replica could take over."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._errors import LowlatError
from .._libraries import redis as library
from .connection import Address, control, server_errors
from .instance import Instance, keys, version

if TYPE_CHECKING:
    import redis

#: A peer that does not answer within this time is not waited for: most are in the same rack. Seconds.
TIMEOUT = 2.0
#: A replica acknowledges every second; one that has not for so long is no safe place to go. Seconds.
MAX_LAG = 10
#: Peers that are asked at the same time.
_AT_ONCE = 16


@dataclass(frozen=True)
class Peer:
    """Another server. ``keys`` per database and ``databases`` are None where it could not be asked: see ``why``."""

    address: str
    keys: dict[int, int] | None = None
    databases: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Replica:
    """A replica, as its master and it itself tell.

    ``behind``: bytes of the stream that it has not acknowledged. ``obstacle``: why it could not take over now, empty
    if it could. ``failover``: what makes it the master.
    """

    peer: Peer
    in_sync: bool
    behind: int
    obstacle: str
    failover: str

    @property
    def can_take_over(self) -> bool:
        return not self.obstacle

    def report(self) -> dict[str, Any]:
        """JSON-ready, as results show it."""
        return {
            "address": self.peer.address,
            "in_sync": self.in_sync,
            "behind": self.behind,
            "can_take_over": self.can_take_over,
            "obstacle": self.obstacle,
            "failover": self.failover,
        }


def replicas(client: redis.Redis, address: Address, instance: Instance) -> list[Replica]:
    """Every connected replica, asked itself with the credentials of ``address``. ServerError if the master fails."""
    if not instance.replicas:
        return []
    with server_errors(address):
        info: dict[str, Any] = client.info("replication")
    found = (info.get(f"slave{number}") for number in range(int(info.get("connected_slaves", 0))))
    entries = [entry for entry in found if isinstance(entry, dict)]
    offset = int(info.get("master_repl_offset", 0))
    # All at once: those that do not answer cost the time of one.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda entry: _replica(entry, offset, address, instance), entries))


def master(client: redis.Redis, address: Address) -> Peer | None:
    """The server that this one replicates, None if it is a master itself."""
    with server_errors(address):
        info: dict[str, Any] = client.info("replication")
    if info.get("role") != "slave":
        return None
    return _ask(str(info.get("master_host")), int(info.get("master_port", 0)), address)[0]


def _replica(entry: Mapping[str, Any], offset: int, address: Address, instance: Instance) -> Replica:
    host, port = str(entry.get("ip")), int(entry.get("port", 0))
    peer, info = _ask(host, port, address)
    lag = int(entry.get("lag", 0))
    in_sync = entry.get("state") == "online" and lag <= MAX_LAG
    if not in_sync:
        obstacle = f"it is not in sync (state {entry.get('state')}, last heard of {lag} s ago)"
    else:
        obstacle = peer.why or _obstacle(info, instance)
    behind = max(0, offset - int(entry.get("offset", 0)))
    return Replica(peer, in_sync, behind, obstacle, _failover(host, port, info, instance))


def _ask(host: str, port: int, like: Address) -> tuple[Peer, dict[str, Any]]:
    """What a server tells of itself, and its INFO; a login of its own would be somebody else's to give."""
    address = replace(like, host=host, port=port, unix_socket=None, timeout=min(TIMEOUT, like.timeout))
    try:
        client = control(address)
        try:
            with server_errors(address):
                info: dict[str, Any] = client.info("everything")
                databases = _databases(client)
        finally:
            client.connection_pool.disconnect()
    except LowlatError as error:
        return Peer(str(address), why=f"it could not be asked: {error.what}: {error.why}"), {}
    return Peer(str(address), keys(info), databases), info


def _databases(client: redis.Redis) -> int | None:
    """How many it has; None where we may not ask."""
    try:
        return int(client.config_get("databases").get("databases") or 0) or None
    except library.ResponseError:
        return None


def _obstacle(info: Mapping[str, Any], instance: Instance) -> str:
    limit = int(info.get("maxmemory", 0))
    if info.get("master_link_status") != "up":
        return "its link to the master is down"
    if str(info.get("slave_priority")) == "0":
        return "its replica-priority is 0: it is never to be the master"
    if 0 < limit < instance.used_memory:
        return f"its maxmemory is {limit}, and {instance.used_memory} bytes are used"
    return ""


def _failover(host: str, port: int, info: Mapping[str, Any], instance: Instance) -> str:
    if instance.cluster:
        return f"CLUSTER FAILOVER on {host}:{port}"
    if instance.version >= (6, 2, 0) and (not info or version(info) >= (6, 2, 0)):
        return f"FAILOVER TO {host} {port}"
    return f"REPLICAOF NO ONE on {host}:{port}, and send the clients there"
