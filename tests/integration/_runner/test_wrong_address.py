# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks for a rollback by a wrong address or login changes nothing, and the host goes on watching."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import addresses
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address
from tests.integration._change.conftest import Changer
from tests.integration._runner.test_deadline import apply, directory, run, state
from tests.ports import free_port

pytestmark = pytest.mark.slow

Make = Callable[..., Changer]


def refused(host: Changer, applied: dict[str, Any], **login: Any) -> LowlatError:
    """Nothing was written, live or on the disk, and the watch is there."""
    where = directory(host, applied)
    held = {path.name: path.read_bytes() for path in where.iterdir()}
    config, alive = host.config, host.server.process.poll() is None
    for check in (True, False):
        with pytest.raises(LowlatError) as caught:
            host.run("rolled_back", check=check, **login)
    assert {path.name: path.read_bytes() for path in where.iterdir()} == held and "armed" in held
    assert (host.config, state(host)) == (config, "applied")
    assert not alive or host.live("hz") == "20"
    assert caught.value.where and caught.value.why and caught.value.remedy
    return caught.value


def is_taken_back_by_the_host(host: Changer) -> None:
    done = run(host, "recover", host.state_directory)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (state(host), host.live("hz")) == ("rolled_back", "10")


@pytest.mark.parametrize(
    "login",
    [
        {"login_port": 0},  # a free one
        {"login_host": "127.0.0.9"},
        {"login_unix_socket": "/nonexistent/redis.sock"},
        {"tls": True, "validate_certs": False},
    ],
)
def test_where_nobody_answers_and_the_change_was_not_made(changer: Make, login: dict[str, Any]) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    asked = {name: value or free_port() for name, value in login.items()} if "login_port" in login else login
    error = refused(host, applied, **asked)
    assert f"127.0.0.1:{host.server.port}" in error.message and "nothing was done" in error.message
    is_taken_back_by_the_host(host)


def test_a_dead_server_is_not_started_for_a_wrong_port(changer: Make) -> None:
    host = changer(persist=True)
    applied = apply(host, *host.redis(hz=20))
    host.server.stop()
    refused(host, applied, login_port=free_port())
    assert host.run("rolled_back")["state"] == "rolled_back" and host.live("hz") == "10"


@pytest.mark.parametrize("how", ["localhost", "socket"])
def test_a_dead_server_is_known_by_its_other_addresses(changer: Make, how: str) -> None:
    host = changer(persist=True)
    apply(host, *host.redis(hz=20))
    host.server.stop()
    login = {"login_host": "localhost"} if how == "localhost" else {"login_unix_socket": host.server.unix_socket}
    undone = host.run("rolled_back", **login)
    assert (undone["state"], undone["restarted"], host.live("hz")) == ("rolled_back", True, "10")


def _of_this_host() -> list[str]:
    """None of it need be more than the loopback's."""
    found = (one for each in psutil.net_if_addrs().values() for one in each)
    words = (one.address.partition("%")[0] for one in found if one.family in (socket.AF_INET, socket.AF_INET6))
    return sorted({"127.0.0.2", "::1", *words})


@pytest.mark.parametrize(
    ("bound", "families"),
    [
        ("*", {4}),
        ("0.0.0.0", {4}),
        ("* -::*", {4, 6}),
        ("127.0.0.1 ::*", {6}),
        ("127.0.0.1", set()),
    ],
)
def test_one_that_listens_everywhere_is_known_by_each_address_of_the_host(
    changer: Make, bound: str, families: set[int]
) -> None:
    host = changer(f"bind {bound}", "protected-mode no")
    host.apply(*host.redis(hz=20))
    change = Store(host.state_directory).find()
    for asked in _of_this_host():
        family = 6 if ":" in asked else 4
        known = addresses.leads_to(change, Address(host=asked, port=host.server.port))
        assert known is (family in families or asked == "127.0.0.1"), asked
        assert not addresses.leads_to(change, Address(host=asked, port=free_port()))
    for asked in ("192.0.2.1", "2001:db8::1", "redis.invalid"):
        assert not addresses.leads_to(change, Address(host=asked, port=host.server.port))


def test_a_dead_server_that_listens_everywhere_is_taken_back_by_another_address(changer: Make) -> None:
    host = changer("bind *", persist=True)
    apply(host, *host.redis(hz=20))
    host.server.stop()
    undone = host.run("rolled_back", login_host="127.0.0.2")
    assert (undone["state"], undone["restarted"], host.live("hz")) == ("rolled_back", True, "10")


def test_a_change_made_by_its_socket_is_taken_back_by_its_port(changer: Make) -> None:
    host = changer(persist=True)
    apply(host, *host.redis(hz=20), login_unix_socket=host.server.unix_socket)
    host.server.stop()
    assert host.run("rolled_back")["state"] == "rolled_back" and host.live("hz") == "10"


def test_by_tls_where_it_was_made_without(changer: Make, certificates: tuple[str, ...]) -> None:
    """Another port, and another way, of the same server."""
    port = free_port()
    host = changer(f"tls-port {port}", *certificates, persist=True)
    apply(host, *host.redis(hz=20))
    host.server.stop()
    undone = host.run("rolled_back", login_port=port, tls=True, validate_certs=False)
    assert undone["state"] == "rolled_back" and host.live("hz") == "10"


def test_what_was_made_by_tls_is_found_again_by_the_journal(changer: Make, certificates: tuple[str, ...]) -> None:
    port = free_port()
    host = changer(f"tls-port {port}", *certificates)
    applied = apply(host, *host.redis(hz=20), login_port=port, tls=True, validate_certs=False)
    error = refused(host, applied, login_port=port)
    assert "nothing was done" in error.message
    Path(directory(host, applied), "armed").write_bytes(b"")
    is_taken_back_by_the_host(host)


def test_a_wrong_password_ends_no_watch(changer: Make) -> None:
    host = changer(password="right", login={"login_password": "right"})
    applied = apply(host, *host.redis(hz=20))
    error = refused(host, applied, login_password="wrong")
    assert "recover" in error.remedy and os.fspath(host.state_directory) in error.remedy
    is_taken_back_by_the_host(host)


def test_no_half_of_a_kept_change_is_taken_back_by_a_wrong_password(changer: Make) -> None:
    host = changer(password="right", login={"login_password": "right"})
    change_id = host.apply(*host.redis(hz=20))["change_id"]
    host.run("confirmed", change_id=change_id)
    config = host.config
    for check in (True, False):
        with pytest.raises(LowlatError, match="nothing was done") as caught:
            host.run("rolled_back", login_password="wrong", check=check)
        assert "login_password" in caught.value.remedy and "recover" not in caught.value.remedy
    assert (state(host), host.config, host.live("hz")) == ("confirmed", config, "20")
    assert host.run("rolled_back")["state"] == "rolled_back"


def test_of_a_change_that_nobody_watches_or_keeps_the_files_go_back_with_a_wrong_password_too(changer: Make) -> None:
    host = changer(password="right", login={"login_password": "right"})
    before = host.config
    host.apply(*host.redis(hz=20))
    with pytest.raises(LowlatError, match="let us in"):
        host.run("rolled_back", login_password="wrong")
    assert (state(host), host.config) == ("rollback_failed", before)


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[str, ...]:
    """Lines of redis.conf for a certificate that is its own authority."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
        + ["-keyout", os.fspath(key), "-out", os.fspath(certificate)],
        check=True,
        capture_output=True,
    )
    return (
        f"tls-cert-file {certificate}",
        f"tls-key-file {key}",
        f"tls-ca-cert-file {certificate}",
        "tls-auth-clients no",
    )
