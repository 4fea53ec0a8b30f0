# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever dies or fails at whatever step, the host is as it was, or confirmed. `./dev bench faults` tries more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from . import world
from .faults import ERRORS, PHASES, Found, Place, spread

CASES = {case.name: case for case in (world.LIVE, world.RESTART)}


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(world.write_keys(tmp_path_factory.mktemp("keys")))


def each(calls: Iterable[Callable[[], Found]]) -> None:
    """Two at a time, as many as the smallest machine has CPUs; every complaint at once."""
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda call: call(), calls))
    complaints = [f"{one.where}: {'; '.join(one.wrong)}" for one in found if one.wrong or one.keys_lost]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("case", CASES)
def test_killed_at_every_step(place: Place, case: str, phase: str) -> None:
    found = place.enumerate(CASES[case], phase)
    each((lambda step=step: place.kill(CASES[case], phase, step)) for step in found)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("phase", PHASES)
def test_a_file_system_that_fails(place: Place, phase: str, error: str) -> None:
    found = [step for step in place.enumerate(world.LIVE, phase) if step.syscall in ERRORS[error]]
    each((lambda step=step: place.fail(world.LIVE, phase, step, error)) for step in spread(found, 6, 1))


@pytest.mark.parametrize("phase", PHASES)
def test_the_server_dies(place: Place, phase: str) -> None:
    found = place.enumerate(world.LIVE, phase)
    each((lambda step=step: place.server_dies(world.LIVE, phase, step)) for step in spread(found, 4, 2))
