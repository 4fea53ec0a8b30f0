# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which allocator reads which variable, and which can defragment."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._server.allocator import classify, options, parse_options

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


def test_options_as_they_are_written() -> None:
    assert parse_options("narenas:2,thp:default") == {"narenas": "2", "thp": "default"}
    for text in ("narenas", "narenas:", ":2", "narenas:2,", "narenas:2,,thp:default", ""):
        with pytest.raises(BadInput, match="no list of options"):
            parse_options(text)


def test_options_as_jemalloc_tells_them() -> None:
    class Server:
        def execute_command(self, *words: Any) -> str:
            assert words == ("MEMORY", "MALLOC-STATS")
            return (
                'Run-time option settings:\n  opt.abort: false\n  opt.narenas: 2\n  opt.thp: "default"\n'
                "  opt.dirty_decay_ms: 5000 (arenas.dirty_decay_ms: 5000)\nArenas: 2\n"
            )

    server: Any = Server()
    assert options(server) == {"abort": "false", "narenas": "2", "thp": "default", "dirty_decay_ms": "5000"}
