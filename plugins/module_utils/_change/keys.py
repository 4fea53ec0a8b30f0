# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many keys a server holds, and how many of those that it had may be gone with good reason."""

from __future__ import annotations

from .._libraries import redis


def total(client: redis.Redis) -> int:
    """Keys over all databases."""
    return sum(int(counts["keys"]) for counts in client.info("keyspace").values())


def since_start(client: redis.Redis) -> tuple[int, int]:
    """(keys that the process has or has loaded, keys whose time had come while it was away or since)."""
    facts = client.info("everything")
    held = max(total(client), int(facts.get("rdb_last_load_keys_loaded", 0)))
    return held, int(facts.get("rdb_last_load_keys_expired", 0)) + int(facts.get("expired_keys", 0))


def tells_what_it_loaded(client: redis.Redis) -> bool:
    """Whether clients that have deleted keys since its start cannot make fewer of what ``since_start`` tells.

    Not of a replica, whose master deletes, nor of a log, of which only the part that is a dump is counted.
    """
    facts = client.info("everything")
    known = "rdb_last_load_keys_loaded" in facts
    return known and facts.get("role") == "master" and str(facts.get("aof_enabled")) == "0"
