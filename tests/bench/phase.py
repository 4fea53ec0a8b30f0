# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one gated phase costs on a host reached over ssh, beside a no-op run of a plain role of eight tasks."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, os.path.dirname(__file__))
from _table import Figure, arguments, report

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".cache" / "bench-phase"
INVENTORY = ["-i", str(ROOT / "molecule/shared/inventory"), "-i", str(STATE / "hosts")]
REPORTS = {"report_directory": str(STATE / "reports")}
PHASE = ["-e", json.dumps({"lowlat_phases": ["phase2"], **REPORTS})]
#: Nothing of it waits for a restart.
LIVE_PHASE = [
    "-e",
    json.dumps(
        {
            "lowlat_phases": ["live"],
            **REPORTS,
            "lowlat_own_phases": {
                "live": {
                    "settings": [
                        {"kind": "redis", "key": "tcp-keepalive", "value": 30},
                        {"kind": "redis", "key": "hz", "value": 8},
                        {"kind": "redis", "key": "maxmemory", "value": "1gb"},
                    ]
                }
            },
        }
    ),
]


@dataclass(frozen=True)
class Run:
    seconds: float
    calls: int
    changed: int


def play(playbook: str, *options: str) -> Run:
    """Run a playbook; its seconds, its module calls on the host and its changed tasks."""
    counts = STATE / "calls.json"
    environment = dict(
        os.environ,
        MOLECULE_EPHEMERAL_DIRECTORY=str(STATE),
        ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests/bench/callback"),
        ANSIBLE_CALLBACKS_ENABLED="module_calls",
        ANSIBLE_COLLECTIONS_PATH=os.environ["PYTHONPATH"],
        LOWLAT_CALLS=str(counts),
    )
    begin = time.perf_counter()
    done = subprocess.run(
        ["ansible-playbook", *INVENTORY, playbook, *options],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{playbook} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    facts = json.loads(counts.read_text())
    return Run(seconds, len(facts["calls"]), facts["changed"])


def without_sampling(run: Run) -> Run:
    """The run less what the newest change spent in its measurements, as its record says."""
    newest = max((STATE / "reports").glob("*/*.json"), key=lambda path: path.stat().st_mtime)
    record: dict[str, Any] = json.loads(newest.read_text())
    sampled = float(record["sampling_seconds"])
    return Run(run.seconds - sampled, run.calls, run.changed)


def ratio(runs: list[Run], plain: list[Run]) -> float:
    """Median over the rounds: each run to the plain role of its own round."""
    return statistics.median(run.seconds / base.seconds for run, base in zip(runs, plain))


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds")
    chosen = parser.parse_args()
    (STATE / "hosts").mkdir(parents=True, exist_ok=True)
    plain_role = str(ROOT / "tests/bench/phase.yml")
    plain, first, again, live = [], [], [], []
    try:
        play(str(ROOT / "molecule/shared/create.yml"))
        play(str(ROOT / "molecule/shared/prepare.yml"))
        play(plain_role)
        for _round in range(chosen.rounds):
            plain.append(play(plain_role))
            first.append(without_sampling(play("lowlat.redis.apply", *PHASE)))
            again.append(play("lowlat.redis.apply", *PHASE))
            play("lowlat.redis.rollback")
            live.append(without_sampling(play("lowlat.redis.apply", *LIVE_PHASE)))
            play("lowlat.redis.rollback")
    finally:
        play(str(ROOT / "molecule/shared/destroy.yml"))
        shutil.rmtree(STATE, ignore_errors=True)
    return report(
        "phase",
        [
            Figure(
                "overhead_ratio",
                ratio(first, plain),
                1.0,
                "phase2 with its restart, without its sampling, to the plain role",
            ),
            Figure(
                "live_ratio",
                ratio(live, plain),
                1.0,
                "a phase without a restart, without its sampling, to the plain role",
            ),
            Figure("again_ratio", ratio(again, plain), 1.0, "phase2 once more, to the plain role"),
            Figure("calls", max(run.calls for run in first), 8, "module calls on the host, a phase"),
            Figure("calls_again", max(run.calls for run in again), 4, "module calls on the host, once more"),
            Figure("changed_again", max(run.changed for run in again), 0, "changed tasks, once more"),
        ],
        chosen.json,
        {"rounds": f"{chosen.rounds}, interleaved; plain role {statistics.median(run.seconds for run in plain):.1f} s"},
    )


if __name__ == "__main__":
    raise SystemExit(main())
