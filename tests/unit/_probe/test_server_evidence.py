# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._probe.server_evidence import ServerEvidence

QUIET = b"rdb_bgsave_in_progress:0\r\nrdb_saves:1\r\naof_rewrite_in_progress:0\r\naof_rewrites:0\r\n"
NO_PERMISSION = ServerError("no", why="NOPERM this user has no permissions", code="noperm")


class Redis:
    """Answers by command; what a test does not care about is quiet."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.replies: dict[str, Any] = {
            "INFO persistence": QUIET,
            "SLOWLOG GET 1": [],
            "LATENCY LATEST": [],
            "CONFIG GET latency-monitor-threshold": [b"latency-monitor-threshold", b"100"],
            "INFO clients": b"# Clients\r\nconnected_clients:3\r\n",
            "CLIENT LIST": b"id=3 addr=127.0.0.1:5 name= flags=N db=0\nid=4 name=flags=O flags=x db=0\n",
        }

    def ask_all(self, *commands: tuple[str, ...]) -> list[Any]:
        self.asked += [" ".join(command) for command in commands]
        return [self.replies[" ".join(command)] for command in commands]


def found(redis: Redis, **after: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """What is found when the replies change meanwhile, and what is lacking."""
    lacking: dict[str, str] = {}
    evidence = ServerEvidence(redis.ask_all, lacking)
    evidence.begin()
    redis.replies.update({name.replace("_", " "): reply for name, reply in after.items()})
    return evidence.end(), lacking


def test_a_quiet_server() -> None:
    assert found(Redis()) == ({"monitors": 0, "background": [], "slowlog": 0, "latency_events": []}, {})


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ((b"progress:0", b"progress:0"), (b"bgsave_in_progress:0", b"bgsave_in_progress:1"), ["bgsave"]),
        ((b"rewrite_in_progress:0", b"rewrite_in_progress:1"), (b"x", b"x"), ["aof_rewrite"]),
        ((b"x", b"x"), (b"rdb_saves:1", b"rdb_saves:2"), ["bgsave"]),
        ((b"x", b"x"), (b"aof_rewrites:0", b"aof_rewrites:1"), ["aof_rewrite"]),
    ],
)
def test_a_save_that_runs_at_either_end_or_came_and_went(before: Any, after: Any, names: list[str]) -> None:
    redis = Redis()
    redis.replies["INFO persistence"] = QUIET.replace(*before)
    assert found(redis, INFO_persistence=QUIET.replace(*after))[0]["background"] == names


def test_clients_in_monitor_mode_are_counted_by_their_flags_alone() -> None:
    listed = b"id=1 name=flags=O flags=N db=0\nid=2 flags=O db=0\nid=3 flags=ON db=0\n"
    assert found(Redis(), CLIENT_LIST=listed)[0]["monitors"] == 2


def test_a_long_list_of_clients_is_not_asked_for() -> None:
    redis = Redis()
    redis.replies["INFO clients"] = b"connected_clients:20000\r\n"
    evidence, lacking = found(redis)
    assert evidence["monitors"] is None and "20000 clients" in lacking["monitors"]
    assert "CLIENT LIST" not in redis.asked


@pytest.mark.parametrize(("before", "after", "number"), [([], [[4]], 5), ([[7]], [[9]], 2), ([[7]], [[7]], 0)])
def test_new_entries_of_the_slow_log(before: Any, after: Any, number: int) -> None:
    redis = Redis()
    redis.replies["SLOWLOG GET 1"] = before
    assert found(redis, **{"SLOWLOG GET 1": after})[0]["slowlog"] == number


def test_a_slow_log_that_was_emptied_tells_nothing() -> None:
    redis = Redis()
    redis.replies["SLOWLOG GET 1"] = [[7]]
    evidence, lacking = found(redis, **{"SLOWLOG GET 1": []})
    assert evidence["slowlog"] is None and "emptied" in lacking["slowlog"]


def test_latency_events_are_those_that_were_not_there_before() -> None:
    redis = Redis()
    redis.replies["LATENCY LATEST"] = [[b"command", 100, 5, 9], [b"fork", 100, 7, 7]]
    later = [[b"command", 100, 5, 9], [b"fork", 130, 7, 7], [b"aof-write", 131, 1, 1]]
    assert found(redis, LATENCY_LATEST=later)[0]["latency_events"] == ["aof-write", "fork"]


def test_a_server_that_notes_no_latency_events_has_none_to_tell() -> None:
    redis = Redis()
    redis.replies["CONFIG GET latency-monitor-threshold"] = [b"latency-monitor-threshold", b"0"]
    evidence, lacking = found(redis)
    assert evidence["latency_events"] is None and "threshold is 0" in lacking["latency_events"]


def test_what_may_not_be_asked_is_lacking_with_the_reason_and_the_rest_is_there() -> None:
    redis = Redis()
    for name in ("SLOWLOG GET 1", "CONFIG GET latency-monitor-threshold", "CLIENT LIST"):
        redis.replies[name] = NO_PERMISSION
    evidence, lacking = found(redis)
    assert evidence == {"monitors": None, "background": [], "slowlog": None, "latency_events": []}
    assert set(lacking) == {"monitors", "slowlog"} and all("NOPERM" in reason for reason in lacking.values())


@pytest.mark.parametrize("reply", [None, 5, [[]], b"\xff"])
def test_answers_without_sense_are_lacking(reply: Any) -> None:
    redis = Redis()
    redis.replies.update({"SLOWLOG GET 1": reply, "LATENCY LATEST": reply})
    evidence, lacking = found(redis)
    if reply is None:
        assert evidence["slowlog"] == 0
    else:
        assert evidence["slowlog"] is None and "sense" in lacking["slowlog"]
    assert evidence["latency_events"] is None and "sense" in lacking["latency_events"]
