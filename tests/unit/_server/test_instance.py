# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._server import instance


@pytest.mark.parametrize(
    ("info", "flavour", "version"),
    [
        ({"redis_version": "7.0.15"}, "redis", (7, 0, 15)),
        ({"redis_version": "7.4-rc2"}, "redis", (7, 4, 0)),
        ({"redis_version": "255.255.255"}, "redis", (255, 255, 255)),
        ({"redis_version": "7.2.4", "valkey_version": "8.1.0", "server_name": "valkey"}, "valkey", (8, 1, 0)),
    ],
)
def test_flavour_and_version(info: dict[str, str], flavour: str, version: tuple[int, int, int]) -> None:
    assert instance.flavour(info) == flavour
    assert instance.version(info) == version


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/redis-server.service\n", "redis-server.service"),
        (
            "9:name=systemd:/system.slice/system-redis.slice/redis@6380.service\n8:pids:/x.service\n",
            "redis@6380.service",
        ),
        ("1:name=systemd:/machine/ct.scope/system.slice/redis.service\n0::/\n", "redis.service"),
        ("0::/user.slice/user-0.slice/session-3.scope\n", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service\n", None),
        ("8:pids:/a.service\n0::/\n", None),
    ],
)
def test_the_unit_in_a_control_group(cgroup: str, unit: str | None) -> None:
    assert instance.unit_in_cgroup(cgroup) == unit


def test_directives_of_a_command_line() -> None:
    line = ["redis-server", "/etc/redis.conf", "--supervised", "systemd", "--HZ", "10", "--"]
    assert instance.overrides(line) == {"supervised", "hz"}


def test_keys_and_replicas() -> None:
    info = {
        "db0": {"keys": 3, "expires": 0},
        "db12": {"keys": 1},
        "dbfilename": "x",
        "connected_slaves": 1,
        "slave0": {"ip": "10.0.0.2", "port": 6379, "state": "online", "lag": 0},
    }
    assert instance.keys(info) == {0: 3, 12: 1}
    assert instance.replicas(info) == [{"host": "10.0.0.2", "port": 6379, "state": "online"}]
