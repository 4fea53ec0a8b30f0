# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The providers on a real server and a real kernel."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, LowlatError, ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._host import cpus, files, threads
from ansible_collections.lowlat.redis.plugins.module_utils._server import config_file, connection, instance
from ansible_collections.lowlat.redis.plugins.module_utils._settings import registry
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Host, Setting

Make = Callable[..., Any]


@pytest.fixture
def host_of() -> Any:
    clients = []

    def make(server: Any) -> Host:
        address = server.address()
        client = connection.control(address)
        clients.append(client)
        return Host(client, address, instance.discover(client, str(address)))

    yield make
    for client in clients:
        client.close()


def normalised(host: Host, key: str, value: str, kind: str = "redis") -> Setting:
    return registry.provider(kind).normalise(Setting(kind, key, value), host)


def test_a_directive_live_and_in_the_file(redis_server: Make, host_of: Any) -> None:
    server = redis_server("# a note", "maxmemory 1gb")
    host, provider = host_of(server), registry.provider("redis")
    path = Path(server.config_file)
    content = path.read_bytes()
    setting = normalised(host, "MAXMEMORY", "2gb")
    before = provider.read(setting, host)
    assert (before.live, before.persisted) == ("1073741824", "1gb")
    assert not provider.live_matches(setting, before) and not provider.needs_restart(setting, before, host)
    provider.write_live(setting, setting.value, host)
    assert provider.file(setting, host) == str(path)
    path.write_bytes(provider.edit(setting, content, host))
    assert path.read_bytes() == content.replace(b"maxmemory 1gb", b"maxmemory 2147483648")
    after = provider.read(setting, host)
    assert provider.live_matches(setting, after) and provider.persisted_matches(setting, after)
    provider.write_live(setting, before.live, host)
    assert provider.read(setting, host).live == before.live
    assert normalised(host, "maxmemory", "1gb").value == "1073741824"


def test_the_same_size_in_other_units_is_no_change(redis_server: Make, host_of: Any) -> None:
    host, provider = host_of(redis_server("maxmemory 2gb")), registry.provider("redis")
    setting = normalised(host, "maxmemory", "2147483648")
    reading = provider.read(setting, host)
    assert provider.live_matches(setting, reading) and provider.persisted_matches(setting, reading)


def test_a_restart_is_needed_for_what_is_immutable(redis_server: Make, host_of: Any) -> None:
    host, provider = host_of(redis_server("databases 4")), registry.provider("redis")
    setting = normalised(host, "databases", "1")
    assert provider.needs_restart(setting, provider.read(setting, host), host)
    same = normalised(host, "databases", "4")
    assert not provider.needs_restart(same, provider.read(same, host), host)


def test_a_clamped_value_is_noticed(redis_server: Make, host_of: Any) -> None:
    host = host_of(redis_server())
    with pytest.raises(ServerError, match="shows '500', not '1000'"):
        registry.provider("redis").write_live(normalised(host, "hz", "1000"), "1000", host)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("maxmemroy", "1gb", "Did you mean maxmemory?"),
        ("tcp-nodelay", "yes", "repl-disable-tcp-nodelay"),
        ("maxmemory", "1.5gb", "size such as"),
        ("server_cpulist", "63", "CPU 63 does not exist here: online CPUs are"),
        ("server-cpulist", "a-b", "neither a number nor a range"),
        ("bgsave_cpulist", "0, 1", "contains a blank"),
        ("requirepass", "x\nslaveof evil 1", "line break"),
    ],
)
def test_what_a_directive_does_not_take(redis_server: Make, host_of: Any, key: str, value: str, why: str) -> None:
    server = redis_server()
    before = Path(server.config_file).read_bytes(), server.client().config_get("*")
    with pytest.raises(BadInput) as caught:
        normalised(host_of(server), key, value)
    assert why in caught.value.message
    assert (Path(server.config_file).read_bytes(), server.client().config_get("*")) == before


def test_auto_is_resolved(redis_server: Make, host_of: Any) -> None:
    server = redis_server()
    host = host_of(server)
    setting = normalised(host, "server-cpulist", "auto")
    assert setting.key in ("server_cpulist", "server-cpulist")
    assert setting.value == str(max(cpus.allowed(server.pid)))
    assert normalised(host, "server_cpulist", "").value == ""


def test_config_that_is_renamed_away_or_forbidden(redis_server: Make, host_of: Any) -> None:
    with pytest.raises(LowlatError, match="CONFIG"):
        normalised(host_of(redis_server('rename-command CONFIG ""')), "hz", "8")
    server = redis_server()
    server.client().execute_command("ACL SETUSER default -config|set")
    host = host_of(server)
    setting = normalised(host, "hz", "8")
    with pytest.raises(LowlatError, match="(?i)config"):
        registry.provider("redis").write_live(setting, "8", host)


def test_a_server_without_a_file_persists_nothing(redis_server: Make, host_of: Any) -> None:
    host = host_of(redis_server())
    host.instance = dataclasses.replace(host.instance, config_file=None)
    provider = registry.provider("redis")
    setting = normalised(host, "hz", "8")
    assert provider.file(setting, host) is None and provider.read(setting, host).persisted is None


def test_every_thread_and_back_again(redis_server: Make, host_of: Any) -> None:
    server = redis_server()
    host, provider = host_of(server), registry.provider("affinity")
    if len(cpus.allowed(server.pid)) > 1:
        threads.pin_thread(max(threads.tasks(server.pid)), frozenset({min(cpus.allowed(server.pid))}))
    setting = normalised(host, "server", "auto", "affinity")
    before = provider.read(setting, host)
    assert json.loads(json.dumps(before.live)) == before.live and not before.persistable
    provider.write_live(setting, setting.value, host)
    after = provider.read(setting, host)
    assert provider.live_matches(setting, after) and after.live == setting.value
    assert normalised(host, "server", "auto", "affinity") == setting, "a second run keeps the CPU"
    provider.write_live(setting, before.live, host)
    assert provider.read(setting, host).live == before.live


def test_an_affinity_that_is_refused(redis_server: Make, host_of: Any) -> None:
    host = host_of(redis_server())
    for value, why in (("63", "CPU 63 does not exist here"), ("0, 1", "blank"), ("a-b", "neither")):
        with pytest.raises(BadInput, match=why):
            normalised(host, "server", value, "affinity")
    with pytest.raises(BadInput, match="the only key is server"):
        normalised(host, "client", "0", "affinity")


def test_a_protected_file_is_edited_with_nothing_else_changed(redis_server: Make, host_of: Any) -> None:
    """Hazard 13, all of it: what CONFIG REWRITE does to a link, a mode and an owner."""
    server = redis_server()
    real = Path(server.directory) / "real.conf"
    link = Path(server.config_file)
    link.rename(real)
    link.symlink_to(real)
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 1234, 5678)
    host, provider = host_of(server), registry.provider("redis")
    setting = normalised(host, "hz", "8")
    before = real.stat()
    path = provider.file(setting, host) or ""
    files.replace_bytes(path, provider.edit(setting, real.read_bytes(), host))
    after = real.stat()
    assert link.is_symlink()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert config_file.effective(path)["hz"] == "8"


KERNEL = """
import json, sys
from pathlib import Path
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._settings import registry
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Host, Setting

host = Host(None, None, None)
for kind, key, value, bad in (
    ("sysctl", "net/core/somaxconn", "777", "-1"),
    ("sysctl", "net.ipv4.tcp_rmem", "4096 5000 9000", "0 0 0"),
    ("sysctl", "net.ipv4.ip_local_port_range", "20000 30000", "5 4"),
    ("sysfs", "class/net/lo/mtu", "1400", "-5"),
    ("sysfs", "/sys/class/net/lo/ifalias", "spare", None),
):
    provider = registry.provider(kind)
    setting = provider.normalise(Setting(kind, key, value), host)
    before = provider.read(setting, host)
    assert not provider.live_matches(setting, before), setting
    provider.write_live(setting, setting.value, host)
    assert provider.live_matches(setting, provider.read(setting, host)), provider.read(setting, host)
    if bad:
        try:
            provider.write_live(setting, bad, host)
        except ChangeError as error:
            assert "does not take" in error.message and error.where and error.why and error.remedy
        else:
            raise AssertionError("the kernel took " + bad)
    if before.live:
        provider.write_live(setting, before.live, host)
        assert provider.read(setting, host).live == before.live
print("done")
"""


@pytest.mark.slow
def test_a_real_kernel(in_namespaces: tuple[str, ...]) -> None:
    """Sysctls and the loopback interface of a network namespace of our own."""
    prepare = 'mount -t sysfs none /sys && exec "$@"'
    command = [*in_namespaces, "sh", "-ec", prepare, "sh", sys.executable, "-c", KERNEL]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.stdout == "done\n", done.stderr
