# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose farewell the log of a dead server holds, in logs that no server of these tests writes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import farewell

BYE = "7:M 01 Jan 2026 00:00:00.000 # Redis is now ready to exit, bye bye...\n"
STARTED = "9:M 01 Jan 2026 00:00:00.000 * Running mode=standalone, port={port}.\n"
FMT = 'pid={pid} role=master timestamp="2026-01-01 00:00:00" level=warning message="{message}"\n'


def change(path: Path, *entries: dict[str, Any], **runtime: str) -> Any:
    launch = {"directory": str(path.parent), "log": farewell.mark(str(path))}
    opened = {"runtime": {"logfile": path.name, **runtime}, "launch": launch, "server": {"pid": 7}}
    return SimpleNamespace(opened=opened, journal=SimpleNamespace(entries=list(entries)))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", False),
        (BYE, True),
        (BYE.rstrip("\n"), True),
        (BYE.replace("7:M", "17:M"), False),
        (BYE + "7:M 01 Jan 2026 00:00:01.000 # anything\n", False),
        (BYE + "8:M 01 Jan 2026 00:00:01.000 # another one's\nand what is no line of a server\n", True),
        (STARTED.format(port=6379) + BYE.replace("7:M", "9:M"), True),
        (STARTED.format(port=637) + BYE.replace("7:M", "9:M"), False),
        (STARTED.format(port=6379) + BYE, True),
        (BYE + STARTED.format(port=6379), False),
        (FMT.format(pid=7, message="Valkey is now ready to exit, bye bye..."), True),
        (FMT.format(pid=8, message="Valkey is now ready to exit, bye bye..."), False),
    ],
)
@pytest.mark.parametrize("ports", [{"port": "6379"}, {"port": "0", "tls-port": "6379"}])
def test_it_is_its_own(tmp_path: Path, written: str, said: bool, ports: dict[str, str]) -> None:
    path = tmp_path / "redis.log"
    path.write_text("7:M 01 Jan 2026 00:00:00.000 * from before\n" + BYE)
    made = change(path, **ports)
    with path.open("a") as log:
        log.write(written)
    assert farewell.was_said(made) is said


def test_the_newest_process_counts(tmp_path: Path) -> None:
    path = tmp_path / "redis.log"
    path.touch()
    made = change(path, {"entry": "restarting", "pid": 7}, {"entry": "restarted", "pid": 8}, {"entry": "applied"})
    path.write_text(BYE)
    assert not farewell.was_said(made)
    path.write_text(BYE + BYE.replace("7:M", "8:M"))
    assert farewell.was_said(made)


@pytest.mark.parametrize("begun_anew", ["renamed", "truncated"])
def test_a_rotated_log_is_read_from_its_beginning(tmp_path: Path, begun_anew: str) -> None:
    path = tmp_path / "redis.log"
    path.write_text("7:M 01 Jan 2026 00:00:00.000 * from before\n" * 100)
    made = change(path)
    if begun_anew == "renamed":
        path.rename(tmp_path / "redis.log.1")
    path.write_text(BYE)
    assert farewell.was_said(made)


def test_journals_of_old_did_not_note_where_the_log_ended(tmp_path: Path) -> None:
    path = tmp_path / "redis.log"
    path.write_text("7:M 01 Jan 2026 00:00:00.000 * from before\n" * 1000 + BYE)
    made = change(path)
    for name in ("log", "outputs"):
        made.opened["launch"].pop(name, None)
    assert farewell.was_said(made)
    path.write_text(BYE.replace("7:M", "8:M"))
    assert not farewell.was_said(made)
    made.opened.update(launch=None, server={})  # what a damaged journal tells
    made.opened["runtime"]["logfile"] = str(path)
    assert not farewell.was_said(made)


MASTER = "7:M 01 Jan 2026 00:00:00.000 * MASTER MODE enabled (user request from 'id=3 addr=127.0.0.1:1 laddr=...')\n"
REPLICA = "7:S 01 Jan 2026 00:00:00.000 * REPLICAOF 127.0.0.1:2 enabled (user request from 'id=3')\n"


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("", False),
        (MASTER, True),
        (MASTER + "7:M 01 Jan 2026 00:00:01.000 * anything\n", True),
        (MASTER + REPLICA, False),
        (MASTER + REPLICA.replace("REPLICAOF", "SLAVE OF"), False),
        (REPLICA + MASTER, True),
        (MASTER.replace("7:M", "8:M"), False),
        (MASTER + STARTED.format(port=6379), False),
        (MASTER + STARTED.format(port=637), True),
    ],
)
def test_what_it_says_of_its_role(tmp_path: Path, written: str, made: bool) -> None:
    path = tmp_path / "redis.log"
    path.write_text(MASTER)
    opened = change(path, port="6379")
    with path.open("a") as log:
        log.write(written)
    assert farewell.made_master(opened) is made
