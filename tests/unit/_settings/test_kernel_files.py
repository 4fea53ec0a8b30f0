# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._settings import registry, sysctl, sysfs
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Host, Reading, Setting


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host of files; neither kind talks to the server."""
    nobody: Any = None
    for path, text in {
        "proc/sys/vm/overcommit_memory": "0\n",
        "proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t6291456\n",
        "proc/sys/net/ipv4/conf/eth0.100/rp_filter": "1\n",
        "proc/sys/kernel/core_pattern": "core\n",
        "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
        "sys/block/sda/queue/scheduler": "[none] mq-deadline\n",
        "sys/block/sda/queue/nr_requests": "64\n",
        "sys/kernel/one": "[only]\n",
        "outside": "x\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "sys/leak").symlink_to(tmp_path / "outside")
    (tmp_path / "sys/class").mkdir()
    (tmp_path / "sys/class/disk").symlink_to("../block/sda")
    return Host(nobody, nobody, nobody, str(tmp_path))


def normalised(host: Host, kind: str, key: str, value: str) -> Setting:
    return registry.provider(kind).normalise(Setting(kind, key, value), host)


def test_an_unknown_kind_names_all_and_the_nearest() -> None:
    with pytest.raises(BadInput, match="affinity, redis, sysctl, sysfs, systemd.*Did you mean sysctl?"):
        registry.provider("sysctrl")


@pytest.mark.parametrize(
    ("kind", "key", "value", "canonical"),
    [
        ("sysctl", "vm/overcommit_memory", " 01 ", ("vm.overcommit_memory", "1")),
        ("sysctl", "net.ipv4.tcp_rmem", "4096 87380\t6291456", ("net.ipv4.tcp_rmem", "4096 87380 6291456")),
        ("sysctl", "net.ipv4.conf.eth0/100.rp_filter", "0", ("net.ipv4.conf.eth0/100.rp_filter", "0")),
        ("sysctl", "net/ipv4/conf/eth0.100/rp_filter", "0", ("net.ipv4.conf.eth0/100.rp_filter", "0")),
        ("sysctl", "kernel.core_pattern", "|/bin/x %p", ("kernel.core_pattern", "|/bin/x %p")),
        ("sysfs", "/sys/block/sda/queue/nr_requests", "0128", ("block/sda/queue/nr_requests", "128")),
        ("sysfs", "class/disk/queue/scheduler", "mq-deadline", ("class/disk/queue/scheduler", "mq-deadline")),
    ],
)
def test_one_spelling(host: Host, kind: str, key: str, value: str, canonical: tuple[str, str]) -> None:
    setting = normalised(host, kind, key, value)
    assert (setting.key, setting.value) == canonical
    assert registry.provider(kind).normalise(setting, host) == setting


@pytest.mark.parametrize(
    ("kind", "key", "value", "why"),
    [
        ("sysctl", "vm.overcomit_memory", "1", "Did you mean overcommit_memory?"),
        ("sysctl", "vm", "1", "is no sysctl"),
        ("sysctl", "vm.../etc/passwd", "1", "is no sysctl"),
        ("sysctl", "vm/../kernel/core_pattern", "1", "is no sysctl"),
        ("sysctl", "net.ipv4", "1", "is a directory"),
        ("sysctl", "vm.overcommit_memory", "on", "holds a number"),
        ("sysctl", "vm.overcommit_memory", "1 2", "holds a number"),
        ("sysctl", "net.ipv4.tcp_rmem", "4096", "holds 3 numbers"),
        ("sysctl", "vm.overcommit_memory", "1\nkernel.x = 2", "line break"),
        ("sysctl", "vm.overcommit_memory", "  ", "is empty"),
        ("sysctl", "vm.overcommit_memory\nkernel.x", "1", "is no sysctl"),
        ("sysfs", "kernel/mm/transparent_hugepage/enabled", "sometimes", "one of always, madvise, never"),
        ("sysfs", "../proc/sys/vm/overcommit_memory", "1", "is no file under /sys"),
        ("sysfs", "/etc/passwd", "1", "is no file under /sys"),
        ("sysfs", "kernel//one", "1", "is no file under /sys"),
        ("sysfs", "leak", "1", "leads out of"),
        ("sysfs", "block/sda/queue/schedule", "none", "Did you mean scheduler?"),
        ("sysfs", "block/sda", "none", "is a directory"),
        ("sysfs", "block/sda/queue/nr_requests", "many", "holds a number"),
        ("sysfs", "block/sda/queue/nr_requests", "1\nw /x", "line break"),
    ],
)
def test_what_is_refused(host: Host, kind: str, key: str, value: str, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        normalised(host, kind, key, value)
    assert why in caught.value.message


def test_a_unit_belongs_to_systemd_only(host: Host) -> None:
    with pytest.raises(BadInput, match="belongs to no unit"):
        sysctl.Sysctl().normalise(Setting("sysctl", "vm.overcommit_memory", "1", unit="x.service"), host)


def test_a_file_that_the_kernel_only_shows(host: Host) -> None:
    Path(host.path("/proc/sys/vm/overcommit_memory")).chmod(0o444)
    with pytest.raises(BadInput, match="only shows"):
        normalised(host, "sysctl", "vm.overcommit_memory", "1")
    assert normalised(host, "sysctl", "vm.overcommit_memory", "0").value == "0"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("always [madvise] never", "madvise"),
        ("[none] mq-deadline", "none"),
        ("a\tb  c", "a b c"),
        ("name[0]", "name[0]"),
    ],
)
def test_the_selected_one_counts(text: str, value: str) -> None:
    assert sysfs.selected(text) == value


def test_a_choice_is_read_as_the_selected_one(host: Host) -> None:
    setting = normalised(host, "sysfs", "kernel/mm/transparent_hugepage/enabled", "madvise")
    assert sysfs.Sysfs().read(setting, host) == Reading("madvise", None)


@pytest.mark.parametrize(
    ("kind", "key", "values"),
    [
        ("sysctl", "vm.overcommit_memory", ("1", "2")),
        ("sysfs", "kernel/mm/transparent_hugepage/enabled", ("never", "always")),
        ("sysctl", "kernel.core_pattern", ("|/x %p", "core")),
    ],
)
def test_live_and_file(host: Host, kind: str, key: str, values: tuple[str, str]) -> None:
    provider = registry.provider(kind)
    content: bytes | None = None
    for value in values:
        setting = normalised(host, kind, key, value)
        before = provider.read(setting, host)
        assert not provider.live_matches(setting, before) and not provider.persisted_matches(setting, before)
        provider.write_live(setting, value, host)
        path = Path(provider.file(setting, host) or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        content = provider.edit(setting, content, host)
        path.write_bytes(content)
        after = provider.read(setting, host)
        assert after == Reading(value, value)
        assert provider.live_matches(setting, after) and provider.persisted_matches(setting, after)
        assert not provider.needs_restart(setting, before, host)
        assert provider.edit(setting, content, host) == content
    assert content is not None and len(content.splitlines()) == 2


def test_other_lines_of_our_file_stay(host: Host) -> None:
    setting = normalised(host, "sysctl", "vm.overcommit_memory", "1")
    before = b"# note\n-vm/overcommit_memory=2\nnet.core.somaxconn = 1\nvm.overcommit_memory = 3\n"
    edited = sysctl.Sysctl().edit(setting, before, host)
    assert edited == b"# note\nvm.overcommit_memory = 1\nnet.core.somaxconn = 1\n"


def test_the_last_file_of_sysctl_d_decides(host: Host) -> None:
    setting = normalised(host, "sysctl", "vm.overcommit_memory", "1")

    def write(path: str, value: int) -> None:
        file = Path(host.path(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"; note\nvm/overcommit_memory={value}\n")

    def persisted() -> str | None:
        return sysctl.Sysctl().read(setting, host).persisted

    assert persisted() is None
    write("/usr/lib/sysctl.d/50-a.conf", 7)
    assert persisted() == "7"
    write("/etc/sysctl.d/10-b.conf", 8)
    assert persisted() == "7"
    write("/etc/sysctl.d/50-a.conf", 9)
    assert persisted() == "9"
    write(sysctl.FILE, 1)
    assert persisted() == "1"


def test_tmpfiles_expands_nothing_of_ours(host: Host) -> None:
    provider = sysfs.Sysfs()
    setting = Setting("sysfs", "kernel/one", "100% \\n x")
    content = provider.edit(setting, None, host)
    assert content.endswith(b"w /sys/kernel/one - - - - 100%% \\\\n x\n")
    path = Path(host.path(sysfs.FILE))
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert provider.read(setting, host).persisted == "100% \\n x"
