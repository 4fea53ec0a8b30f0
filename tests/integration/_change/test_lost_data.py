# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that comes back without its keys is neither kept nor called restored."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import launch, lost_data, preimage
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting, until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address, refusal

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def fill(host: Any, keys: int = 100, **options: Any) -> None:
    client = host.server.client()
    for number in range(keys):
        client.set(f"key{number}", number, **options)


def lose(host: Any) -> None:
    """The server is killed, and its dump gone."""
    host.server.stop()
    Path(host.server.directory, "dump.rdb").unlink(missing_ok=True)


def warned(told: dict[str, Any], words: str) -> bool:
    return any(words in warning for warning in told["warnings"])


def test_a_rollback_that_starts_it_empty_has_failed(changer: Make) -> None:
    host = changer(persist=True)
    before = host.config
    fill(host)
    host.server.client().save()
    host.apply(*host.redis(hz=20))
    lose(host)
    with pytest.raises(ChangeError, match="0 keys now.*100 before") as caught:
        host.run("rolled_back")
    assert caught.value.details["state"] == "rollback_failed"
    assert (host.config, host.live("hz"), host.server.client().dbsize()) == (before, "10", 0)
    with pytest.raises(ChangeError, match="0 keys now.*accept_lost_data"):
        host.run("rolled_back")
    undone = host.run("rolled_back", accept_lost_data=True)
    assert undone["state"] == "rolled_back" and warned(undone, "0 keys now")


def test_an_aof_that_was_on_by_command_alone_is_not_written_over(changer: Make) -> None:
    host = changer(persist=True)
    client = host.server.client()
    client.config_set("appendonly", "yes")
    fill(host)
    until(lambda: not client.info("persistence")["aof_rewrite_in_progress"], "its AOF", "here")
    host.apply(*host.redis(hz=20))
    lose(host)
    with pytest.raises(ChangeError, match="0 keys now.*redis appendonly is live"):
        host.run("rolled_back")
    assert host.server.client().dbsize() == 0 and host.live("hz") == "10"
    host.server.client().shutdown(nosave=True)
    host.server.stop()
    host.server.start("--appendonly", "yes")
    assert host.server.client().dbsize() == 100


def test_so_has_one_that_finds_it_started_empty(changer: Make) -> None:
    host = changer(persist=True)
    fill(host)
    host.apply(*host.redis(hz=20))
    lose(host)
    host.server.start()
    with pytest.raises(ChangeError, match="0 keys now.*100 before"):
        host.run("rolled_back")
    assert host.live("hz") == "10"


def test_the_log_that_may_hold_its_data_is_not_written_over(changer: Make) -> None:
    host = changer("appendonly yes", "auto-aof-rewrite-percentage 0")
    before = host.config
    fill(host)
    host.apply(*host.redis(appendonly=False))
    lose(host)
    host.server.start()
    assert host.server.client().dbsize() == 0
    with pytest.raises(ChangeError, match="0 keys now.*appendonly is live 'no', it was 'yes'"):
        host.run("rolled_back")
    assert b"appendonly no" in host.config
    host.server.stop()
    Path(host.server.config_file).write_bytes(before)
    host.server.start()
    assert host.server.client().dbsize() == 100
    assert host.run("rolled_back")["state"] == "rolled_back"


def test_no_restart_is_made_before_a_person_has_looked(changer: Make) -> None:
    host = changer(persist=True)
    fill(host)
    host.apply(*host.redis(databases=8), restart="allowed")
    pid = host.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not launch.is_running(pid), "its end", "here")
    lose(host)
    host.server.start()
    with pytest.raises(ChangeError, match="0 keys now"):
        host.run("rolled_back")
    assert (host.pid, host.live("databases")) == (host.server.pid, "8")
    with pytest.raises(ChangeError, match="0 keys now"):
        host.run("rolled_back")
    assert (host.pid, host.live("databases")) == (host.server.pid, "8")
    undone = host.run("rolled_back", accept_lost_data=True)
    assert undone["restarted"] is True and host.live("databases") == "16"


@pytest.mark.parametrize("kind", ["rdb", "aof"])
def test_a_restart_that_comes_up_empty_is_followed_by_none(
    changer: Make, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    host = changer(*(["appendonly yes"] if kind == "aof" else []), persist=kind == "rdb")
    fill(host)
    before, directory = host.config, Path(host.server.directory)
    data, aside = directory / ("dump.rdb" if kind == "rdb" else "appendonlydir"), directory / "aside"
    start = launch.Launch.start

    def without_its_data(self: launch.Launch) -> None:
        data.rename(aside)
        start(self)
        until(lambda: refusal(host.server.client(), Address(port=host.server.port)) is None, "its start", "here")

    monkeypatch.setattr(launch.Launch, "start", without_its_data)
    with pytest.raises(ChangeError, match="Keys are missing") as caught:
        host.apply(*host.redis(databases=8, hz=20), restart="allowed")
    assert caught.value.details["state"] == "rollback_failed" and "accept_lost_data" in caught.value.message
    assert (host.config, host.live("hz"), host.live("databases"), host.server.client().dbsize()) == (
        before,
        "10",
        "8",
        0,
    )
    monkeypatch.undo()
    if kind == "aof":
        shutil.rmtree(data)
    aside.rename(data)
    kept = {path: path.read_bytes() for path in directory.rglob("*") if path.suffix in (".rdb", ".aof")}
    # As the play does that failed: it has looked at nothing.
    with pytest.raises(ChangeError, match="keys now"):
        host.run("rolled_back", change_id=caught.value.details["change_id"])
    assert kept == {path: path.read_bytes() for path in directory.rglob("*") if path.suffix in (".rdb", ".aof")}
    pid = host.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not launch.is_running(pid), "its end", "here")
    host.server.stop()
    host.server.start()
    assert (host.run("rolled_back")["state"], host.live("databases")) == ("rolled_back", "16")
    assert host.server.client().dbsize() == 100


def test_fewer_keys_are_told(changer: Make) -> None:
    host = changer(persist=True)
    fill(host, 60)
    host.server.client().save()
    fill(host)
    host.apply(*host.redis(hz=20))
    host.server.stop()
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and warned(undone, "60 keys now, and 100 before")


def test_keys_whose_time_had_come_are_not_missing(changer: Make) -> None:
    host = changer(persist=True)
    fill(host, px=3000)
    client = host.server.client()
    client.save()
    host.apply(*host.redis(hz=20))
    until(lambda: not client.exists("key99"), "their time to come", "")
    host.server.stop()
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and not warned(undone, "keys")


def test_what_nothing_keeps_on_disk_is_gone_with_any_start(changer: Make) -> None:
    host = changer()
    fill(host)
    host.apply(*host.redis(hz=20))
    host.server.stop()
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and warned(undone, "0 keys now, and 100 before")


def test_a_journal_that_does_not_tell_how_many_there_were(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer(persist=True)
    fill(host)
    capture = preimage.capture

    def older(*given: Any) -> dict[str, Any]:
        return {name: facts for name, facts in capture(*given).items() if name != "keys"}

    monkeypatch.setattr(preimage, "capture", older)
    host.apply(*host.redis(hz=20))
    lose(host)
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and not warned(undone, "keys")


@pytest.mark.parametrize("saved", [True, False])
def test_one_that_was_started_again_since_is_not_confirmed(changer: Make, saved: bool) -> None:
    host = changer(persist=True)
    fill(host)
    if saved:
        host.server.client().save()
    host.apply(*host.redis(hz=20))
    proven = host.pid
    host.server.stop()
    host.server.start()
    keys = 100 if saved else 0
    with pytest.raises(ChangeError, match=f"process {proven} .*with 100 keys; now process {host.pid} .*with {keys}"):
        host.run("confirmed")
    assert host.history()["open"]["state"] == "applied"


def test_what_waits_for_a_restart_may_be_confirmed_after_it(changer: Make) -> None:
    host = changer(persist=True)
    fill(host, 60)
    host.server.client().save()
    host.apply(*host.redis(databases=4), restart="defer")
    host.server.stop()
    host.server.start()
    assert host.run("confirmed")["warnings"] == []


def test_but_not_when_it_came_back_empty(changer: Make) -> None:
    host = changer(persist=True)
    fill(host)
    host.apply(*host.redis(databases=4), restart="defer")
    lose(host)
    host.server.start()
    with pytest.raises(ChangeError, match="0 keys now, and 100 before"):
        host.run("confirmed")


def test_and_fewer_keys_are_told(changer: Make) -> None:
    host = changer(persist=True)
    fill(host, 60)
    host.server.client().save()
    fill(host)
    host.apply(*host.redis(databases=4), restart="defer")
    host.server.stop()
    host.server.start()
    confirmed = host.run("confirmed")
    assert confirmed["state"] == "confirmed" and warned(confirmed, "60 keys now, and 100 before")


def test_nor_when_systemd_had_to_start_it_again(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """That was no operator. What systemd says is said here."""
    host = changer(persist=True)
    host.apply(*host.redis(databases=4), restart="defer")
    host.server.stop()
    host.server.start()
    change = Store(host.state_directory).find()
    found = connecting(Address.from_options(host.options("confirmed")))()
    found = replace(found, instance=replace(found.instance, unit="redis-server.service"))
    monkeypatch.setattr(systemd, "show", lambda *_words: {"NRestarts": "1"})
    with pytest.raises(ChangeError, match="systemd had to start it again, 1 times"):
        lost_data.refuse_unless_whole(change, found)
    monkeypatch.setattr(systemd, "show", lambda *_words: {"NRestarts": "0"})
    assert lost_data.refuse_unless_whole(change, found) == []


def test_what_it_held_before_a_confirmed_change_counts_no_more(changer: Make) -> None:
    host = changer(persist=True)
    fill(host)
    host.apply(*host.redis(hz=20))
    host.run("confirmed")
    lose(host)
    host.server.start()
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and not warned(undone, "keys")
