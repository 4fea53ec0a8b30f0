# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate and its key that were set by command alone: neither goes with the other's predecessor."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.ports import free_port, give_back

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def pair(directory: Path) -> dict[str, str]:
    """A new certificate with its key, by directive."""
    directory.mkdir()
    made = {"tls-cert-file": str(directory / "cert.pem"), "tls-key-file": str(directory / "key.pem")}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lowlat"]
        + ["-keyout", made["tls-key-file"], "-out", made["tls-cert-file"]],
        check=True,
        capture_output=True,
    )
    return made


def test_a_certificate_by_command_comes_back_with_its_key(changer: Make, tmp_path: Path) -> None:
    first, second = pair(tmp_path / "first"), pair(tmp_path / "second")
    tls_port = free_port()
    lines = [*(f"{name} {path}" for name, path in first.items()), f"tls-ca-cert-file {first['tls-cert-file']}"]
    host = changer(f"tls-port {tls_port}", *lines, persist=True)
    host.server.client().config_set(*(word for item in second.items() for word in item))
    assert host.apply(*host.redis(tcp_backlog=100), restart="allowed")["restarted"]
    assert {name: host.live(name) for name in second} == second
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert {name: host.live(name) for name in second} == second
    give_back(tls_port)
