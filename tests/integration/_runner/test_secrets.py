# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are nowhere but in the server's own files and, as far as restoring needs them, below the state directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import history, request, writing
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._host import environment
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands, copy
from tests.integration import planted

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
SECRET = {"kind": "redis", "key": "tls-key-file-pass", "secret": planted.NEW_KEY}
HZ = {"kind": "redis", "key": "hz", "value": 20}


class Life:
    """Requests whose every output is kept."""

    def __init__(self, host: Any) -> None:
        self.host = host
        self.said: list[str] = []
        self.state = Path(host.state_directory)

    def run(self, state: str, *, check: bool = False, **params: Any) -> dict[str, Any]:
        options = self.host.options(state, **params)
        try:
            result = request.run(options, check=check, install=copy.install)
        except LowlatError as error:
            result = {"failed": error.message, **error.details}
        self.said.append(json.dumps(result))
        return result

    def apply(self, *settings: dict[str, Any], **params: Any) -> dict[str, Any]:
        return self.run("applied", **{"name": "trial", "settings": list(settings), "confirm_within": 600, **params})

    def status(self) -> dict[str, Any]:
        found = history.tell(self.host.state_directory, None, self.host.options("applied"))
        self.said.append(json.dumps(found))
        return found

    def recover(self) -> int:
        (runner,) = self.state.glob("runner/*.pyz")
        done = subprocess.run(
            [sys.executable, os.fspath(runner), "recover", os.fspath(self.state)],
            cwd="/",
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said.append(done.stdout + done.stderr)
        return done.returncode

    def edit(self) -> None:
        """Somebody else changes the secret, live and stored."""
        self.host.server.client().config_set("tls-key-file-pass", f"{planted.MARK}theirs")
        path = Path(self.host.server.config_file)
        path.write_text(path.read_text().replace(planted.NEW_KEY, f"{planted.MARK}theirs-stored"))


@pytest.fixture
def life(changer: Make) -> Iterator[Life]:
    host = changer(*planted.LINES, persist=True, password=planted.PASSWORD, login={"login_password": planted.PASSWORD})
    found = Life(host)
    yield found
    assert planted.found_in("\n".join(found.said)) == []
    assert planted.open_to_others(found.state) == []
    assert planted.found_below(Path(host.server.directory)) == {"redis.conf"}


def names(state: Path) -> set[str]:
    """The names of the files of changes that hold a secret in clear."""
    return {os.path.basename(path) for path in planted.found_below(state)}


def test_a_full_life_shows_none(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    before = life.host.config
    with planted.watching_processes() as seen:
        assert life.apply(SECRET, HZ, check=True)["changed"]
        assert "secret instead of value" in life.apply({**SECRET, "secret": None, "value": planted.NEW_KEY})["failed"]
        assert life.apply(SECRET, HZ)["state"] == "applied"
        assert names(life.state) == {"armed", "journal"}
        assert life.run("confirmed")["state"] == "confirmed"
        assert names(life.state) == {"journal"}  # the value before, which a rollback has to set
        assert life.status()["drift"] == []
        life.edit()
        assert len(life.status()["drift"]) == 2
        assert life.run("rolled_back")["state"] == "rolled_back"
        assert names(life.state) == {"journal", "foreign-0"}
        assert life.host.config == before and life.host.live("tls-key-file-pass") == planted.KEY
        monkeypatch.setattr(writing, "differing", lambda *_arguments: ["it is not so"])
        assert "it is not so" in life.apply(SECRET, HZ)["failed"]
    assert seen == []


def test_the_host_itself_shows_none(life: Life) -> None:
    with planted.watching_processes() as seen:
        life.apply(SECRET, HZ, on_foreign_change="fail")
        life.edit()
        assert life.recover() == commands.BY_HAND and "ROLLBACK FAILED, left to do by hand: " in life.said[-1]
        life.status()
        assert life.run("rolled_back", on_foreign_change="keep")["state"] == "rolled_back"
        assert life.apply(HZ, {**SECRET, "secret": f"{planted.MARK}third"})["state"] == "applied"
        assert life.recover() == 0 and "rolled back" in life.said[-1]
        assert not list(life.state.glob("changes/*/armed"))
    assert seen == []


def test_a_damaged_journal_shows_none(life: Life) -> None:
    life.apply(SECRET, HZ)
    (path,) = life.state.glob("changes/*/journal")
    damaged = bytearray(path.read_bytes())
    place = damaged.index(b'"entry":"runtime"')
    damaged[place + 3] ^= 1
    path.write_bytes(bytes(damaged))
    life.status()
    assert life.run("rolled_back")["state"] == "rollback_failed"
    assert path.with_name("journal.damaged").exists()
    assert life.run("rolled_back")["state"] == "rolled_back"


def test_a_restart_and_a_dead_server_show_none(life: Life) -> None:
    life.host.server.client().set("key", "value")
    assert life.apply(SECRET, *life.host.redis(databases=1), restart="allowed")["restarted"]
    assert life.run("rolled_back")["state"] == "rolled_back"
    assert life.host.live("masterauth") == planted.MASTER and life.host.live("masteruser") == planted.MASTER_USER
    life.host.server.client().config_set("masterauth", f"{planted.MARK}by-command-alone")
    assert life.apply(SECRET, *life.host.redis(databases=1), restart="allowed")["restarted"]
    assert life.host.live("masterauth") == f"{planted.MARK}by-command-alone"
    server = psutil.Process(life.host.pid)
    server.kill()
    server.wait(10)
    assert life.run("rolled_back")["restarted"]
    assert life.host.live("tls-key-file-pass") == planted.KEY


def test_the_environment_of_a_server_is_in_the_journal_alone(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not one of the planted: a test that runs beside this one looks for those in every process.
    secret = {"TRIAL_PASSWORD": "of-the-environment-3f6a"}
    with monkeypatch.context() as here:
        here.setenv(*next(iter(secret.items())))
        life = Life(changer(persist=True))
    life.apply(*life.host.redis(databases=4), restart="allowed")
    assert secret.items() <= (environment.of(life.host.pid) or {}).items()
    files = (path for path in life.state.rglob("*") if path.is_file())
    assert {path.name for path in files if secret["TRIAL_PASSWORD"].encode() in path.read_bytes()} == {"journal"}
    life.status()
    assert life.run("rolled_back")["state"] == "rolled_back"
    assert secret.items() <= (environment.of(life.host.pid) or {}).items()
    assert secret["TRIAL_PASSWORD"] not in "\n".join(life.said) and planted.open_to_others(life.state) == []


def test_what_only_has_to_be_known_again_is_sealed(life: Life) -> None:
    life.apply(SECRET, HZ)
    (path,) = life.state.glob("changes/*/journal")
    text = path.read_text()
    for secret in (planted.PASSWORD, planted.MASTER, planted.MASTER_USER, planted.NEW_KEY, planted.USER, planted.HASH):
        assert secret not in text
    assert planted.KEY in text  # as a value to set again


def test_hazards_and_broken_files_show_none(life: Life) -> None:
    """What they complain about may hold one."""
    for key in ("requirepass", "masterauth", "user", "tls-client-key-file-pass"):
        assert "failed" in life.apply({"kind": "redis", "key": key, "secret": f"{planted.MARK}{key}\n"})
        assert "failed" in life.apply({"kind": "redis", "key": key, "value": f"{planted.MARK}{key}"})
    path = Path(life.host.server.config_file)
    whole = path.read_bytes()
    for line in ("requirepass a planted-b c", 'masterauth "planted-unbalanced', "user bob on >planted-bob +@nothing"):
        path.write_bytes(whole + line.encode() + b"\n")
        life.apply(*life.host.redis(databases=1), restart="allowed")
    path.write_bytes(whole)
    assert not list(life.state.glob("changes/*"))
