# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import gc
import os
import signal
from array import array

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._probe.guard import (
    Interrupted,
    Stalled,
    Watchdog,
    no_garbage_collection,
    signals_raise,
)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_becomes_an_error_that_names_it(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=name), signals_raise():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before


def test_a_second_signal_does_not_break_into_the_removal() -> None:
    cleaned = False
    with pytest.raises(Interrupted, match="SIGTERM"), signals_raise():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            cleaned = True
    assert cleaned


def test_the_garbage_waits() -> None:
    assert gc.isenabled()
    with no_garbage_collection():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_who_had_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with no_garbage_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_watchdog_barks_when_nothing_new_was_stored() -> None:
    times = array("q", [0, 0])
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(Stalled, match="7 s"), Watchdog(times, 7).watching():
        times[0] = 1
        signal.raise_signal(signal.SIGALRM)
        times[1] = 1
        signal.raise_signal(signal.SIGALRM)
        signal.raise_signal(signal.SIGALRM)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_watchdog_is_armed_inside_only() -> None:
    with Watchdog(array("q", [0]), 7).watching():
        assert signal.getitimer(signal.ITIMER_REAL)[1] == 7
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
