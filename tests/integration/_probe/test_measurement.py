# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured over every way in, and what is not measured where writing is not wise."""

from __future__ import annotations

import json
import os
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._judge.gates import judge, parse
from ansible_collections.lowlat.redis.plugins.module_utils._judge.schema import SCHEMA_EXAMPLE
from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import slot
from ansible_collections.lowlat.redis.plugins.module_utils._probe.histogram import decode
from ansible_collections.lowlat.redis.plugins.module_utils._probe.measurement import measure
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from ansible_collections.lowlat.redis.plugins.module_utils._probe.server import Server as ProbedServer
from tests.conftest import Server
from tests.integration._probe.conftest import Certificate
from tests.ports import free_port

pytestmark = pytest.mark.slow
Start = Callable[..., Server]
PLAN = Plan(samples=60, runs=2, duty=1, block=40)
CLIENT = ("rtt", "set_rtt", "xadd_rtt")
ALL = (*CLIENT, "set", "xadd")


def is_whole(measurement: dict[str, Any]) -> bool:
    return measurement["not_measured"] == {} and all(measurement[name]["count"] >= 120 for name in ALL)


def assert_ping_alone(measurement: dict[str, Any], reason: str) -> None:
    assert measurement["rtt"]["count"] == 120
    assert set(measurement["not_measured"]) == {"set_rtt", "xadd_rtt", "set", "xadd"}
    assert all(reason in text for text in measurement["not_measured"].values())
    assert not any(name in measurement for name in measurement["not_measured"])


def test_a_measurement_has_the_shape_that_gates_are_checked_against(redis_server: Start) -> None:
    server = redis_server()
    os.sched_setaffinity(server.pid, {max(os.sched_getaffinity(0))})
    before = os.sched_getaffinity(0)
    found = measure(server.address(), PLAN)
    assert is_whole(found)
    assert os.sched_getaffinity(0) == before
    assert server.client().dbsize() == 0
    assert json.loads(json.dumps(found)) == found
    assert set(SCHEMA_EXAMPLE) <= set(found)
    assert found["cpu"] == {"requested": "same", "probe": max(before), "server": [max(before)], "same": True}
    for name in ALL:
        assert set(SCHEMA_EXAMPLE[name]) <= set(found[name])
        assert found[name]["p50"] <= found[name]["p90"] <= found[name]["p99"] <= found[name]["p999"]
        assert [name in run for run in found["by_run"]] == [True, True]
    for name in CLIENT:
        assert sum(number for _us, number in decode(found[name]["histogram"])) == 120
    assert found["set"]["foreign_calls"] == 0


def test_a_measurement_agrees_with_itself(redis_server: Start) -> None:
    """Or no gate could be judged by it."""
    found = measure(redis_server().address(), Plan(samples=3000, runs=2, duty=1, block=100))
    figures = ("p50", "p90", "p99", "p999", "max", "mean", "jitter")
    queries = [f"{name}.{figure}" for name in (*ALL, "reference") for figure in figures]
    queries += [f"relative.{name}.{figure}" for name in CLIENT for figure in ("p50", "p90", "p99")]
    queries += [f"max(by_run[].{name}.p99)" for name in ALL]
    for query in queries:
        (outcome,) = judge(parse([{"name": "x", "query": query, "max": 1e9}]), found)
        assert outcome["judged"], outcome["reason"]


def test_on_a_fresh_server_the_percentiles_are_those_of_latencystats(redis_server: Start) -> None:
    server = redis_server()
    found = measure(server.address(), Plan(samples=2000, runs=1, duty=1, commands=("set",)))["set"]
    assert found["source"] == "latencystats"
    told = server.client().info("latencystats")["latency_percentiles_usec_set"]
    # The warm-up is in the server's figures and not in ours.
    assert abs(found["p50"] - told["p50"]) < 1.1


def test_statistics_of_the_server_are_left_alone(redis_server: Start) -> None:
    server = redis_server()
    with server.client() as client:
        client.set("mine", 1)
        measure(server.address(), PLAN)
        after = client.info("commandstats")["cmdstat_set"]["calls"]
        # Its warm-ups before the run and before each block, its trial, its samples, and the one before it.
        assert after == 1 + 1 + 200 + 4 * 10 + 120
        assert client.keys() == ["mine"]


def test_a_second_measurement_counts_its_own_calls_alone(redis_server: Start) -> None:
    server = redis_server()
    measure(server.address(), PLAN)
    second = measure(server.address(), PLAN)
    assert second["set"]["source"] == "latency_histogram"
    assert (second["set"]["count"], second["set"]["foreign_calls"]) == (160, 0)


def test_over_a_unix_socket(redis_server: Start) -> None:
    server = redis_server()
    found = measure(server.address(unix_socket=server.unix_socket), PLAN)
    assert is_whole(found)
    assert found["transport"] == "unix"


def test_over_ipv6(redis_server: Start) -> None:
    assert is_whole(measure(redis_server("bind 127.0.0.1 ::1").address(host="::1"), PLAN))


def test_over_tls_with_a_certificate_of_our_own(redis_server: Start, certificate: Certificate) -> None:
    port = free_port()
    server = redis_server(
        f"tls-port {port}",
        f"tls-cert-file {certificate.certificate}",
        f"tls-key-file {certificate.key}",
        f"tls-ca-cert-file {certificate.certificate}",
        "tls-auth-clients yes",
    )
    own = {"client_cert_file": certificate.certificate, "client_key_file": certificate.key}
    found = measure(server.address(port=port, tls=True, ca_certs=certificate.certificate, **own), PLAN)
    assert is_whole(found)
    assert found["transport"] == "tls"
    with pytest.raises(ServerError, match="TLS"):
        measure(server.address(port=port, tls=True, **own), PLAN)


def test_paced(redis_server: Start) -> None:
    found = measure(redis_server().address(), Plan(samples=30, runs=1, rate=5000, commands=("set",)))
    assert found["set_rtt"]["count"] == 30
    assert found["not_measured"]["rtt"] == "it was not asked for"


def test_with_a_password_and_without(redis_server: Start) -> None:
    server = redis_server(password="right")
    assert is_whole(measure(server.address(), PLAN))
    for wrong in (None, "wrong"):
        with pytest.raises(ServerError, match="does not let user default in") as caught:
            measure(server.address(password=wrong), PLAN)
        assert caught.value.details["code"] == "auth"


def test_a_user_of_its_own(redis_server: Start) -> None:
    server = redis_server(
        "user probe on >secret ~lowlat:probe:* +ping +info +latency|histogram +set +xadd +del +pexpire +client"
    )
    assert is_whole(measure(server.address(user="probe", password="secret"), PLAN))


def test_a_user_that_may_not_write(redis_server: Start) -> None:
    server = redis_server("user reader on >secret ~* +@all -@write")
    found = measure(server.address(user="reader", password="secret"), PLAN)
    assert_ping_alone(found, "no permissions")
    assert not [warning for warning in found["warnings"] if "left to expire" in warning], "no key was written"


def test_a_user_that_may_write_only_a_part(redis_server: Start) -> None:
    server = redis_server("user half on >secret ~* +@all -xadd -latency")
    found = measure(server.address(user="half", password="secret"), PLAN)
    assert set(found["not_measured"]) == {"xadd_rtt", "xadd", "set"}
    assert found["set_rtt"]["count"] == 120
    assert found["set"]["mean"] > 0
    assert server.client().dbsize() == 0


def test_a_replica(redis_server: Start) -> None:
    master = redis_server()
    server = redis_server(f"replicaof 127.0.0.1 {master.port}", "replica-read-only no")
    assert_ping_alone(measure(server.address(), PLAN), "not on its master")


@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru"])
def test_memory_at_its_limit(redis_server: Start, policy: str) -> None:
    server = redis_server("maxmemory 1500kb", f"maxmemory-policy {policy}")
    assert_ping_alone(measure(server.address(), PLAN), "limit")


def test_too_few_replicas(redis_server: Start) -> None:
    assert_ping_alone(measure(redis_server("min-replicas-to-write 1").address(), PLAN), "NOREPLICAS")


def test_a_command_that_was_renamed_away(redis_server: Start) -> None:
    found = measure(redis_server('rename-command XADD ""').address(), PLAN)
    assert set(found["not_measured"]) == {"xadd_rtt", "xadd"}
    assert "unknown command" in found["not_measured"]["xadd_rtt"]


def test_without_latency_tracking_there_is_the_mean(redis_server: Start) -> None:
    found = measure(redis_server("latency-tracking no").address(), PLAN)
    assert found["set"]["source"] == "commandstats"
    assert "latency-tracking" in found["not_measured"]["set"]


def test_a_cluster_node_gets_keys_of_its_own_slots(redis_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = redis_server("cluster-enabled yes", "cluster-require-full-coverage no")
    assert_ping_alone(measure(server.address(), PLAN), "serves no slots")
    server.client().execute_command("CLUSTER", "ADDSLOTS", *range(100, 140))
    keys: list[str] = []
    choose = ProbedServer.choose_keys

    def watched(self: ProbedServer, *arguments: Any) -> str:
        reason = choose(self, *arguments)
        keys.extend(self.keys.values())
        return reason

    monkeypatch.setattr(ProbedServer, "choose_keys", watched)
    # A node that has just started takes writes only after two seconds: what counts here are the keys.
    measure(server.address(), PLAN)
    with server.client() as client:
        told = [client.execute_command("CLUSTER", "KEYSLOT", key) for key in keys]
    assert told == [slot(key) for key in keys]
    assert [100 <= place < 140 for place in told] == [True, True]


def test_a_cpu_that_is_not_there(redis_server: Start) -> None:
    server = redis_server()
    with pytest.raises(BadInput, match="CPU 4000 does not exist"):
        measure(server.address(), Plan(cpu="4000"))
    assert "cmdstat_set" not in server.client().info("commandstats")


def test_no_server_there() -> None:
    with pytest.raises(ServerError, match="Nobody answers"):
        measure(Server(free_port(), "", None).address(), PLAN)  # type: ignore[arg-type]
