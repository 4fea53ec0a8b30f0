# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many keys a server holds, and how many of those that it had may be gone with good reason.

A master drops keys whose time has come while it loads a dump. From 7.0 on INFO tells how many; before, nothing does:
neither ``expired_keys`` nor any other counter. What is known then is how many keys had a time to live, and, as a
running average, how long it was.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._libraries import redis

#: The server's average takes a fiftieth of each sample, ten a second: so far it may be behind. Milliseconds.
_AVERAGE_IS_LATE = 10_000


@dataclass(frozen=True)
class Count:
    """Keys over all databases at a moment (``at``, seconds of the wall clock, as a server's own times are).

    ``expiring`` of them have a time to live; ``avg_ttl`` is the longest of the databases' averages in milliseconds, 0
    where one is not known.
    """

    keys: int
    expiring: int = 0
    avg_ttl: int = 0
    at: float = 0.0

    def told(self) -> dict[str, Any]:
        """For the journal."""
        return {"keys": self.keys, "expiring": {"keys": self.expiring, "avg_ttl": self.avg_ttl, "at": self.at}}

    def may_all_have_expired(self, now: float) -> bool:
        """Not where one has no time to live, nor where by their average they live on."""
        late = (now - self.at) * 1000 + _AVERAGE_IS_LATE
        return self.expiring >= self.keys and 0 < self.avg_ttl <= late

    def may_have_expired(self, facts: Mapping[str, Any], now: float) -> bool:
        """Whether those that are missing by INFO of now may have been dropped in their time: all others are there."""
        here = of(facts, now)
        others_are_there = here.keys - here.expiring >= self.keys - self.expiring
        return others_are_there and (here.keys > 0 or self.may_all_have_expired(now))


def of(facts: Mapping[str, Any], now: float) -> Count:
    """By INFO."""
    databases = [facts[name] for name in facts if name[:2] == "db" and name[2:].isdigit()]
    averages = [int(counts.get("avg_ttl", 0)) for counts in databases if int(counts.get("expires", 0))]
    return Count(
        keys=sum(int(counts["keys"]) for counts in databases),
        expiring=sum(int(counts.get("expires", 0)) for counts in databases),
        avg_ttl=max(averages, default=0) if all(averages) else 0,
        at=now,
    )


def count(client: redis.Redis) -> Count:
    """Of this moment."""
    return of(client.info("keyspace"), time.time())


def journalled(entry: Mapping[str, Any]) -> Count:
    """As ``told`` has written it, or an older release."""
    facts = entry.get("expiring") or {}
    return Count(int(entry["keys"]), int(facts.get("keys", 0)), int(facts.get("avg_ttl", 0)), facts.get("at", 0.0))


def since_start(client: redis.Redis) -> tuple[int, int]:
    """(keys that the process has or has loaded, keys whose time had come while it was away or since)."""
    facts = client.info("everything")
    held = max(of(facts, 0.0).keys, int(facts.get("rdb_last_load_keys_loaded", 0)))
    return held, int(facts.get("rdb_last_load_keys_expired", 0)) + int(facts.get("expired_keys", 0))


def expired_uncounted(client: redis.Redis, before: Count) -> bool:
    """Whether a restart may have cost keys their time alone, on a server that does not count those."""
    facts = client.info("everything")
    return "rdb_last_load_keys_expired" not in facts and before.may_have_expired(facts, time.time())


def tells_what_it_loaded(client: redis.Redis) -> bool:
    """Whether clients that have deleted keys since its start cannot make fewer of what ``since_start`` tells.

    Not of a replica, whose master deletes, nor of a log, of which only the part that is a dump is counted.
    """
    facts = client.info("everything")
    known = "rdb_last_load_keys_loaded" in facts
    return known and facts.get("role") == "master" and str(facts.get("aof_enabled")) == "0"
