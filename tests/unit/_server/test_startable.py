# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._server import startable
from ansible_collections.lowlat.redis.plugins.module_utils._server.instance import Version

PATH = "/etc/redis/redis.conf"
SHOWN = {
    "hz": "10",
    "loglevel": "notice",
    "server_cpulist": "",
    "maxmemory": "0",
    "requirepass": "",
    "logfile": "",
    "unixsocket": "/no/longer/there",
    "dir": "/var/lib/redis",
    "save": "",
    "client-output-buffer-limit": "normal 0 0 0",
    "maxmemory-policy": "brand-new",
    "appendfilename": "a.aof",
    "oom-score-adj-values": "0 200 800",
}


def objections(content: bytes, version: Version = (7, 0, 15)) -> list[str]:
    return startable.objections(content, PATH, version, SHOWN, {}.__getitem__)


@pytest.mark.parametrize(
    "line",
    [
        b"HZ 20",
        b"hz '10'",
        b"SERVER_CPULIST 0",
        b"maxmemory ''",
        b"logfile log",
        b"logfile ''",
        b"unixsocket /no/longer/there",
        b"dir /",
        b"save",
        b"save ''",
        b"client-output-buffer-limit",
        b"maxmemory-policy brand-new",
        b"rename-command KEYS ''",
        b"user app on",
        b"loadmodule /dev/null a b",
        b"some.module a b",
        b"list-max-ziplist-entries 5",
        b"lua-replicate-commands yes",
        b"# hz x",
    ],
)
def test_what_a_server_takes(line: bytes) -> None:
    assert objections(line) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"tcp-nodelay yes", "knows no such directive"),
        (b"server-cpulist 0", "knows no such directive"),
        (b"hz", "one argument, not 0"),
        (b"hz 10 20", "one argument, not 2"),
        (b"hz ' 10'", "blanks at its ends"),
        (b"hz x", "whole number"),
        (b"loglevel loud", "one of debug"),
        (b"save 900", "pairs"),
        (b"save 900 1 ''", "empty"),
        (b"oom-score-adj-values", "3 whole numbers"),
        (b"client-output-buffer-limit ''", "groups of class"),
        (b"logfile /nonexistent/log", "no directory /nonexistent"),
        (b"unixsocket /nonexistent/redis.sock", "no directory /nonexistent"),
        (b"dir /nonexistent", "no directory /nonexistent"),
        (b"appendfilename a/b", "no path"),
        (b"appendfilename ''", "no path"),
        (b"rename-command KEYS", "does not take 1 arguments"),
        (b"include", "does not take 0 arguments"),
    ],
)
def test_what_it_does_not_start_with(line: bytes, why: str) -> None:
    (said,) = objections(b"hz 10\n" + line)
    assert said.startswith(f"{PATH}, line 2 (") and why in said


def test_a_newer_server_may_know_more_words() -> None:
    assert objections(b"loglevel loud", (9, 0, 0)) == []


def test_no_secret_is_shown() -> None:
    (said,) = objections(b"requirepass one two")
    assert "one argument" in said and "two" not in said
