# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command line is read as the server itself reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._server import instance, starting

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "options",
    [
        ("--hz", "20", "--save", "3600", "1", "--maxmemory", "3mb"),
        ("--HZ", "20", "--save", "--maxmemory", "3mb"),
        ("--save",),
        ("--save", "", "--hz", "30"),
        ("--hz 20", "--maxmemory 3mb"),
        ("--proc-title-template", "--{title}", "--hz", "20"),
        ("--dbfilename", "a b.rdb"),
        ("--client-output-buffer-limit", "pubsub 32mb 8mb 60", "--hz", "20"),
    ],
)
def test_options_as_a_real_server_reads_them(redis_server: Callable[..., Any], options: tuple[str, ...]) -> None:
    server = redis_server("hz 15", "maxmemory 1mb", persist=True, arguments=options)
    found = instance.discover(server.client(), "here")
    words = ("/usr/bin/redis-server", server.config_file, *options)
    told = starting.values(replace(found, start_words=instance.start_words(list(words), "")))
    for name in ("hz", "save", "dbfilename", "proc-title-template", "maxmemory"):
        if name in told:
            text = {"3mb": "3145728", "1mb": "1048576"}.get(told[name], told[name])
            assert (name, text) == (name, server.client().config_get(name)[name])
    assert {name for name in ("hz", "save", "maxmemory") if name in told} == {"hz", "save", "maxmemory"}


def test_without_a_file_the_line_alone(redis_server: Callable[..., Any]) -> None:
    found = instance.discover(redis_server("hz 15").client(), "here")
    alone = replace(found, config_file=None, start_words=("redis-server", "--hz", "20"))
    assert starting.values(alone) == {"hz": "20"}
    assert starting.known(alone) and not starting.known(replace(alone, start_words=None))
