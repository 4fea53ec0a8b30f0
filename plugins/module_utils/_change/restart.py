# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart a server and prove that it came back with its data."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Callable

from .._errors import ChangeError, LowlatError, ServerError
from .._host import systemd, threads
from .._libraries import redis
from .._server import directives, instance
from .._server.connection import command, refusal, server_errors
from .._settings.setting import Host
from . import boot, evicting, keys, numbered, remembered, sealed
from .launch import is_running, refuse_supervised, restart_process
from .persistence import elsewhere, persistence, rewrite_aof, save_before_stop
from .waiting import PATIENCE, until

#: A server that dies of its start (hazard 8: after READY=1) has done so within this time after its first answer, and
#: systemd, which waits 0.1 s by default, has started it again many times over. Seconds.
SETTLE = 1.5
#: Most have died by then. Whoever looks again at SETTLE need not wait for it here. Seconds.
FIRST_LOOK = 0.3
#: A server listens before it loads its data: one that nobody hears for so long has not started. Seconds.
DEAD_AFTER = 30.0
#: From this version on a server can have its writing clients wait.
HOLDS_WRITES = (6, 2, 0)


class DataMissing(ChangeError):
    """Keys are gone: whatever is done next may destroy what could still be saved."""


def restart(
    host: Host, ours: frozenset[str], settle: float, note: Callable[[dict[str, Any]], None] = lambda facts: None
) -> Host:
    """Save, restart, wait until the data is loaded, and prove that keys, settings and threads are as they were.

    ``ours`` are the directives that the change itself is about; ``settle`` is how long the new process is watched,
    in seconds; ``note`` is given what only the running server knows (``remembered.capture``) before it is stopped.
    Returns the host with the new process. ChangeError or ServerError where the server does not come back whole.
    """
    refuse_supervised(host)
    with server_errors(host.address):
        await_master(host)
        replica_in_sync = _make_ready(host, ours)
        known = remembered.capture(host)
        with _writes_held(host):  # the count is to be that of the dump
            numbered.refuse(host, "it was not restarted")
            keys_before = keys.count(host.client)
            note({**remembered.journalled(known, host), **keys_before.told(), "boot_id": boot.identity()})
    host.client.connection_pool.disconnect()
    if host.instance.unit:
        systemd.restart(host.instance.unit, PATIENCE)
    else:
        restart_process(host)
    _await_server(host)
    settled = time.monotonic() + settle
    new = replace(host, instance=instance.discover(host.client, str(host.address)))
    if new.instance.pid == known["pid"]:
        raise _not_up(new, "the process is still the old one")
    try:
        with server_errors(host.address):  # while it settles, or does not
            _make_whole(new, known, ours, keys_before, replica_in_sync)
    except (LowlatError, OSError):
        prove_settled(new, 0)  # where it died, that is the reason for all else
        raise
    prove_settled(new, settled - time.monotonic())
    return new


@contextlib.contextmanager
def _writes_held(host: Host) -> Iterator[None]:
    """Clients that write wait from here to the end of the server; they go on where this fails."""
    holds = host.instance.version >= HOLDS_WRITES
    if holds:
        command(host.client, "CLIENT PAUSE", 10_000, "WRITE")
    try:
        yield
    except BaseException:
        if holds:
            with contextlib.suppress(redis.RedisError):  # they go on by themselves soon; the reason that counts is it
                command(host.client, "CLIENT UNPAUSE")
        raise


def _make_whole(
    host: Host, known: dict[str, Any], ours: frozenset[str], keys_before: keys.Count, replica_in_sync: bool
) -> None:
    """Prove that the new process has what the old one had, and give it what a config file does not tell."""
    if known["cpus"] and "CPUAffinity" not in ours:
        threads.set_affinity(host.instance.pid, known["cpus"])
    if replica_in_sync:
        until(lambda: _link_is_up(host.client), "the replica to be in sync again", str(host.address))
    _prove_keys(host, keys_before)
    _prove_start(host, known["runtime"], ours)
    put_back_runtime_settings(host, known["runtime"], ours)


def _make_ready(host: Host, ours: frozenset[str]) -> bool:
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
            why=f"its config file and the running server differ in {', '.join(other)}",
            remedy="Make them agree, then restart it yourself or try again",
        )
    limit = evicting.at_a_start(host, {})
    if limit:
        raise ChangeError(
            "The server would evict keys in a restart",
            where=str(host.address),
            why=f"its config file has a maxmemory of {limit} and an evicting policy, and it uses more",
            remedy="Write a limit into that file that holds its data, then restart it yourself or try again",
        )
    if state.aof:
        rewrite_aof(host)
    if not state.aof and not state.replica_in_sync and state.save_points and state.keys:
        save_before_stop(host)
    return state.replica_in_sync


def proof(host: Host) -> dict[str, Any]:
    """Which process was found whole, for the journal; JSON-ready."""
    with server_errors(host.address):
        held = keys.count(host.client)
    return {"pid": host.instance.pid, "process_started": host.instance.process_started, **held.told()}


def _await_server(host: Host) -> None:
    """Wait while it loads its data, however long; not when nobody listens or its unit has failed."""
    silent_since = time.monotonic()
    while True:
        error = refusal(host.client, host.address)
        if error is None:
            return
        code = error.details["code"]
        if code in ("loading", "busy"):
            silent_since = time.monotonic()
        elif code not in ("unreachable", "timeout", "tls"):
            raise ChangeError(
                "The restarted server does not let us in",
                where=str(host.address),
                why=error.why,
                remedy="It runs; correct its password or ACL",
            ) from error
        unit = host.instance.unit
        failed = unit and systemd.show(unit, ["ActiveState"]).get("ActiveState") == "failed"
        if failed or time.monotonic() - silent_since > DEAD_AFTER:
            raise ChangeError(
                "The server did not start",
                where=unit or str(host.address),
                why="its unit has failed" if failed else f"nobody listens there since {DEAD_AFTER:.0f} s",
                remedy="See its log or journalctl; a death by SIGSYS is systemd's SystemCallFilter",
            )
        time.sleep(0.05)


def await_master(host: Host) -> None:
    """A replica whose link is only just coming up keeps its data by it; one that has no master goes on without."""
    client = host.client
    if client.info("replication").get("role") != "slave":
        return

    def synchronised() -> bool:
        # However long the data takes that its master is sending.
        until(lambda: not client.info("replication").get("master_sync_in_progress"), "the sync", str(host.address))
        return _link_is_up(client)

    with contextlib.suppress(ChangeError):
        until(synchronised, "the link to the master", str(host.address), DEAD_AFTER)


def prove_settled(host: Host, seconds: float) -> None:
    """ChangeError unless the process lives and answers for so long, and systemd never had to start it again."""
    pid, unit = host.instance.pid, host.instance.unit
    end = time.monotonic() + seconds
    while True:
        restarts = int(systemd.show(unit, ["NRestarts"]).get("NRestarts") or 0) if unit else 0
        if restarts:
            raise _not_up(host, f"systemd had to start it again, {restarts} times by now")
        error = refusal(host.client, host.address)
        if not is_running(pid) or (error and _code(error) == "unreachable" and _ends(pid)):
            raise _not_up(host, f"process {pid} is gone")
        # A replica loads what its master sends it, and a script keeps the server busy: both live.
        if error and _code(error) not in ("loading", "busy"):
            raise ChangeError(
                "The restarted server runs and does not answer",
                where=unit or str(host.address),
                why=f"process {pid}: {error.what}: {error.why}",
                remedy=error.remedy,
            ) from error
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 0.2))


def _code(error: ServerError) -> str:
    return str(error.details["code"])


def _ends(pid: int) -> bool:
    """Whether a process that has closed its sockets is about to be gone."""
    try:
        until(lambda: not is_running(pid), f"process {pid} to end", "", 1.0)
    except ChangeError:
        return False
    return True


def left_to_settle(up_since: float) -> float:
    """Seconds until a server that answered at ``up_since`` (``uptime()`` of then) has settled."""
    # After a reboot in between, that is a time to come.
    return min(SETTLE, max(0.0, up_since + SETTLE - uptime()))


def uptime() -> float:
    """Seconds since the host was booted, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _not_up(host: Host, why: str) -> ChangeError:
    return ChangeError(
        "The server did not stay up after its restart",
        where=host.instance.unit or str(host.address),
        why=why,
        remedy="See its log or journalctl; a death by SIGSYS is systemd's SystemCallFilter",
    )


def _prove_keys(host: Host, before: keys.Count) -> None:
    """Every key is there, or its time had come while the server was away or since."""
    held, expired = keys.since_start(host.client)
    if held + expired < before.keys and not keys.expired_uncounted(host.client, before):
        raise DataMissing(
            "Keys are missing after the restart",
            where=str(host.address),
            why=f"{before.keys} keys before, {held} after, and {expired} have expired",
            remedy="Stop writing to it and look at its dump and AOF files before anything else",
        )


def _prove_start(host: Host, before: dict[str, str], ours: frozenset[str]) -> None:
    """Options that stood on a command line which the server has overwritten are lost by a restart by hand."""
    lost = [
        name
        for name, now in directives.running(host.client).items()
        if name not in ours and before.get(name, now) != now and directives.immutable(name, host.instance.version)
    ]
    if lost:
        raise ChangeError(
            "The restarted server lacks what it was started with",
            where=str(host.address),
            why=f"{', '.join(lost)} stood on its command line alone",
            remedy="Start it again with them, and write them into its config file",
        )


def put_back_runtime_settings(host: Host, before: Mapping[str, Any], ours: frozenset[str]) -> None:
    """What an operator had set with CONFIG SET alone is gone after a restart: set it again.

    ServerError for the first that the server refuses, after all have been tried.
    """
    refused: list[ServerError] = []
    for name, _here, then in evicting.in_order(remembered.differing(host, before, ours)):
        try:
            if sealed.is_sealed(then):
                raise _not_known(name, host)
            with server_errors(host.address):
                host.client.config_set(name, then)
        except ServerError as error:
            refused.append(error)
    if refused:
        raise refused[0]


def _not_known(name: str, host: Host) -> ServerError:
    return ServerError(
        f"The server has not got back the {name} that it had",
        where=str(host.address),
        why="it was read from the config file, which says something else now",
        remedy="Look at that file, and set it",
    )


def _link_is_up(client: redis.Redis) -> bool:
    return str(client.info("replication").get("master_link_status")) == "up"
