# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._host import cpus, systemd


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", {0}),
        ("0-3", {0, 1, 2, 3}),
        ("0,2-3", {0, 2, 3}),
        ("0-8:4,1", {0, 4, 8, 1}),
        ("3,3,2-3", {2, 3}),
    ],
)
def test_a_list(text: str, found: set[int]) -> None:
    assert cpus.parse_cpu_list(text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("0, 1", "blank"),
        (" 0", "blank"),
        ("0\n", "blank"),
        ("a-b", "neither a number nor a range"),
        ("0,,1", "two commas"),
        ("1,", "two commas"),
        ("3-1", "backwards"),
        ("0-3:0", "stride"),
        ("-1", "neither"),
        ("0x1", "neither"),
        ("1-", "neither"),
        ("1:2", "neither"),
        ("٣", "neither"),
        ("99999", "no machine"),
        ("99999999999", "neither"),
    ],
)
def test_what_redis_would_ignore_in_silence(text: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        cpus.parse_cpu_list(text)


@given(st.sets(st.integers(0, 200), min_size=1))
@settings(max_examples=50, deadline=None)
def test_a_list_reads_back(wanted: set[int]) -> None:
    assert cpus.parse_cpu_list(cpus.format_cpu_list(wanted)) == wanted


def test_the_shortest_notation() -> None:
    assert cpus.format_cpu_list({5, 0, 3, 4}) == "0,3-5"
    assert cpus.format_cpu_list(set()) == ""


class Machine:
    """A /proc and /sys of our own, with one process 77."""

    def __init__(self, root: Path, online: str, present: str, threads: list[str]) -> None:
        self.root = root
        self.write("sys/devices/system/cpu/online", online)
        self.write("sys/devices/system/cpu/present", present)
        for number, allowed in enumerate(threads):
            tid = 77 + number
            self.write(f"proc/77/task/{tid}/status", f"Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t{allowed}\n")
        self.cgroup("0::/\n")

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.rstrip("\n") + "\n")

    def cgroup(self, text: str) -> None:
        self.write("proc/77/cgroup", text)

    def choose(self) -> int:
        return cpus.choose(77, str(self.root))

    def allowed(self) -> frozenset[int]:
        return cpus.allowed(77, str(self.root))


def test_a_pinned_server_keeps_its_cpu(tmp_path: Path) -> None:
    assert Machine(tmp_path, "0-3", "0-3", ["1", "1"]).choose() == 1


def test_an_unpinned_server_gets_the_highest_cpu(tmp_path: Path) -> None:
    assert Machine(tmp_path, "0-3", "0-3", ["0-3", "0-3"]).choose() == 3
    assert Machine(tmp_path / "b", "0-3", "0-3", ["1", "0-3"]).choose() == 3
    assert Machine(tmp_path / "c", "0", "0", ["0"]).choose() == 0


def test_a_cpu_that_does_not_exist_is_offline_or_closed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "0-1", "0-2", ["0-1"])
    machine.cgroup("3:cpuset:/redis\n0::/\n")
    machine.write("sys/fs/cgroup/cpuset/redis/cpuset.effective_cpus", "0")
    check = [
        (63, "CPU 63 does not exist here: online CPUs are 0-1"),
        (2, "CPU 2 is offline: online CPUs are 0-1"),
        (1, "CPU 1 is not open to process 77: its cpuset allows 0"),
    ]
    for cpu, message in check:
        with pytest.raises(BadInput, match=message) as caught:
            cpus.check_usable({cpu}, 77, str(tmp_path))
        assert caught.value.why and caught.value.remedy
    cpus.check_usable({0}, 77, str(tmp_path))
    assert machine.choose() == 0


def test_the_nearest_group_with_a_cpuset_decides(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "0-3", "0-3", ["0-3"])
    machine.cgroup("0::/system.slice/redis.service\n")
    assert machine.allowed() == {0, 1, 2, 3}
    machine.write("sys/fs/cgroup/cpuset.cpus.effective", "0-3")
    machine.write("sys/fs/cgroup/system.slice/cpuset.cpus.effective", "2-3")
    assert machine.allowed() == {2, 3}
    machine.write("sys/fs/cgroup/system.slice/redis.service/cpuset.cpus.effective", "2")
    assert machine.allowed() == {2}


def test_auto_and_lists_become_canonical(tmp_path: Path) -> None:
    Machine(tmp_path, "0-3", "0-3", ["0-3"])
    assert cpus.resolve("auto", 77, str(tmp_path)) == "3"
    assert cpus.resolve("1,0,2", 77, str(tmp_path)) == "0-2"


def test_properties_of_a_unit() -> None:
    shown = systemd.parse_show("A=1\nEmpty=\nE=x=y\nExecStart={ a }\nExecStart={ b }\nno equals\n")
    assert shown == {"A": "1", "Empty": "", "E": "x=y", "ExecStart": "{ a }\n{ b }"}
