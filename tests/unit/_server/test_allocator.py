# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which allocator reads which variable, and which can defragment."""

from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._server.allocator import classify

SYSTEM = "7f00-7f01 r-xp 00000000 fd:00 1 /usr/lib/x86_64-linux-gnu/libjemalloc.so.2\n"
OWN = "5500-5501 r-xp 00000000 fd:00 1 /usr/local/bin/redis-server\n"


@pytest.mark.parametrize(
    ("name", "maps", "variable", "defrag"),
    [
        ("jemalloc-5.3.0", SYSTEM, "MALLOC_CONF", False),
        ("jemalloc-5.3.0", OWN, "JE_MALLOC_CONF", True),
        ("libc", OWN, None, False),
        ("tcmalloc-2.9", OWN, None, False),
    ],
)
def test_the_memory_map_tells_whose_it_is(name: str, maps: str, variable: str | None, defrag: bool) -> None:
    found = classify(name, maps)
    assert (found.variable, found.active_defrag) == (variable, defrag)
