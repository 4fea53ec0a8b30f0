# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._effect.company import Company

BROKEN = pytest.mark.parametrize("text", ["", "1", "one two three", "1 5 1"])


class MadeUpLedger:
    """A block of 100 us for each operation, of which others ran 60 and nobody 10."""

    def __init__(self, lacking: dict[str, str] | None = None) -> None:
        self.lacking = lacking or {}

    def begin(self, metric: str, last: Any) -> str:
        return metric

    def end(self, metric: str, before: Any) -> str:
        assert before == metric
        return metric

    def terms(self, metric: str, before: Any, after: Any, operations: int) -> dict[str, float]:
        foreign = 0.0 if self.lacking else 60.0
        return {"wall": 100.0, "probe": 10.0, "server": 20.0, "foreign": foreign}

    def settle(self, series: Any, metrics: Any) -> dict[str, Any]:
        return {"lacking": self.lacking}

    def close(self) -> None:
        pass


@pytest.fixture
def proc(tmp_path: Path) -> Iterator[Path]:
    for who in ("self", "7"):
        (tmp_path / "proc" / who).mkdir(parents=True)
        (tmp_path / "proc" / who / "schedstat").write_text("1 0 1")
    yield tmp_path


def share(root: Path, waited_us: int, metric: str = "rtt", ledger: Any = None) -> float | None:
    """Of a side with one block of 10 operations (1,000 us), during which the server waited for its CPU."""
    company = Company(ledger or MadeUpLedger(), 7, str(root))
    before = company.begin(metric)
    for path in root.glob("proc/7/schedstat"):
        path.write_text(f"1 {waited_us * 1000} 2")
    company.end(metric, before, 10)
    found = company.share()
    company.close()
    return found


def test_others_that_ran_while_the_server_needed_no_cpu_took_nothing(proc: Path) -> None:
    assert share(proc, 50) == pytest.approx(0.05)


def test_a_wait_for_the_probe_itself_is_not_for_others(proc: Path) -> None:
    assert share(proc, 900) == pytest.approx(0.6)


def test_without_that_counter_all_that_others_ran_counts(tmp_path: Path) -> None:
    assert share(tmp_path, 0) == pytest.approx(0.6)


def test_the_reference_is_no_part_of_it(proc: Path) -> None:
    assert share(proc, 50, metric="reference") is None


@pytest.mark.parametrize("term", ["foreign", "rtt.foreign"])
@pytest.mark.parametrize(("waited", "most"), [(50, 0.05), (900, 0.7)])
def test_where_the_kernel_does_not_tell_all_that_may_have_been_theirs_is(
    proc: Path, term: str, waited: int, most: float
) -> None:
    """What is neither the probe's nor the server's, and no more than these waited for their CPU."""
    assert share(proc, waited, ledger=MadeUpLedger({term: "no counter"})) == pytest.approx(most)


def test_where_it_tells_neither(tmp_path: Path) -> None:
    assert share(tmp_path, 0, ledger=MadeUpLedger({"foreign": "no counter"})) == pytest.approx(0.7)


@pytest.mark.parametrize(("metric", "waited", "nanoseconds"), [("rtt", 50, 50_000), ("reference", 50, 600_000)])
def test_what_others_took_of_a_block(proc: Path, metric: str, waited: int, nanoseconds: float) -> None:
    ledger: Any = MadeUpLedger()
    company = Company(ledger, 7, str(proc))
    before = company.begin(metric)
    (proc / "proc/7/schedstat").write_text(f"1 {waited * 1000} 2")
    assert company.end(metric, before, 10) == pytest.approx(nanoseconds)
    company.close()


def broken_side(root: Path, text: str) -> tuple[Company, float]:
    """A counter of 1 ms that is suddenly this, before another one that has grown by more than that."""
    (root / "proc/7/schedstat").write_text("1 1000000 1")
    ledger: Any = MadeUpLedger()
    company = Company(ledger, 7, str(root))
    before = company.begin("rtt")
    (root / "proc/7/schedstat").write_text(text)
    (root / "proc/self/schedstat").write_text("1 5000000 1")
    return company, company.end("rtt", before, 10)


@BROKEN
def test_a_counter_that_broke_says_nothing_of_the_side(proc: Path, text: str) -> None:
    """Neither that others took nothing, nor anything else: the side is not clean, and not disturbed."""
    company, taken = broken_side(proc, text)
    assert (taken, company.share()) == (0.0, None)
    company.close()


@BROKEN
def test_the_next_side_is_whole_again(proc: Path, text: str) -> None:
    company, _taken = broken_side(proc, text)
    company.reset()
    (proc / "proc/7/schedstat").write_text("1 2000000 1")
    before = company.begin("rtt")
    (proc / "proc/7/schedstat").write_text("1 2050000 1")
    assert company.end("rtt", before, 10) == pytest.approx(50_000)
    assert company.share() == pytest.approx(0.05)
    company.close()
