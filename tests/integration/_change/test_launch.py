# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server without a unit is started as it was, whoever starts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.launch import Launch, restart_process
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting, until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Host
from tests.integration._change.conftest import Changer

pytestmark = pytest.mark.slow

OWN = Path("/proc/self/oom_score_adj")


def rank(pid: int) -> int:
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


@pytest.fixture
def spared() -> Iterator[int]:
    """This process is killed later than others, as a runner is never; an ordinary user can only be killed earlier."""
    before = OWN.read_text()
    OWN.write_text("700")
    yield int(OWN.read_text())
    OWN.write_text(before)


def answers(connect: Callable[[], Host]) -> bool:
    try:
        return connect().instance.pid > 0
    except ServerError:
        return False


def started_again(host: Changer) -> Host:
    connect = connecting(Address.from_options(host.options("applied")))
    restart_process(connect())
    until(lambda: answers(connect), "the server", "here", 30)
    return connect()


def test_the_kernel_kills_it_as_readily_as_before(changer: Callable[..., Changer], spared: int) -> None:
    host = changer()
    os.write(descriptor := os.open(f"/proc/{host.pid}/oom_score_adj", os.O_WRONLY), b"300")
    os.close(descriptor)
    again = started_again(host)
    assert (rank(again.instance.pid), rank(os.getpid())) == (300, spared)


def test_where_nobody_told_it_is_as_any_other(changer: Callable[..., Changer], spared: int) -> None:
    host = changer()
    connect = connecting(Address.from_options(host.options("applied")))
    launch = Launch.capture(connect())
    assert launch is not None
    facts = asdict(launch)
    assert facts.pop("oom_score_adj") == spared
    host.server.stop()
    Launch(**facts).start()
    until(lambda: answers(connect), "the server", "here", 30)
    assert (rank(connect().instance.pid), rank(os.getpid())) == (0, spared)
