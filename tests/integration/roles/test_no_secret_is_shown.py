# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real roles and modules on this host, as talkative as can be: what they print, log and leave holds no secret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.integration import planted
from tests.integration.roles.controller import Controller

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_from_check_to_status(redis_server: Make, tmp_path: Path) -> None:
    server = redis_server(*planted.LINES, password=planted.PASSWORD)
    config = Path(server.config_file)
    before = config.read_bytes()
    controller = Controller(tmp_path, server)
    with planted.watching_processes() as seen:
        assert controller.play("apply", "--check", "--diff") == 0, controller.said[-3000:]
        assert controller.play("apply") == 0, controller.said[-3000:]
        assert planted.NEW_KEY.encode() in config.read_bytes()
        server.client().config_set("tls-key-file-pass", f"{planted.MARK}theirs")
        assert controller.play("status") == 0 and "DRIFT: redis tls-key-file-pass is ********" in controller.said
        controller.said, earlier = "", controller.said
        assert controller.play("rollback", "--check", "--diff", lowlat_phase="trial") == 0
        assert "+redis tls-key-file-pass live: (another secret)" in controller.said
        assert "-redis hz live: 20" in controller.said and "+redis hz live: 10" in controller.said
        controller.said += earlier
        assert controller.play("rollback", lowlat_phase="trial") == 0
        assert config.read_bytes() == before and "somebody set after the change" in controller.said
        harm = [{"name": "impossible", "query": "rtt.p50", "max": 0.0001, "abort": 1}]
        assert controller.play("apply", gated_change_gates=harm) == 2
        assert config.read_bytes() == before and "was rolled back" in controller.said
        wrong = {"kind": "redis", "key": "tls-key-file-pass", "value": planted.NEW_KEY}
        assert "secret instead of value" in controller.module([wrong])
        misspelt = {"kind": "redis", "key": "tls-key-file-pass", "secrt": planted.NEW_KEY}
        assert "Unknown key 'secrt'; did you mean 'secret'? (setting 1, redis tls" in controller.module([misspelt])
        lacking = {"key": "masterauth", "value": planted.MASTER}
        assert "A setting lacks kind (setting 1, masterauth)" in controller.module([lacking])
    assert seen == []
    assert planted.found_in(controller.said) == []
    assert "Invoked with" in (tmp_path / "syslog").read_text()
    assert len(list((tmp_path / "reports").glob("*/localhost.*"))) == 4
    assert not any("bound method" in path.read_text() for path in (tmp_path / "reports").glob("*/localhost.md"))
    (tmp_path / "given/variables.json").unlink()
    (tmp_path / "collections/ansible_collections/lowlat/redis").unlink()
    below = planted.found_below(tmp_path)
    assert {os.path.basename(path) for path in below} == {"journal"} and all(
        path.startswith("state/") for path in below
    )
    assert planted.open_to_others(tmp_path / "state") == []
    assert planted.found_below(Path(server.directory)) == {"redis.conf"}
