# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut the power at random moments of a change: python -m tests.power.cuts

The machine must come up as it was, or with what was confirmed, and have a record of it. LOWLAT_POWER_CUTS is the number
of cuts in an apply (5), LOWLAT_SEED repeats the moments of another run, as far as the machine is as fast.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.power import expected
from tests.power.connection import Guest, install
from tests.power.machine import here

#: One of every kind; databases and CPUAffinity need a restart.
SETTINGS = [
    {"kind": "redis", "key": "hz", "value": 20},
    {"kind": "redis", "key": "maxmemory", "value": "256mb"},
    {"kind": "redis", "key": "databases", "value": 4},
    {"kind": "sysctl", "key": "vm.overcommit_memory", "value": 1},
    {"kind": "sysctl", "key": "net.core.somaxconn", "value": 2048},
    {"kind": "sysfs", "key": "kernel/mm/transparent_hugepage/enabled", "value": "never"},
    {"kind": "systemd", "key": "CPUAffinity", "value": "2"},
    {"kind": "affinity", "key": "server", "value": "2"},
]
KEYS = "for i = 1, 2000 do redis.call('set', 'key:' .. i, i) end"
#: A machine that has lost the time as well, as one with an empty battery has.
LONG_AGO = "2001-01-01T00:00:00"


class Cuts:
    """The machine, what it looked like before anything, and which changes it has told of."""

    def __init__(self) -> None:
        self.machine = here()
        self.seed = int(os.environ.get("LOWLAT_SEED") or random.randrange(10**6))
        self.random = random.Random(self.seed)
        install(self.machine)
        self.guest = Guest(self.machine)
        self.guest.ask("shell", command=f'redis-cli eval "{KEYS}" 0 && redis-cli save && sync')
        self.known = {each["change_id"] for each in self.guest.ask("changes")}
        self.before = self.guest.ask("snapshot")
        assert self.before["keys"][0] == 2000 and not self.before["ours"], self.before

    def apply(self, **params: Any) -> dict[str, Any]:
        return dict(self.guest.ask("change", **{"state": "applied", "name": "power", "settings": SETTINGS, **params}))

    def cut_after(self, seconds: float, **params: Any) -> None:
        """Cut the power so long after the module has begun."""
        self.guest.begin("change", **params)
        self.guest.answer()
        time.sleep(seconds)
        self.cut()

    def cut(self) -> None:
        self.machine.cut()
        self.guest.close()

    def boot(self, clock: str = "utc") -> float:
        seconds = self.machine.start(clock)
        self.guest = Guest(self.machine)
        return seconds

    def ended(self, case: str) -> dict[str, Any] | None:
        """The change since the last look, when nobody watches over it any more; None where none was opened."""
        changes = [each for each in self.guest.ask("settled") if each["change_id"] not in self.known]
        self.known.update(each["change_id"] for each in changes)
        assert len(changes) <= 1, (case, changes)
        return changes[0] if changes else None

    def as_before(self, case: str, booted: bool = True) -> None:
        """The host is what it was, and a change that was opened says that it was rolled back."""
        change = self.ended(case)
        expected.same(case, self.before, self.guest.ask("snapshot"))
        if change is None:
            tell(case, "as it was; no change was opened")
            return
        assert change["state"] == "rolled_back" and not change["left"] and not change["lost"], (case, change)
        if booted and change["ended_by"] != "operator":  # or it had ended before the cut
            log = self.guest.ask("shell", command="journalctl -b -q -o cat _PID=1")
            expected.put_back_before_start(case, change["change_id"], log)
        tell(case, f"as it was; the journal: {' '.join(expected.without_pre_images(change['steps']))}")


def tell(case: str, end: str) -> None:
    print(f"{case}: {end}", flush=True)


def moments(cuts: Cuts, number: int, seconds: float) -> Iterator[float]:
    """Random ones, spread over so many seconds."""
    for part in range(number):
        yield (part + cuts.random.random()) * seconds / number


@dataclass(frozen=True)
class Seconds:
    """How long each takes on this machine."""

    applied: float
    confirmed: float
    rolled_back: float


def measured(cuts: Cuts) -> Seconds:
    """The whole way once, with nothing in between."""
    applied = cuts.apply()
    answers = [applied, *(cuts.guest.ask("change", state=state) for state in ("confirmed", "rolled_back"))]
    cuts.as_before("no cut", booted=False)
    tell("on this machine", ", ".join(f"{one['state']} after {one['seconds']:.1f} s" for one in answers))
    return Seconds(*(one["seconds"] for one in answers))


def without_cuts(cuts: Cuts, seconds: Seconds) -> None:
    """What else only a whole machine can show."""
    expected.cpusets(cuts.guest)
    cuts.ended("cpusets")
    # Long enough to set the clock before it has passed, wherever this runs.
    cuts.apply(settings=SETTINGS[:2], confirm_within=max(15, round(3 * seconds.applied)))
    expected.deadline_whatever_the_clock(cuts.guest)
    cuts.as_before("the clock is set, a day forward and two days back", booted=False)


def in_apply(cuts: Cuts, seconds: Seconds, number: int) -> None:
    for moment in moments(cuts, number, seconds.applied):
        cuts.cut_after(moment, state="applied", name="power", settings=SETTINGS)
        cuts.boot()
        cuts.as_before(f"power cut {moment:.2f} s after apply began")


def in_rollback(cuts: Cuts, seconds: Seconds) -> None:
    moment = cuts.random.random() * seconds.rolled_back
    cuts.apply()
    cuts.cut_after(moment, state="rolled_back")
    cuts.boot(LONG_AGO)
    cuts.as_before(f"power cut {moment:.2f} s after the rollback began, and the time lost")


def before_a_restart(cuts: Cuts) -> None:
    # Not with these: a file with one of them stays until the server has loaded its data, and then goes back.
    settings = [setting for setting in SETTINGS if setting["key"] not in ("databases", "maxmemory")]
    settings.append({"kind": "redis", "key": "tcp-backlog", "value": 256})
    assert sorted(cuts.apply(settings=settings, restart="defer")["pending_restart"]) == ["tcp-backlog"]
    cuts.cut()
    cuts.boot()
    expected.never_started_with_it(cuts.guest, "tcp-backlog", cuts.before["directives"]["tcp-backlog"])
    cuts.as_before("power cut while values wait for a restart")


def in_confirm(cuts: Cuts, seconds: Seconds) -> None:
    """Either end is right, and nothing in between."""
    change_id = cuts.apply(settings=[*SETTINGS[:2], *SETTINGS[3:6]])["change_id"]
    moment = cuts.random.random() * seconds.confirmed
    cuts.cut_after(moment, state="confirmed", change_id=change_id)
    cuts.boot()
    case = f"power cut {moment:.2f} s after confirming began"
    change = next(each for each in cuts.guest.ask("settled") if each["change_id"] == change_id)
    if change["state"] == "confirmed":
        expected.kept(cuts.guest.ask("snapshot"))
        tell(case, "confirmed, and kept")
        cuts.guest.ask("change", state="rolled_back", change_id=change_id)
    cuts.as_before(case, booted=change["state"] != "confirmed")


def main() -> None:
    cuts = Cuts()
    print(f"LOWLAT_SEED={cuts.seed}", flush=True)
    seconds = measured(cuts)
    without_cuts(cuts, seconds)
    in_apply(cuts, seconds, int(os.environ.get("LOWLAT_POWER_CUTS") or 5))
    in_rollback(cuts, seconds)
    before_a_restart(cuts)
    in_confirm(cuts, seconds)


if __name__ == "__main__":
    main()
