# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody gives the server another password while a change is open: the host finds it where the server would."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands
from tests.integration import planted
from tests.integration._change.conftest import Changer
from tests.integration._runner.test_deadline import apply, directory, run, state

pytestmark = pytest.mark.slow

Make = Callable[..., Changer]
OLD, NEW = f"{planted.MARK}old", f"{planted.MARK}new"


def now(host: Changer, password: str | None = NEW) -> Changer:
    """The same host by another login."""
    host.server.password = password
    return replace(host, login={"login_password": password} if password else {})


def recovered(host: Changer) -> subprocess.CompletedProcess[str]:
    done = run(host, "recover", host.state_directory)
    assert planted.MARK not in done.stdout + done.stderr
    return done


def edit(host: Changer, old: str, new: str) -> None:
    path = Path(host.server.config_file)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def is_back(host: Changer) -> bool:
    return (state(host), host.live("hz"), b"hz 20" in host.config) == ("rolled_back", "10", False)


@pytest.fixture
def host(changer: Make) -> Changer:
    """With an open change."""
    made = changer(password=OLD, login={"login_password": OLD})
    apply(made, *made.redis(hz=20))
    return made


def test_set_by_command_and_in_the_file(host: Changer) -> None:
    host.server.client().config_set("requirepass", NEW)
    edit(host, OLD, NEW)
    done = recovered(host)
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_back(now(host)) and NEW.encode() in host.config


def test_the_file_is_rewritten_by_the_server(host: Changer) -> None:
    client = host.server.client()
    client.config_set("requirepass", NEW)
    now(host).server.client().config_rewrite()
    assert recovered(host).returncode == 0
    assert is_back(now(host)) and NEW.encode() in host.config


def test_the_server_was_restarted_with_it(host: Changer) -> None:
    edit(host, OLD, NEW)
    host.server.stop()
    now(host).server.start()
    assert recovered(host).returncode == 0
    assert is_back(now(host))


def test_given_to_a_user_of_the_config_file(changer: Make) -> None:
    host = changer(f"user default on >{OLD} ~* &* +@all", login={"login_password": OLD})
    host.server.password = OLD
    apply(host, *host.redis(hz=20))
    host.server.client().execute_command("ACL", "SETUSER", "default", "resetpass", f">{NEW}")
    edit(host, OLD, NEW)
    assert recovered(host).returncode == 0
    assert is_back(now(host)) and NEW.encode() in host.config


def test_given_to_a_user_of_the_acl_file(changer: Make, tmp_path: Path) -> None:
    users = tmp_path / "users.acl"
    users.write_text(f"user default on >{OLD} ~* &* +@all\nuser other on >{NEW}other ~* &* +@all\n")
    host = changer(f"aclfile {users}", login={"login_password": OLD})
    host.server.password = OLD
    apply(host, *host.redis(hz=20))
    users.write_text(users.read_text().replace(OLD, NEW))
    host.server.client().execute_command("ACL", "LOAD")
    assert recovered(host).returncode == 0
    assert is_back(now(host))


def test_taken_away(host: Changer) -> None:
    host.server.client().config_set("requirepass", "")
    edit(host, f"requirepass {OLD}\n", "")
    assert recovered(host).returncode == 0
    assert is_back(now(host, None))


def test_found_although_what_was_kept_for_the_deadline_is_damaged(host: Changer) -> None:
    (path,) = Path(host.state_directory).glob("changes/*/armed")
    path.write_bytes(b"")
    assert recovered(host).returncode == 0
    assert is_back(host)


def test_what_stands_in_no_file_is_left_to_somebody_who_knows_it(host: Changer) -> None:
    before = host.config.replace(b"hz 20\n", b"")
    host.server.client().config_set("requirepass", NEW)
    done = recovered(host)
    assert done.returncode == commands.BY_HAND
    assert "its config file says" in done.stdout and "login_password that it has now" in done.stdout
    assert (state(host), host.config) == ("rollback_failed", before)
    assert now(host).run("rolled_back")["state"] == "rolled_back" and is_back(now(host))


def test_a_login_that_is_right_is_not_looked_for_elsewhere(changer: Make) -> None:
    """The file may say what the server is to have after its next start."""
    host = changer(password=OLD, login={"login_password": OLD})
    applied: dict[str, Any] = apply(host, *host.redis(hz=20))
    edit(host, OLD, NEW)
    assert recovered(host).returncode == 0
    assert is_back(host) and os.listdir(directory(host, applied))
