# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever dies or fails at whatever step, the host is as it was, or confirmed. `./dev bench faults` tries more."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from . import campaign, cases, seed
from .campaign import Job, run
from .cases import CASES
from .faults import ERRORS, PHASES, Place, evenly, phases

pytestmark = pytest.mark.slow
#: More than the smallest machine has CPUs: a request that restarts a server waits most of its time.
WORKERS = 4
#: So many calls of each phase fail in each way; which, the seed says. The first case has most to do.
FAILING_CALLS = {cases.LIVE.name: 4}
EVERY = [(case.name, phase) for case in CASES.values() for phase in phases(case)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("keys"), WORKERS, own_copy_every=8)
    yield place
    place.close()


def each(jobs: Sequence[Job]) -> None:
    """Several at a time; every complaint at once."""
    found = run(jobs, WORKERS, "")
    complaints = [str(one) for one in found if one.is_wrong]
    assert found and not complaints, "\n".join([f"{seed.VARIABLE}={seed.SEED}", *complaints])


@pytest.mark.parametrize("case, phase", EVERY)
def test_killed_at_every_step(place: Place, case: str, phase: str) -> None:
    each(campaign.kills(place, CASES[case], phase))


@pytest.mark.parametrize("case, phase", EVERY)
def test_a_file_system_that_fails(place: Place, case: str, phase: str) -> None:
    offset = random.Random(f"{seed.SEED} {case} {phase}").randrange(1_000_000)
    found = campaign.errors(place, CASES[case], phase)
    each([job for name in ERRORS for job in evenly(found[name], FAILING_CALLS.get(case, 2), offset)])


@pytest.mark.parametrize("case", [cases.LIVE, cases.RESTART], ids=lambda case: case.name)
@pytest.mark.parametrize("phase", PHASES)
def test_the_server_dies(place: Place, phase: str, case: cases.Case) -> None:
    each(evenly(campaign.deaths(place, case, phase), 5))


def test_killed_at_any_moment(place: Place) -> None:
    each(list(campaign.random_kills(place, [cases.LIVE, cases.RESTART], 8, seed=1)))
