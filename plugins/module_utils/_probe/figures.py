# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the runs yielded to the metrics of a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._judge.clustered import Clusters
from .._judge.series import encode
from .._judge.statistics import Bounds, Counts, figure_intervals, quantile
from .blocks import joined, relative
from .commands import WRITES
from .echo import METRIC as REFERENCE
from .histogram import Histogram
from .ledger import Ledger
from .outline import Outline
from .sampling import Run
from .server_statistics import FRACTIONS, Reading, metric

CLIENT = ("rtt", "set_rtt", "xadd_rtt")


@dataclass
class Taken:
    """What the runs yielded: client side by run, server readings around and between the runs."""

    runs: list[Run] = field(default_factory=list)
    readings: list[dict[str, Reading]] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)

    def give_up(self, name: str, reason: str) -> None:
        """Neither side of this command is measured."""
        if name == "ping":
            self.not_measured["rtt"] = reason
        elif name == REFERENCE:
            self.not_measured[REFERENCE] = reason
        else:
            self.not_measured[f"{name}_rtt"] = self.not_measured[name] = reason


def metrics(taken: Taken, transport: str) -> dict[str, Any]:
    """Every metric over all runs, and p50, p99 and jitter of each by run. What cannot be had goes to not_measured."""
    by_run: list[dict[str, Any]] = [{} for _run in taken.runs]
    found = _client_side(taken, by_run)
    if REFERENCE in found:
        found[REFERENCE]["transport"] = transport
    found.update(_server_side(taken, by_run))
    return {**found, "by_run": by_run}


def block_figures(taken: Taken, ledger: Ledger) -> dict[str, Any]:
    """``relative``, ``ledger`` and ``series``, which tell block by block."""
    measured = [name for name in (REFERENCE, *CLIENT) if name not in taken.not_measured]
    series = joined([run.series for run in taken.runs], measured)
    floor = REFERENCE in measured
    return {
        "relative": {name: relative(series, name, REFERENCE) for name in CLIENT if floor and name in measured},
        "ledger": ledger.settle(series, measured),
        "series": encode(series),
    }


def client_metric(histogram: Histogram, blocks: Clusters, beside: Sequence[Clusters] = ()) -> dict[str, Any]:
    """The figures of a client metric with their intervals, in microseconds, without its histogram.

    ``blocks`` are those that the histogram is made up of, and ``beside`` those of the other commands.
    """

    def interval(fraction: float, confidence: float) -> Bounds:
        low, high = blocks.interval(fraction, confidence, beside)
        return (
            None if low is None else histogram.microseconds(low),
            None if high is None else histogram.microseconds(high),
        )

    return {**_figures(histogram, histogram.counts()), **figure_intervals(interval, FRACTIONS)}


def clusters(histogram: Histogram, outlines: Sequence[Outline]) -> Clusters:
    """Of these blocks, in their order, which the histogram is made up of."""
    return Clusters(sorted(histogram.buckets.items()), outlines)


def _figures(histogram: Histogram, counts: Counts) -> dict[str, Any]:
    figures: dict[str, Any] = {name: round(quantile(counts, fraction), 3) for name, fraction in FRACTIONS.items()}
    figures["max"] = round(histogram.max_ns / 1000, 3)
    figures["mean"] = round(histogram.total_ns / histogram.count / 1000, 3)
    figures["jitter"] = round(figures["p99"] - figures["p50"], 3)
    figures["count"] = histogram.count
    return figures


def _client_side(taken: Taken, by_run: Sequence[dict[str, Any]]) -> dict[str, Any]:
    wholes: dict[str, Histogram] = {}
    blocks: dict[str, Clusters] = {}
    for name in (REFERENCE, *CLIENT):
        if name in taken.not_measured:
            continue
        whole = wholes[name] = Histogram()
        for summary, run in zip(by_run, taken.runs):
            of_run = run.histograms[name]
            whole.merge(of_run)
            summary[name] = _summary(_figures(of_run, of_run.counts()))
        blocks[name] = clusters(whole, [outline for run in taken.runs for outline in run.outlines[name]])
    found: dict[str, Any] = {}
    for name, whole in wholes.items():
        # What the server does now and then meets one command or another; the responder has no part in it.
        others = [blocks[other] for other in CLIENT if other in blocks and name not in (other, REFERENCE)]
        found[name] = {**client_metric(whole, blocks[name], others), "histogram": whole.encode()}
    return found


def _server_side(taken: Taken, by_run: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in WRITES:
        if name in taken.not_measured:
            continue
        sent = [run.sent[name] for run in taken.runs]
        figures, reason = metric(taken.readings[0][name], taken.readings[-1][name], sum(sent))
        if figures:
            found[name] = figures
        if reason:
            taken.not_measured[name] = reason
            continue
        for number, summary in enumerate(by_run):
            part, lacking = metric(taken.readings[number][name], taken.readings[number + 1][name], sent[number])
            if not lacking:
                summary[name] = _summary(part)
    return found


def _summary(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("p50", "p99", "jitter")}
