# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the config file against what a real server does with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._server import config_file, directives, instance

Make = Callable[..., Any]


def test_every_directive_of_a_real_server(redis_server: Make) -> None:
    """Known, its value taken by its type, and refused by CONFIG SET exactly where the table says so."""
    client = redis_server().client()
    version = instance.version(client.info())
    shown: Any = client.config_get("*")
    assert len(shown) > 140
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


VALUES = [
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
]


@pytest.mark.parametrize("at_run_time", [True, False])
def test_canonical_values_are_taken_and_shown_alike(redis_server: Make, at_run_time: bool) -> None:
    """By CONFIG SET, and from the file at the next start; a server of an older version has fewer of them."""
    server = redis_server()
    path = Path(server.config_file)
    known: Any = server.client().config_get("*")
    version = instance.version(server.client().info())
    values = [(name, directives.normalise(name, value)) for name, value in VALUES if name in known]
    assert len(values) >= 9
    for name, value in values:
        if at_run_time and not directives.immutable(name, version):
            server.client().config_set(name, value)
            shown: Any = server.client().config_get(name)
            assert directives.same(name, value, shown[name])
        path.write_bytes(config_file.edit(path.read_bytes(), str(path), name, value, version))
        assert directives.same(name, value, config_file.effective(str(path), version)[directives.primary(name)])
    server.stop()
    server.start()
    shown = server.client().config_get("*")
    final = dict(values)
    assert [name for name in final if not directives.same(name, final[name], shown[name])] == []


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
    version = instance.version(server.client().info())
    directory = Path(server.directory) / "conf.d"
    directory.mkdir()
    (directory / "b.conf").write_text("hz 30\nsave 70 7\nsave 71 7\n")
    # Without its last newline: Redis joins the files that a pattern matches, and the next one's first line with it.
    (directory / "a.conf").write_text("hz 20\ntimeout 2\nsave 50 5\nmaxmemory 1mb\n#")
    pattern = "*.conf" if version >= (7, 0, 0) else "a.conf"
    path = Path(server.config_file)
    more = f"save 80 8\nhz 15\ninclude {directory}/{pattern}\nsave 90 9\nsave 91 9\nTIMEOUT '3'\nmaxmemory 2mb\n"
    path.write_text(path.read_text() + more)

    def agree() -> dict[str, str]:
        server.stop()
        server.start()
        running: Any = server.client().config_get("*")
        stored = config_file.effective(str(path), version)
        for name in ("hz", "timeout", "maxmemory", "save"):
            assert directives.same(name, stored[name], running[name]), name
        return stored

    before = agree()
    assert (before["hz"], before["timeout"]) == ("20", "3")
    for name, value in (("hz", "8"), ("timeout", "5"), ("maxmemory", "3mb"), ("save", "11 12 13 14"), ("save", "")):
        path.write_bytes(config_file.edit(path.read_bytes(), str(path), name, value, version))
        assert directives.same(name, value, agree()[name])
    assert path.read_text().endswith("TIMEOUT 5\nmaxmemory 3145728\nhz 8\n")
    assert (directory / "b.conf").read_text() == "hz 30\nsave 70 7\nsave 71 7\n"
