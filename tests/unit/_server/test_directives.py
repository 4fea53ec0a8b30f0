# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._server import directives


@pytest.mark.parametrize(
    ("name", "text", "canonical"),
    [
        ("maxmemory", "2gb", "2147483648"),
        ("maxmemory", "1g", "1000000000"),
        ("maxmemory", "100B", "100"),
        ("maxmemory", "1k", "1000"),
        ("maxmemory", "1KB", "1024"),
        ("maxmemory", "1m", "1000000"),
        ("maxmemory", "1mb", "1048576"),
        ("maxmemory-clients", "5%", "5%"),
        ("maxmemory-clients", "0%", "0"),
        ("maxmemory-clients", "1mb", "1048576"),
        ("appendonly", "YES", "yes"),
        ("appendonly", "True", "yes"),
        ("appendfsync", "False", "no"),
        ("appendfsync", "EverySec", "everysec"),
        ("hz", " 8 ", "8"),
        ("list-max-ziplist-size", "-2", "-2"),
        ("unixsocketperm", "0770", "770"),
        ("save", "3600 1  300 100", "3600 1 300 100"),
        ("save", '""', ""),
        ("save", "", ""),
        ("client-output-buffer-limit", "slave 256mb 64mb 60", "replica 268435456 67108864 60"),
        ("client-output-buffer-limit", "pubsub 1 1 1 normal 0 0 0", "normal 0 0 0 pubsub 1 1 1"),
        ("notify-keyspace-events", "KEA", "AKE"),
        ("notify-keyspace-events", "Ag", "A"),
        ("notify-keyspace-events", "g$lshzxetdK", "AK"),
        ("shutdown-on-sigterm", "now SAVE", "save now"),
        ("latency-tracking-info-percentiles", "50.0 99.90", "50 99.9"),
        ("oom-score-adj-values", "0  200 800", "0 200 800"),
        ("server_cpulist", "0,1,2", "0-2"),
        ("server-cpulist", "", ""),
        ("dir", "/var/lib/redis/", "/var/lib/redis"),
        ("bind", "127.0.0.1   -::1", "127.0.0.1 -::1"),
        ("requirepass", " two words ", " two words "),
        ("search-timeout", "500", "500"),
    ],
)
def test_equal_values_have_one_spelling(name: str, text: str, canonical: str) -> None:
    assert directives.normalise(name, text) == canonical
    assert directives.normalise(name, canonical) == canonical


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("maxmemory", "1.5gb", "size such as"),
        ("maxmemory", "lots", "size such as"),
        ("maxmemory", "-1", "size such as"),
        ("maxmemory-clients", "101%", "0% to 100%"),
        ("appendonly", "on", "one of yes, no"),
        ("hz", "-1", "0 to 2147483647"),
        ("hz", "8.0", "whole number"),
        ("hz", "+8", "whole number"),
        ("hz", "08", "whole number"),
        ("hz", "٨", "whole number"),
        ("port", "65536", "0 to 65535"),
        ("unixsocketperm", "888", "octal"),
        ("save", "60", "pairs"),
        ("save", "0 1", "pairs"),
        ("save", "60 5 x 1", "pairs"),
        ("client-output-buffer-limit", "normal 0 0", "groups"),
        ("client-output-buffer-limit", "master 0 0 0", "no client class 'master'"),
        ("notify-keyspace-events", "Kq", "'q'"),
        ("shutdown-on-sigterm", "default now", "default alone"),
        ("shutdown-on-sigterm", "save nosave", "exclude each other"),
        ("server_cpulist", "0, 1", "contains a blank"),
        ("server_cpulist", "a-b", "neither a number nor a range"),
        ("maxmemory-policy", "lru", "allkeys-lru"),
        ("oom-score-adj-values", "a b c", "3 whole numbers"),
        ("oom-score-adj-values", "", "3 whole numbers"),
        ("oom-score-adj-values", "0 200", "3 whole numbers"),
        ("oom-score-adj-values", "0 200 2001", "-2000 to 2000"),
        ("latency-tracking-info-percentiles", "101", "percentages"),
    ],
)
def test_a_value_that_the_type_does_not_take(name: str, text: str, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        directives.normalise(name, text)
    assert reason in caught.value.message and name in caught.value.message


@pytest.mark.parametrize("name", ["requirepass", "maxmemory", "logfile", "unknown-module-option"])
@pytest.mark.parametrize("text", ["a\nslaveof evil 1", "a\rb", "a\0b", "1\n"])
def test_no_value_carries_a_second_line_into_the_file(name: str, text: str) -> None:
    with pytest.raises(BadInput, match="line break"):
        directives.normalise(name, text)


def test_an_error_about_a_secret_does_not_show_it() -> None:
    with pytest.raises(BadInput) as caught:
        directives.normalise("requirepass", "hunter2\n")
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    "name",
    ["requirepass", "masterauth", "primaryauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"],
)
def test_secrets(name: str) -> None:
    assert directives.secret(name)


def test_what_is_no_secret() -> None:
    assert not directives.secret("maxmemory")
    assert not directives.secret("tls-auth-clients")
    assert directives.secret("some-module-password")
    assert not directives.secret("some-module-threads")


@pytest.mark.parametrize(
    ("name", "version", "restart"),
    [
        ("databases", (3, 2, 0), True),
        ("databases", (8, 1, 0), True),
        ("hz", (7, 0, 15), False),
        ("disable-thp", (6, 2, 16), False),
        ("disable-thp", (7, 0, 0), True),
        ("port", (6, 0, 20), True),
        ("port", (6, 2, 0), False),
        ("bind", (5, 0, 14), True),
        ("server_cpulist", (6, 2, 0), True),
        ("server-cpulist", (7, 4, 0), True),
        ("io-threads", (8, 0, 0), True),
        ("something-of-a-module", (7, 0, 0), False),
    ],
)
def test_what_only_a_restart_changes(name: str, version: tuple[int, int, int], restart: bool) -> None:
    assert directives.immutable(name, version) is restart


KNOWN = ["hz", "maxmemory", "server_cpulist", "slave-priority", "repl-disable-tcp-nodelay"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("HZ", "hz"),
        ("server-cpulist", "server_cpulist"),
        ("server_cpulist", "server_cpulist"),
        ("replica-priority", "slave-priority"),
        ("replica_priority", "slave-priority"),
    ],
)
def test_a_directive_goes_by_the_name_that_this_server_lists(name: str, found: str) -> None:
    assert directives.find(name, KNOWN) == found


def test_newer_names_are_found_too() -> None:
    assert directives.find("server_cpulist", ["server-cpulist"]) == "server-cpulist"
    assert directives.find("masterauth", ["primaryauth"]) == "primaryauth"


def test_an_unknown_directive_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="Did you mean maxmemory?"):
        directives.find("maxmemroy", KNOWN)
    with pytest.raises(BadInput, match="came with Redis 7.0"):
        directives.find("latency-tracking", KNOWN)


def test_tcp_nodelay_is_explained() -> None:
    for spelling in ("tcp-nodelay", "TCP_NODELAY"):
        with pytest.raises(BadInput, match="TCP_NODELAY on every client.*repl-disable-tcp-nodelay"):
            directives.find(spelling, KNOWN)


def test_values_are_compared_by_type() -> None:
    assert directives.same("maxmemory", "2gb", "2147483648")
    assert not directives.same("maxmemory", "2g", "2147483648")
    assert not directives.same("save", "", None)
    shown = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
    assert directives.same("client-output-buffer-limit", "replica 256mb 64mb 60", shown)
    assert not directives.same("client-output-buffer-limit", "replica 128mb 64mb 60", shown)
