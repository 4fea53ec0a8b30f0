# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart would meet that does not show before: files, names of commands, a failover, a replica's own keys."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from tests.integration._change.test_starts import connected

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
FAST = ("repl-diskless-sync-delay 0", "repl-ping-replica-period 1")


def refused(host: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    return found


def is_restarted(host: Any) -> bool:
    return bool(host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"])


def add(host: Any, *lines: str) -> None:
    with open(host.server.config_file, "a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


@pytest.mark.parametrize("name", ["tls-cert-file", "tls-key-file", "tls-ca-cert-file"])
def test_a_certificate_that_is_gone(changer: Make, tmp_path: Path, name: str) -> None:
    """Guard not_startable: the server has read it long ago."""
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lowlat", "-keyout", "key.pem"]
    subprocess.run([*made, "-out", "cert.pem"], cwd=tmp_path, check=True, capture_output=True)
    for copy in ("tls-cert-file", "tls-ca-cert-file"):
        (tmp_path / copy).write_bytes((tmp_path / "cert.pem").read_bytes())
    (tmp_path / "key.pem").rename(tmp_path / "tls-key-file")
    lines = [f"{each} {tmp_path}/{each}" for each in ("tls-cert-file", "tls-key-file", "tls-ca-cert-file")]
    host = changer("tls-port 0", *lines, persist=True)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed", check=True)  # nothing reads it without TLS
    (tmp_path / name).write_bytes(content)
    host.server.stop()
    add(host, f"tls-port {host.server.port + 1}")
    host.server.start()
    (tmp_path / name).unlink()
    (hazard,) = refused(host)
    assert hazard["id"] == "not_startable" and f"there is no file {tmp_path}/{name}" in hazard["reason"]
    host.server.stop()
    with pytest.raises(RuntimeError):  # it would have stayed down
        host.server.start()


@pytest.mark.parametrize("name", ["BGSAVE", "SHUTDOWN", "CONFIG"])
@pytest.mark.parametrize("to", ['""', "another-name"])
def test_a_command_whose_name_the_file_takes_away(changer: Make, name: str, to: str) -> None:
    """Guard command_renamed: a restart would bring it."""
    host = changer(persist=True)
    host.server.client().set("key", "value")
    add(host, f"rename-command {name} {to}")
    (hazard,) = refused(host)
    assert hazard["id"] == "command_renamed" and name in hazard["reason"]


@pytest.mark.parametrize("name", ["BGSAVE", "SHUTDOWN"])
def test_a_command_that_the_running_server_does_not_know(changer: Make, name: str) -> None:
    host = changer(f'rename-command {name} ""', persist=True)
    host.server.client().set("key", "value")
    (hazard,) = refused(host)
    assert hazard["id"] == "command_renamed" and name in hazard["reason"]


def test_names_of_commands_that_no_restart_needs(changer: Make) -> None:
    host = changer('rename-command FLUSHALL ""', 'rename-command BGREWRITEAOF ""', persist=True)
    host.server.client().set("key", "value")
    assert is_restarted(host)


def test_a_failover_that_is_under_way(changer: Make, redis_server: Make) -> None:
    """Guard failover_under_way: the server holds its writes for it, and is about to be a replica."""
    host = changer(*FAST, persist=True)
    replica = redis_server(*FAST, f"replicaof 127.0.0.1 {host.server.port}")
    client = host.server.client()
    until(lambda: client.info("replication").get("slave0", {}).get("state") == "online", "the replica", "")
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        client.set("key", "value")
        client.execute_command("FAILOVER", "TO", "127.0.0.1", replica.port)
        (hazard,) = refused(host)
        assert hazard["id"] == "failover_under_way"
        client.execute_command("FAILOVER", "ABORT")
    finally:
        os.kill(replica.pid, signal.SIGCONT)
    assert is_restarted(host)


def test_keys_of_its_own_on_a_replica(changer: Make, redis_server: Make) -> None:
    """Guard replica_keys: a full sync takes them."""
    master = redis_server(*FAST)
    master.client().set("key", "value")
    host = changer(*FAST, f"replicaof 127.0.0.1 {master.port}", "replica-read-only no")
    client = host.server.client()
    until(lambda: client.info("replication")["master_link_status"] == "up", "the link", "")
    client.set("own", "value")
    (hazard,) = refused(host)
    assert hazard["id"] == "replica_keys" and f"127.0.0.1:{master.port}" in hazard["reason"]
    assert "restart: defer" in hazard["remedy"]
    (warning,) = host.apply(*host.redis(tcp_backlog=100), restart="defer", check=True)["warnings"]
    assert "[replica_keys]" in warning and "restart: defer" not in warning
    client.delete("own")
    assert is_restarted(host)


def test_a_port_that_its_command_line_alone_has(changer: Make) -> None:
    """Guard data_elsewhere: without a unit the change starts it with its file, whether its line can be read or not."""
    host = changer("set-proc-title no", persist=True)
    path, port = Path(host.server.config_file), host.server.port
    host.server.stop()
    path.write_text(re.sub(r"(?m)^port .*$", "port 1", path.read_text()))
    host.server.start("--port", str(port))
    assert connected(host).instance.command_line_overrides == {"port"}
    (hazard,) = refused(host)
    assert (hazard["id"], hazard["setting"]) == ("data_elsewhere", "port") and "port or socket" in hazard["reason"]
