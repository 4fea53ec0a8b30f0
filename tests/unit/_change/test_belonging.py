# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server is another one, by what a journal tells of its own."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import belonging
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._server.process import Process

GONE = {"pid": 2**22 + 1, "process_started": 1.0, "address": "127.0.0.1:6379"}
HERE = {"pid": os.getpid(), "process_started": Process.of(os.getpid()).started, "address": "127.0.0.1:6379"}
FILE = "/etc/redis/redis.conf"


def is_another(tmp_path: Path, server: dict[str, Any], unit: str | None, here: dict[str, Any]) -> bool:
    change = Store(str(tmp_path / "state")).open("phase2", owner="me", server=server, unit=unit)
    facts = {"pid": 5, "process_started": 9.0, "unit": None, "config_file": None, "tcp_port": 6379, **here}
    host: Any = SimpleNamespace(instance=SimpleNamespace(**facts), address="localhost:6379")
    try:
        belonging.refuse_another(change, host)
    except BadInput:
        return True
    return False


@pytest.mark.parametrize(
    ("server", "unit", "here", "another"),
    [
        ({}, None, {}, False),
        ({"pid": 7}, None, {"config_file": FILE}, False),
        (GONE, None, {}, False),
        (GONE, None, {"tcp_port": 6380}, True),
        ({**GONE, "address": "unix:/run/redis.sock"}, None, {"tcp_port": 0}, False),
        ({**GONE, "config_file": FILE}, None, {"config_file": FILE, "tcp_port": 6380}, False),
        ({**GONE, "config_file": FILE}, None, {"config_file": "/etc/redis/other.conf"}, True),
        ({**HERE, "config_file": FILE}, None, {"config_file": FILE}, True),
        ({**HERE, "config_file": FILE}, None, {"pid": HERE["pid"], "process_started": HERE["process_started"]}, False),
        (GONE, "redis.service", {"unit": "redis.service", "tcp_port": 6380}, False),
        (GONE, "redis.service", {"unit": "other.service"}, True),
    ],
)
def test_it_is_known_by_what_is_told(
    tmp_path: Path, server: dict[str, Any], unit: str | None, here: dict[str, Any], another: bool
) -> None:
    assert is_another(tmp_path, server, unit, here) is another
