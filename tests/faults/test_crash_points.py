# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever dies or fails at whatever step, the host is as it was, or confirmed. `./dev bench faults` tries more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from . import campaign, cases
from .campaign import Job, run
from .cases import CASES
from .faults import ERRORS, PHASES, Place, evenly, phases

pytestmark = pytest.mark.slow
#: More than the smallest machine has CPUs: a request that restarts a server waits most of its time.
WORKERS = 4
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
    assert found and not complaints, "\n".join(complaints)


@pytest.mark.parametrize("case, phase", EVERY)
def test_killed_at_every_step(place: Place, case: str, phase: str) -> None:
    each(campaign.kills(place, CASES[case], phase))


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_file_system_that_fails(place: Place, phase: str, error: str) -> None:
    each(evenly(campaign.errors(place, cases.LIVE, phase, [error]), 5))


@pytest.mark.parametrize("case", [cases.LIVE, cases.RESTART], ids=lambda case: case.name)
@pytest.mark.parametrize("phase", PHASES)
def test_the_server_dies(place: Place, phase: str, case: cases.Case) -> None:
    each(evenly(campaign.deaths(place, case, phase), 5))


def test_killed_at_any_moment(place: Place) -> None:
    each(list(campaign.random_kills(place, [cases.LIVE, cases.RESTART], 8, seed=1)))
