# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All faults of a kind, made one after the other, so many at a time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from . import steps
from .cases import Case
from .faults import ERRORS, Found, Place, nothing_to_do_with_it, phases

Job = Callable[[], Found]
_TRIES = 3


def kills(place: Place, case: Case, phase: str) -> list[Job]:
    """One at every step."""
    found = steps.points(place.trace(case, phase))
    return [partial(place.kill, case, phase, point) for point in found]


def errors(place: Place, case: Case, phase: str) -> dict[str, list[Job]]:
    """What a file system may answer, at every step that can get such an answer; once, and from then on."""
    found = steps.read(place.trace(case, phase))
    return {
        name: [
            partial(place.fail, case, phase, step, name, lasting=lasting)
            for step in found
            if step.syscall in calls
            for lasting in (False, True)
        ]
        for name, calls in ERRORS.items()
    }


def deaths(place: Place, case: Case, phase: str) -> list[Job]:
    """The server dies at every step."""
    found = [step for step in steps.read(place.trace(case, phase)) if not step.error]
    others = nothing_to_do_with_it(found, phase)
    return [partial(place.server_dies, case, phase, step, untouched=step in others) for step in found]


def random_kills(place: Place, chosen: Sequence[Case], number: int, seed: int) -> Iterator[Job]:
    """At any moment of any request, a little past its end too."""
    drawn = random.Random(seed)
    pairs = [(case, phase) for case in chosen for phase in phases(case)]
    lasts: dict[tuple[str, str], float] = {}
    for _one in range(number):
        case, phase = drawn.choice(pairs)
        if (case.name, phase) not in lasts:
            lasts[case.name, phase] = place.seconds(case, phase)
        moment = drawn.uniform(0, 1.1 * lasts[case.name, phase])
        yield partial(place.kill_some_time, case, phase, moment)


def run(jobs: Sequence[Job], workers: int, title: str) -> list[Found]:
    """Carry them out and print what is wrong as it is found; everything that was found."""
    start = time.monotonic()
    found = []
    with ThreadPoolExecutor(workers) as pool:
        for one in pool.map(_tried, jobs):
            found.append(one)
            if one.is_wrong:
                print(f"  {str(one)[:2000]}", flush=True)
    wrong = sum(one.is_wrong for one in found)
    print(f"{title:<36}{len(found):>6}  {time.monotonic() - start:>7.1f} s  {wrong:>4} wrong", flush=True)
    return found


def _tried(job: Job) -> Found:
    """Where all that comes before the fault does not work, on a machine that is very busy, there was no fault."""
    for _try in range(_TRIES):
        try:
            return job()
        except AssertionError as error:
            why = str(error)
    return Found(f"{job}: {why}", reached=False)
