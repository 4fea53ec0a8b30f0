# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: JSON in, JSON out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.module_utils import _gated_probe
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, LowlatError
from ansible_collections.lowlat.redis.plugins.modules.latency_probe import OPTIONS
from tests.conftest import Server

pytestmark = pytest.mark.slow
Start = Callable[..., Server]
MODULE = "ansible_collections.lowlat.redis.plugins.modules.latency_probe"
SMALL = {"samples": 50, "runs": 2, "duty": 1}


def run_module(tmp_path: os.PathLike[str], **arguments: Any) -> dict[str, Any]:
    file = os.path.join(tmp_path, "arguments.json")
    with open(file, "w", encoding="utf-8") as out:
        json.dump({"ANSIBLE_MODULE_ARGS": arguments}, out)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", MODULE, file]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def run_held_back(server: Server, tmp_path: os.PathLike[str], **arguments: Any) -> dict[str, Any]:
    """The module, and once it measures it may run for a millisecond in twenty."""
    before = server.client().info("commandstats").get("cmdstat_set", {"calls": 0})["calls"]
    with server.client() as client, ThreadPoolExecutor(1) as pool:
        done = pool.submit(run_module, tmp_path, login_port=server.port, **arguments)
        while not done.done() and client.info("commandstats").get("cmdstat_set", {"calls": 0})["calls"] < before + 50:
            pass
        (probe,) = [child.pid for child in psutil.Process().children() if MODULE in child.cmdline()]
        while not done.done():
            for number, seconds in ((signal.SIGSTOP, 0.02), (signal.SIGCONT, 0.001)):
                with suppress(ProcessLookupError):
                    os.kill(probe, number)
                time.sleep(seconds)
    return done.result()


def parameters(server: Server, **given: Any) -> dict[str, Any]:
    return {
        **{name: spec.get("default") for name, spec in OPTIONS.items()},
        **SMALL,
        "login_port": server.port,
        **given,
    }


def gate(**given: Any) -> dict[str, Any]:
    return {"name": "g", "query": "rtt.p50", "max": 1e9, "severity": "hard", "against": "absolute", **given}


def test_gates_that_hold(redis_server: Start, tmp_path: os.PathLike[str]) -> None:
    gates = [{"name": "generous", "query": "rtt.p99", "max": 1e9}]
    result = run_module(tmp_path, login_port=redis_server().port, gates=gates, **SMALL)
    assert result["changed"] is False
    assert result["measurement"]["rtt"]["count"] == 100
    assert [outcome["outcome"] for outcome in result["gates"]] == ["pass"]
    assert result["decision"]["decision"] == "keep"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, None),
        # As a play hands on what an earlier task of the same rehearsal has measured.
        ({"gates": [gate(against="baseline")], "baseline": {}}, None),
        ({"gates": [gate(max=None)]}, "The gate lacks max (gate 1, 'g')"),
        ({"gates": [gate(query="rtt.p98")]}, "rtt.p98"),
        ({"gates": [gate(against="baseline")]}, "There is no baseline for g"),
        ({"samples": 0}, "samples is 0"),
    ],
)
def test_a_rehearsal_looks_at_the_gates_and_measures_nothing(
    tmp_path: os.PathLike[str], given: dict[str, Any], says: str | None
) -> None:
    wanted = {"gates": [gate()], "login_unix_socket": "/no/such/socket", **given}
    result = run_module(tmp_path, **wanted, _ansible_check_mode=True)
    if says is None:
        assert (result["changed"], result["measurement"], result["gates"]) == (False, {}, [])
    else:
        assert result["failed"] is True and says in result["msg"]


def test_a_gate_that_fails_returns_everything(redis_server: Start, tmp_path: os.PathLike[str]) -> None:
    gates = [{"name": "impossible", "query": "rtt.p50", "max": 0.001}]
    result = run_module(tmp_path, login_port=redis_server().port, gates=gates, **SMALL)
    assert result["failed"] is True
    assert "impossible" in result["msg"]
    assert result["measurement"]["rtt"]["count"] == 100
    # Beside somebody who disturbs it nobody can tell why it fails; it is not kept either way.
    assert ["impossible"] in (result["decision"]["failed"], result["decision"]["inconclusive"])
    assert result["decision"]["decision"] == "roll_back"


def test_an_error_is_one_clear_failure(tmp_path: os.PathLike[str]) -> None:
    result = run_module(tmp_path, login_unix_socket="/no/such/socket")
    assert result["failed"] is True
    assert result["error"]["where"] == "unix:/no/such/socket"
    assert "Nobody answers" in result["msg"]
    assert "exception" not in result


@pytest.mark.parametrize(
    ("lacking", "says"),
    [
        (
            {"name": "g", "query": "rtt.p50"},
            "The gate lacks max (gate 1, 'g'): it needs them all. A gate reads {name: ",
        ),
        ({"name": "g"}, "The gate lacks query and max (gate 1, 'g')"),
        ({"query": "rtt.p50", "max": 1}, "The gate lacks name (gate 1, 'rtt.p50')"),
    ],
)
def test_a_gate_that_lacks_something_is_named(tmp_path: os.PathLike[str], lacking: dict[str, Any], says: str) -> None:
    result = run_module(tmp_path, login_unix_socket="/no/such/socket", gates=[lacking])
    assert result["failed"] is True
    assert says in result["msg"], result["msg"]
    assert set(result["error"]) == {"what", "where", "why", "remedy"}


@pytest.mark.parametrize(
    "given",
    [
        {"gates": [gate(query="rtt.p98")]},
        {"gates": [gate(query="rtt.[")]},
        {"samples": 0},
        {"duty": 0},
        {"runs": 0},
        {"rate": 0.001},
        {"commands": []},
        {"commands": ["get"]},
        {"cpu": "fast"},
        {"cpu": "99"},
        {"cpu": "0-1"},
        {"login_port": 0},
        {"login_port": 99999},
    ],
)
def test_bad_input_is_refused_before_anything_is_measured(redis_server: Start, given: dict[str, Any]) -> None:
    server = redis_server()
    with pytest.raises(BadInput) as caught:
        _gated_probe.run(parameters(server, **given))
    error = caught.value
    assert error.what and error.where and error.why and error.remedy
    assert next(iter(given)).rstrip("s") in error.where
    assert "cmdstat_xadd" not in server.client().info("commandstats")


def test_gates_against_a_baseline(redis_server: Start) -> None:
    server = redis_server()
    # As many blocks as say anything about how much they differ.
    baseline = _gated_probe.run(parameters(server, runs=4))["measurement"]
    held = _gated_probe.run(parameters(server, runs=4, baseline=baseline, gates=[gate(max=1e6, against="baseline")]))
    assert held["gates"][0]["baseline"] == baseline["rtt"]["p50"]
    assert held["decision"]["decision"] == "keep"
    with pytest.raises(LowlatError, match="1 hard gate (failed|could not be judged)"):
        _gated_probe.run(parameters(server, runs=4, baseline=baseline, gates=[gate(max=1e-6, against="baseline")]))


def test_a_soft_gate_does_not_fail_the_task(redis_server: Start) -> None:
    found = _gated_probe.run(parameters(redis_server(), gates=[gate(), gate(name="s", max=0, severity="soft")]))
    assert [outcome["outcome"] for outcome in found["gates"]] == ["pass", "fail"]


def test_a_probe_that_is_held_back_does_not_fail_the_server(redis_server: Start, tmp_path: os.PathLike[str]) -> None:
    """Whoever stops the probe stops it beside the reference too."""
    server = redis_server()
    sizes = {"samples": 2000, "runs": 3, "duty": 1, "commands": ["set"]}
    baseline = _gated_probe.run(parameters(server, **sizes))["measurement"]
    held = {"against": "baseline", "max": 3, "tolerance": 1}
    gates = [gate(name=f, query=f"relative.set_rtt.{f}", **held) for f in ("p50", "p99")]
    found = run_held_back(server, tmp_path, baseline=baseline, gates=gates, verify_seconds=0.1, **sizes)
    assert found["measurement"]["set_rtt"]["count"] == 6000
    assert found["decision"]["failed"] == []
    assert found["decision"]["decision"] == "keep" or found["decision"]["inconclusive"]
    assert found["measurement"]["set_rtt"]["max"] > 10_000
