# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server dies, is started anew or stands still while its settings are compared: a clear end, nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any, Callable

import psutil
import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._effect import toggle
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError

from .conftest import PATIENCE, Toggler, redis_setting, until

pytestmark = pytest.mark.slow

Make = Callable[..., Toggler]
HZ = redis_setting("hz", 8, 10)
#: Of a server that goes away within a toggle; between two of them it is looked at more closely.
FAILED = "failed while its settings were compared"


def said_by(process: subprocess.Popen[str]) -> dict[str, Any]:
    return dict(json.loads(process.communicate(timeout=PATIENCE)[0]))


def nothing_is_left(here: Toggler, hz: str) -> None:
    here.wait_for("hz", hz)
    until(lambda: not here.guardians(), "the guardian to end")
    assert here.server.client().keys("lowlat:*") == []


def test_one_that_dies(toggler: Make) -> None:
    here = toggler("hz 33")
    process = here.spawn(HZ)
    here.wait_for("hz", "10")
    here.server.stop()
    said = said_by(process)
    assert "The server ended" in said["msg"] or FAILED in said["msg"]
    assert (process.returncode, said["left_as_found"]) == (1, False)
    here.server.start()
    nothing_is_left(here, "33")


def test_one_that_lets_go_of_us_in_the_moment_of_a_toggle(toggler: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = toggler("hz 33")
    write, written = toggle.Toggle.write, []

    def cut(one: toggle.Toggle, which: int, host: Any) -> None:
        written.append(which)
        if len(written) == 3:
            raise redis.exceptions.ConnectionError("Connection reset by peer")
        write(one, which, host)

    monkeypatch.setattr(toggle.Toggle, "write", cut)
    with pytest.raises(ServerError, match=FAILED):
        here.run(HZ)
    assert here.live("hz") == "33"


def test_one_that_is_gone_was_not_restarted(toggler: Make) -> None:
    here = toggler("hz 33")
    process = here.spawn(HZ)
    here.wait_for("hz", "10")
    os.kill(process.pid, signal.SIGSTOP)
    here.server.stop()
    os.kill(process.pid, signal.SIGCONT)
    said = said_by(process)
    assert "The server ended while its settings were compared" in said["msg"]
    assert "no other answers" in said["msg"]
    here.server.start()
    nothing_is_left(here, "33")


def test_one_that_is_started_anew(toggler: Make) -> None:
    here = toggler("hz 33")
    process = here.spawn(HZ)
    here.wait_for("hz", "10")
    here.server.stop()
    here.server.start()
    said = said_by(process)
    assert process.returncode == 1
    # Or the new one is there already when the values are to be put back.
    assert any(words in said["msg"] for words in ("was restarted", "The server ended", FAILED))
    assert said["left_as_found"] is False
    nothing_is_left(here, "33")


def test_one_that_stands_still_for_less_than_the_time_out(toggler: Make) -> None:
    here = toggler("hz 33")
    process = here.spawn(HZ, seconds=4)
    here.wait_for("hz", "10")
    os.kill(here.server.pid, signal.SIGSTOP)
    until(lambda: psutil.Process(here.server.pid).status() == psutil.STATUS_STOPPED, "it to stand still")
    os.kill(here.server.pid, signal.SIGCONT)
    said = said_by(process)
    assert (process.returncode, said["verdict"], said["left_as_found"]) == (0, "undecided", True)
    nothing_is_left(here, "33")


def test_one_that_stands_still_for_longer(toggler: Make) -> None:
    here = toggler("hz 33")
    process = here.spawn(HZ)
    here.wait_for("hz", "10")
    os.kill(here.server.pid, signal.SIGSTOP)
    try:
        said = said_by(process)
    finally:
        os.kill(here.server.pid, signal.SIGCONT)
    assert "answer" in said["msg"] or FAILED in said["msg"]
    assert (process.returncode, said["left_as_found"]) == (1, False)
    nothing_is_left(here, "33")
