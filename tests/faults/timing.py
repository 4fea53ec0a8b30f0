# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What coming back by itself costs: the time to arm and confirm, the time to take back, the size of a journal."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .cases import Case
from .drivers import Driver
from .world import CONFIG, World

STOCK = Path("/etc/redis/redis.conf")
_PHASE2 = Path(__file__).parents[2] / "roles/phase2/defaults/main.yml"
#: For the end of a config file as a distribution has it: what would reach out of this world.
_OURS = """
port {port}
bind 127.0.0.1
dir {data}
logfile {log}
pidfile {data}/pid
daemonize no
supervised no
enable-debug-command local
"""


def phase2(name: str, *, restart: bool) -> Case:
    """The bundled phase, with or without what needs a restart."""
    settings = yaml.safe_load(_PHASE2.read_text())["phase2_settings"]
    chosen = tuple(one for one in settings if restart or one["key"] != "databases")
    return Case(name, chosen, "allowed" if restart else "refuse")


@contextlib.contextmanager
def world(driver: Driver, dump: Path, case: Case) -> Iterator[World]:
    """A server with the config file of the distribution, where that can be read."""
    config = STOCK.read_text() + _OURS if STOCK.exists() else CONFIG
    with (
        tempfile.TemporaryDirectory(prefix="lowlat-") as root,
        World(Path(root), dump, case, driver, config=config).running() as made,
    ):
        yield made


def arm_and_confirm(driver: Driver, dump: Path, rounds: int) -> tuple[float, float]:
    """Milliseconds that a deadline adds to a change that is confirmed: the median, and for a host's first change."""
    values = {"kind": "redis", "key": "hz"}
    added = []
    with world(driver, dump, Case("hz", ())) as made:
        for number in range(rounds + 1):
            taken = []
            for place, seconds in enumerate((300, 0)):
                setting: dict[str, Any] = {**values, "value": 20 + 2 * number + place}
                asked = made.ask("applied", settings=[setting], confirm_within=seconds)
                confirmed = made.ask("confirmed")
                assert (asked.status, confirmed.status) == (0, 0), asked.said + confirmed.said
                taken.append(asked.seconds + confirmed.seconds)
            added.append(1000 * (taken[0] - taken[1]))
    return statistics.median(added[1:]), added[0]


def take_back(driver: Driver, dump: Path, case: Case, rounds: int) -> tuple[float, float]:
    """Seconds from the deadline to the end of the rollback, and those that the server's own restart takes."""
    taken, restarts = [], []
    for _round in range(rounds):
        with world(driver, dump, case) as made:
            restarts.append(_restart(made))
            asked = made.ask("applied", confirm_within=4, settled=True)
            assert asked.status == 0, asked.said
            change = next((made.state_directory / "changes").iterdir())
            deadline = made.deadline(change)
            while (change / "armed").exists():
                assert time.time() < deadline + 120
                time.sleep(0.05)
            assert made.state() == "rolled_back"
            taken.append((change / "journal").stat().st_mtime - deadline)
    return statistics.median(taken), statistics.median(restarts)


def _restart(made: World) -> float:
    begun = time.monotonic()
    made.stop()
    made.start()
    return time.monotonic() - begun


def journal_size(driver: Driver, dump: Path) -> float:
    """KiB of the journal of the bundled phase, from its opening to its end."""
    with world(driver, dump, phase2("phase2", restart=True)) as made:
        for state in ("applied", "rolled_back"):
            asked = made.ask(state)
            assert asked.status == 0, asked.said
        journals = list(made.state_directory.glob("changes/*/journal"))
        return max(path.stat().st_size for path in journals) / 1024
