# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart a server and prove that it came back with its data."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, replace
from typing import Any, Callable, cast

from .._errors import ChangeError
from .._host import systemd, threads
from .._libraries import psutil, redis
from .._server import config_file, directives, instance
from .._settings.setting import Host

#: A dead server shows within this time after its start (hazard 8: it dies after READY=1). Seconds.
SETTLE = 2.0
#: Saving and loading take as long as the data set needs; this bounds a server that never ends. Seconds.
PATIENCE = 900.0
#: A server listens before it loads its data: one that nobody hears for so long has not started. Seconds.
DEAD_AFTER = 30.0


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
    settings = running_settings(host.client)
    return Persistence(
        aof=str(info.get("aof_enabled")) == "1",
        save_points=bool(settings.get("save", "").strip()),
        sigterm_saves="nosave" not in settings.get("shutdown-on-sigterm", "default"),
        keys=sum(host.instance.keys.values()),
        replica_in_sync=info.get("role") == "slave" and info.get("master_link_status") == "up",
    )


def running_settings(client: redis.Redis) -> dict[str, str]:
    """Every directive as the server has it now."""
    return cast("dict[str, str]", client.config_get("*"))


class DataMissing(ChangeError):
    """Keys are gone: whatever is done next may destroy what could still be saved."""


def stale_dump(host: Host) -> str | None:
    """Path of a dump that an empty server without save points would load: data from the dead."""
    state = persistence(host)
    if state.aof or state.save_points or state.replica_in_sync:
        return None
    settings = running_settings(host.client)
    path = os.path.join(settings.get("dir", ""), settings.get("dbfilename", ""))
    return path if os.path.isfile(path) else None


#: Where a server's data and role come from, with what a silent config file means.
_ORIGIN = {
    "dir": None,
    "dbfilename": "dump.rdb",
    "appendonly": "no",
    "appendfilename": "appendonly.aof",
    "appenddirname": "appendonlydir",
    "replicaof": "",
    "requirepass": "",
}
#: Those that a change may write: live and file agree by then, and no data is left behind under another name.
_CHANGEABLE = frozenset({"appendonly"})


def elsewhere(host: Host, ours: frozenset[str]) -> list[str]:
    """Directives by which a restart would find other data, another role or another password than the server has now."""
    if host.instance.config_file is None:
        return []
    stored = config_file.effective(host.instance.config_file, host.instance.version)
    running = running_settings(host.client)
    found = []
    for name, default in _ORIGIN.items():
        if name not in running or (name in ours and name in _CHANGEABLE):
            continue
        value = stored.get(name, default)
        if name == "dir":
            # A relative directory, or none, is the one that the server is in and is started in again.
            differs = str(value).startswith("/") and os.path.realpath(str(value)) != os.path.realpath(running[name])
        else:
            differs = value != running[name]
        if differs:
            found.append(name)
    return found


def restart(host: Host, ours: frozenset[str]) -> Host:
    """Save, restart, wait until the data is loaded, and prove that keys, settings and threads are as they were.

    ``ours`` are the directives that the change itself is about. Returns the host with the new process.
    ChangeError where the server does not come back whole.
    """
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
    if state.aof:
        _rewrite_aof(host)
    if not state.aof and not state.replica_in_sync and state.save_points and state.keys:
        _save(host)
    settings_before = running_settings(host.client)
    cpus_before = threads.affinities(host.instance.pid).get(host.instance.pid)
    if host.instance.version >= (6, 2, 0):
        _command(host.client, "CLIENT PAUSE", 10_000, "WRITE")  # the count below is to be that of the dump
    keys_before = all_keys(host.client)
    old_pid = host.instance.pid
    host.client.connection_pool.disconnect()
    if host.instance.unit:
        _restart_unit(host.instance.unit)
    else:
        _restart_process(host)
    _await_server(host)
    new = replace(host, instance=instance.discover(host.client, str(host.address)))
    _settled(new, old_pid)
    if cpus_before and "CPUAffinity" not in ours:
        threads.set_affinity(new.instance.pid, cpus_before)
    if state.replica_in_sync:
        until(lambda: _link_is_up(new.client), "the replica to be in sync again", str(host.address))
    _prove_keys(new, keys_before)
    _prove_start(new, settings_before, ours)
    put_back_runtime_settings(new, settings_before, ours)
    return new


def _command(client: redis.Redis, *words: Any) -> None:
    """A command that the oldest redis-py in use has no method for."""
    cast(Any, client).execute_command(*words)


def all_keys(client: redis.Redis) -> int:
    """Keys over all databases."""
    return sum(int(counts["keys"]) for counts in client.info("keyspace").values())


def _await_server(host: Host) -> None:
    """Wait while it loads its data, however long; not when nobody listens or its unit has failed."""
    silent_since = time.monotonic()
    while True:
        try:
            host.client.ping()
            return
        except redis.exceptions.BusyLoadingError:
            silent_since = time.monotonic()
        except (redis.exceptions.AuthenticationError, redis.exceptions.ResponseError) as error:
            raise ChangeError(
                "The restarted server does not let us in",
                where=str(host.address),
                why=str(error),
                remedy="It runs; correct its password or ACL",
            ) from error
        except (redis.ConnectionError, redis.TimeoutError):
            pass
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


def _rewrite_aof(host: Host) -> None:
    """A log that begins with the data set of now holds no command for a database that is about to go (hazard 3)."""
    wait_for_aof(host)
    host.client.bgrewriteaof()
    wait_for_aof(host)


def wait_for_aof(host: Host) -> None:
    """An AOF is whole only after its first rewrite (hazard 5). ChangeError where the rewrite fails."""

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


def _save(host: Host) -> None:
    """BGSAVE, and the proof that it ended well."""
    client = host.client
    before = _last_save(client)
    while time.time() <= before + 1:  # LASTSAVE counts whole seconds
        time.sleep(0.05)
    if not client.info("persistence")["rdb_bgsave_in_progress"]:
        client.bgsave()

    def saved() -> bool:
        facts = client.info("persistence")
        return not facts["rdb_bgsave_in_progress"]

    until(saved, "BGSAVE to end", str(host.address))
    facts = client.info("persistence")
    if facts["rdb_last_bgsave_status"] != "ok" or _last_save(client) <= before:
        raise ChangeError(
            "BGSAVE failed, so the server was not restarted",
            where=str(host.address),
            why=f"rdb_last_bgsave_status is {facts['rdb_last_bgsave_status']}",
            remedy="See the server's log for the reason (disk full, no permission, no memory for the fork)",
        )


def _last_save(client: redis.Redis) -> int:
    return int(client.info("persistence")["rdb_last_save_time"])


def _restart_unit(unit: str) -> None:
    systemd.restart(unit)


@dataclass(frozen=True)
class Launch:
    """How to start a server that no service manager owns as it was started before."""

    executable: str
    config_file: str
    directory: str
    user: int
    group: int

    @classmethod
    def capture(cls, host: Host) -> Launch | None:
        """None where the server has no config file: its command line is overwritten with its title."""
        process = psutil.Process(host.instance.pid)
        if host.instance.config_file is None:
            return None
        return cls(
            host.instance.executable,
            host.instance.config_file,
            process.cwd(),
            process.uids().real,
            process.gids().real,
        )

    def start(self) -> None:
        as_user: dict[str, Any] = {}
        if self.user != os.geteuid():
            as_user = {"user": self.user, "group": self.group, "extra_groups": []}
        # With `daemonize no` the server stays the process that was started: it must be nobody's child.
        subprocess.run(
            ["setsid", "--fork", self.executable, self.config_file],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            **as_user,
        )


def _restart_process(host: Host) -> None:
    launch = Launch.capture(host)
    process = psutil.Process(host.instance.pid)
    if launch is None:
        raise ChangeError(
            "A server without a config file cannot be started again as it was",
            where=f"process {process.pid}",
            why="its options were given on a command line that it has overwritten",
            remedy="Start it from a config file or under systemd",
        )
    try:
        host.client.shutdown()
    except redis.TimeoutError:
        pass  # it saves, and ends when it has
    except redis.ResponseError as error:
        _command(host.client, "CLIENT UNPAUSE")
        raise ChangeError(
            "The server refused to shut down", where=str(host.address), why=str(error), remedy="It runs on unchanged"
        ) from error
    until(lambda: not is_running(process.pid), f"process {process.pid} to end", str(host.address))
    launch.start()


def is_running(pid: int) -> bool:
    """A zombie has ended: its parent only has not looked yet."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _settled(host: Host, old_pid: int) -> None:
    """The same process answers for some seconds, and systemd did not have to start it again."""
    pid, unit = host.instance.pid, host.instance.unit
    end = time.monotonic() + SETTLE
    while time.monotonic() < end:
        time.sleep(0.2)
        restarts = int(systemd.show(unit, ["NRestarts"]).get("NRestarts") or 0) if unit else 0
        if pid == old_pid or not psutil.pid_exists(pid) or restarts or not answers(host.client):
            raise ChangeError(
                "The server did not stay up after its restart",
                where=unit or str(host.address),
                why=f"process {pid} is gone or was replaced" + (f", {restarts} automatic restarts" if restarts else ""),
                remedy="See its log or journalctl; a death by SIGSYS is systemd's SystemCallFilter",
            )


def _prove_keys(host: Host, before: int) -> None:
    """Every key is there, or its time had come while the server was away or since."""
    facts = host.client.info("everything")
    held = max(all_keys(host.client), int(facts.get("rdb_last_load_keys_loaded", 0)))
    expired = int(facts.get("rdb_last_load_keys_expired", 0)) + int(facts.get("expired_keys", 0))
    if held + expired < before:
        raise DataMissing(
            "Keys are missing after the restart",
            where=str(host.address),
            why=f"{before} keys before, {held} after, and {expired} have expired",
            remedy="Stop writing to it and look at its dump and AOF files before anything else",
        )


def _prove_start(host: Host, before: dict[str, str], ours: frozenset[str]) -> None:
    """Options that stood on a command line which the server has overwritten are lost by a restart by hand."""
    lost = [
        name
        for name, now in running_settings(host.client).items()
        if name not in ours and before.get(name, now) != now and directives.immutable(name, host.instance.version)
    ]
    if lost:
        raise ChangeError(
            "The restarted server lacks what it was started with",
            where=str(host.address),
            why=f"{', '.join(lost)} stood on its command line alone",
            remedy="Start it again with them, and write them into its config file",
        )


def put_back_runtime_settings(host: Host, before: dict[str, str], ours: frozenset[str]) -> None:
    """What an operator had set with CONFIG SET alone is gone after a restart: set it again."""
    for name, now in running_settings(host.client).items():
        if name in ours or before.get(name, now) == now or directives.immutable(name, host.instance.version):
            continue
        host.client.config_set(name, before[name])


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.BusyLoadingError):
        return False


def _link_is_up(client: redis.Redis) -> bool:
    return str(client.info("replication").get("master_link_status")) == "up"


def until(condition: Callable[[], bool], what: str, where: str, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise ChangeError(
                f"Waited in vain for {what}",
                where=where,
                why=f"not within {patience:.0f} s",
                remedy="See the server's log",
            )
        time.sleep(0.05)
