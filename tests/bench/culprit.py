# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles of eight settings on a live server: is the one at fault found, and nobody accused where none is?"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from _server import server
from _table import Figure, arguments, report

from ansible_collections.lowlat.redis.plugins.module_utils._effect import request
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address, control

BUNDLE = 8
SECONDS = 90.0
CASES = ("fsync", "affinity", "none")
_HARMLESS = (
    ("hz", 10, 8),
    ("tcp-keepalive", 300, 30),
    ("lazyfree-lazy-user-del", "no", "yes"),
    ("lazyfree-lazy-expire", "no", "yes"),
    ("activerehashing", "yes", "no"),
    ("maxmemory-samples", 5, 6),
    ("lfu-log-factor", 10, 11),
    ("lfu-decay-time", 1, 2),
    ("latency-monitor-threshold", 0, 100),
    ("active-expire-effort", 1, 2),
    ("auto-aof-rewrite-percentage", 100, 200),
)


@dataclass(frozen=True)
class Trial:
    """One bundle: who was at fault, who was accused, and how long it took in seconds."""

    case: str
    guilty: tuple[str, ...]
    accused: tuple[str, ...]
    verdict: str
    seconds: float
    tests: tuple[dict[str, Any], ...] = ()

    @property
    def right(self) -> bool:
        return self.guilty == self.accused and self.seconds <= SECONDS


def bundle(case: str, cpus: tuple[int, int], source: random.Random) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Eight settings in random order, and the keys of those at fault."""
    culprit: dict[str, dict[str, Any]] = {
        "fsync": {"kind": "redis", "key": "appendfsync", "values": ["everysec", "always"]},
        "affinity": {"kind": "affinity", "key": "server", "values": [str(cpus[0]), str(cpus[1])]},
    }
    guilty = [culprit[case]] if case in culprit else []
    others = source.sample(_HARMLESS, BUNDLE - len(guilty))
    settings = guilty + [{"kind": "redis", "key": key, "values": [old, new]} for key, old, new in others]
    source.shuffle(settings)
    return settings, tuple(one["key"] for one in guilty)


def trials(address: Address, directory: str, cpus: tuple[int, int], count: int, seed: int) -> Iterator[Trial]:
    """``count`` bundles of each case in turn. The server is on the first of the CPUs."""
    source = random.Random(seed)
    control(address).config_set("appendonly", "yes")
    for _round in range(count):
        for case in CASES:
            settings, guilty = bundle(case, cpus, source)
            start = time.monotonic()
            result = request.run(
                {
                    "settings": settings,
                    "login_port": address.port,
                    "state_directory": os.path.join(directory, "state"),
                    "cpu": "same",
                    "commands": ["ping", "set", "xadd"],
                    "margin_p50": 0.02,
                    "margin_p99": 0.05,
                    # The confirmation may take a tenth more.
                    "seconds": SECONDS / 1.15,
                    "duty": 1.0,
                }
            )
            accused = tuple(one["key"] for one in result["culprits"])
            steps = (*result["tests"], {"settings": ["joint"], **result["joint"]})
            yield Trial(case, guilty, accused, result["verdict"], time.monotonic() - start, steps)


def explain(trial: Trial) -> None:
    """Every test of a bundle that went wrong, and why its figures were not what they should have been."""
    for test in trial.tests:
        names = ", ".join(one if isinstance(one, str) else one["key"] for one in test["settings"])
        print(f"    {test.get('verdict', ''):<11} {names}")
        for metric, figures in test.get("effects", {}).items():
            for name, found in figures.items():
                told = "; ".join(found.get("caps") or [found.get("reason", "")])
                print(f"        {metric}.{name:<4} {found['verdict']:<11} {found['effect']} {found['interval']} {told}")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--trials", type=int, default=4, help="bundles of each case (default 4)")
    parser.add_argument("--seed", type=int, default=1, help="of the order of the settings (default 1)")
    chosen = parser.parse_args()
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        print("culprit: this needs two CPUs", file=sys.stderr)
        return 2
    done: list[Trial] = []
    with tempfile.TemporaryDirectory() as directory, server(usable[-1]) as (address, _pid):
        for trial in trials(address, directory, (usable[-1], usable[0]), chosen.trials, chosen.seed):
            print(f"{trial.case:<9} {trial.seconds:5.1f} s  {trial.verdict:<11} accused: {', '.join(trial.accused)}")
            done.append(trial)
            if not trial.right:
                explain(trial)
    right = sum(trial.right for trial in done)
    figures = [
        Figure("culprit_errors", 1 - right / len(done), 0.05, "bundles whose culprit was not found, or another was"),
        Figure("slowest_seconds", max(trial.seconds for trial in done), SECONDS, "the slowest bundle (s)"),
    ]
    context = {
        "culprit_accuracy": f"{right / len(done):.3f} ({right} of {len(done)} bundles of {BUNDLE}, {', '.join(CASES)})",
        "Python": sys.version.split()[0],
    }
    return report("culprit", figures, chosen.json, context)


if __name__ == "__main__":
    sys.exit(main())
