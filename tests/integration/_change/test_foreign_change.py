# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody sets by hand after a change is not overwritten without a word."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import foreign_words, rollback
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

#: Each is quick, and together they take a sixth of the quick tier's time.
pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def applied(changer: Make, policy: str = "restore", **params: Any) -> Any:
    """A server under a change of hz and timeout; ``config_before`` is its file as it was."""
    host = changer("hz 10", "# between", "tcp-keepalive 100")
    host.config_before = host.config
    host.change = host.apply(*host.redis(hz=8, timeout=5), on_foreign_change=policy, **params)["change_id"]
    return host


def edit(host: Any, old: bytes, new: bytes) -> None:
    assert old in host.config
    Path(host.server.config_file).write_bytes(host.config.replace(old, new))


def entry(where: str, key: str, before: Any, set_: Any, found: Any, done: str, kind: str = "redis") -> dict[str, Any]:
    return {
        "where": where,
        "kind": kind,
        "key": key,
        "unit": "",
        "before": before,
        "set": set_,
        "found": found,
        "done": done,
        "copy": "",
    }


def failed(host: Any, **params: Any) -> dict[str, Any]:
    with pytest.raises(ChangeError) as caught:
        host.run("rolled_back", **params)
    assert caught.value.details["state"] == "rollback_failed"
    return dict(caught.value.details)


def test_by_default_a_value_is_put_back_and_what_was_there_is_recorded(changer: Make) -> None:
    host = applied(changer)
    host.server.client().config_set("hz", 77)
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("hz"), host.live("timeout")) == ("rolled_back", "10", "0")
    assert undone["foreign"] == [entry("live", "hz", "10", "8", "77", "restored")]
    assert undone["foreign"] == host.history()["changes"][0]["foreign"]
    assert any("'77'" in warning and "put back" in warning for warning in undone["warnings"])


def test_an_edited_file_is_put_back_and_a_copy_is_kept(changer: Make) -> None:
    host = applied(changer)
    edit(host, b"# between\n", b"# between\nslowlog-max-len 7\n")
    edited = host.config
    (found,) = host.run("rolled_back")["foreign"]
    assert host.config == host.config_before
    assert (found["where"], found["key"], found["found"]) == ("file", host.server.config_file, "content")
    copy = Path(found["copy"])
    assert copy.read_bytes() == edited and copy.stat().st_mode & 0o777 == 0o600
    assert copy.parent == Path(host.state_directory) / "changes" / host.change


def test_a_file_that_somebody_has_broken_is_mended(changer: Make) -> None:
    host = applied(changer)
    edit(host, b"# between\n", b'requirepass "unbalanced\n')
    undone = host.run("rolled_back")
    assert (undone["state"], host.config, host.live("hz")) == ("rolled_back", host.config_before, "10")
    assert [one["found"] for one in undone["foreign"]] == ["content"]


def test_a_stored_third_value_is_named(changer: Make) -> None:
    host = applied(changer)
    edit(host, b"hz 8\n", b"hz 30\n")
    found = host.run("rolled_back")["foreign"]
    assert entry("stored", "hz", "10", "8", "30", "restored") in found and len(found) == 2
    assert host.config == host.config_before


def test_keep_leaves_a_live_value_and_takes_the_others_back(changer: Make) -> None:
    host = applied(changer, "keep")
    host.server.client().config_set("hz", 77)
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("hz"), host.live("timeout")) == ("rolled_back", "77", "0")
    assert undone["foreign"] == [entry("live", "hz", "10", "8", "77", "kept")]
    assert host.config == host.config_before


def test_keep_takes_only_the_changes_own_lines_out_of_a_file(changer: Make) -> None:
    host = applied(changer, "keep")
    edit(host, b"# between\n", b"# between\nslowlog-max-len 7\n")
    edit(host, b"hz 8\n", b"hz 30\n")
    os.chmod(host.server.config_file, 0o604)
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back"
    expected = host.config_before.replace(b"# between\n", b"# between\nslowlog-max-len 7\n")
    assert host.config == expected.replace(b"hz 10\n", b"hz 30\n")
    assert os.stat(host.server.config_file).st_mode & 0o777 == 0o604
    assert entry("stored", "hz", "10", "8", "30", "kept") in undone["foreign"]
    assert host.run("rolled_back")["changed"] is False


def test_fail_touches_nothing_of_what_is_foreign_and_names_it(changer: Make) -> None:
    host = applied(changer, "fail")
    edit(host, b"# between\n", b"# between\nslowlog-max-len 7\n")
    host.server.client().config_set("hz", 77)
    edited = host.config
    details = failed(host)
    assert (host.config, host.live("hz"), host.live("timeout")) == (edited, "77", "0")
    assert any("redis hz is live '77', it was '10'" in one for one in details["left"])
    assert any(f"{host.server.config_file} differs in content" in one for one in details["left"])
    assert {(one["where"], one["done"]) for one in details["foreign"]} == {("live", "left"), ("file", "left")}
    assert any("on_foreign_change is fail" in one for one in details["left"])
    failed(host)  # asked again it does the same


def test_after_fail_one_can_ask_for_something_else(changer: Make) -> None:
    host = applied(changer, "fail")
    host.server.client().config_set("hz", 77)
    failed(host)
    undone = host.run("rolled_back", on_foreign_change="restore")
    assert (undone["state"], host.live("hz")) == ("rolled_back", "10")
    assert [one["done"] for one in undone["foreign"]] == ["restored"]


def test_after_fail_one_can_set_it_back_oneself(changer: Make) -> None:
    host = applied(changer, "fail")
    host.server.client().config_set("hz", 77)
    edit(host, b"hz 8\n", b"hz 30\n")
    failed(host)
    host.server.client().config_set("hz", 10)
    Path(host.server.config_file).write_bytes(host.config_before)
    assert host.run("rolled_back")["state"] == "rolled_back"


@pytest.mark.parametrize("policy", ["restore", "keep", "fail"])
def test_another_mode_is_somebodys_too(changer: Make, policy: str) -> None:
    host = applied(changer, policy)
    mode = os.stat(host.server.config_file).st_mode & 0o777
    os.chmod(host.server.config_file, 0o604)
    if policy == "fail":
        (found,) = failed(host)["foreign"]
    else:
        (found,) = host.run("rolled_back")["foreign"]
        assert host.config == host.config_before
    assert found["found"] == "mode"
    assert os.stat(host.server.config_file).st_mode & 0o777 == (mode if policy == "restore" else 0o604)


def test_a_file_that_was_removed_is_made_again(changer: Make) -> None:
    host = applied(changer)
    os.unlink(host.server.config_file)
    found = host.run("rolled_back")["foreign"]
    assert [one["found"] for one in found if one["where"] == "file"] == ["existence"]
    assert host.config == host.config_before


@pytest.mark.parametrize(
    ("policy", "end"),
    [
        ("restore", "it was made again as it was before the change"),
        ("keep", "it was not made again, so what it held before the change is gone too"),
        ("fail", "it was not made again"),
    ],
)
def test_it_is_said_what_was_removed_and_what_became_of_it(changer: Make, policy: str, end: str) -> None:
    host = applied(changer, policy)
    path = host.server.config_file
    os.unlink(path)
    if policy == "fail":
        details = failed(host)
        assert f"{path} is not there, and was" in details["left"]
        said = [foreign_words.sentence(one) for one in details["foreign"]]
    else:
        said = host.run("rolled_back")["warnings"]
    assert f"{path} was removed after the change: {end}" in said
    assert any("redis hz is stored nowhere any more: somebody took it out after the change" in one for one in said)
    assert os.path.exists(path) is (policy == "restore") and host.live("hz") == "10"


@pytest.mark.parametrize("policy", ["restore", "keep", "fail"])
def test_what_is_as_it_was_before_is_nobodys(changer: Make, policy: str) -> None:
    host = applied(changer, policy)
    host.server.client().config_set("hz", 10)
    Path(host.server.config_file).write_bytes(host.config_before)
    undone = host.run("rolled_back")
    assert (undone["state"], undone["foreign"]) == ("rolled_back", [])


def test_a_secret_is_never_shown(changer: Make) -> None:
    host = changer("tls-key-file-pass token-before")
    host.apply({"kind": "redis", "key": "tls-key-file-pass", "secret": "token-ours"})
    host.server.client().config_set("tls-key-file-pass", "token-theirs")
    Path(host.server.config_file).write_bytes(host.config.replace(b"token-ours", b"token-filed"))
    undone = host.run("rolled_back")
    assert host.live("tls-key-file-pass") == "token-before"
    assert {(one["where"], one["found"]) for one in undone["foreign"] if one["kind"] == "redis"} == {
        ("live", "********"),
        ("stored", "********"),
    }
    assert "token-" not in str(undone) + str(host.history())


def test_a_secret_that_stays_is_written_down_once(changer: Make) -> None:
    host = changer("tls-key-file-pass token-before")
    host.apply({"kind": "redis", "key": "tls-key-file-pass", "secret": "token-ours"}, on_foreign_change="fail")
    host.server.client().config_set("tls-key-file-pass", "token-theirs")
    journalled = []
    for _try in range(2):
        failed(host)
        entries = Store(host.state_directory).all()[-1].journal.entries
        journalled.append([one["where"] for one in entries if one["entry"] == "foreign"])
    assert journalled == [["live"], ["live"]]


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["restore", "keep", "fail"])
@pytest.mark.parametrize(
    "place",
    [
        "_settings.redis_directive:RedisDirective.write_live",
        "_host.files:os.replace",
        "_change.rollback:activate",
        "_change.preimage:differences",
        "_change.foreign_files:put_back",
    ],
)
def test_a_rollback_that_was_killed_and_runs_again_blames_nobody(changer: Make, policy: str, place: str) -> None:
    host = applied(changer, policy)
    host.killed_at(place, "rolled_back")
    undone = host.run("rolled_back")
    assert (undone["state"], undone["foreign"]) == ("rolled_back", [])
    assert (host.config, host.live("hz"), host.live("timeout")) == (host.config_before, "10", "0")


@pytest.mark.slow
@pytest.mark.parametrize(
    "place", ["_host.files:os.replace", "_change.rollback:activate", "_change.preimage:differences"]
)
def test_killed_while_it_keeps_what_is_foreign(changer: Make, place: str) -> None:
    host = applied(changer, "keep")
    edit(host, b"# between\n", b"# between\nslowlog-max-len 7\n")
    host.server.client().config_set("hz", 77)
    host.killed_at(place, "rolled_back")
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back" and len(undone["foreign"]) == 2
    assert host.config == host.config_before.replace(b"# between\n", b"# between\nslowlog-max-len 7\n")
    assert (host.live("hz"), host.live("timeout")) == ("77", "0")


@pytest.mark.slow
def test_what_a_restart_lost_is_nobodys(changer: Make) -> None:
    host = changer("hz 10")
    host.server.client().config_set("timeout", 33)  # by command alone
    host.apply(*host.redis(hz=8, timeout=5), on_foreign_change="fail")
    host.server.stop()
    Path(host.server.config_file).write_bytes(host.config.replace(b"timeout 5\n", b"").replace(b"hz 8", b"hz 10"))
    host.server.start()
    assert host.live("timeout") == "0"
    undone = host.run("rolled_back")
    assert (undone["state"], undone["foreign"]) == ("rolled_back", [])
    assert (host.live("hz"), host.live("timeout")) == ("10", "33")


@pytest.mark.slow
def test_what_stays_outlives_the_restart_of_a_rollback(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(databases=1, hz=8), restart="allowed", on_foreign_change="keep")
    host.server.client().config_set("hz", 77)
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"]) == ("rolled_back", True)
    assert (host.live("databases"), host.live("hz")) == ("16", "77")


@pytest.mark.slow
def test_a_write_in_place_that_was_cut_short_is_nobodys_edit(changer: Make) -> None:
    host = changer("hz 10")
    os.link(host.server.config_file, host.server.config_file + ".link")
    before = host.config
    host.apply(*host.redis(hz=8, timeout=5), on_foreign_change="fail")
    host.killed_at("_host.files:os.fsync", "rolled_back")
    Path(host.server.config_file).write_bytes(before[:20] + host.config[20:-3])
    undone = host.run("rolled_back")
    assert (undone["state"], undone["foreign"], host.config) == ("rolled_back", [], before)


@pytest.mark.slow
def test_what_an_apply_that_was_killed_may_have_set_is_put_back_in_any_case(
    changer: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changer("hz 10")
    host.killed_at(
        "_change.writing:write_files", "applied", name="t", settings=host.redis(hz=8), on_foreign_change="fail"
    )
    host.server.client().config_set("hz", 77)
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("hz"), undone["foreign"]) == ("rolled_back", "10", [])
    assert any("'77'" in warning for warning in undone["warnings"])


def only_in_the_file(host: Any, old: bytes) -> bytes:
    """What its file holds without the change's own lines: hz as before."""
    assert old in host.config
    return bytes(host.config.replace(old, b"hz 10\n"))


@pytest.mark.slow
def test_a_failover_is_not_taken_back_with_the_file(changer: Make) -> None:
    master, host = changer(), changer("hz 10", persist=True)
    master.server.client().set("old", "1")
    Path(host.server.config_file).write_bytes(host.config + b"replicaof 127.0.0.1 %d\n" % master.server.port)
    host.server.stop()
    host.server.start()
    host.apply(*host.redis(hz=20))
    client = host.server.client()
    client.execute_command("REPLICAOF", "NO", "ONE")
    client.execute_command("CONFIG", "REWRITE")
    client.set("written after the failover", "it")
    client.save()
    wanted = only_in_the_file(host, b"hz 20\n")
    host.server.stop()  # the power is cut
    store = Store(host.state_directory)
    with store.locked():
        change = store.unfinished()
        assert change is not None
        assert rollback.before_start(change).left == []
    assert host.config == wanted
    host.server.start()
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("hz"), host.config) == ("rolled_back", "10", wanted)
    assert client.info("replication")["role"] == "master"
    assert client.get("written after the failover") == "it"
    assert [(one["where"], one["done"], bool(one["copy"])) for one in undone["foreign"]] == [("file", "kept", True)]
    assert any("replicaof" in warning and "failover" in warning for warning in undone["warnings"])


def test_a_new_password_is_not_taken_back_with_the_file(changer: Make) -> None:
    host = changer("hz 10", password="old", login={"login_password": "old"})
    host.apply(*host.redis(hz=20))
    client = host.server.client()
    client.config_set("requirepass", "new")
    host.login["login_password"] = "new"
    redis.Redis(port=host.server.port, password="new").config_rewrite()
    wanted = only_in_the_file(host, b"hz 20\n")
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("hz"), host.config) == ("rolled_back", "10", wanted)
    assert any("requirepass" in warning for warning in undone["warnings"])
    assert "new" not in str([one["found"] for one in undone["foreign"]])


def test_a_password_by_command_alone_is_told(changer: Make) -> None:
    host = changer("hz 10")
    host.apply(*host.redis(hz=20))
    host.server.client().config_set("requirepass", "only-now")
    host.login["login_password"] = "only-now"
    undone = host.run("rolled_back")
    assert undone["state"] == "rolled_back"
    assert any("differ in requirepass" in warning for warning in undone["warnings"])


def test_threads_between_two_pins_are_nobodys_hand(changer: Make) -> None:
    """They are pinned one by one: a rollback that was killed meanwhile left some where they were."""
    host, every = changer(), os.sched_getaffinity(0)
    host.apply({"kind": "affinity", "key": "server", "value": str(min(every))}, on_foreign_change="keep")
    os.sched_setaffinity(host.pid, every)
    undone = host.run("rolled_back")
    assert (undone["state"], undone["foreign"]) == ("rolled_back", [])
    threads = [int(name) for name in os.listdir(f"/proc/{host.pid}/task")]
    assert [os.sched_getaffinity(thread) for thread in threads] == [every] * len(threads)
