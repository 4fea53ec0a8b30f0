# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd, threads
from ansible_collections.lowlat.redis.plugins.module_utils._server.process import Process
from ansible_collections.lowlat.redis.plugins.module_utils._settings import dropin
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Host, Setting
from ansible_collections.lowlat.redis.plugins.module_utils._settings.systemd_dropin import SystemdDropin

HEAD = b"# Written by lowlat.redis.\n"


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        (None, "Nice", "-5", HEAD + b"[Service]\nNice=-5\n"),
        (None, "CPUAffinity", "4", HEAD + b"[Service]\nCPUAffinity=\nCPUAffinity=4\n"),
        (None, "CPUAffinity", "", HEAD + b"[Service]\nCPUAffinity=\n"),
        (b"[Service]\nCPUAffinity=\nCPUAffinity=4\nNice=1\n", "CPUAffinity", "2-3",
         b"[Service]\nCPUAffinity=\nCPUAffinity=2-3\nNice=1\n"),
        (b"[Service]\nNice=1\n", "StartLimitBurst", "9", b"[Service]\nNice=1\n[Unit]\nStartLimitBurst=9\n"),
        (b"[Service]\nNice=1\n\n[Unit]\nAfter=x\n", "LimitNOFILE", "9",
         b"[Service]\nNice=1\nLimitNOFILE=9\n\n[Unit]\nAfter=x\n"),
        (b"[Unit]\nNice=3\n[Service]\n# Nice=2\nNice=1\n", "Nice", "7",
         b"[Unit]\nNice=3\n[Service]\n# Nice=2\nNice=7\n"),
    ],
)  # fmt: skip
def test_a_key_goes_into_its_section(before: bytes | None, key: str, value: str, after: bytes) -> None:
    assert dropin.edit(before, key, value) == after
    assert dropin.edit(after, key, value) == after
    assert dropin.value(after, key) == value


@pytest.mark.parametrize("key", ["nice", "Nice=1\nExecStartPre", "Nice ", "[Service]", "CPU Affinity", "", "Nice\n"])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(BadInput, match="no key of a systemd unit"):
        dropin.section(key)


def test_keys_that_a_drop_in_cannot_set() -> None:
    with pytest.raises(BadInput, match="no effect in a drop-in"):
        dropin.section("WantedBy")


@pytest.mark.parametrize("value", ["1\nExecStartPre=/bin/evil", "1\r2", "a\0b", "x\\", "x\\  "])
def test_a_value_stays_in_its_line(value: str) -> None:
    with pytest.raises(BadInput):
        dropin.check_value("Nice", value)


class Manager:
    """What systemd says of one unit."""

    def __init__(self) -> None:
        self.properties = {"LoadState": "loaded", "CPUAffinity": "0-1", "Nice": "0", "RestartUSec": "100ms"}
        self.reloads = 0

    def show(self, unit: str, properties: list[str]) -> dict[str, str]:
        found = self.properties if unit == "redis-server.service" else {**self.properties, "LoadState": "not-found"}
        return {name: value for name, value in found.items() if not properties or name in properties}

    def daemon_reload(self) -> None:
        self.reloads += 1


class Server:
    unit = "redis-server.service"
    pid = os.getpid()
    process_started = Process.of(os.getpid()).started


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Manager:
    manager = Manager()
    monkeypatch.setattr(systemd, "available", lambda: True)
    monkeypatch.setattr(systemd, "show", manager.show)
    monkeypatch.setattr(systemd, "daemon_reload", manager.daemon_reload)
    return manager


@pytest.fixture
def host(tmp_path: Path) -> Host:
    server: Any = Server()
    nobody: Any = None
    return Host(nobody, nobody, server, str(tmp_path))


def normalised(host: Host, key: str, value: str, unit: str | None = None) -> Setting:
    return SystemdDropin().normalise(Setting("systemd", key, value, unit), host)


def test_the_unit_is_the_servers_own_by_default(manager: Manager, host: Host) -> None:
    setting = normalised(host, "Nice", " -5 ")
    assert (setting.unit, setting.value) == ("redis-server.service", "-5")
    assert (
        SystemdDropin().file(setting, host) == f"{host.root}/etc/systemd/system/redis-server.service.d/90-lowlat.conf"
    )


@pytest.mark.parametrize(
    ("key", "value", "unit", "why"),
    [
        ("Nise", "1", None, "knows no Nise=.*Did you mean Nice?"),
        ("Nice", "1", "other.service", "no unit other.service"),
        ("Nice", "1", "../../evil.service", "is no unit"),
        ("Nice", "1", "redis-server", "is no unit"),
        ("Nice", "1", "a.service\n", "is no unit"),
        ("CPUAffinity", "0, 1", None, "blank"),
        ("CPUAffinity", "4000", None, "CPU 4000 does not exist here"),
        ("CPUAffinity", "0 1", None, "blank"),
    ],
)
def test_what_systemd_would_ignore(
    manager: Manager, host: Host, key: str, value: str, unit: str | None, why: str
) -> None:
    with pytest.raises(BadInput, match=why):
        normalised(host, key, value, unit)


def test_seconds_show_as_microseconds(manager: Manager, host: Host) -> None:
    assert normalised(host, "RestartSec", "5").key == "RestartSec"


def test_without_systemd(monkeypatch: pytest.MonkeyPatch, host: Host) -> None:
    monkeypatch.setattr(systemd, "available", lambda: False)
    with pytest.raises(BadInput, match="systemd does not run this host"):
        normalised(host, "Nice", "1")
    host.instance.unit = None  # type: ignore[misc]
    with pytest.raises(BadInput, match="systemd does not run this server"):
        normalised(host, "Nice", "1")


def test_a_new_value_waits_for_a_restart(manager: Manager, host: Host) -> None:
    provider = SystemdDropin()
    setting = normalised(host, "Nice", "-5")
    before = provider.read(setting, host)
    assert (before.live, before.persisted) == ("0", None)
    assert provider.needs_restart(setting, before, host)
    path = Path(provider.file(setting, host) or "")
    path.parent.mkdir(parents=True)
    path.write_bytes(provider.edit(setting, None, host))
    provider.activate(host)
    waiting = provider.read(setting, host)
    assert (waiting.live, waiting.persisted) == (None, "-5")
    assert provider.needs_restart(setting, waiting, host) and provider.persisted_matches(setting, waiting)
    before_the_start = time.time() - 10**6
    os.utime(path, (before_the_start, before_the_start))
    assert provider.live_matches(setting, provider.read(setting, host))
    assert manager.reloads == 1


def test_of_cpu_affinity_the_threads_decide(manager: Manager, host: Host) -> None:
    provider = SystemdDropin()
    here = os.sched_getaffinity(0)
    try:
        threads.set_affinity(os.getpid(), {max(here)})
        setting = normalised(host, "CPUAffinity", "auto")
        assert setting.value == str(max(here))
        assert provider.live_matches(setting, provider.read(setting, host))
    finally:
        threads.set_affinity(os.getpid(), here)


def test_of_another_unit_the_property_decides(manager: Manager, host: Host) -> None:
    host.instance.unit = "else.service"  # type: ignore[misc]
    setting = normalised(host, "CPUAffinity", "0", "redis-server.service")
    reading = SystemdDropin().read(setting, host)
    assert reading.live == "0-1" and not SystemdDropin().needs_restart(setting, reading, host)
    with pytest.raises(BadInput, match="auto means the server's own CPU"):
        normalised(host, "CPUAffinity", "auto", "redis-server.service")
