# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is not there, does not let us in or has no CONFIG; a file that cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError, ServerError

Make = Callable[..., Any]


def fails(host: Any, *words: str) -> None:
    """The error says what, where and what to do, and nothing was changed."""
    before = host.config
    with pytest.raises(LowlatError) as caught:
        host.apply(*host.redis(hz=8))
    error = caught.value
    assert error.what and error.where and error.remedy
    for word in words:
        assert word in error.message
    assert host.config == before
    assert not Path(host.state_directory).exists()


def test_no_server_there(changer: Make) -> None:
    host = changer()
    host.server.stop()
    fails(host, "Nobody answers", str(host.server.port))


def test_a_wrong_password(changer: Make) -> None:
    host = changer(login={"login_password": "wrong"}, password="right")
    fails(host, "does not let user default in")


def test_a_user_without_config(changer: Make) -> None:
    host = changer("user app on >secret ~* +@all -config", login={"login_user": "app", "login_password": "secret"})
    fails(host, "app", "CONFIG", "ACL SETUSER")


def test_config_renamed_away(changer: Make) -> None:
    host = changer('rename-command CONFIG ""')
    fails(host, "no command CONFIG", "rename-command")


def test_a_socket_that_is_not_there(changer: Make) -> None:
    host = changer(login={"login_unix_socket": "/nonexistent/redis.sock"})
    with pytest.raises(ServerError, match=r"/nonexistent/redis\.sock"):
        host.apply(*host.redis(hz=8))


def test_a_config_file_on_a_read_only_file_system(changer: Make, in_namespaces: tuple[str, ...]) -> None:
    host = changer()
    before = host.config
    options = host.options("applied", settings=host.redis(hz=8), name="trial")
    program = f"""
import subprocess
from ansible_collections.lowlat.redis.plugins.module_utils._change import request
directory = {host.server.directory!r}
subprocess.run(["mount", "--bind", directory, directory], check=True)
subprocess.run(["mount", "-o", "remount,bind,ro", directory], check=True)
request.run({options!r}, check=False)
"""
    done = subprocess.run(
        [*(word for word in in_namespaces if word != "--net"), sys.executable, "-c", program],
        env=dict(os.environ, PYTHONPATH=":".join(sys.path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "file_not_writable" in done.stderr and "read-only" in done.stderr
    assert (host.config, host.live("hz")) == (before, "10")
