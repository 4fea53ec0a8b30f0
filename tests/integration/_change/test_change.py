# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change on a real server: applied, confirmed, taken back, and never left in between."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import writing
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, ChangeError

Make = Callable[..., Any]

CPUS = sorted(os.sched_getaffinity(0))
PIN, PIN_ELSEWHERE = ({"kind": "affinity", "key": "server", "value": str(cpu)} for cpu in (CPUS[0], CPUS[-1]))


def test_applied_values_are_live_and_stored_and_come_back_to_the_byte(changer: Make) -> None:
    host = changer("# a comment of the operator's", "hz 20")
    before = host.config
    os.chmod(host.server.config_file, 0o640)
    applied = host.apply(*host.redis(hz=8, maxmemory="1gb", tcp_keepalive=30))
    assert (applied["state"], applied["changed"]) == ("applied", True)
    assert (host.live("hz"), host.live("maxmemory")) == ("8", str(1 << 30))
    assert b"hz 8\n" in host.config and b"# a comment of the operator's\n" in host.config
    undone = host.run("rolled_back", change_id=applied["change_id"])
    assert (undone["state"], undone["changed"], undone["restarted"]) == ("rolled_back", True, False)
    assert (host.live("hz"), host.live("maxmemory")) == ("20", "0")
    assert host.config == before
    assert os.stat(host.server.config_file).st_mode & 0o777 == 0o640


def test_a_second_rollback_does_nothing(changer: Make) -> None:
    host = changer()
    host.apply(*host.redis(hz=8))
    host.run("rolled_back")
    host.server.client().config_set("hz", 77)
    again = host.run("rolled_back")
    assert (again["state"], again["changed"]) == ("rolled_back", False)
    assert host.live("hz") == "77"


def test_nothing_to_do_leaves_no_change_behind(changer: Make) -> None:
    host = changer("hz 8", "maxmemory 1gb")
    result = host.apply(*host.redis(hz=8, maxmemory=1 << 30))
    assert (result["changed"], result["state"], result["change_id"]) == (False, "unchanged", "")
    assert not Path(host.state_directory).exists()


def test_check_mode_plans_and_writes_nothing(changer: Make) -> None:
    host = changer()
    before = host.config
    result = host.apply(*host.redis(hz=8), check=True)
    assert result["changed"] and "redis hz live: 8" in result["diff"]["after"]
    assert (host.live("hz"), host.config) == ("10", before)
    assert not Path(host.state_directory).exists()


def test_a_second_change_is_refused_while_one_is_open_and_says_which(changer: Make) -> None:
    host = changer()
    first = host.apply(*host.redis(hz=8))
    its_id, there = first["change_id"], host.state_directory
    with pytest.raises(ChangeError, match=its_id) as caught:
        host.apply(*host.redis(hz=9))
    assert caught.value.remedy == (
        f"Keep it first, by lowlat.redis.change with state: confirmed, change_id: {its_id}, state_directory: {there}; "
        f"or take it back: by the playbook lowlat.redis.rollback with -e lowlat_change_id={its_id} "
        f"-e gated_change_state_directory={there}, or by lowlat.redis.change with state: rolled_back, "
        f"change_id: {its_id}, state_directory: {there}"
    )
    assert host.live("hz") == "8"
    host.run("confirmed")
    assert host.apply(*host.redis(hz=9))["state"] == "applied"


@pytest.mark.parametrize("state", ["rolled_back", "confirmed"])
@pytest.mark.parametrize("given", [{}, {"change_id": "20260102T030405Z-phase2-1a2b"}, {"name": "phase2"}])
def test_where_there_was_never_a_change_nothing_is_made(changer: Make, state: str, given: dict[str, str]) -> None:
    host = changer()
    with pytest.raises(BadInput, match="There is no change") as caught:
        host.run(state, **given)
    assert "state_directory" in caught.value.remedy and "Apply" not in caught.value.remedy
    assert not Path(host.state_directory).exists()


def test_confirming_is_done_once_and_needs_the_values_to_hold(changer: Make) -> None:
    host = changer()
    host.apply(*host.redis(hz=8))
    host.server.client().config_set("hz", 50)
    with pytest.raises(ChangeError, match="'50', not '8'"):
        host.run("confirmed")
    host.server.client().config_set("hz", 8)
    assert host.run("confirmed")["changed"] is True
    assert host.run("confirmed")["changed"] is False


def test_what_fails_half_way_is_taken_back_at_once(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    before = host.config

    def disk_is_full(*_arguments: Any) -> None:
        raise ChangeError("Cannot write the file", why="No space left on device")

    monkeypatch.setattr(writing.files, "replace_bytes", disk_is_full)
    with pytest.raises(ChangeError, match="the host was put back.*No space left"):
        host.apply(*host.redis(hz=8))
    assert (host.live("hz"), host.config) == ("10", before)
    assert [change["state"] for change in host.history()["changes"]] == ["rolled_back"]


def test_a_rollback_starts_a_server_that_died_under_the_change(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client().set("key", "value")
    host.server.client().save()
    host.server.client().config_set("timeout", 77)  # known to the running server alone
    host.apply(*host.redis(hz=8))
    host.server.stop()
    undone = host.run("rolled_back")
    assert (undone["state"], undone["restarted"]) == ("rolled_back", True)
    assert (host.live("hz"), host.live("timeout")) == ("10", "77")
    assert host.server.client().get("key") == "value"


def test_changes_that_build_on_each_other_come_back_newest_first(changer: Make) -> None:
    host = changer()
    before = host.config
    first = host.apply(*host.redis(hz=8), name="one")["change_id"]
    host.run("confirmed")
    second = host.apply(*host.redis(timeout=5), name="two")["change_id"]
    host.run("confirmed")
    with pytest.raises(BadInput, match=second) as caught:
        host.run("rolled_back", change_id=first)
    begin = f"Take that back first, by the playbook lowlat.redis.rollback with -e lowlat_change_id={second} "
    assert caught.value.remedy.startswith(begin)
    host.run("rolled_back", change_id=second)
    host.run("rolled_back", change_id=first)
    assert host.config == before


@pytest.mark.slow
def test_those_that_must_go_first_are_told_in_their_order(changer: Make) -> None:
    """Also one that stands in the way of none but them."""
    host = changer()
    made = []
    for settings in (host.redis(hz=8), [PIN, *host.redis(hz=9)], [PIN_ELSEWHERE], host.redis(timeout=5)):
        made.append(host.apply(*settings)["change_id"])
        host.run("confirmed")
    first, second, pinned, last = made
    with pytest.raises(BadInput) as caught:
        host.run("rolled_back", change_id=first)
    error = caught.value
    assert error.details["take_back_first"] == [last, pinned, second]
    assert f"in this order: {last}, {pinned}, {second}; the first by the playbook" in error.remedy
    assert f"-e lowlat_change_id={last} " in error.remedy and f"state: rolled_back, change_id: {last}" in error.remedy
    for change_id in [*error.details["take_back_first"], first]:
        host.run("rolled_back", change_id=change_id)
    assert host.live("hz") == "10"


def test_who_takes_the_newest_back_again_is_told_what_else_is_kept(changer: Make) -> None:
    host = changer()
    kept = host.apply(*host.redis(hz=8), name="one")["change_id"]
    host.run("confirmed")
    host.apply(*host.redis(timeout=5), name="two")
    assert host.run("rolled_back")["still_confirmed"] == ""  # it was taken back by this very request
    for options in ({}, {"check": True}):
        again = host.run("rolled_back", **options)
        assert (again["changed"], again["still_confirmed"]) == (False, kept)
    assert host.run("rolled_back", name="two")["still_confirmed"] == ""  # there is no other of that phase
    assert host.run("rolled_back", change_id=again["change_id"])["still_confirmed"] == ""  # that one was asked for
    assert host.run("rolled_back", change_id=kept)["changed"] is True
    assert host.run("rolled_back")["still_confirmed"] == ""


def test_what_could_not_be_taken_back_is_not_offered(changer: Make) -> None:
    host = changer()
    host.apply(*host.redis(hz=8), name="one")
    host.run("confirmed")
    host.apply(*host.redis(timeout=5), name="two")
    host.run("confirmed")
    host.apply(*host.redis(hz=9), name="one")
    host.run("rolled_back")
    assert host.run("rolled_back", name="one")["still_confirmed"] == ""


def test_a_link_to_the_config_file_stays_a_link(changer: Make) -> None:
    host = changer()
    real = Path(host.server.config_file)
    moved = real.with_name("real.conf")
    real.rename(moved)
    real.symlink_to("real.conf")
    host.apply(*host.redis(hz=8))
    assert real.is_symlink() and b"hz 8" in moved.read_bytes()


def test_the_aof_is_turned_on_before_the_file_names_it(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client().set("key", "value")
    applied = host.apply(*host.redis(appendonly=True, appendfsync="always"))
    assert applied["restarted"] is False
    host.server.stop()
    host.server.start()
    assert host.server.client().get("key") == "value"


def test_secrets_are_in_no_result(changer: Make) -> None:
    host = changer("tls-key-file-pass old-secret-one")
    wanted = {"kind": "redis", "key": "tls-key-file-pass"}
    applied = host.apply(dict(wanted, secret="new-secret-two"), check=True)
    assert "secret-one" not in str(applied) and "secret-two" not in str(applied)
    assert applied["changed"]
    with pytest.raises(BadInput, match="secret instead of value") as caught:
        host.apply(dict(wanted, value="new-secret-two"))
    assert "secret-two" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([{"kind": "redis", "key": "hertz", "value": 8}], "hertz"),
        ([{"kind": "redis", "key": "maxmemry", "value": 8}], "maxmemory"),
        ([{"kind": "redis", "key": "hz", "value": "fast"}], "hz"),
        ([{"kind": "redis", "key": "maxmemory", "value": "1 gallon"}], "maxmemory"),
        ([{"kind": "rediss", "key": "hz", "value": 8}], "rediss"),
        ([{"kind": "redis", "key": "hz", "value": 8, "wrong": 1}], "wrong"),
        ([{"kind": "redis", "key": "hz"}], "setting 1"),
        ([{"kind": "redis", "key": "hz", "value": 8}] * 2, "twice"),
        ([{"kind": "affinity", "key": "server", "value": "99"}], "99"),
        ([{"kind": "affinity", "key": "server", "value": "a-b"}], "a-b"),
        ([], "empty"),
    ],
)
def test_bad_settings_change_nothing(changer: Make, settings: list[dict[str, Any]], words: str) -> None:
    host = changer()
    before = host.config
    with pytest.raises(BadInput, match=words):
        host.apply(*settings)
    assert host.config == before
    assert not Path(host.state_directory).exists()


def test_an_optional_setting_that_this_server_does_not_know_is_left_out_with_a_reason(changer: Make) -> None:
    host = changer()
    unknown = {"kind": "redis", "key": "no-such-directive", "value": 1, "optional": True}
    applied = host.apply(unknown, *host.redis(hz=8))
    assert applied["settings"][0]["skipped"] and not applied["settings"][0]["changed"]
    assert host.live("hz") == "8"
