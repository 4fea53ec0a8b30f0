# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill and fail a change at every step, let the host act, and compare; and what it costs that it can come back.

A crash point is a system call by which a request, or the host's own runner, changes anything: strace finds them all.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(os.path.dirname(HERE))]
from _table import Figure, arguments, at_least, report  # noqa: E402 - after sys.path

from tests.faults import campaign, cases, timing  # noqa: E402 - after sys.path
from tests.faults.campaign import Job  # noqa: E402 - after sys.path
from tests.faults.faults import Found, Place, phases  # noqa: E402 - after sys.path


def tried(place: Place, workers: int, number: int, seed: int) -> dict[str, list[Found]]:
    """Everything that was found, by what was done."""
    every = [(case, phase) for case in cases.CASES.values() for phase in phases(case)]
    found: dict[str, list[Found]] = {"crash_points": [], "faults": [], "random_kills": []}

    def run(kind: str, title: str, jobs: Sequence[Job]) -> None:
        found[kind] += campaign.run(jobs, workers, title)

    for case, phase in every:
        run("crash_points", f"{case.name}, {phase}: killed", campaign.kills(place, case, phase))
    for case, phase in every:
        failing = [job for jobs in campaign.errors(place, case, phase).values() for job in jobs]
        run("faults", f"{case.name}, {phase}: failing calls", failing)
    for case, phase in every:
        if not case.fails:
            run("faults", f"{case.name}, {phase}: server killed", campaign.deaths(place, case, phase))
    run(
        "random_kills",
        "any: killed at random",
        list(campaign.random_kills(place, [*cases.CASES.values()], number, seed)),
    )
    return found


def costs(place: Place, rounds: int) -> tuple[list[Figure], str]:
    """The figures of time and size; and what a host's first change costs besides."""
    with place.drivers.one() as driver:
        added, first = timing.arm_and_confirm(driver, place.dump, rounds)
        live, _restart = timing.take_back(driver, place.dump, timing.phase2("live", restart=False), 3)
        whole, restart = timing.take_back(driver, place.dump, timing.phase2("phase2", restart=True), 3)
        size = timing.journal_size(driver, place.dump)
    figures = [
        Figure("arm_confirm_ms", added, 150, "that a deadline adds to a change on the host"),
        Figure("take_back_seconds", live, 5, "from the deadline to the end of the rollback, no restart"),
        Figure("take_back_restart_seconds", whole - restart, 5, "the same with a restart, less the server's own"),
        Figure("journal_kib", size, 256, "journal of phase2, with the distribution's redis.conf"),
    ]
    return figures, f"{first:.0f} ms"


def main(options: Sequence[str] | None = None) -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--random", type=int, default=200, help="kills at random moments (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="of those moments (default 1)")
    parser.add_argument("--workers", type=int, default=4, help="hosts at a time (default 4)")
    parser.add_argument("--costs", action="store_true", help="times and sizes alone")
    chosen = parser.parse_args(options)
    begin = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="lowlat-") as directory,
        closing(Place(Path(directory), chosen.workers, own_copy_every=4)) as place,
    ):
        figures, first = costs(place, 15)
        found = {} if chosen.costs else tried(place, chosen.workers, chosen.random, chosen.seed)
    everything = [one for part in found.values() for one in part]
    if found:
        figures = [
            at_least("crash_points", len(found["crash_points"]), 200, "steps at which a process was killed"),
            at_least("random_kills", len(found["random_kills"]), 200, "moments likewise"),
            at_least("faults", len(found["faults"]), 200, "calls that failed, and deaths of the server"),
            Figure(
                "left_between", sum(bool(one.wrong) for one in everything), 0, "hosts neither as before nor confirmed"
            ),
            Figure("keys_lost", sum(one.keys_lost for one in everything), 0, "over all of them"),
            Figure("missed", sum(not one.reached for one in everything), 0, "steps that no kill came to"),
            *figures,
        ]
    context = {"first change of a host adds": first, "seconds for all": f"{time.monotonic() - begin:.0f}"}
    return report("faults", figures, chosen.json, context)


if __name__ == "__main__":
    sys.exit(main())
