# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that was loaded by command alone: a restart loses its commands, and cannot load its data."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import restart
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._server import modules
from tests.integration._change.in_unit import PlayedSystemd
from tests.integration._change.test_starts import add, connected

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
MAY = "enable-module-command yes"


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A module with a data type of its own."""
    path = tmp_path_factory.mktemp("module") / "typed.so"
    source = Path(__file__).with_name("typed.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-nostdlib", "-o", str(path), str(source)], check=True)
    return str(path)


def loaded(host: Any, typed: str) -> Any:
    """By command, with a key of its type."""
    client = host.server.client()
    client.execute_command("MODULE", "LOAD", typed)
    client.execute_command("typed.set", "key")
    return host


def test_by_command_alone(changer: Make, typed: str) -> None:
    host = loaded(changer(MAY, persist=True), typed)
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert hazard["id"] == "modules_at_start" and f"typed ({typed})" in hazard["reason"]
    with pytest.raises(ChangeError, match="typed"):
        restart.restart(connected(host), frozenset(), 0.2)
    assert host.pid == host.server.pid
    add(host, f"loadmodule {typed}")
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True
    assert host.server.client().type("key") == "typed-typ"
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert host.server.client().type("key") == "typed-typ"


def test_what_it_would_come_to(changer: Make, typed: str) -> None:
    """The reason for the guard: the server does not start with a key that no module knows."""
    host = loaded(changer(MAY, persist=True), typed)
    host.server.client().save()
    host.server.stop()
    with pytest.raises(RuntimeError, match="typed-typ"):
        host.server.start()


def test_by_its_file_under_another_name(changer: Make, typed: str, tmp_path: Path) -> None:
    """Through a link, and from an included file."""
    (tmp_path / "here").symlink_to(typed)
    (tmp_path / "modules.conf").write_text(f"loadmodule {tmp_path}/here\n")
    host = changer(f"include {tmp_path}/modules.conf", persist=True)
    host.server.client().execute_command("typed.set", "key")
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True
    assert host.server.client().type("key") == "typed-typ"


def test_on_a_command_line(changer: Make, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a unit starts it again, that of a hand is overwritten."""
    host = changer(persist=True, arguments=("--loadmodule", typed))
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert hazard["id"] == "modules_at_start"
    PlayedSystemd(host.server, "--loadmodule", typed).play(monkeypatch)
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True


def test_a_unit_that_starts_a_script(changer: Make, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of Redis Stack, which adds --loadmodule: its options are not known, and that is said."""
    host = changer(persist=True, arguments=("--loadmodule", typed))
    played = PlayedSystemd(host.server, "--loadmodule", typed)
    played.facts["ExecStart"] = "{ path=/opt/bin/start ; argv[]=/opt/bin/start ; ignore_errors=no }"
    played.play(monkeypatch)
    assert connected(host).instance.start_words is None
    (warning,) = host.apply(*host.redis(tcp_backlog=100), restart="defer", check=True)["warnings"]
    assert f"typed ({typed})" in warning and "played.service" in warning
    applied = host.apply(*host.redis(tcp_backlog=100), restart="allowed")
    assert applied["restarted"] is True and applied["warnings"] == [warning]
    assert host.run("rolled_back")["state"] == "rolled_back"


@pytest.mark.parametrize("in_file", [False, True])
def test_a_server_that_does_not_tell_paths(
    changer: Make, typed: str, monkeypatch: pytest.MonkeyPatch, in_file: bool
) -> None:
    """Before 7.0, and where MODULE LIST is not allowed."""
    monkeypatch.setattr(modules, "_listed", lambda _client: None)
    host = changer(MAY, *([f"loadmodule {typed}"] * in_file), persist=True)
    if in_file:
        host.apply(*host.redis(tcp_backlog=100), check=True, restart="allowed")
    else:
        loaded(host, typed)
        add(host, "loadmodule /usr/bin/env")  # which is there, and not loaded
        (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
        assert hazard["id"] == "modules_at_start" and "typed" in hazard["reason"]


def test_a_user_who_may_not_list_them(changer: Make, typed: str) -> None:
    host = loaded(changer(MAY, persist=True), typed)
    host.server.client().execute_command("ACL", "SETUSER", "app", "on", ">word", "~*", "&*", "+@all", "-module")
    client = redis.Redis(port=host.server.port, username="app", password="word", decode_responses=True)
    assert modules._listed(client) is None
    assert [one.name for one in modules.missing_at_a_start(client, connected(host).instance)] == ["typed"]
    client.close()
