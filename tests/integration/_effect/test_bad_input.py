# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not be toggled is refused before anything is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import armed, boot
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._effect import request
from ansible_collections.lowlat.redis.plugins.module_utils._errors import (
    BadInput,
    ChangeError,
    LowlatError,
    Refused,
    ServerError,
)

from .conftest import Toggler, redis_setting

Make = Callable[..., Toggler]
MODULE = "ansible_collections.lowlat.redis.plugins.modules.setting_effect"


def refused(toggler: Toggler, kind: type[LowlatError], *settings: dict[str, Any], **given: Any) -> LowlatError:
    """The error; nothing was written to the server and no guardian was needed."""
    client = toggler.server.client()
    client.config_resetstat()
    with pytest.raises(kind) as caught:
        toggler.run(*settings, **given)
    writes = client.info("commandstats").get("cmdstat_config|set", {"calls": 0, "failed_calls": 0})
    # The question whether a directive can be set live fails by intent.
    assert writes["calls"] == writes["failed_calls"]
    assert toggler.guardians() == []
    if kind in (BadInput, Refused):
        assert caught.value.where and caught.value.why and caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (redis_setting("hzz", 8, 10), "Did you mean hz"),
        (redis_setting("hz", "fast", 10), "it takes a whole number"),
        (redis_setting("hz", 10, 10), "Both values of redis hz are '10'"),
        (redis_setting("maxmemory", "1gb", 1073741824), "Both values"),
        (redis_setting("requirepass", "a", "b"), "is a secret"),
        ({"kind": "redis", "key": "hz", "values": [8]}, "it needs two values"),
        ({"kind": "redis", "key": "hz", "values": [8, 9, 10]}, "it needs two values"),
        ({"kind": "redis", "key": "hz", "values": [8, None]}, "it needs a kind, a key and a value"),
        ({"kind": "redis", "key": "hz", "value": 8}, "unknown fields: value"),
        ({"kind": "reddis", "key": "hz", "values": [8, 10]}, "Did you mean redis"),
        ({"kind": "sysctl", "key": "vm.no_such_thing", "values": [0, 1]}, "This kernel has no"),
        ({"kind": "affinity", "key": "server", "values": ["0", "4095"]}, "does not exist here"),
        ({"kind": "affinity", "key": "client", "values": ["0", "1"]}, "the only key is server"),
    ],
)
def test_what_is_no_setting(toggler: Make, setting: dict[str, Any], words: str) -> None:
    assert words in refused(toggler(), BadInput, setting).message


@pytest.mark.parametrize(
    ("setting", "hazard"),
    [
        (redis_setting("tcp-nodelay", "yes", "no"), "tcp_nodelay"),
        (redis_setting("databases", 16, 1), "not_live"),
        (redis_setting("io-threads", 1, 2), "not_live"),
        (redis_setting("port", 1, 2), "moves_the_server"),
        (redis_setting("bind", "127.0.0.1", "0.0.0.0"), "moves_the_server"),
        (redis_setting("dir", "/tmp", "/var"), "moves_the_server"),
        (redis_setting("maxmemory", "1gb", 1), "maxmemory_below_used"),
        (redis_setting("hz", 10, 501), "hz_clamped"),
        (redis_setting("appendonly", "no", "yes"), "not_to_be_toggled"),
        (redis_setting("save", "", "1 1"), "not_to_be_toggled"),
        (redis_setting("appendfsync", "everysec", "always"), "no_effect_here"),
        (redis_setting("timeout", 0, 1), "not_to_be_toggled"),
        (redis_setting("hash-max-listpack-entries", 512, 1), "not_to_be_toggled"),
        (redis_setting("hash-max-ziplist-entries", 512, 1), "not_to_be_toggled"),
        (redis_setting("repl-backlog-size", "1mb", "2mb"), "not_to_be_toggled"),
        (redis_setting("slave-read-only", "yes", "no"), "not_to_be_toggled"),
        (redis_setting("tls-port", 0, 1), "moves_the_server"),
        (redis_setting("stop-writes-on-bgsave-error", "no", "yes"), "not_to_be_toggled"),
        (redis_setting("lua-time-limit", 5000, 1), "not_to_be_toggled"),
        ({"kind": "systemd", "key": "CPUAffinity", "values": ["0", "1"]}, "not_live"),
        ({"kind": "sysctl", "key": "vm.swappiness", "values": [201, 202]}, "found_value_is_neither"),
        ({"kind": "sysctl", "key": "kernel.panic_on_oops", "values": [0, 1]}, "not_to_be_toggled"),
        ({"kind": "sysctl", "key": "vm.dirty_bytes", "values": [0, 209715200]}, "paired_sysctl"),
        ({"kind": "sysctl", "key": "vm.overcommit_memory", "values": [1, 2]}, "no_overcommit"),
        ({"kind": "sysctl", "key": "vm.nr_hugepages", "values": [0, 1000000000]}, "takes_the_memory"),
        ({"kind": "sysctl", "key": "net.ipv4.ip_forward", "values": [0, 1]}, "one_way_sysctl"),
    ],
)
def test_what_must_not_be_toggled(toggler: Make, setting: dict[str, Any], hazard: str) -> None:
    error = refused(toggler(), Refused, setting)
    assert hazard in [found["id"] for found in error.details["hazards"]]


def test_every_hazard_of_a_bundle_is_named(toggler: Make) -> None:
    error = refused(
        toggler(), Refused, redis_setting("hz", 8, 10), redis_setting("save", "", "1 1"), redis_setting("port", 1, 2)
    )
    assert {found["setting"] for found in error.details["hazards"]} == {"save", "port"}


def test_a_setting_twice(toggler: Make) -> None:
    settings = [redis_setting("slave-priority", 1, 2), redis_setting("hz", 1, 2), redis_setting("HZ", 1, 3)]
    assert "set twice" in refused(toggler(), BadInput, *settings[1:]).message


def test_optional_settings_are_left_out_with_the_reason(toggler: Make) -> None:
    here = toggler("hz 10")
    settings = [
        redis_setting("appendonly", "no", "yes", optional=True),
        redis_setting("no-such-thing", 1, 2, optional=True),
        {"kind": "systemd", "key": "CPUAffinity", "values": ["0", "1"], "optional": True},
        redis_setting("hz", 10, 8),
    ]
    result = here.run(*settings, check=True)
    assert [one["key"] for one in result["settings"]] == ["hz"]
    reasons = {one["key"]: one["reason"] for one in result["left_out"]}
    assert "rewrites it each time" in reasons["appendonly"]
    assert "knows no directive" in reasons["no-such-thing"]
    assert "not_live" in reasons["CPUAffinity"]
    assert result["verdict"] == "untested"
    assert here.live("hz") == "10"


@pytest.mark.parametrize(
    "values", [[{"redis-server": "0", "bio_aof": "0-1"}, "1"], ["1"], [None, "1"]], ids=["mapping", "one", "none"]
)
def test_an_optional_setting_of_the_wrong_shape_does_not_cost_the_others(toggler: Make, values: list[Any]) -> None:
    """As a change reports the affinity of threads that differ: a CPU list for each name."""
    affinity = {"kind": "affinity", "key": "server", "values": values}
    result = toggler("hz 10").run({**affinity, "optional": True}, redis_setting("hz", 10, 8), check=True)
    assert [one["key"] for one in result["settings"]] == ["hz"]
    assert [(one["kind"], one["key"]) for one in result["left_out"]] == [("affinity", "server")]
    assert "setting 1" in result["left_out"][0]["reason"]
    refused(toggler(), BadInput, affinity)


def test_nothing_left_to_toggle(toggler: Make) -> None:
    result = toggler().run(redis_setting("appendonly", "no", "yes", optional=True))
    assert (result["verdict"], result["settings"]) == ("untested", [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"margin_p50": 0}, "margin_p50 is 0"),
        ({"margin_p99": -1}, "margin_p99 is -1"),
        ({"seconds": 0}, "seconds is 0"),
        ({"duty": 2}, "duty is 2"),
        ({"commands": []}, "commands is empty"),
        ({"commands": ["get"]}, "commands is get"),
        ({"cpu": "fast"}, "cpu is 'fast'"),
        ({"cpu": "4095"}, "CPU 4095"),
        ({"login_port": 99999}, "is no TCP port"),
    ],
)
def test_figures_that_make_no_sense(toggler: Make, given: dict[str, Any], words: str) -> None:
    assert words in refused(toggler(), BadInput, redis_setting("hz", 8, 10), **given).message


@pytest.mark.parametrize("given", [{}, {"setting": redis_setting("hz", 8, 10), "settings": []}, {"settings": []}])
def test_neither_or_both(toggler: Make, given: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        request.run(toggler().options(**given))


def test_a_server_that_is_not_there(toggler: Make) -> None:
    here = toggler()
    here.server.stop()
    with pytest.raises(ServerError, match="Nobody answers"):
        here.run(redis_setting("hz", 8, 10))


def test_a_replica_has_nothing_to_measure_but_ping(toggler: Make) -> None:
    here = toggler("replicaof 127.0.0.1 1")
    error = refused(here, ServerError, redis_setting("hz", 8, 10), commands=["set", "xadd"])
    assert "this is a replica" in error.message


def test_only_one_at_a_time(toggler: Make) -> None:
    here = toggler()
    with Store(here.state_directory).locked(), pytest.raises(ChangeError, match="being worked on"):
        here.run(redis_setting("hz", 8, 10))


@pytest.mark.parametrize(("entries", "let_in"), [(["applied"], True), ([], False), (["rolling_back"], False)])
def test_only_beside_a_change_that_is_whole(toggler: Make, entries: list[str], let_in: bool) -> None:
    here = toggler("hz 33")
    store = Store(here.state_directory)
    change = store.open("phase2", owner="somebody", settings=[], files=[])
    for entry in entries:
        change.journal.append(entry)
    if let_in:
        assert here.run(redis_setting("hz", 8, 10), check=True)["verdict"] == "untested"
        return
    assert "Another change is open" in refused(here, ChangeError, redis_setting("hz", 8, 10)).message


@pytest.mark.parametrize(("left", "let_in"), [(300.0, True), (5.0, False), (-5.0, False)])
def test_only_where_the_host_can_keep_the_changes_deadline(toggler: Make, left: float, let_in: bool) -> None:
    here = toggler("hz 33")
    change = Store(here.state_directory).open("phase2", owner="somebody", settings=[], files=[])
    change.journal.append("applied")
    due = armed.Deadline(
        seconds=300,
        at=time.time() + left,
        boot_at=boot.seconds() + left,
        boot_id=boot.identity(),
        keeper="process",
        runner="",
        python="",
        login={},
        unit=None,
    )
    (change.directory / armed.FILE).write_bytes(armed.encode(asdict(due)))
    if let_in:
        assert here.run(redis_setting("hz", 8, 10), check=True)["verdict"] == "untested"
        return
    error = refused(here, ChangeError, redis_setting("hz", 8, 10))
    assert "would be taken back while it is compared" in error.message


@pytest.mark.slow
def test_the_module_as_ansible_runs_it(toggler: Make, tmp_path: Path) -> None:
    here = toggler("hz 33")
    arguments = {
        "setting": redis_setting("hz", 8, 10),
        "login_port": here.server.port,
        "state_directory": here.state_directory,
        "margin_p50": 10,
        "margin_p99": 10,
        "duty": 1,
    }
    (tmp_path / "arguments.json").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
    command = [sys.executable, "-m", MODULE, os.fspath(tmp_path / "arguments.json")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert (result["changed"], result["verdict"], result["left_as_found"]) == (False, "equivalent", True)
    assert set(result["effects"]) == {"rtt", "set_rtt", "xadd_rtt"}
    assert here.live("hz") == "33"
