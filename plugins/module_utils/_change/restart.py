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
from .._server.connection import command, server_errors
from .._settings.setting import Host
from . import boot, evicting, keys, numbered, readying, remembered, sealed, settling
from .launch import refuse_supervised, restart_process
from .waiting import PATIENCE, until

#: From this version on a server can have its writing clients wait.
HOLDS_WRITES = (6, 2, 0)
#: From this version on one CONFIG SET takes many values.
SETS_MANY = (7, 0, 0)


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
        readying.await_master(host)
        replica_in_sync = readying.make_ready(host, ours)
        known = remembered.capture(host)
        if host.instance.unit:  # or a limit of its starts may stop it, and refuse to start it
            systemd.systemctl("reset-failed", "--", host.instance.unit)
        with _writes_held(host):  # the count is to be that of the dump
            numbered.refuse(host, "it was not restarted")
            keys_before = keys.count(host.client)
            note({**remembered.journalled(known, host), **keys_before.told(), "boot_id": boot.identity()})
            host.client.connection_pool.disconnect()
            if host.instance.unit:
                systemd.restart(host.instance.unit, PATIENCE)
            else:
                restart_process(host)
    settling.await_server(host)
    settled = time.monotonic() + settle
    new = replace(host, instance=instance.discover(host.client, str(host.address)))
    if new.instance.pid == known["pid"]:
        raise settling.not_up(new, "the process is still the old one")
    try:
        with server_errors(host.address):  # while it settles, or does not
            _make_whole(new, known, ours, keys_before, replica_in_sync)
    except (LowlatError, OSError):
        settling.prove_settled(new, 0)  # where it died, that is the reason for all else
        raise
    settling.prove_settled(new, settled - time.monotonic())
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
        until(lambda: readying.link_is_up(host.client), "the replica to be in sync again", str(host.address))
    _prove_keys(host, keys_before, replica_in_sync)
    _prove_start(host, known["runtime"], ours)
    put_back_runtime_settings(host, known["runtime"], ours)


def proof(host: Host) -> dict[str, Any]:
    """Which process was found whole, for the journal; JSON-ready."""
    with server_errors(host.address):
        held = keys.count(host.client)
    return {"pid": host.instance.pid, "process_started": host.instance.process_started, **held.told()}


def _prove_keys(host: Host, before: keys.Count, of_its_master: bool) -> None:
    """Every key is there, or its time had come while the server was away or since.

    A replica has what its master has by now, whose clients went on deleting: there only none at all is missing data.
    """
    held, expired = keys.since_start(host.client)
    if of_its_master and held:
        return
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
        if name not in ours
        and before.get(name, now) != now
        and directives.immutable(name, host.instance.version)
        # A master that it has got meanwhile is a failover's.
        and not (directives.primary(name) == "replicaof" and (now or host.instance.cluster))
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
    found = evicting.in_order(remembered.differing(host, before, ours))
    for values in _at_once({name: then for name, _here, then in found}, host.instance.version):
        try:
            for name, then in values.items():
                if sealed.is_sealed(then):
                    raise _not_known(name, host)
            with server_errors(host.address):
                command(host.client, "CONFIG SET", *(word for value in values.items() for word in value))
        except ServerError as error:
            refused.append(error)
    if refused:
        raise refused[0]


def _at_once(values: Mapping[str, Any], version: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """The values that a server takes together only: a certificate does not go with the key of another."""
    tls: dict[str, Any] = {}
    if version >= SETS_MANY:
        tls = {name: then for name, then in values.items() if name.startswith("tls-") and not sealed.is_sealed(then)}
    if tls:
        yield tls
    yield from ({name: then} for name, then in values.items() if name not in tls)


def _not_known(name: str, host: Host) -> ServerError:
    return ServerError(
        f"The server has not got back the {name} that it had",
        where=str(host.address),
        why="it was read from the config file, which says something else now",
        remedy="Look at that file, and set it",
    )
