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

from ansible_collections.lowlat.redis.plugins.module_utils._errors import (
    BadInput,
    ChangeError,
    LowlatError,
    Refused,
    ServerError,
)

Make = Callable[..., Any]


def fails(host: Any, *words: str) -> None:
    """The error says what, where, why and what to do, and nothing was changed."""
    before = host.config
    with pytest.raises(LowlatError) as caught:
        host.apply(*host.redis(hz=8))
    error = caught.value
    assert error.what and error.where and error.why and error.remedy
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


BOUND_DIRECTORY = ["--bind", "{directory}", "{directory}"]
READ_ONLY = ["-o", "remount,bind,ro", "{directory}"]
READ_ONLY_DIRECTORY = (BOUND_DIRECTORY, READ_ONLY)
BOUND_FILE = (["--bind", "{file}", "{file}"],)
READ_ONLY_FILE = (*BOUND_FILE, ["-o", "remount,bind,ro", "{file}"])


def under_mounts(host: Any, namespaces: tuple[str, ...], mounts: Any, *states: str) -> Any:
    """hz 8, and what else is asked for, in a process with these mounts of its own."""
    places = {"directory": host.server.directory, "file": host.server.config_file}
    commands = [["mount", *(word.format(**places) for word in words)] for words in mounts]
    requests = [host.options(state, settings=host.redis(hz=8), name="trial") for state in ("applied", *states)]
    program = f"""
import subprocess
from ansible_collections.lowlat.redis.plugins.module_utils._change import request
for command in {commands!r}:
    subprocess.run(command, check=True)
for options in {requests!r}:
    print(request.run(options, check=False)["state"], "hz 8" in open({host.server.config_file!r}).read())
"""
    return subprocess.run(
        [*(word for word in namespaces if word != "--net"), sys.executable, "-c", program],
        env=dict(os.environ, PYTHONPATH=":".join(sys.path)),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("mounts", [READ_ONLY_DIRECTORY, READ_ONLY_FILE], ids=["directory", "file"])
def test_a_config_file_that_is_mounted_read_only(changer: Make, in_namespaces: tuple[str, ...], mounts: Any) -> None:
    host = changer()
    before = host.config
    done = under_mounts(host, in_namespaces, mounts)
    assert done.returncode != 0
    assert "file_not_writable" in done.stderr and "read-only" in done.stderr
    assert (host.config, host.live("hz")) == (before, "10")
    assert not Path(host.state_directory).exists()


@pytest.mark.slow
@pytest.mark.parametrize("mounts", [BOUND_FILE, (BOUND_DIRECTORY, *BOUND_FILE, READ_ONLY)], ids=["", "root read-only"])
def test_a_config_file_that_is_a_mount_point_of_its_own(
    changer: Make, in_namespaces: tuple[str, ...], mounts: Any
) -> None:
    """As containers have it: it cannot be replaced, and is written in place."""
    host = changer()
    before = host.config
    done = under_mounts(host, in_namespaces, mounts, "rolled_back")
    assert done.stdout.splitlines() == ["applied True", "rolled_back False"], done.stderr
    assert (host.config, host.live("hz")) == (before, "10")


APP = {"login_user": "app", "login_password": "secret"}


@pytest.mark.parametrize(
    "rules",
    ["+@all -config|set", "+@all -config|set -acl|dryrun", "+@all -@admin +config|get +acl|getuser +acl|cat"],
)
def test_a_user_who_may_not_set_anything(changer: Make, rules: str) -> None:
    host = changer(f"user app on >secret ~* &* {rules}", login=APP)
    fails(host, "not_permitted", "User app may not run CONFIG SET", "+config|set")


def test_who_may_not_pause_clients_or_stop_the_server(changer: Make) -> None:
    host = changer("user app on >secret ~* &* +@all -client|pause -shutdown", login=APP, persist=True)
    with pytest.raises(Refused) as caught:
        host.apply(*host.redis(databases=8), restart="allowed")
    (hazard,) = caught.value.details["hazards"]
    assert hazard["id"] == "not_permitted"
    assert "CLIENT PAUSE, SHUTDOWN" in hazard["reason"] and "+client|pause +shutdown" in hazard["remedy"]
    assert not Path(host.state_directory).exists()


@pytest.mark.parametrize(("key", "needs"), [("hz", "CONFIG SET"), ("databases", "CLIENT PAUSE")])
def test_who_may_not_even_ask_what_is_allowed(changer: Make, key: str, needs: str) -> None:
    rule = "-" + needs.lower().replace(" ", "|")
    host = changer(f"user app on >secret ~* &* +@all {rule} -acl +acl|list +acl|cat", login=APP, persist=True)
    before = host.config
    with pytest.raises(ChangeError, match="the host was put back") as caught:
        host.apply(*host.redis(**{key: 8}), restart="allowed")
    assert f"app may not run {needs}" in caught.value.message
    assert str(host.server.port) in caught.value.where and "ACL SETUSER" in caught.value.remedy
    assert (host.config, host.history()["open"]) == (before, None)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"kind": "redis", "key": "hertz", "value": 8}, ["redis hertz", "CONFIG GET"]),
        ({"kind": "redis", "key": "hz", "value": "fast"}, ["redis hz", "whole number"]),
        ({"kind": "affinity", "key": "server", "value": "99"}, ["affinity server", "CPU 99"]),
        ({"kind": "redis", "key": "timeout", "value": "1\n2"}, ["redis timeout", "line break"]),
        ({"kind": "redis", "key": "server_cpulist", "value": "99"}, ["redis server_cpulist", "CPU 99"]),
        ({"kind": "sysctl", "key": "swappiness", "value": "1"}, ["sysctl swappiness", "no sysctl"]),
        ({"kind": "sysctl", "key": "vm.swappiness", "value": "much"}, ["sysctl vm.swappiness", "holds a number"]),
        ({"kind": "sysctl", "key": "vm.swappiness", "value": ""}, ["sysctl vm.swappiness", "is empty"]),
        ({"kind": "sysfs", "key": "../etc", "value": "1"}, ["sysfs ../etc", "no file under /sys"]),
        ({"kind": "sysfs", "key": "kernel/mm", "value": "1"}, ["sysfs kernel/mm", "is a directory"]),
        ({"kind": "affinity", "key": "client", "value": "0"}, ["affinity client", "only key"]),
        ({"kind": "rediss", "key": "hz", "value": 8}, ["rediss hz", "kinds are"]),
    ],
)
def test_a_wrong_setting_is_told_with_its_name_and_what_to_do(changer: Make, setting: Any, words: list[str]) -> None:
    host = changer()
    with pytest.raises(BadInput) as caught:
        host.apply(setting)
    assert caught.value.what and caught.value.where and caught.value.why and caught.value.remedy
    for word in words:
        assert word in caught.value.message
