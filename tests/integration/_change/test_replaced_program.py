# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose program was upgraded while it runs: a restart brings the new one, which no rollback takes back."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import refusal

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


@pytest.fixture
def host(changer: Make, tmp_path: Path) -> Any:
    """With a program of its own, called as Debian calls it: a link to another name of the same file."""
    made = changer(persist=True)
    made.server.client().set("key", "value")
    made.server.client().save()
    made.server.stop()
    made.program = tmp_path / "redis-check-rdb"
    shutil.copy(os.path.realpath(shutil.which("redis-server") or ""), made.program)
    made.link = tmp_path / "redis-server"
    made.link.symlink_to(made.program)
    made.server.process = subprocess.Popen([str(made.link), made.server.config_file], stdout=subprocess.DEVNULL)
    until(lambda: refusal(made.server.client(), made.server.address()) is None, "the server", "")
    return made


@pytest.mark.parametrize("gone", [False, True])
def test_a_program_that_was_replaced(host: Any, gone: bool) -> None:
    host.apply(*host.redis(tcp_backlog=100), restart="allowed", check=True)
    other = host.program.with_name("new")
    shutil.copy(host.program, other)
    host.program.unlink() if gone else other.replace(host.program)
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert hazard["id"] == "program_replaced" and str(host.program) in hazard["reason"]
    (warning,) = host.apply(*host.redis(tcp_backlog=100), restart="defer", check=True)["warnings"]
    assert "[program_replaced]" in warning
    host.apply(*host.redis(hz=20))
    assert (host.run("rolled_back")["state"], host.live("hz")) == ("rolled_back", "10")
