# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe's loop against a plain C client: same server, same CPU, block by block in turn."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import _million
import redis
from _server import server
from _table import Figure, arguments, report

from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import ping
from ansible_collections.lowlat.redis.plugins.module_utils._probe.evidence import Evidence
from ansible_collections.lowlat.redis.plugins.module_utils._probe.guard import no_garbage_collection
from ansible_collections.lowlat.redis.plugins.module_utils._probe.ledger import Ledger
from ansible_collections.lowlat.redis.plugins.module_utils._probe.loop import Channel, run_block
from ansible_collections.lowlat.redis.plugins.module_utils._probe.measurement import measure
from ansible_collections.lowlat.redis.plugins.module_utils._probe.placement import pinned
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from ansible_collections.lowlat.redis.plugins.module_utils._probe.sampling import Sampler
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address, raw, socket_of

# As long as a block of the product.
BLOCK = 500
# Seconds between two looks at the clock.
EMPTY = 150e-9
HERE = os.path.dirname(os.path.abspath(__file__))


class NoCounters:
    """Nothing to renew: PING leaves no key."""

    def renew(self, name: str) -> None:
        pass


@contextmanager
def c_client(directory: str, port: int, cpu: int) -> Iterator[Any]:
    """The C client, waiting for the number of round trips on its standard input."""
    binary = os.path.join(directory, "ping")
    subprocess.run(["cc", "-O2", "-Wall", "-o", binary, os.path.join(HERE, "ping.c")], check=True)
    process = subprocess.Popen(
        [binary, str(port), str(cpu)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        yield process
    finally:
        process.communicate()


def c_block(process: Any) -> tuple[int, int]:
    process.stdin.write(f"{BLOCK}\n")
    median, tail = process.stdout.readline().split()
    return int(median), int(tail)


def probe_block(channel: Channel, times: array[int]) -> tuple[int, int]:
    run_block(channel, ping(), times, BLOCK)
    ordered = sorted(times)
    return ordered[(BLOCK + 1) // 2 - 1], ordered[(BLOCK * 99 + 99) // 100 - 1]


def compare(address: Address, directory: str, cpu: int, pairs: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """(median, p99) in nanoseconds of the probe and of C, for every pair of neighbouring blocks."""
    connection = raw(address)
    times = array("q", bytes(8 * BLOCK))
    found = []
    with c_client(directory, address.port, cpu) as client, pinned(cpu), no_garbage_collection():
        channel = Channel(socket_of(connection))
        probe_block(channel, times)
        c_block(client)
        for number in range(pairs):
            # Who goes first changes, so that a drift favours neither.
            if number % 2:
                theirs = c_block(client)
                ours = probe_block(channel, times)
            else:
                ours = probe_block(channel, times)
                theirs = c_block(client)
            found.append((ours, theirs))
    connection.disconnect()
    return found


def cost(address: Address, cpu: int) -> float:
    """Seconds that 20,000 round trips of the loop take at 20 us each, with the pauses and what is beside them.

    Without those of the reference, and without the ledger.
    """
    plan = Plan(samples=20_000, runs=1, commands=("ping",))
    connection = raw(address)
    with pinned(cpu), no_garbage_collection():
        sampler = Sampler(Channel(socket_of(connection)), plan, [ping()], NoCounters(), 5.0)
        start = time.perf_counter()
        histogram = sampler.run().histograms["rtt"]
        wall = time.perf_counter() - start
    connection.disconnect()
    beside = wall - histogram.total_ns / 1e9 / plan.duty
    return 20_000 * 20e-6 / plan.duty + beside


def whole_cost(address: Address) -> float:
    """The same of a measurement as the product makes it: with the reference, the ledger, and all that is around."""
    plan = Plan(samples=20_000, runs=1, commands=("ping",))
    start = time.perf_counter()
    found = measure(address, plan)
    wall = time.perf_counter() - start
    trips = sum(found[name]["count"] * found[name]["mean"] / 1e6 for name in ("rtt", "reference"))
    # The reference's are scaled as well: it is as fast as the server's PING, or nearly.
    count = sum(found[name]["count"] for name in ("rtt", "reference"))
    return float(count * 20e-6 / plan.duty + wall - trips / plan.duty)


@contextmanager
def stopwatches(*methods: tuple[Any, str]) -> Iterator[dict[str, list[float]]]:
    """Seconds of every call of these methods, by name; what the stopwatch itself takes is taken off."""
    spent: dict[str, list[float]] = {}
    originals = [(owner, name, getattr(owner, name)) for owner, name in methods]

    def timed(original: Any, calls: list[float]) -> Any:
        def wrapper(*given: Any, now: Any = time.perf_counter, note: Any = calls.append) -> Any:
            start = now()
            result = original(*given)
            note(now() - start - EMPTY)
            return result

        return wrapper

    for owner, name, original in originals:
        calls = spent[f"{owner.__name__}.{name}"] = []
        setattr(owner, name, timed(original, calls))
    try:
        yield spent
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def evidence_share(address: Address, plan: Plan) -> tuple[float, float, str]:
    """Time of all ledger and evidence reads over the time of the blocks, in measurements as the product makes them.

    The median of some; the same over the time of the runs with their pauses; and microseconds by kind of read.
    """
    methods = ((Ledger, "begin"), (Ledger, "end"), (Evidence, "__init__"), (Evidence, "begin"), (Evidence, "end"))
    shares: list[tuple[float, float]] = []
    with stopwatches(*methods) as spent, stopwatches((Sampler, "run")) as runs:
        for _measurement in range(5):
            for calls in (*spent.values(), *runs.values()):
                calls.clear()
            found = measure(address, plan)
            ledger = found["ledger"]
            blocks = sum(terms["wall"] * found[name]["count"] for name, terms in ledger.items() if name != "lacking")
            reads = sum(sum(calls) for calls in spent.values())
            shares.append((reads / (blocks / 1e6), reads / sum(runs["Sampler.run"])))
        parts = ", ".join(f"{kind} {len(c)} x {statistics.mean(c) * 1e6:.1f} us" for kind, c in spent.items())
    strict, whole = (statistics.median(share[which] for share in shares) for which in (0, 1))
    return strict, whole, parts


def spread(address: Address, repeats: int) -> tuple[float, float]:
    """Coefficient of variation over measurements of 24 blocks: of the median block ratio, and of p50 itself."""
    plan = Plan(samples=24 * BLOCK, runs=1, duty=1, commands=("ping",))
    found = [measure(address, plan) for _repeat in range(repeats)]
    ratios = [measurement["relative"]["rtt"]["p50"] for measurement in found]
    raw = [measurement["rtt"]["p50"] for measurement in found]
    return tuple(statistics.stdev(values) / statistics.mean(values) for values in (ratios, raw))  # type: ignore[return-value]


def memory() -> float:
    """MiB at the peak while 1,000,000 samples are taken (made up here: the server has no part in it)."""
    random = Random(1)
    made_up = [array("q", (int(random.lognormvariate(9.9, 0.4)) for _sample in range(BLOCK))) for _block in range(100)]

    def block(_channel: Any, _command: Any, times: array[int], count: int) -> None:
        times[:count] = random.choice(made_up)[:count]

    plan = Plan(samples=1_000_000, runs=1, commands=("ping",))
    tracemalloc.start()
    channel: Any = None
    sampler = Sampler(channel, plan, [ping()], NoCounters(), 600.0, sleep=lambda _seconds: None, block=block)
    text = sampler.run().histograms["rtt"].encode()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(text) < 32_768
    return peak / (1 << 20)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=240, help="pairs of blocks (default 240)")
    parser.add_argument("--repeats", type=int, default=30, help="measurements of 24 blocks (default 30)")
    chosen = parser.parse_args()
    cpu = max(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory, server(cpu) as (address, _pid):
        pairs = compare(address, directory, cpu, chosen.pairs)
        seconds, whole_seconds = cost(address, cpu), whole_cost(address)
        small, small_whole, _parts = evidence_share(address, Plan())
        share, whole, parts = evidence_share(address, Plan(samples=20_000, runs=1))
        ratio_cv, raw_cv = spread(address, chosen.repeats)
    judging, deciding = _million.seconds()
    ratios = [(ours[0] / theirs[0], ours[1] / theirs[1]) for ours, theirs in pairs]
    figures = [
        Figure("p50_ratio", statistics.median(p50 for p50, _p99 in ratios), 1.06, "probe / C, PING p50"),
        Figure("p99_ratio", statistics.median(p99 for _p50, p99 in ratios), 1.15, "probe / C, PING p99"),
        Figure("seconds_20000", seconds, 1.0, "20,000 round trips of the loop at 20 us, duty 0.5 (s)"),
        Figure("seconds_20000_whole", whole_seconds, math.inf, "the same with reference and ledger, measure() (s)"),
        Figure("evidence_share", share, 0.001, "ledger and evidence reads / time of the blocks"),
        Figure("ratio_cv", ratio_cv, 0.01, "CV of p50 / reference p50, 24 blocks"),
        Figure("mebibytes_1000000", memory(), 32.0, "1,000,000 samples, peak (MiB)"),
        Figure("judge_million_seconds", judging, 1.0, "1,000,000 samples, from samples to decision (s)"),
    ]
    middle = [statistics.median(block[who][which] for block in pairs) / 1000 for who in (0, 1) for which in (0, 1)]
    context = {
        "Python": f"{sys.version.split()[0]}, {sys.executable}, with redis {redis.__version__}",
        "blocks": f"{len(pairs)} pairs of {BLOCK} round trips on CPU {cpu}; ratios are medians over the pairs",
        "probe": f"p50 {middle[0]:.2f} us, p99 {middle[1]:.2f} us",
        "reads": parts,
        "evidence": f"{share:.3%} of the blocks' time with 20,000 samples ({whole:.3%} with the pauses), "
        f"{small:.3%} with 6,000 ({small_whole:.3%} with the pauses)",
        "ratio": f"CV {ratio_cv:.2%} over {chosen.repeats} measurements; of p50 itself {raw_cv:.2%}",
        "judge": f"{deciding:.2f} s of {judging:.2f} s for gates, comparison and decision, the rest for the figures",
        "C": f"p50 {middle[2]:.2f} us, p99 {middle[3]:.2f} us",
    }
    return report("probe", figures, chosen.json, context)


if __name__ == "__main__":
    sys.exit(main())
