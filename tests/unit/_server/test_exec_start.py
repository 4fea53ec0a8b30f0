# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._server import exec_start, instance


def shown(line: str, **facts: str) -> dict[str, str]:
    return {"ExecStart": f"{{ path=/x ; argv[]={line} ; ignore_errors=no ; pid=0 }}", **facts}


@pytest.mark.parametrize(
    ("line", "environment", "words"),
    [
        ("redis-server /etc/redis.conf", "", ["redis-server", "/etc/redis.conf"]),
        ("redis-server $OPTIONS x", "", ["redis-server", "x"]),
        ("redis-server $OPTIONS x", "'OPTIONS=--hz 20'", ["redis-server", "--hz", "20", "x"]),
        ("redis-server --hz ${HZ}", "HZ=20 A=b", ["redis-server", "--hz", "20"]),
        ("redis-server /etc/${NAME}.conf", "NAME=a", ["redis-server", "/etc/a.conf"]),
        ("redis-server --requirepass a$$b", "", ["redis-server", "--requirepass", "a$b"]),
    ],
)
def test_words(line: str, environment: str, words: list[str]) -> None:
    assert exec_start.words(shown(line, Environment=environment)) == words


def test_files_of_the_environment_win(tmp_path: Path) -> None:
    file = tmp_path / "redis"
    file.write_text("# HZ=1\n; HZ=2\nHZ = 3\nOPTIONS='--hz 4' \\\n\nnothing\n")
    facts = {"Environment": "HZ=20", "EnvironmentFiles": f"/nonexistent (ignore_errors=yes)\n{file} (ignore_errors=no)"}
    assert exec_start.words(shown("redis-server --hz ${HZ} $OPTIONS", **facts)) == [
        "redis-server",
        "--hz",
        "3",
        "--hz",
        "4",
    ]


def test_what_cannot_be_read() -> None:
    assert exec_start.words({}) is None
    assert exec_start.words(shown("redis-server 'x")) is None


def test_a_script_tells_nothing_of_what_it_gives_its_server() -> None:
    assert instance.start_words(["/usr/local/bin/start-redis", "--fast"], "/usr/bin/redis-server") is None
    assert instance.start_words(["/opt/redis-server", "--hz", "20"], "/usr/bin/redis-server") == (
        "/opt/redis-server",
        "--hz",
        "20",
    )
    assert instance.start_words(None, "") is None
