# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._probe.counters import Source, cpu_clock, idle_or_busy
from ansible_collections.lowlat.redis.plugins.module_utils._probe.ledger import TERMS, Ledger, Party, _Account, _Reading

ME = os.getpid()
NOWHERE = "0 0 0\n"


def sum_of(texts: list[bytes]) -> int:
    return sum(map(int, texts))


def source(kind: str) -> Source:
    return Source(kind, (0,), 24, sum_of)  # type: ignore[arg-type]


def reading(account: _Account, wall: int, mine: int, theirs: int, *texts: int) -> _Reading:
    return _Reading(account, wall, mine, theirs, [b"%d" % text for text in texts])


def terms_of(account: _Account, wall: int, mine: int, theirs: int, *texts: int) -> dict[str, float]:
    """Of one operation from 0 on, in nanoseconds."""
    found = account.terms(reading(account, 0, 0, 0, *[0] * len(texts)), reading(account, wall, mine, theirs, *texts), 1)
    return {term: round(value * 1000) for term, value in found.items()}


@pytest.mark.parametrize(("kind", "told"), [("idle", 500), ("busy", 9500), ("foreign", 2500)])
def test_the_terms_add_up_whatever_the_kernel_tells(kind: str, told: int) -> None:
    found = terms_of(_Account(lambda: 0, (source(kind),)), 10_000, 4000, 3000, told)
    assert found == {"wall": 10_000, "probe": 4000, "server": 3000, "idle": 500, "foreign": 2500}


def test_terms_are_of_one_operation_in_microseconds() -> None:
    account = _Account(lambda: 0, (source("idle"),))
    found = account.terms(reading(account, 0, 0, 0, 0), reading(account, 1_000_000, 400_000, 300_000, 100_000), 500)
    assert found == {"wall": 2.0, "probe": 0.8, "server": 0.6, "idle": 0.2, "foreign": 0.4}


def test_a_party_that_is_free_to_move_is_measured_by_what_fits() -> None:
    account = _Account(lambda: 0, (source("idle"), source("foreign")))
    # On the probe's CPU nobody idled; elsewhere the probe's CPU idled while the party worked.
    assert terms_of(account, 10_000, 4000, 3000, 0, 500)["foreign"] == 3000
    assert terms_of(account, 10_000, 4000, 5000, 5000, 200)["foreign"] == 200
    assert account.lacking() == {}


def test_two_that_work_at_the_same_time_elsewhere_leave_nothing_and_contradict_nothing() -> None:
    account = _Account(lambda: 0, (source("foreign"),))
    found = terms_of(account, 10_000, 7000, 6000, 100)
    assert (found["idle"], found["foreign"]) == (0, 0)
    assert account.lacking() == {}


def test_who_waits_while_the_other_works_elsewhere_is_counted_once() -> None:
    account = _Account(lambda: 0, (source("foreign"),))
    assert terms_of(account, 10_000, 4000, 5000, 3000)["foreign"] == 1000
    assert account.lacking() == {}


def test_less_than_nothing_is_nothing_while_it_is_a_trifle() -> None:
    account = _Account(lambda: 0, (source("idle"),))
    assert terms_of(account, 10_000, 5000, 5100, 0)["foreign"] == 0
    assert account.lacking() == {}


@pytest.mark.parametrize(
    ("values", "lost"),
    [
        ((10_000, 5000, 9000, 0), {"idle", "foreign"}),
        ((10_000, 5000, -9000, 0), {"server", "idle", "foreign"}),
        ((10_000, 5000, 4000, -8000), {"idle", "foreign"}),
    ],
)
def test_counters_that_contradict_each_other_are_no_ledger(values: tuple[int, ...], lost: set[str]) -> None:
    account = _Account(lambda: 0, (source("idle"),))
    assert min(terms_of(account, *values).values()) >= 0
    assert set(account.lacking()) == lost
    assert "contradict" in account.lacking()["idle"]


class Files:
    """A host's counters as files, and a clock that stands where it is put."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def idle(self, *microseconds: int) -> None:
        for number, value in enumerate(microseconds):
            self.write(f"sys/devices/system/cpu/cpu1/cpuidle/state{number}/time", f"{value}\n")

    def ledger(self, *cpus: int) -> Ledger:
        return Ledger(1, Party(ME, frozenset(cpus)), root=str(self.root))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_idle_is_the_sum_of_all_idle_states(files: Files) -> None:
    files.idle(5, 100)
    descriptors: list[int] = []
    found, reason = idle_or_busy(1, descriptors, str(files.root))
    assert found is not None and (found.kind, reason) == ("idle", "")
    assert found.total([os.pread(fd, found.size, 0) for fd in found.fds]) == 105_000
    for fd in descriptors:
        os.close(fd)


def test_without_idle_states_the_run_time_of_the_cpu_is_taken(files: Files) -> None:
    files.write("proc/schedstat", "version 15\ncpu0 0 0 0 0 0 0 70 8 9\ncpu1 0 0 0 0 0 0 123 8 9\ndomain0 3 0\n")
    descriptors: list[int] = []
    found, _reason = idle_or_busy(1, descriptors, str(files.root))
    assert found is not None and found.kind == "busy"
    assert found.total([os.pread(found.fds[0], found.size, 0)]) == 123
    found, reason = idle_or_busy(2, descriptors, str(files.root))
    assert found is None and "CPU 2" in reason
    for fd in descriptors:
        os.close(fd)


@pytest.mark.parametrize("group", ["cpuacct", "cpu,cpuacct"])
def test_of_a_control_group_only_that_of_all_processes_counts(files: Files, group: str) -> None:
    files.write(f"sys/fs/cgroup/{group}/cpuacct.usage_percpu", "70 123 \n")
    descriptors: list[int] = []
    found, reason = idle_or_busy(1, descriptors, str(files.root))
    assert found is None and "schedstat" in reason  # it may be a container's own
    files.write(f"sys/fs/cgroup/{group}/release_agent", "\n")
    found, reason = idle_or_busy(1, descriptors, str(files.root))
    assert found is not None and (found.kind, reason) == ("busy", "")
    assert found.total([os.pread(found.fds[0], found.size, 0)]) == 123
    for fd in descriptors:
        os.close(fd)


def test_the_cpu_time_of_a_process_is_that_of_all_its_threads() -> None:
    clock, reason = cpu_clock(ME, False, [])
    assert clock is not None and not reason
    before = time.process_time_ns()
    assert before <= clock() <= time.process_time_ns()


def test_the_main_thread_alone_is_read_from_its_file(files: Files) -> None:
    files.write(f"proc/{ME}/schedstat", "777 8 9\n")
    descriptors: list[int] = []
    clock, _reason = cpu_clock(ME, True, descriptors, str(files.root))
    assert clock is not None and clock() == 777
    os.close(descriptors[0])


def settled(ledger: Ledger) -> tuple[dict[str, dict[str, float]], dict[str, list[float]]]:
    """After one block of rtt: what the ledger says, and the columns that are left."""
    before = ledger.begin("rtt", None)
    after = ledger.end("rtt", before)
    series = {f"rtt.{term}": [value] for term, value in ledger.terms("rtt", before, after, 1).items()}
    found = ledger.settle(series, ["rtt"])
    ledger.close()
    return found, series


def test_what_a_kernel_lacks_is_said_and_left_out(files: Files) -> None:
    found, series = settled(files.ledger(1))
    assert set(series) == {"rtt.wall", "rtt.probe", "rtt.server"}
    assert found["rtt"]["foreign"] is None and found["rtt"]["wall"] is not None
    assert "cpuidle" in found["lacking"]["idle"] and "No such file" in found["lacking"]["foreign"]


def test_task_statistics_that_are_switched_off_are_lacking(files: Files) -> None:
    files.write("proc/self/schedstat", NOWHERE)
    files.write(f"proc/{ME}/schedstat", NOWHERE)
    found, _series = settled(files.ledger(0))
    assert "switched off" in found["lacking"]["foreign"]


def test_a_process_that_is_not_there_has_no_time(files: Files) -> None:
    files.idle(0)
    found, series = settled(Ledger(1, Party(4_190_000, frozenset([1])), root=str(files.root)))
    assert set(found["lacking"]) == {"server", "idle", "foreign"}
    assert set(series) == {"rtt.wall", "rtt.probe"}


def test_a_counter_that_vanishes_meanwhile_is_lacking(files: Files) -> None:
    files.idle(7)
    ledger = files.ledger(1)
    before = ledger.begin("rtt", None)
    ledger.close()
    after = ledger._server.read(before, now=lambda: before.wall + 10**9)
    ledger.terms("rtt", before, after, 1)
    assert set(ledger.settle({}, ["rtt"])["lacking"]) == {"server", "idle", "foreign"}


def test_a_counter_without_a_number_is_lacking(files: Files) -> None:
    files.write("sys/devices/system/cpu/cpu1/cpuidle/state0/time", "many\n")
    found, _series = settled(files.ledger(1))
    assert "no number" in found["lacking"]["idle"]


@pytest.fixture
def one(files: Files) -> Iterator[Ledger]:
    files.idle(7)
    ledger = files.ledger(1)
    yield ledger
    ledger.close()


def test_idle_is_read_again_only_when_time_is_missing(files: Files, one: Ledger) -> None:
    account = one._server
    before = account.read(None, now=lambda: 0, own=lambda: 0)._replace(theirs=account.clock())
    files.idle(9)
    covered = account.read(before, now=lambda: 1000, own=lambda: 1000)
    assert covered.texts == before.texts
    missing = account.read(before, now=lambda: 10**12, own=lambda: 1000)
    assert missing.texts == [b"9\n"]


def test_a_block_begins_where_the_one_before_it_ended(one: Ledger) -> None:
    first = one.begin("rtt", None)
    end = one.end("rtt", first)
    assert one.begin("set_rtt", end) is end


def test_another_party_begins_at_the_same_moment_with_its_own_time(files: Files) -> None:
    files.idle(7)
    ledger = Ledger(1, Party(ME, frozenset([1])), Party(os.getppid(), frozenset([1])), root=str(files.root))
    end = ledger.end("reference", ledger.begin("reference", None))
    begin = ledger.begin("rtt", end)
    assert (begin.wall, begin.mine, begin.texts) == (end.wall, end.mine, end.texts)
    assert begin.account is not end.account
    assert set(ledger.terms("rtt", begin, ledger.end("rtt", begin), 1)) == set(TERMS)
    ledger.close()
