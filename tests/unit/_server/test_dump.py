# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the head of a dump tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._server import dump

HEAD = b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x0aredis-bits\xc0@\xfa\x05ctime\xc2\xd0[\x08k"
USED = b"\xfa\x08used-mem"


@pytest.mark.parametrize(
    ("content", "used"),
    [
        (HEAD + USED + b"\xc2\xe8U\x0e\x00\xfa\x08aof-base\xc0\x00\xfe\x00", 939_496),
        (HEAD + USED + b"\x0a5368709120\xff", 5_368_709_120),
        (b"VALKEY080" + USED + b"\xc1\x10\x27", 10_000),
        (HEAD + b"\xfe\x00" + USED + b"\xc1\x10\x27", 0),
        (HEAD + USED, 0),
        (HEAD + USED + b"\x80\x00", 0),
        (HEAD[:20], 0),
        (b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n", 0),
        (b"", 0),
    ],
)
def test_the_memory_that_was_used(tmp_path: Path, content: bytes, used: int) -> None:
    path = tmp_path / "dump.rdb"
    path.write_bytes(content)
    assert dump.used_memory(str(path)) == used


def test_what_a_start_loads(tmp_path: Path) -> None:
    log = tmp_path / "logs"
    log.mkdir()
    for path in (tmp_path / "dump.rdb", log / "a.aof.2.base.rdb", log / "a.aof.2.incr.aof"):
        path.touch()
    shown = {"dir": str(tmp_path), "dbfilename": "dump.rdb", "appendfilename": "a.aof", "appenddirname": "logs"}
    assert dump.files({**shown, "appendonly": "no"}) == [str(tmp_path / "dump.rdb")]
    assert dump.files({**shown, "appendonly": "yes"}) == [str(log / "a.aof.2.base.rdb")]
    assert dump.files({**shown, "dir": "relative"}) == []
