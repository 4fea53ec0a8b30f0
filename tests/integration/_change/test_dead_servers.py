# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that has died under a change, and what starting it would cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import launch, persistence, rollback, settling
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from tests.integration._change.test_hazards_way_back import taken_back_by_the_host
from tests.integration._change.test_replicas import FAST, in_sync
from tests.integration._change.test_starts import connected, fill, killed_hard

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_one_that_does_not_start_as_it_was_left_gets_no_limit_unasked(changer: Make, killed_for_good: Make) -> None:
    host = changer("hz 10", "maxmemory 3mb", "maxmemory-policy allkeys-lru", persist=True)
    before = host.config
    host.apply(*host.redis(maxmemory="100mb", hz=20))
    fill(host)
    host.server.client().save()
    killed_for_good(host)
    with pytest.raises(ChangeError, match="maxmemory_below_used") as caught:
        host.run("rolled_back")
    assert caught.value.details["restarted"] is True and host.server.client().dbsize() == 100
    assert host.config == before.replace(b"maxmemory 3mb", b"maxmemory 104857600")
    assert (host.live("hz"), host.live("maxmemory")) == ("10", str(100 << 20))
    host.server.client().flushall()
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.config, host.live("maxmemory")) == (before, str(3 << 20))


def test_nor_fewer_databases_which_would_mix_those_of_a_log(changer: Make, killed_for_good: Make) -> None:
    host = changer("databases 4", "appendonly yes", "appendfsync always")
    host.apply(*host.redis(databases=16), restart="allowed")
    host.server.client(db=9).set("key", "nine")
    host.server.client().set("key", "zero")
    killed_for_good(host)
    with pytest.raises(ChangeError, match="databases_in_use"):
        host.run("rolled_back")
    assert (host.server.client(db=9).get("key"), host.server.client().get("key")) == ("nine", "zero")


def test_what_would_destroy_nothing_goes_back_when_it_runs(changer: Make, killed_for_good: Make) -> None:
    host = changer("databases 4", "maxmemory 90mb", persist=True)
    before = host.config
    host.apply(*host.redis(databases=16, maxmemory="100mb"), restart="allowed")
    killed_for_good(host)
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and any("may lack newer data" in one for one in undone["warnings"])
    assert (host.config, host.live("databases"), host.live("maxmemory")) == (before, "4", str(90 << 20))


def test_one_that_never_starts_keeps_the_limits_of_the_change_in_its_file(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changer("databases 4", persist=True)
    host.apply(*host.redis(databases=16), restart="allowed")
    host.server.client().save()
    killed_hard(host)
    with monkeypatch.context() as patched:
        patched.setattr(settling, "DEAD_AFTER", 0.2)
        patched.setattr(launch.Launch, "start", lambda how: None)
        with pytest.raises(ChangeError, match="nobody could ask the server what it holds by now"):
            host.run("rolled_back")
    assert b"databases 16" in host.config
    assert host.run("rolled_back")["state"] == "rolled_back" and b"databases 4" in host.config


@pytest.mark.parametrize("log", ["no", "yes"])
def test_data_that_has_come_under_a_limit_by_command_is_told_by_its_dump(changer: Make, log: str) -> None:
    host = changer("maxmemory 3mb", "maxmemory-policy allkeys-lru", f"appendonly {log}", persist=True)
    host.server.client().config_set("maxmemory", "100mb")
    host.apply(*host.redis(hz=20))
    fill(host)
    persistence.rewrite_aof(connected(host)) if log == "yes" else host.server.client().save()
    killed_hard(host)
    for _again in range(2):
        with pytest.raises(ChangeError, match="would evict keys for good"):
            host.run("rolled_back")
    path = Path(host.server.config_file)
    path.write_text(path.read_text().replace("maxmemory 3mb", "maxmemory 100mb"))
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.live("hz"), host.server.client().dbsize()) == ("10", 100)


def test_a_full_cache_is_started_as_it_was(changer: Make) -> None:
    """Its dump tells as much as its limit, and more."""
    host = changer("maxmemory 3mb", "maxmemory-policy allkeys-lru", persist=True)
    client = host.server.client()
    for number in range(100):
        client.set(f"key{number}", "x" * 50_000)
    host.apply(*host.redis(hz=20))
    host.server.client().save()
    killed_hard(host)
    assert host.run("rolled_back")["state"] == "rolled_back"


def test_one_that_a_command_has_made_the_master_since_is_not_started_as_a_replica(
    changer: Make, redis_server: Make
) -> None:
    old = redis_server(*FAST)
    host = changer(*FAST, f"replicaof 127.0.0.1 {old.port}", persist=True)
    in_sync(host.server)
    host.apply(*host.redis(hz=20))
    host.server.client().execute_command("REPLICAOF", "NO", "ONE")
    host.server.client().set("key", "value")
    host.server.client().save()
    killed_hard(host)
    for _again in range(2):
        with pytest.raises(ChangeError, match=f"with replicaof 127.0.0.1 {old.port}.*accept_lost_data"):
            host.run("rolled_back")
    path = Path(host.server.config_file)
    path.write_text(path.read_text().replace(f"replicaof 127.0.0.1 {old.port}", ""))
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and host.server.client().get("key") == "value"


def test_a_replica_that_was_a_master_only_for_a_while_is(changer: Make, redis_server: Make) -> None:
    old = redis_server(*FAST)
    host = changer(*FAST, f"replicaof 127.0.0.1 {old.port}", persist=True)
    in_sync(host.server)
    host.apply(*host.redis(hz=20))
    host.server.client().execute_command("REPLICAOF", "NO", "ONE")
    host.server.client().execute_command("REPLICAOF", "127.0.0.1", old.port)
    in_sync(host.server)
    killed_hard(host)
    assert host.run("rolled_back")["state"] == "rolled_back"
    in_sync(host.server)


@pytest.mark.parametrize("log", ["no", "yes"])
def test_fewer_databases_that_wait_for_a_restart_are_not_what_it_starts_with(changer: Make, log: str) -> None:
    host = changer("databases 16", f"appendonly {log}", persist=True)
    before = host.config
    host.apply(*host.redis(databases=4), restart="defer")
    host.server.client(db=9).set("key", "nine")
    host.server.client().set("key", "zero")
    host.server.client().save()
    killed_hard(host)
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.config, host.live("databases")) == (before, "16")
    assert (host.server.client(db=9).get("key"), host.server.client().get("key")) == ("nine", "zero")


def test_nor_does_it_where_an_earlier_change_waits(changer: Make) -> None:
    host = changer("databases 16", "appendonly yes", "appendfsync always")
    host.apply(*host.redis(databases=4), name="first", restart="defer")
    host.run("confirmed")
    host.server.client(db=9).set("key", "nine")
    host.server.client().set("key", "zero")
    host.apply(*host.redis(hz=20), name="second")
    killed_hard(host)
    with pytest.raises(ChangeError, match="database 9 held keys"):
        host.run("rolled_back")
    path = Path(host.server.config_file)
    path.write_text(path.read_text().replace("databases 4", "databases 16"))
    assert host.run("rolled_back", on_foreign_change="keep")["state"] == "rolled_back"
    assert (host.server.client(db=9).get("key"), host.server.client().get("key")) == ("nine", "zero")


def test_and_appendonly_is_still_as_the_change_left_it(changer: Make) -> None:
    """Its newest keys are in the log alone."""
    host = changer("databases 16", persist=True)
    before = host.config
    host.apply(*host.redis(databases=4, appendonly="yes"), restart="allowed")
    host.server.client().set("key", "value")
    killed_hard(host)
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.config, host.live("appendonly"), host.live("databases")) == (before, "no", "16")
    assert host.server.client().get("key") == "value"


@pytest.mark.parametrize("log", ["no", "yes"])
def test_one_that_somebody_has_stopped_is_left_with_its_databases(changer: Make, log: str) -> None:
    """Whoever starts it starts it with what the file says then."""
    host = changer("databases 16", f"appendonly {log}", persist=True)
    host.apply(*host.redis(databases=4), restart="defer")
    host.server.client(db=9).set("key", "value")
    host.server.client().shutdown()
    host.server.process.wait()
    taken_back_by_the_host(host)
    host.server.start()
    assert host.server.client(db=9).get("key") == "value"


def test_a_number_of_databases_that_nobody_can_read_ends_in_plain_words(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maybe that is why it is dead."""
    monkeypatch.setattr(settling, "DEAD_AFTER", 2.0)
    host = changer("hz 10", "databases 16", persist=True)
    before = host.config
    host.apply(*host.redis(maxmemory="100mb", hz=20))
    path = Path(host.server.config_file)
    path.write_text(path.read_text().replace("databases 16", "databases 16 # as before"))
    killed_hard(host)
    with pytest.raises(ChangeError, match="Cannot set databases 16 # as before") as caught:
        host.run("rolled_back")
    assert caught.value.details["state"] == "rollback_failed"
    path.write_text(path.read_text().replace(" # as before", ""))
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert (host.config, host.live("hz")) == (before, "10")


def test_one_of_another_supervisor_is_awaited_wherever_our_own_start_would_bring_it(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "DEAD_AFTER", 0.2)
    host = changer("hz 10", persist=True)
    host.apply(*host.redis(hz=20))
    change = Store(host.state_directory).unfinished()
    change.opened["launch"]["supervisor"] = "runit (runsv)"
    change.opened["runtime"]["port"] = "7001"  # as by --port
    killed_hard(host)
    with Store(host.state_directory).locked():
        undone = rollback.roll_back(change, connecting(host.server.address()), "deadline")
    assert "somewhere else" not in " ".join(undone.left)


def test_an_aof_is_not_written_anew_over_data_that_is_missing(changer: Make) -> None:
    host = changer("appendonly yes", "maxclients 100", persist=True)
    host.apply(*host.redis(appendonly="no", maxclients=200))
    change = Store(host.state_directory).unfinished()
    with Store(host.state_directory).locked():
        rollback.roll_back(change, connecting(host.server.address()), "apply", missing="Keys are missing")
    assert host.live("appendonly") == "no"
