# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start brings that the running server has not: fewer databases, smaller limits, files that are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import persistence, readying
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting, until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._server import directives
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address
from tests.integration._change.test_damaged_journal import damage
from tests.integration._change.test_replicas import FAST, in_sync

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def fill(host: Any) -> None:
    """5 MB."""
    host.server.client().mset({f"key{number}": "x" * 50_000 for number in range(100)})


def add(host: Any, line: str) -> None:
    """Somebody writes it into the config file of the running server."""
    path = Path(host.server.config_file)
    path.write_text(f"{path.read_text()}\n{line}\n")


def killed_hard(host: Any) -> None:
    process = psutil.Process(host.pid)
    process.kill()
    process.wait()


def connected(host: Any) -> Any:
    return connecting(Address.from_options(host.options("applied")))()


def ids(hazards: list[dict[str, str]]) -> list[str]:
    return [hazard["id"] for hazard in hazards]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_limit_and_a_policy_by_command_go_back_without_evicting(
    changer: Make, monkeypatch: pytest.MonkeyPatch, backwards: bool
) -> None:
    """The server lists its directives in any order; the file's limit under the policy of the command evicts."""
    host, listed = changer("maxmemory 3mb", persist=True), directives.running

    def in_order(client: Any) -> dict[str, str]:
        return dict(sorted(listed(client).items(), reverse=backwards))

    monkeypatch.setattr(directives, "running", in_order)
    host.server.client().config_set("maxmemory", "100mb")
    host.server.client().config_set("maxmemory-policy", "allkeys-lru")
    fill(host)
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True
    assert (host.live("maxmemory"), host.live("maxmemory-policy")) == (str(100 << 20), "allkeys-lru")
    assert host.server.client().dbsize() == 100


def test_a_file_with_fewer_databases_than_hold_keys(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client(db=9).set("key", "value")
    add(host, "databases 4")
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert hazard["id"] == "databases_at_start" and "database 9 holds keys" in hazard["reason"]
    add(host, "databases 10")
    host.apply(*host.redis(hz=20), restart="allowed")


def test_databases_that_are_used_after_the_look(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the data is saved clients go on."""
    host, make_ready = changer(persist=True), readying.make_ready

    def slow(*arguments: Any) -> bool:
        ready = make_ready(*arguments)
        host.server.client(db=9).set("key", "value")
        return bool(ready)

    monkeypatch.setattr(readying, "make_ready", slow)
    with pytest.raises(ChangeError, match="database 9 holds keys"):
        host.apply(*host.redis(databases=4), restart="allowed")
    assert (host.pid, host.live("databases")) == (host.server.pid, "16")
    assert host.server.client(db=9).get("key") == "value"


def test_databases_that_are_used_while_they_wait_for_a_restart(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(databases=4), restart="defer")
    host.server.client(db=9).set("key", "value")
    with pytest.raises(ChangeError, match="database 9 holds keys") as caught:
        host.run("confirmed")
    assert "the change was not confirmed" in caught.value.message
    host.server.client(db=9).delete("key")
    assert host.run("confirmed")["pending_restart"] == ["databases"]


def test_a_restart_brings_what_an_earlier_change_had_left_to_one(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(databases=8), name="first", restart="defer")
    host.run("confirmed")
    assert host.apply(*host.redis(tcp_backlog=100), name="second", restart="allowed")["restarted"] is True
    host.run("confirmed")
    assert (host.live("databases"), host.live("tcp-backlog")) == ("8", "100")
    assert host.run("rolled_back", name="second")["state"] == "rolled_back"
    assert (host.live("databases"), host.live("tcp-backlog")) == ("8", "511")


def test_keys_that_came_after_the_look_count(changer: Make) -> None:
    """Of a server that keeps nothing and was empty then."""
    host = changer()
    found = connected(host)
    assert persistence.persistence(found).keeps_data
    host.server.client().set("key", "value")
    assert not persistence.persistence(found).keeps_data


def test_a_larger_limit_that_somebody_has_written_is_not_taken_back(changer: Make) -> None:
    """With the file of before the dead server would come up and evict."""
    host = changer("maxmemory 3mb", "maxmemory-policy allkeys-lru", persist=True)
    host.apply(*host.redis(hz=20))
    host.run("confirmed")
    path = Path(host.server.config_file)
    path.write_text(path.read_text().replace("maxmemory 3mb", "maxmemory 100mb"))
    host.server.client().config_set("maxmemory", "100mb")
    fill(host)
    host.server.client().save()
    killed_hard(host)
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and any("maxmemory in" in one for one in undone["warnings"])
    assert (host.live("hz"), host.live("maxmemory")) == ("10", str(100 << 20))
    assert host.server.client().dbsize() == 100


def test_the_same_limit_otherwise_written_is_no_edit_of_it(changer: Make) -> None:
    host = changer("maxmemory 3mb", persist=True)
    before = host.config
    host.apply(*host.redis(hz=20))
    path = Path(host.server.config_file)
    path.write_text(path.read_text().replace("maxmemory 3mb", "maxmemory 3145728"))
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert host.config == before


def test_a_limit_by_command_is_not_put_back_over_what_came_since(changer: Make) -> None:
    host = changer("maxmemory-policy allkeys-lru", persist=True)
    host.server.client().config_set("maxmemory", "4mb")
    host.apply(*host.redis(hz=20))
    host.server.client().config_set("maxmemory", 0)
    fill(host)
    host.server.client().save()
    killed_hard(host)
    with pytest.raises(ChangeError, match="maxmemory is live '0', it was '4194304'"):
        host.run("rolled_back")
    assert (host.live("hz"), host.server.client().dbsize()) == ("10", 100)
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert host.server.client().dbsize() == 100


def test_nor_where_the_change_was_killed_in_its_restart(changer: Make) -> None:
    host = changer("maxmemory-policy allkeys-lru", persist=True)
    host.server.client().config_set("maxmemory", "4mb")
    settings = host.redis(tcp_backlog=100)
    host.killed_at("_change.restart:_make_whole", "applied", name="trial", settings=settings, restart="allowed")
    fill(host)
    with pytest.raises(ChangeError, match="maxmemory"):
        host.run("rolled_back")
    assert host.server.client().dbsize() == 100


def test_a_dead_cache_of_which_the_journal_tells_no_limit(changer: Make) -> None:
    host = changer("maxmemory 100kb", "maxmemory-policy allkeys-lru", persist=True)
    change_id = host.apply(*host.redis(hz=20))["change_id"]
    damage(host, change_id, "runtime")
    killed_hard(host)
    with pytest.raises(ChangeError, match="would evict keys") as caught:
        host.run("rolled_back")
    assert caught.value.details["state"] == "rollback_failed"
    assert host.run("rolled_back", accept_lost_data=True)["state"] == "rolled_back"


def test_a_save_is_one_of_its_own(changer: Make, redis_server: Make) -> None:
    """Not the child that sends a new replica its data, and saves nothing here."""
    master = changer(*FAST, "repl-diskless-sync yes", "rdb-key-save-delay 10000", persist=True)
    client = master.server.client()
    for number in range(100):
        client.set(f"key{number}", number)
    replica = redis_server(*FAST, f"replicaof 127.0.0.1 {master.server.port}")
    client = master.server.client()
    until(lambda: client.info("persistence")["rdb_bgsave_in_progress"], "the child for the replica", "")
    persistence.save(connected(master), "It failed")
    in_sync(replica)


def test_a_password_for_the_master_that_a_restart_would_lose(changer: Make, redis_server: Make) -> None:
    master = redis_server(*FAST, password="secret")
    host = changer(*FAST, f"replicaof 127.0.0.1 {master.port}")
    host.server.client().config_set("masterauth", "secret")
    in_sync(host.server)
    hazards = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert [(hazard["id"], hazard["setting"]) for hazard in hazards] == [("data_elsewhere", "masterauth")]
    add(host, "masterauth secret")
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True


def test_a_file_that_a_start_reads_and_that_is_gone(changer: Make, tmp_path: Path) -> None:
    users = tmp_path / "users.acl"
    users.write_text("user default on nopass ~* &* +@all\n")
    host = changer(f"aclfile {users}", persist=True)
    users.unlink()
    assert ids(host.refused(*host.redis(tcp_backlog=100), restart="allowed")) == ["not_startable"]
    users.write_text("user default on nopass ~* &* +@all\n")
    add(host, f"loadmodule {tmp_path}/none.so")
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert hazard["id"] == "not_startable" and "there is no file" in hazard["reason"]


def test_nothing_of_this_stands_against_an_ordinary_server(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client(db=9).set("key", "value")
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True
    assert host.server.client(db=9).get("key") == "value"


def test_a_master_by_command_alone_is_not_started_as_a_replica(changer: Make, redis_server: Make) -> None:
    """Its first master would replace its data."""
    old = redis_server(*FAST)
    host = changer(*FAST, f"replicaof 127.0.0.1 {old.port}", persist=True)
    in_sync(host.server)
    host.server.client().execute_command("REPLICAOF", "NO", "ONE")
    host.server.client().set("key", "value")
    host.server.client().save()
    host.apply(*host.redis(hz=20))
    killed_hard(host)
    for _again in range(2):
        with pytest.raises(ChangeError, match=f"with replicaof 127.0.0.1 {old.port}.*accept_lost_data"):
            host.run("rolled_back")
    path = Path(host.server.config_file)
    path.write_text(path.read_text().replace(f"replicaof 127.0.0.1 {old.port}", ""))
    host.server.stop()
    host.server.start()
    assert host.run("rolled_back", on_foreign_change="keep")["state"] == "rolled_back"
    assert (host.live("hz"), host.server.client().get("key")) == ("10", "value")


def test_but_one_that_is_a_replica_by_now_is(changer: Make, redis_server: Make) -> None:
    """A failover has written its new master into the file."""
    new, host = redis_server(*FAST), changer(*FAST, persist=True)
    new.client().set("key", "new")
    host.apply(*host.redis(hz=20))
    host.server.client().execute_command("REPLICAOF", "127.0.0.1", new.port)
    host.server.client().config_rewrite()
    in_sync(host.server)
    killed_hard(host)
    assert host.run("rolled_back")["state"] == "rolled_back"
    in_sync(host.server)
    assert host.server.client().get("key") == "new"
