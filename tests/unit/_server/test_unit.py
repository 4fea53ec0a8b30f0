# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a system call filter lets through."""

from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._server.unit import allows


@pytest.mark.parametrize(
    ("shown", "allowed"),
    [
        ("", True),
        ("~", True),
        ("~acct sched_setaffinity swapon", False),
        ("~acct sched_setaffinity:EPERM", False),
        ("~acct swapon", True),
        ("read write sched_setaffinity", True),
        ("read write", False),
    ],
)
def test_a_filter_names_what_it_allows_or_after_a_tilde_what_it_forbids(shown: str, allowed: bool) -> None:
    assert allows(shown, "sched_setaffinity") is allowed
