# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What brings a server's data back after a stop, and making sure that it will."""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass

from .._errors import ChangeError
from .._libraries import redis
from .._server import directives, instance, lasting, process, starting
from .._server.connection import refusal
from .._settings.setting import Host
from . import listening
from .waiting import until


@dataclass(frozen=True)
class Persistence:
    """What would bring the data back after a stop."""

    aof: bool
    save_points: bool
    sigterm_saves: bool
    keys: int
    replica_in_sync: bool

    @property
    def keeps_data(self) -> bool:
        return self.aof or (self.save_points and self.sigterm_saves) or self.keys == 0 or self.replica_in_sync


def persistence(host: Host) -> Persistence:
    """Ask the server; reads only."""
    info = host.client.info("everything")
    settings = directives.running(host.client)
    return Persistence(
        aof=str(info.get("aof_enabled")) == "1",
        save_points=bool(settings.get("save", "").strip()),
        sigterm_saves="nosave" not in settings.get("shutdown-on-sigterm", "default"),
        keys=sum(instance.keys(info).values()),  # of now: clients go on writing
        replica_in_sync=info.get("role") == "slave" and info.get("master_link_status") == "up",
    )


def stale_dump(host: Host) -> str | None:
    """Path of a dump that an empty server without save points would load: data from the dead."""
    state = persistence(host)
    if state.aof or state.save_points or state.replica_in_sync:
        return None
    settings = directives.running(host.client)
    path = os.path.join(settings.get("dir", ""), settings.get("dbfilename", ""))
    return path if os.path.isfile(path) else None


def gone_with_a_stop(host: Host) -> tuple[str, str]:
    """What takes the data away from a server that is restarted, and which; empty where it stays or is its master's."""
    state, settings = persistence(host), directives.running(host.client)
    if not state.keys or state.replica_in_sync:
        return "", ""
    name = settings.get("appenddirname") or settings.get("appendfilename", "") if state.aof else settings["dbfilename"]
    path = os.path.join(settings["dir"], name)
    return lasting.taken_away_by(host.instance, path), path


#: Where a server's data and role come from, with what a silent config file means.
ORIGIN = {
    "dir": None,
    "dbfilename": "dump.rdb",
    "appendonly": "no",
    "appendfilename": "appendonly.aof",
    "appenddirname": "appendonlydir",
    "replicaof": "",
    "requirepass": "",
}
#: Without them a replica does not get in to its master again.
_LINK = {"masterauth": "", "masteruser": "", "tls-replication": "no"}
#: Where the data is. Set back on a server that has loaded other data, it would be written over what is there.
PLACES = frozenset({"dir", "dbfilename", "appendonly", "appendfilename", "appenddirname"})
#: Those that a change may write: live and file agree by then, and no data is left behind under another name.
_CHANGEABLE = frozenset({"appendonly"})


def elsewhere(host: Host, ours: frozenset[str]) -> list[str]:
    """Directives by which a restart would find other data, another role, password or port than the server has now."""
    if not starting.known(host.instance):
        return []
    stored = starting.values(host.instance)
    running = directives.running(host.client)
    # Without a unit it is started with its file alone, whatever its command line says.
    kept = host.instance.command_line_overrides or () if host.instance.unit else ()
    found = listening.moved(running, stored, kept)
    asked = {**ORIGIN, **_LINK} if host.instance.role == "replica" else ORIGIN
    for name, default in asked.items():
        if name not in running or (name in ours and name in _CHANGEABLE):
            continue
        if (
            name == "replicaof" and host.instance.cluster
        ):  # stands in nodes.conf, and in the file no node starts with it
            continue
        value = stored.get(name, default)
        if name == "dir":
            # A relative directory, or none, is the one that the server is in and is started in again.
            other = str(value).startswith("/") and os.path.realpath(str(value)) != os.path.realpath(running[name])
            differs = other or process.mounted_over(host.instance.pid)
        else:
            differs = not directives.same(name, _said(name, value), running[name])
        if differs:
            found.append(name)
    return found


def _said(name: str, value: str | None) -> str:
    return "" if value is None or (name == "replicaof" and value.lower() == "no one") else value


def rewrite_aof(host: Host) -> None:
    """A log that begins with the data set of now holds no command for a database that is about to go."""
    wait_for_aof(host)
    host.client.bgrewriteaof()
    wait_for_aof(host)


def wait_for_aof(host: Host) -> None:
    """An AOF is whole only after its first rewrite. ChangeError where the rewrite fails."""

    def done() -> bool:
        facts = host.client.info("persistence")
        return not (facts.get("aof_rewrite_in_progress") or facts.get("aof_rewrite_scheduled"))

    until(done, "the AOF to be written", str(host.address))
    status = host.client.info("persistence").get("aof_last_bgrewrite_status", "ok")
    if status != "ok":
        raise ChangeError(
            "The AOF could not be written",
            where=str(host.address),
            why=f"aof_last_bgrewrite_status is {status}",
            remedy="See the server's log (disk full, no memory for the fork)",
        )


#: Of a change that writes one of these nobody knows yet whether a child of the server lives.
_ABOUT_CHILDREN = frozenset({"bgsave-cpulist", "aof-rewrite-cpulist", "SystemCallFilter"})


def try_children(host: Host, ours: frozenset[str]) -> None:
    """A child that may not pin itself dies of SIGSYS at the first BGSAVE, and from then on writes fail (MISCONF).

    So one of each sort that the server has is tried. ChangeError where it does not end well.
    """
    if not _ABOUT_CHILDREN & {directives.primary(key) if key.islower() else key for key in ours}:
        return
    state = persistence(host)
    if state.save_points:
        save(host, "A trial BGSAVE failed after the restart")
    if state.aof:
        rewrite_aof(host)


def save_before_stop(host: Host) -> None:
    """BGSAVE, or where no child can (killed for its CPU list, no memory to fork) the server itself, as at its end.

    ChangeError where it cannot either.
    """
    try:
        save(host, "BGSAVE failed, so the server was not restarted")
    except ChangeError:
        before = _last_save(host.client)
        with contextlib.suppress(redis.ResponseError, redis.TimeoutError):  # it answers nobody until it is done
            host.client.save()
        until(lambda: refusal(host.client, host.address) is None, "the server to save its data", str(host.address))
        if _last_save(host.client) == before:
            raise


def save(host: Host, failed: str) -> None:
    """BGSAVE, and the proof that it ended well; ``failed`` is said where it did not."""
    client = host.client

    def begun() -> bool:
        """Not by a child that is there: it may send a replica its data, or save what was there minutes ago."""
        try:
            client.bgsave()
        except redis.ResponseError as error:
            if not re.search("in progress|active", str(error)):
                raise
            return False
        return True

    def ended() -> bool:
        return not client.info("persistence")["rdb_bgsave_in_progress"]

    until(ended, "another BGSAVE to end", str(host.address))
    before = _last_save(client)
    # LASTSAVE counts whole seconds; it lies ahead where the clock was set back since.
    while before <= time.time() <= before + 1:
        time.sleep(0.05)
    until(begun, "BGSAVE to begin", str(host.address))
    until(ended, "BGSAVE to end", str(host.address))
    facts = client.info("persistence")
    if facts["rdb_last_bgsave_status"] != "ok" or _last_save(client) == before:
        raise ChangeError(
            failed,
            where=str(host.address),
            why=f"rdb_last_bgsave_status is {facts['rdb_last_bgsave_status']}",
            remedy="See the server's log for the reason (disk full, no permission, no memory for the fork)",
        )


def _last_save(client: redis.Redis) -> int:
    return int(client.info("persistence")["rdb_last_save_time"])
