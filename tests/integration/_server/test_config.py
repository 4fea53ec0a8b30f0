# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the config file against what a real server does with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._server import config_file, directives

Make = Callable[..., Any]


def test_every_directive_of_a_real_server(redis_server: Make) -> None:
    """Known, its value taken by its type, and refused by CONFIG SET exactly where the table says so."""
    client = redis_server().client()
    version = (7, 0, 15)
    shown: Any = client.config_get("*")
    assert len(shown) > 150
    wrong = []
    for name, value in shown.items():
        if directives.get(name) is None:
            wrong.append(f"{name} is not in the table")
        if not directives.same(name, value, value) or directives.normalise(name, value) is None:
            wrong.append(f"{name} {value!r} is not taken")
        try:
            client.config_set(name, value)
            refused = False
        except redis.ResponseError as error:
            refused = "immutable" in str(error)
        if refused is not directives.immutable(name, version):
            wrong.append(f"{name} immutable: {refused}")
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("maxmemory", "100mb"),
        ("maxmemory-clients", "5%"),
        ("save", "60 5  900 1"),
        ("save", ""),
        ("client-output-buffer-limit", "replica 1mb 1mb 5"),
        ("notify-keyspace-events", "g$lshzxetdmnKE"),
        ("shutdown-on-sigterm", "now force save"),
        ("latency-tracking-info-percentiles", "50.0 99.90"),
        ("appendfsync", "False"),
        ("unixsocketperm", "0770"),
        ("oom-score-adj-values", "0  100 200"),
        ("list-max-ziplist-size", "-3"),
        ("slowlog-log-slower-than", "-1"),
    ],
)
def test_a_canonical_value_is_taken_and_shown_alike(redis_server: Make, name: str, value: str) -> None:
    server = redis_server()
    canonical = directives.normalise(name, value)
    client = server.client()
    if not directives.immutable(name, (7, 0, 15)):
        client.config_set(name, canonical)
        shown: Any = client.config_get(name)
        assert directives.same(name, canonical, shown[name])
    path = Path(server.config_file)
    path.write_bytes(config_file.edit(path.read_bytes(), str(path), name, canonical))
    server.stop()
    server.start()
    shown = server.client().config_get(name)
    assert directives.same(name, canonical, shown[name])
    assert directives.same(name, canonical, config_file.effective(str(path))[directives.primary(name)])


UGLY = ['two words "quoted" \\ back', "ünï#code", "tab\there", "'single'", "a=b;c", "#start", "\udcff\udcfe"]


def test_values_that_need_quotes_arrive_whole(redis_server: Make) -> None:
    server = redis_server()
    path = Path(server.config_file)
    for value in UGLY:
        path.write_bytes(config_file.edit(path.read_bytes(), str(path), "proc-title-template", value))
        path.write_bytes(config_file.edit(path.read_bytes(), str(path), "masterauth", value))
        server.stop()
        server.start()
        with redis.Redis(port=server.port, decode_responses=True, encoding_errors="surrogateescape") as client:
            assert client.config_get("masterauth") == {"masterauth": value}
        assert config_file.effective(str(path))["masterauth"] == value


def test_includes_and_the_last_line_decide(redis_server: Make) -> None:
    server = redis_server("timeout 1")
    directory = Path(server.directory)
    (directory / "conf.d").mkdir()
    (directory / "conf.d" / "b.conf").write_text("hz 30\nsave 70 7\n")
    # Without its last newline: Redis joins the files that a pattern matches, and the next one's first line with it.
    (directory / "conf.d" / "a.conf").write_text("hz 20\ntimeout 2\nmaxmemory 1mb\n#")
    path = Path(server.config_file)
    more = f"save 80 8\nhz 15\ninclude {directory}/conf.d/*.conf\nsave 90 9\nTIMEOUT '3'\nmaxmemory 2mb\n"
    path.write_text(path.read_text() + more)

    def agree() -> dict[str, str]:
        server.stop()
        server.start()
        running: Any = server.client().config_get("*")
        stored = config_file.effective(str(path))
        for name in ("hz", "timeout", "maxmemory", "save"):
            assert directives.same(name, stored[name], running[name]), name
        return stored

    before = agree()
    assert (before["hz"], before["timeout"], before["save"]) == ("20", "3", "90 9")
    for name, value in (("hz", "8"), ("timeout", "5"), ("maxmemory", "3mb"), ("save", "11 12 13 14")):
        path.write_bytes(config_file.edit(path.read_bytes(), str(path), name, value))
        assert directives.same(name, value, agree()[name])
    assert path.read_text().endswith("TIMEOUT 5\nmaxmemory 3145728\nhz 8\n")
    assert (directory / "conf.d" / "b.conf").read_text() == "hz 30\nsave 70 7\n"
