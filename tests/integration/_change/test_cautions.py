# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change may do and says loudly: warnings, in a rehearsal too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable

import pytest

Make = Callable[..., Any]
CPU = str(min(os.sched_getaffinity(0)))
PIN = {"kind": "affinity", "key": "server", "value": CPU}


def warned(host: Any, *settings: dict[str, Any], **params: Any) -> list[str]:
    """The warnings of the real run, which a rehearsal gives as well."""
    rehearsed = host.apply(*settings, check=True, **params)["warnings"]
    applied: list[str] = host.apply(*settings, **params)["warnings"]
    assert applied == rehearsed
    return applied


def test_children_that_inherit_the_one_cpu_of_the_server(changer: Make) -> None:
    host = changer("appendonly yes", persist=True)
    (warning,) = warned(host, PIN)
    assert f"CPU {CPU} alone" in warning and "BGSAVE and AOF rewrites" in warning
    assert "bgsave-cpulist, aof-rewrite-cpulist" in warning
    host.run("confirmed")
    # Nothing to do is nothing to say.
    assert host.apply(PIN)["warnings"] == []
    # It goes for what makes children on the one CPU, too.
    assert host.apply(*host.redis(hz=20), check=True)["warnings"] == []
    assert len(host.apply(*host.redis(save="60 10"), check=True)["warnings"]) == 1


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("save 60 10000",), ["BGSAVE", "bgsave-cpulist"]),
        (("appendonly yes",), ["AOF rewrites", "aof-rewrite-cpulist"]),
        ((f"bgsave_cpulist {CPU}", "save 60 10000"), ["BGSAVE"]),
    ],
)
def test_which_children(changer: Make, lines: tuple[str, ...], words: list[str]) -> None:
    host = changer(*lines)
    (warning,) = host.apply(PIN, check=True)["warnings"]
    assert all(word in warning for word in words)
    assert ("BGSAVE" in warning) != ("AOF" in warning)


def test_a_server_without_children(changer: Make) -> None:
    assert warned(changer(), PIN) == []


def test_children_with_cpus_of_their_own(changer: Make) -> None:
    other = str(max(os.sched_getaffinity(0)))
    host = changer(f"bgsave_cpulist {other}", persist=True)
    assert host.apply(PIN, check=True)["warnings"] == [] or other == CPU
    # Or given by the same change.
    host = changer(persist=True)
    given = {"kind": "redis", "key": "bgsave-cpulist", "value": other}
    assert host.apply(PIN, given, restart="allowed", check=True)["warnings"] == [] or other == CPU


def test_io_threads_that_share_the_cpu_they_are_pinned_to(changer: Make) -> None:
    host = changer("io-threads 2")
    (warning,) = host.apply(PIN, check=True)["warnings"]
    assert "2 io-threads" in warning


def test_two_cpus_are_no_one(changer: Make) -> None:
    host = changer("appendonly yes", persist=True)
    here = sorted(os.sched_getaffinity(0))[:2]
    both = {"kind": "affinity", "key": "server", "value": ",".join(map(str, here))}
    assert len(here) == 1 or host.apply(both, check=True)["warnings"] == []
    assert not Path(host.state_directory).exists()


def test_a_server_that_would_keep_nothing(changer: Make) -> None:
    host = changer(persist=True)
    (warning,) = host.apply(*host.redis(save=""), check=True)["warnings"]
    assert "keep nothing on disk" in warning
    assert host.apply(*host.redis(save="", appendonly=True), check=True)["warnings"] == []
    assert host.apply(*host.redis(save="60 1"), check=True)["warnings"] == []


def test_a_backlog_that_the_kernel_would_cut(changer: Make) -> None:
    host = changer(persist=True)
    (warning,) = host.apply(*host.redis(tcp_backlog=2_000_000), restart="allowed", check=True)["warnings"]
    assert "net.core.somaxconn" in warning
    assert host.apply(*host.redis(tcp_backlog=16), restart="allowed", check=True)["warnings"] == []
