# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill changes of the host that this runs on at every step. It needs systemd, and a host that is there for this.

The steps by which units are written, started and removed are all tried, and as many of the others as are asked for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path

from . import campaign, cases, steps
from .cases import Case
from .drivers import Driver
from .faults import PHASES, Place, evenly
from .steps import SPAWNS, Point
from .unit_world import UnitWorld


class Host(Place):
    """The one host, over and over."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, 1)
        self.expires = False

    def _make(self, root: Path, case: Case, driver: Driver, own_copy: bool) -> UnitWorld:
        return UnitWorld(root, self.dump, case, driver, expires=self.expires)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", type=int, default=10_000, help="steps of each request that are no unit's")
    parser.add_argument("--expire", type=int, default=3, help="kills after which the deadline is waited for")
    parser.add_argument("--used-up", action="store_true", required=True, help="yes, this host may be used up")
    chosen = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="lowlat-") as directory, closing(Host(Path(directory))) as host:
        for case in (cases.UNITS, cases.UNITS_RESTART):
            for phase in PHASES:
                points = _chosen(steps.points(host.trace(case, phase)), chosen.others)
                jobs = [partial(host.kill, case, phase, point) for point in points]
                found += campaign.run(jobs, 1, f"{case.name}, {phase}: killed")
            points = steps.points(host.trace(case, "applied"))
            late = [point for point in points if not _is_before_the_change(point, points)]
            host.expires = True
            jobs = [partial(host.kill, case, "applied", point) for point in evenly(late, chosen.expire)]
            found += campaign.run(jobs, 1, f"{case.name}, applied: killed, and the deadline passes")
            host.expires = False
    left, missed = sum(bool(one.wrong) for one in found), sum(not one.reached for one in found)
    lost = sum(one.keys_lost for one in found)
    print(f"{len(found)} kills, {left} hosts left in between, {lost} keys lost, {missed} steps that no kill came to")
    return any(one.is_wrong for one in found)


def _chosen(points: list[Point], others: int) -> list[Point]:
    """Those about units, and an even part of the rest, in their order."""
    units = {point for point in points if "/systemd/system" in point.what or point.what.split()[0] in SPAWNS}
    rest = evenly([point for point in points if point not in units], others)
    return [point for point in points if point in units or point in rest]


def _is_before_the_change(point: Point, points: list[Point]) -> bool:
    """Nothing was written then, and no unit needs to act."""
    opened = next(one.done for one in points if one.syscall == "rename" and "/journal" in one.what)
    return point.done <= opened


if __name__ == "__main__":
    sys.exit(main())
