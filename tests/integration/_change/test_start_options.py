# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line of a unit gives its server at a start, over the config file or without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from tests.integration._change.in_unit import PlayedSystemd
from tests.integration._change.test_starts import add, fill, ids, killed_hard

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
SMALL = ("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru")


@pytest.fixture
def in_unit(changer: Make, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A changer whose server has been started by a unit with these options."""

    def make(*lines: str, options: tuple[str, ...] = (), config_file: bool = True) -> Any:
        host = changer(*lines, persist=True, arguments=options)
        host.systemd = PlayedSystemd(host.server, *options, config_file=config_file)
        host.systemd.play(monkeypatch)
        return host

    return make


def raised(host: Any) -> Any:
    """By command alone, to hold what would be evicted at a start."""
    host.server.client().config_set("maxmemory", "100mb")
    fill(host)
    return host


def test_a_limit_on_the_command_line(in_unit: Make) -> None:
    host = raised(in_unit("maxmemory 100mb", options=SMALL))
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert hazard["id"] == "evicts_at_start" and "maxmemory of 3145728" in hazard["reason"]
    host.systemd.facts["Environment"] = '"LIMIT=--maxmemory 100mb"'
    host.systemd.options = ("$LIMIT", *SMALL[2:])
    host.apply(*host.redis(tcp_backlog=100), check=True, restart="allowed")


def test_a_limit_in_a_file_of_its_environment(in_unit: Make, tmp_path: Path) -> None:
    host = raised(in_unit(options=("--maxmemory", "100mb")))
    environment = tmp_path / "environment"
    environment.write_text("# of the unit\nOPTIONS='--maxmemory 3mb --maxmemory-policy allkeys-lru'\n")
    host.systemd.facts["EnvironmentFiles"] = f"{environment} (ignore_errors=no)"
    host.systemd.options = ("$OPTIONS",)
    assert ids(host.refused(*host.redis(tcp_backlog=100), restart="allowed")) == ["evicts_at_start"]


def test_a_limit_of_a_server_without_a_config_file(in_unit: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = in_unit(options=SMALL)
    raised(host)
    host.systemd.config_file = False
    place = ("--dir", host.server.directory, "--port", str(host.server.port), "--unixsocket", host.server.unix_socket)
    host.systemd.options = (*place, *SMALL)
    found = ids(host.refused(*host.redis(tcp_backlog=100), restart="allowed"))
    assert found == ["evicts_at_start", "unit_edited"]  # it runs with one here


def test_a_larger_limit_on_the_command_line_wins_over_the_file(in_unit: Make) -> None:
    options = ("--maxmemory", "100mb")
    host = in_unit("maxmemory 3mb", "maxmemory-policy allkeys-lru", options=options)
    fill(host)
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"] is True
    assert (host.live("maxmemory"), host.server.client().dbsize()) == (str(100 << 20), 100)
    assert host.run("rolled_back")["state"] == "rolled_back"


def test_an_edit_that_the_command_line_wins_over_waits_for_no_start(in_unit: Make) -> None:
    host = in_unit("databases 16", options=("--databases", "10"))
    host.apply(*host.redis(hz=20), on_foreign_change="keep")
    add(host, "databases 20")
    undone = host.run("rolled_back")
    assert (undone["state"], undone["pending_restart"]) == ("rolled_back", [])
    assert not any("not in effect" in warning for warning in undone["warnings"])


def test_what_the_command_line_has_brought_instead_of_a_value_by_command(in_unit: Make) -> None:
    """Somebody else has started the server again, with a value that no command has set."""
    options = ("--maxmemory", "200mb", "--slowlog-max-len", "5")
    host = in_unit("maxmemory 100mb", options=options)
    host.server.client().config_set("maxmemory", "400mb")
    host.server.client().config_set("slowlog-max-len", "77")
    host.apply(*host.redis(hz=20))
    host.server.stop()
    host.server.start(*options)
    undone = host.run("rolled_back")
    assert (undone["state"], host.live("maxmemory"), host.live("slowlog-max-len")) == (
        "rolled_back",
        str(400 << 20),
        "77",
    )
    assert any("maxmemory, slowlog-max-len was otherwise by command" in warning for warning in undone["warnings"])


def test_a_dead_server_whose_command_line_would_evict(in_unit: Make) -> None:
    host = raised(in_unit(options=SMALL))
    host.apply(*host.redis(hz=20))
    host.server.client().save()
    killed_hard(host)
    with pytest.raises(ChangeError, match="would evict keys"):
        host.run("rolled_back")


def test_a_line_by_hand_is_not_what_we_start_it_with(changer: Make) -> None:
    """We start it with its file alone: what would come of that counts."""
    host = changer("maxmemory 3mb", "maxmemory-policy allkeys-lru", "set-proc-title no", arguments=("--hz", "20"))
    raised(host)
    add(host, "save 3600 1")
    host.server.client().config_set("save", "3600 1")
    assert ids(host.refused(*host.redis(tcp_backlog=100), restart="allowed")) == ["evicts_at_start"]


def test_databases_on_the_command_line(in_unit: Make) -> None:
    host = in_unit(options=("--databases", "10"))
    host.server.client(db=9).set("key", "value")
    host.apply(*host.redis(tcp_backlog=100), check=True, restart="allowed")
    host.systemd.options = ("--databases", "4")
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert (hazard["id"], "4 databases" in hazard["reason"]) == ("databases_at_start", True)


def test_a_data_directory_on_the_command_line(in_unit: Make, tmp_path: Path) -> None:
    host = in_unit(options=("--dir", str(tmp_path)))
    host.apply(*host.redis(tcp_backlog=100), check=True, restart="allowed")
    host.systemd.options = ()
    hazards = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    assert [(hazard["id"], hazard["setting"]) for hazard in hazards] == [("data_elsewhere", "dir")]


def test_a_master_on_the_command_line_that_the_server_had_left(in_unit: Make, redis_server: Make) -> None:
    """Started as that one's replica it would take over other data in the place of its own."""
    master = redis_server("repl-diskless-sync-delay 0")
    host = in_unit("hz 10", options=("--replicaof", f"127.0.0.1 {master.port}"))
    client = host.server.client()
    until(lambda: client.info("replication").get("master_link_status") == "up", "the link", "")
    client.replicaof("NO", "ONE")
    client.set("only", "here")
    host.apply(*host.redis(hz=20))
    client.save()
    killed_hard(host)
    with pytest.raises(ChangeError, match="another one's data would replace its own"):
        host.run("rolled_back")
