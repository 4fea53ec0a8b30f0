# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else works on the server while it is compared: nothing of theirs is lost, nothing of ours stays."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting
from ansible_collections.lowlat.redis.plugins.module_utils._effect import bench, toggle
from ansible_collections.lowlat.redis.plugins.module_utils._effect.restoring import restore
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._settings import kernel_file

from .conftest import PATIENCE, Toggler, redis_setting, until

pytestmark = pytest.mark.slow

Make = Callable[..., Toggler]
HZ = redis_setting("hz", 8, 10)
# Margins that anything satisfies: the first look decides.
QUICK = {"margin_p50": 10, "margin_p99": 10}


def said_by(process: subprocess.Popen[str]) -> dict[str, Any]:
    return dict(json.loads(process.communicate(timeout=PATIENCE)[0]))


def nothing_is_left(here: Toggler, client: redis.Redis, hz: str) -> None:
    until(lambda: client.config_get("hz") == {"hz": hz}, f"hz to be {hz}")
    until(lambda: not here.guardians(), "the guardian to end")


def in_the_third_side(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    side, sides = bench.Bench.side, []

    def disturbed(self: bench.Bench, metrics: Any) -> dict[str, float]:
        sides.append(metrics)
        if len(sides) == 3:
            happens()
        return side(self, metrics)

    monkeypatch.setattr(bench.Bench, "side", disturbed)


@pytest.mark.parametrize("value", ["77", "the other one"])
def test_a_value_that_somebody_sets_meanwhile_ends_it_and_stays(
    toggler: Make, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    here = toggler("hz 33")
    set_to: list[str] = []

    def somebody_sets_it() -> None:
        other = {"8": "10", "10": "8"}[here.live("hz")]
        set_to.append(value if value.isdigit() else other)
        here.server.client().config_set("hz", set_to[0])

    in_the_third_side(monkeypatch, somebody_sets_it)
    with pytest.raises(ChangeError, match="Somebody else set redis hz while it was compared") as caught:
        here.run(HZ)
    assert caught.value.details["left_as_found"] is False
    assert f"'{set_to[0]}'" in caught.value.details["foreign"][0]
    nothing_is_left(here, here.server.client(), set_to[0])


def locked_out(here: Toggler, client: redis.Redis, how: str) -> None:
    if how == "password":
        client.config_set("requirepass", "another")
    else:
        client.config_set("maxclients", int(client.info("clients")["connected_clients"]))


@pytest.mark.parametrize("how", ["password", "clients"])
def test_who_is_let_in_no_more_puts_the_values_back(toggler: Make, how: str) -> None:
    here = toggler("hz 33")
    process = here.spawn(HZ, seconds=2)
    here.wait_for("hz", "10")
    client = here.server.client()
    client.ping()
    locked_out(here, client, how)
    said = said_by(process)
    assert (process.returncode, said.get("left_as_found")) == (0, True), said
    nothing_is_left(here, client, "33")


@pytest.mark.parametrize("how", ["password", "clients"])
def test_so_does_the_guardian_of_one_that_is_killed(toggler: Make, how: str) -> None:
    here = toggler("hz 33")
    process = here.spawn(HZ)
    here.wait_for("hz", "10")
    os.kill(process.pid, signal.SIGSTOP)
    client = here.server.client()
    client.ping()
    locked_out(here, client, how)
    process.kill()
    process.wait()
    nothing_is_left(here, client, "33")


def test_a_file_that_is_rewritten_meanwhile_is_told(toggler: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = toggler("hz 33")
    client = here.server.client()
    in_the_third_side(monkeypatch, client.config_rewrite)
    with pytest.raises(ChangeError, match="The config file was rewritten while") as caught:
        here.run(HZ, **QUICK)
    assert "another CONFIG REWRITE" in caught.value.message
    assert (caught.value.details["left_as_found"], len(caught.value.details["rewritten"])) == (False, 1)
    nothing_is_left(here, client, "33")


def test_a_file_that_is_moved_away_keeps_nothing_from_being_put_back(
    toggler: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = toggler("hz 33")
    file = Path(here.server.client().info("server")["config_file"])
    in_the_third_side(monkeypatch, lambda: file.rename(file.with_suffix(".moved")))
    assert here.run(HZ, **QUICK)["left_as_found"] is True
    nothing_is_left(here, here.server.client(), "33")


def test_a_responder_that_dies_is_no_failure_of_the_server(toggler: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = toggler("hz 33")

    def kill_it() -> None:
        (responder,) = [child for child in psutil.Process().children() if child.pid != here.server.pid]
        responder.kill()

    in_the_third_side(monkeypatch, kill_it)
    with pytest.raises(ChangeError, match="The reference failed while settings were compared") as caught:
        here.run(HZ)
    assert caught.value.details["left_as_found"] is True
    nothing_is_left(here, here.server.client(), "33")


def test_an_error_of_the_host_says_how_the_server_was_left(toggler: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = toggler("hz 33")

    def fail() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    in_the_third_side(monkeypatch, fail)
    with pytest.raises(ChangeError, match="The host does not let us work") as caught:
        here.run(HZ)
    assert caught.value.details["left_as_found"] is True
    nothing_is_left(here, here.server.client(), "33")


def test_a_second_one_with_another_state_directory_is_refused(toggler: Make, tmp_path: Path) -> None:
    here = toggler("hz 33")
    process = here.spawn(HZ)
    here.wait_for("hz", "10")
    with pytest.raises(ChangeError, match="are being compared already"):
        here.run(HZ, state_directory=os.fspath(tmp_path / "another"))
    process.terminate()
    said_by(process)
    nothing_is_left(here, here.server.client(), "33")


def test_a_value_that_the_kernel_rounds_does_not_stay(
    toggler: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As read_ahead_kb does, to pages."""
    (tmp_path / "sys/block/sda/queue").mkdir(parents=True)
    file = tmp_path / "sys/block/sda/queue/read_ahead_kb"
    file.write_text("128\n")
    write = kernel_file.write
    monkeypatch.setattr(kernel_file, "write", lambda path, value, what: write(path, str(int(value) // 4 * 4), what))
    connect = connecting(toggler().server.address())
    host = replace(connect(), root=os.fspath(tmp_path))
    setting = {"kind": "sysfs", "key": "block/sda/queue/read_ahead_kb", "values": [128, 5]}
    (rounded,), _skipped = toggle.resolve([setting], host)
    with pytest.raises(ChangeError, match="The kernel makes '4' of '5'"):
        rounded.write(1, host)
    assert restore([rounded], host, lambda: replace(connect(), root=host.root)).as_found
    assert file.read_text() == "128\n"
