# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step builds on is on the disk before it; and a product that is broken is found out, by this and by kills."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from . import cases, order, steps
from .cases import CASES, Case
from .faults import Place, phases

pytestmark = pytest.mark.slow


def complaints(place: Place, case: Case, phase: str) -> list[str]:
    found = steps.read(place.trace(case, phase))
    state = next(os.path.dirname(path) for step in found for path in step.paths if path.endswith("/state/lock"))
    return list(order.complaints(found, state, opened=phase != "applied"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_a_step_builds_on_is_on_the_disk(tmp_path: Path, case: Case) -> None:
    with closing(Place(tmp_path, 1)) as place:
        wrong = [f"{phase}: {complaint}" for phase in phases(case) for complaint in complaints(place, case, phase)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "broken, complaint",
    [
        ("syncs_no_file", "comes before what it holds is on the disk"),
        ("syncs_no_directory", "is on the disk"),
        ("journals_late", "comes before the journal"),
    ],
)
def test_a_wrong_order_is_seen(tmp_path: Path, broken: str, complaint: str) -> None:
    with closing(Place(tmp_path, 1, broken=broken)) as place:
        assert complaint in "\n".join(complaints(place, cases.LIVE, "applied"))


@pytest.mark.parametrize(
    "broken, case, where, seen",
    [
        ("nobody_watches", cases.LIVE, ("sendto redis: CONFIG SET maxmemory",), "it is open"),
        ("journals_late", cases.LIVE, ("sendto redis: CONFIG SET maxmemory",), "live hz: '20', not '10'"),
        ("forgets_the_files", cases.LIVE, ("ftruncate", "/journal"), "files "),
        ("forgets_what_the_server_knew", cases.RESTART, ("sched_setaffinity",), "live timeout: '0', not '77'"),
        ("leaves_a_copy", cases.LIVE, ("rename", "/elsewhere/"), "is left over"),
    ],
)
def test_a_broken_product_is_seen(tmp_path: Path, broken: str, case: Case, where: Sequence[str], seen: str) -> None:
    with closing(Place(tmp_path, 1, own_copy_every=0, broken=broken)) as place:
        points = steps.points(place.trace(case, "applied"))
        point = next(point for point in points if all(word in str(point) for word in where))
        assert seen in str(place.kill(case, "applied", point))
