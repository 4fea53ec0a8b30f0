# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are named and not there."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.lowlat.redis.plugins.filter.in_inventory import in_inventory

GROUPS = {"all": ["cache1", "cache2"], "ungrouped": [], "redis": ["cache1", "cache2"], "closed": []}


@pytest.mark.parametrize(
    "pattern",
    ["redis", "cache1,cache2", ["cache1", "redis"], "cache*", "redis,!cache2", "redis,!closed", "localhost"],
)
def test_what_matches_is_given_as_it_is(pattern: Any) -> None:
    assert in_inventory(pattern, GROUPS) == pattern


@pytest.mark.parametrize(
    ("pattern", "unknown"),
    [("cahce1", "cahce1"), ("cahce1,cache2", "cahce1"), (["cache1", "reids"], "reids"), ("redis,!cahce1", "cahce1")],
)
def test_what_matches_nothing_is_named(pattern: Any, unknown: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"^Nothing was done: .* no host or group {unknown}[.] "):
        in_inventory(pattern, GROUPS)


def test_an_inventory_without_hosts_is_told_by_ansible() -> None:
    assert in_inventory("redis", {"all": [], "ungrouped": []}) == "redis"
