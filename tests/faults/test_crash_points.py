# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever dies or fails at whatever step, the host is as it was, or confirmed. `./dev bench faults` tries more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from . import cases, steps
from .cases import CASES
from .faults import ERRORS, PHASES, Found, Place, evenly, nothing_to_do_with_it, phases

pytestmark = pytest.mark.slow
EVERY = [(case.name, phase) for case in CASES.values() for phase in phases(case)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("keys"), own_copy_every=8)
    yield place
    place.close()


def each(calls: Iterable[Callable[[], Found]]) -> None:
    """Two at a time, as many as the smallest machine has CPUs; every complaint at once."""
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda call: call(), calls))
    complaints = [str(one) for one in found if one.wrong or one.keys_lost]
    assert found and not complaints, "\n".join(complaints)


@pytest.mark.parametrize("case, phase", EVERY)
def test_killed_at_every_step(place: Place, case: str, phase: str) -> None:
    found = steps.points(place.trace(CASES[case], phase))
    each((lambda point=point: place.kill(CASES[case], phase, point)) for point in found)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_file_system_that_fails(place: Place, phase: str, error: str) -> None:
    found = [step for step in steps.read(place.trace(cases.LIVE, phase)) if step.syscall in ERRORS[error]]
    each((lambda step=step: place.fail(cases.LIVE, phase, step, error)) for step in evenly(found, 4))


@pytest.mark.parametrize("phase", PHASES)
def test_the_server_dies(place: Place, phase: str) -> None:
    found = [step for step in steps.read(place.trace(cases.LIVE, phase)) if not step.error]
    others = nothing_to_do_with_it(found, phase)
    each(
        (lambda step=step: place.server_dies(cases.LIVE, phase, step, untouched=step in others))
        for step in evenly(found, 6)
    )
