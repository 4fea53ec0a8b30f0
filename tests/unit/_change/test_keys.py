# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys may be gone with good reason, by INFO as servers have told it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from redis._parsers.helpers import parse_info

from ansible_collections.lowlat.redis.plugins.module_utils._change import keys

#: Redis 6.2.16: 20 keys that last, 10 for 2.5 s and 5 for 1000 s; then after a restart that took 3 s. Its log said
#: "keys loaded: 25, keys expired: 10"; INFO tells that nowhere.
BEFORE = "# Keyspace\r\ndb0:keys=35,expires=15,avg_ttl=334897\r\n"
AFTER = (
    "# Persistence\r\nloading:0\r\n# Stats\r\nexpired_keys:0\r\n# Keyspace\r\ndb0:keys=25,expires=5,avg_ttl=996743\r\n"
)
NOW = 1000.0


def counted(text: str, at: float = NOW) -> keys.Count:
    return keys.of(parse_info(text), at)


def may_have_expired(before: str, after: str, later: float = 3.0) -> bool:
    return counted(before).may_have_expired(parse_info(after), NOW + later)


def test_what_info_tells_over_all_databases() -> None:
    two = "db0:keys=35,expires=15,avg_ttl=334897\r\ndb3:keys=4,expires=2,avg_ttl=900000\r\ndbx_memory:7\r\n"
    assert counted(two) == keys.Count(39, 17, 900000, NOW)
    assert counted("db0:keys=3,expires=0,avg_ttl=0\r\n") == keys.Count(3, 0, 0, NOW)
    assert counted("# Keyspace\r\n") == keys.Count(0, 0, 0, NOW)


def test_an_average_that_is_not_known_yet_of_one_database_is_none_of_any() -> None:
    assert counted("db0:keys=3,expires=1,avg_ttl=5000\r\ndb1:keys=3,expires=1,avg_ttl=0\r\n").avg_ttl == 0


def test_keys_that_a_6_2_has_dropped_while_it_loaded() -> None:
    assert may_have_expired(BEFORE, AFTER)


@pytest.mark.parametrize(
    "after",
    [
        "db0:keys=24,expires=5,avg_ttl=996743\r\n",  # 19 of the 20 that last
        "db0:keys=15,expires=15,avg_ttl=0\r\n",
        "# Keyspace\r\n",
    ],
)
def test_a_key_without_a_time_to_live_does_not_go_by_itself(after: str) -> None:
    assert not may_have_expired(BEFORE, after)


@pytest.mark.parametrize(
    ("average", "later", "may"), [(4000, 3, True), (40_000, 3, False), (40_000, 60, True), (0, 60, False)]
)
def test_all_of_them_only_where_their_time_may_have_come(average: int, later: float, may: bool) -> None:
    assert may_have_expired(f"db0:keys=9,expires=9,avg_ttl={average}\r\n", "# Keyspace\r\n", later) is may


def client(text: str) -> Any:
    return SimpleNamespace(info=lambda section: parse_info(text))


def test_a_server_that_counts_them_itself_is_taken_at_its_word() -> None:
    before = counted(BEFORE)
    told = AFTER + "rdb_last_load_keys_expired:3\r\nrdb_last_load_keys_loaded:25\r\n"
    assert keys.expired_uncounted(client(AFTER), before)
    assert not keys.expired_uncounted(client(told), before)
    assert (keys.since_start(client(AFTER)), keys.since_start(client(told))) == ((25, 0), (25, 3))


def test_what_the_journal_tells() -> None:
    before = counted(BEFORE)
    assert keys.journalled({"entry": "restarting", **before.told()}) == before
    assert keys.journalled({"keys": 7}) == keys.journalled({"keys": 7, "expiring": None}) == keys.Count(7)
