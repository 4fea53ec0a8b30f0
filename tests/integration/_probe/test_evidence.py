# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference, the ledger and the evidence of a measurement, with a real server and real interference."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge.gates import parse
from ansible_collections.lowlat.redis.plugins.module_utils._judge.schema import SCHEMA_EXAMPLE
from ansible_collections.lowlat.redis.plugins.module_utils._judge.series import decode
from ansible_collections.lowlat.redis.plugins.module_utils._probe import measurement
from ansible_collections.lowlat.redis.plugins.module_utils._probe.evidence import Evidence
from ansible_collections.lowlat.redis.plugins.module_utils._probe.ledger import Ledger, Party
from ansible_collections.lowlat.redis.plugins.module_utils._probe.measurement import measure
from ansible_collections.lowlat.redis.plugins.module_utils._probe.placement import place
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from ansible_collections.lowlat.redis.plugins.module_utils._probe.server import Server as ProbedServer
from tests.conftest import Server

pytestmark = pytest.mark.slow

Start = Callable[..., Server]
CPU = max(os.sched_getaffinity(0))
PLAN = Plan(samples=300, runs=2, duty=1, block=100)
CLIENT = ("rtt", "set_rtt", "xadd_rtt")


@pytest.fixture
def pinned_server(redis_server: Start) -> Start:
    """As redis_server, with every thread of it on one CPU."""

    def make(cpu: int = CPU) -> Server:
        server = redis_server()
        for tid in os.listdir(f"/proc/{server.pid}/task"):
            os.sched_setaffinity(int(tid), {cpu})
        return server

    return make


@contextmanager
def burner(cpu: int) -> Iterator[None]:
    """A process that takes from this CPU whatever it gets, once it runs."""
    code = f"import os; os.sched_setaffinity(0, {{{cpu}}}); print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.send_signal(signal.SIGKILL)


def children(server: Server) -> list[int]:
    """Of this process, but for the server."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split() if int(pid) != server.pid]


def shares(found: dict[str, Any], term: str) -> list[float]:
    """The term's share of the wall time, block by block, of PING."""
    series = decode(found["series"])
    return [part / wall for part, wall in zip(series[f"rtt.{term}"], series["rtt.wall"])]


def shape_of(value: Any) -> Any:
    """The keys of a mapping at any depth, but for those that depend on the host."""
    if not isinstance(value, dict):
        return None
    return {key: None if key in ("threads", "frequency", "lacking") else shape_of(value[key]) for key in value}


def test_the_shape_is_that_of_the_example(pinned_server: Start) -> None:
    found = measure(pinned_server().address(), PLAN)
    assert found["schema"] == SCHEMA_EXAMPLE["schema"]
    for name in ("reference", "relative", "ledger", "evidence"):
        assert shape_of(found[name]) == shape_of(SCHEMA_EXAMPLE[name]), name
    assert found["ledger"]["lacking"] == {}
    assert [set(run) for run in found["by_run"]] == [set(run) for run in SCHEMA_EXAMPLE["by_run"]][:2]
    for gate in parse([{"name": q, "query": q, "max": 1e9} for q in ("relative.rtt.p50", "reference.p99")]):
        assert (gate.query.number(found) or 0) > 0


def test_every_block_has_its_reference_block(pinned_server: Start) -> None:
    found = measure(pinned_server().address(), PLAN)
    series = decode(found["series"])
    figures = ("p50", "p90", "p99", "wall", "probe", "server", "idle", "foreign")
    assert set(series) == {f"{metric}.{figure}" for metric in ("reference", *CLIENT) for figure in figures}
    assert {len(values) for values in series.values()} == {6}
    assert found["reference"]["count"] == 600
    for metric in CLIENT:
        assert found["relative"][metric]["blocks"] == 6
        low, high = found["relative"][metric]["p50_interval"]
        assert low <= found["relative"][metric]["p50"] <= high


def test_the_ledger_closes(pinned_server: Start) -> None:
    found = measure(pinned_server().address(), PLAN)
    for metric in ("reference", *CLIENT):
        terms = found["ledger"][metric]
        parts = sum(terms[term] for term in ("probe", "server", "idle", "foreign"))
        assert parts == pytest.approx(terms["wall"], rel=0.05)
        assert terms["probe"] > 0 and terms["server"] > 0


def test_a_block_with_nobody_else_has_nothing_foreign(pinned_server: Start) -> None:
    # Others may run on any CPU at any time, but hardly on all of them in every block.
    for cpu in 5 * sorted(os.sched_getaffinity(0)):
        found = measure(pinned_server(cpu).address(), PLAN)
        ours = [probe + server for probe, server in zip(shares(found, "probe"), shares(found, "server"))]
        if min(shares(found, "foreign")) < 0.05 and max(ours) > 0.9:
            return
    pytest.fail("there was something foreign in every block")


def test_somebody_else_on_the_cpu_is_foreign(pinned_server: Start) -> None:
    server = pinned_server()
    with burner(CPU):
        found = measure(server.address(), Plan(samples=2000, runs=3, duty=1, commands=("ping",)))
    terms = found["ledger"]["rtt"]
    assert terms["foreign"] > 0.15 * terms["wall"]
    assert terms["foreign"] > terms["idle"]


def test_a_server_elsewhere_has_a_ledger_too(pinned_server: Start) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("this process may use one CPU alone: there is no other one for the probe to be on")
    other = str(min(os.sched_getaffinity(0)))
    found = measure(pinned_server().address(), Plan(samples=200, runs=1, duty=1, cpu=other, commands=("ping",)))
    assert found["ledger"]["lacking"] == {}
    # What both do at the same time is in the account of each.
    terms = found["ledger"]["rtt"]
    assert sum(terms[term] for term in ("probe", "server", "idle", "foreign")) > 0.95 * terms["wall"]
    assert (found["evidence"]["same_cpu"], found["evidence"]["pinned"]) == (False, True)


def test_a_server_that_is_not_pinned_is_said_to_be(redis_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    parties = []

    class Watched(Ledger):
        def __init__(self, cpu: int, server: Party, responder: Party) -> None:
            parties.extend([server.cpus, responder.cpus, {cpu}])
            super().__init__(cpu, server, responder)

    monkeypatch.setattr(measurement, "Ledger", Watched)
    server = redis_server()
    found = measure(server.address(), PLAN)
    assert parties == [os.sched_getaffinity(server.pid), {found["cpu"]["probe"]}, {found["cpu"]["probe"]}]
    assert found["evidence"]["pinned"] == (len(parties[0]) == 1)
    assert found["reference"]["count"] == 600


def test_io_threads_that_may_work_elsewhere_are_said(redis_server: Start) -> None:
    server = redis_server("io-threads 2")
    os.sched_setaffinity(server.pid, {CPU})
    found = measure(server.address(), PLAN)
    assert any("io_thd" in warning and "main thread alone" in warning for warning in found["warnings"])
    assert found["ledger"]["rtt"]["server"] > 0


def test_without_a_reference(redis_server: Start) -> None:
    found = measure(redis_server().address(), Plan(samples=60, runs=1, duty=1, reference=False))
    assert found["not_measured"] == {"reference": "it was not asked for"}
    assert found["relative"] == {} and "reference" not in found
    assert set(found["ledger"]) == {*CLIENT, "lacking"}


def test_the_reference_takes_the_servers_transport_and_says_which(redis_server: Start) -> None:
    server = redis_server()
    assert measure(server.address(), PLAN)["reference"]["transport"] == "tcp"
    found = measure(server.address(unix_socket=server.unix_socket), PLAN)
    assert (found["transport"], found["reference"]["transport"]) == ("unix", "unix")


def test_a_responder_that_dies_takes_only_the_reference_along(
    redis_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = redis_server()
    begin = Evidence.begin

    def killing(self: Evidence) -> None:
        begin(self)
        (pid,) = children(server)
        os.kill(pid, signal.SIGKILL)

    monkeypatch.setattr(Evidence, "begin", killing)
    found = measure(server.address(), PLAN)
    assert set(found["not_measured"]) == {"reference"}
    assert "responder failed" in found["not_measured"]["reference"]
    assert found["rtt"]["count"] == 600
    assert children(server) == []


def test_no_responder_to_be_had_is_no_failure(redis_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> Any:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(measurement, "responder", refuse)
    found = measure(redis_server().address(), PLAN)
    assert "Resource temporarily" in found["not_measured"]["reference"]


def test_it_can_be_called_again_and_again(redis_server: Start) -> None:
    server = redis_server()
    measure(server.address(), PLAN)
    before = (os.listdir("/proc/self/fd"), children(server), os.sched_getaffinity(0))
    for _time in range(3):
        measure(server.address(), PLAN)
    assert (os.listdir("/proc/self/fd"), children(server), os.sched_getaffinity(0)) == before
    assert children(server) == []


@contextmanager
def evidence_of(server: Server, **login: Any) -> Iterator[dict[str, Any]]:
    """Filled when the block is left: the evidence of what happened in it."""
    found: dict[str, Any] = {}
    probed = ProbedServer(server.address(**login))
    try:
        evidence = Evidence(probed, place("same", server.pid), server.pid)
        evidence.begin()
        yield found
        found.update(evidence.end())
    finally:
        probed.close()


def test_what_happens_in_the_server_is_found(redis_server: Start) -> None:
    server = redis_server(
        "slowlog-log-slower-than 0", "latency-monitor-threshold 1", "enable-debug-command local", "appendonly no"
    )
    with server.client() as client, client.monitor(), evidence_of(server) as found:
        client.execute_command("DEBUG", "SLEEP", "0.005")
        client.execute_command("BGSAVE")
    assert found["monitors"] == 1
    assert found["background"] == ["bgsave"]
    assert found["slowlog"] >= 2
    assert "command" in found["latency_events"]
    assert set(found["lacking"]) <= {"frequency"}


def test_where_the_server_and_its_threads_may_run(pinned_server: Start) -> None:
    with evidence_of(pinned_server()) as found:
        pass
    assert found["threads"]["redis-server"] == str(CPU)
    assert set(found["threads"].values()) == {str(CPU)} and len(found["threads"]) > 1
    assert found["pinned"] is True


def test_a_server_that_is_moved_about_is_found(redis_server: Start) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("this process may use one CPU alone: the server can be moved nowhere")
    server = redis_server()
    with server.client() as client, evidence_of(server) as found:
        for turn in range(6):
            os.sched_setaffinity(server.pid, {cpus[turn % 2]})
            client.ping()
    assert found["migrations"]["server"] >= 5


def test_a_user_without_permission_gets_the_rest(redis_server: Start) -> None:
    server = redis_server("user probe on >secret ~lowlat:probe:* +ping +info +set +xadd +del +pexpire")
    found = measure(server.address(user="probe", password="secret"), PLAN)
    for name in ("monitors", "slowlog", "latency_events"):
        assert found["evidence"][name] is None
        assert "no permissions" in found["evidence"]["lacking"][name]
    assert found["evidence"]["background"] == []


def test_files_that_are_not_there_are_lacking(redis_server: Start, tmp_path: os.PathLike[str]) -> None:
    server = redis_server()
    probed = ProbedServer(server.address())
    evidence = Evidence(probed, place("same", server.pid), server.pid, root=str(tmp_path))
    evidence.begin()
    found = evidence.end()
    probed.close()
    nameless = ("migrations", "steal", "throttled", "pressure", "interrupts", "frequency", "threads")
    for name in nameless:
        assert found["lacking"][name]
    assert [found[name] for name in nameless[1:]] == [None] * 6
    assert found["migrations"] == {"probe": None, "server": None}
    assert found["monitors"] == 0
