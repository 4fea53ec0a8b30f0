# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a gate cannot be judged: a figure that was not measured, or a measurement that is not whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .change_interval import block_ratios
from .facts import Facts
from .query import Query
from .schema import CLIENT_METRICS, REFERENCE
from .sound import contradiction

Measurement = Mapping[str, Any]
#: A measurement and what to call it.
Side = tuple[Measurement, str]
HERE, BASELINE = "the measurement", "the baseline"
# Who did not run for more than this share of the time was not measured.
_MOST = 0.5


def no_figure(query: Query, side: Side) -> str:
    """Why there is no number for the query on this side."""
    reasons = _reasons(query, side[0])
    if reasons:
        return "; ".join(f"{side[1]} has no {metric}: {reason}" for metric, reason in reasons.items())
    return f"{side[1]} has no number at {query.text}"


def truncated(query: Query, *sides: Side) -> str:
    """Which side lacks samples, runs or blocks of what the query reads; empty where all are there."""
    for measurement, name in sides:
        told = _cut(query, measurement)
        if told:
            return f"{name} is not whole: {told}"
    return ""


def starved(query: Query, *sides: Side) -> str:
    """That probe or server hardly ran on one of the sides: then times say nothing, whatever they are.

    A quota that the server alone ran into is its own, and may be the change's doing.
    """
    for measurement, name in sides if query.metrics else ():
        facts = Facts(measurement)
        alone = (
            (facts.amount("throttled_by", "probe") or 0.0) <= _MOST < (facts.amount("throttled_by", "server") or 0.0)
        )
        for what, who in (("steal", "the hypervisor"), ("throttled", "a CPU quota")):
            share = facts.amount(what) or 0.0
            if share > _MOST and not (alone and what == "throttled"):
                return f"{who} took {share:.1%} of the time of {name}, which says nothing then"
    return ""


def unlike(here: Measurement, before: Measurement) -> str:
    """In what the two were not measured alike, so that neither's figures say anything of the other's; or empty."""
    for what in ("transport", "rate"):
        now, then = here.get(what), before.get(what)
        alike = isinstance(now, str) == isinstance(then, str)
        if alike and now is not None and then is not None and now != then:
            return f"the baseline was measured with {what} {then}, and this with {now}: they do not compare"
    return ""


def contradictory(query: Query, *sides: Side) -> str:
    """Which side contradicts itself; empty where neither does."""
    for measurement, name in sides:
        told = contradiction(query, measurement, len(sides) > 1)
        if told:
            return f"{name} contradicts itself: {told}"
    return ""


def no_interval(query: Query, *sides: Side) -> str:
    """Which side lacks what tells how certain the figure is, and every whole measurement has.

    Where two are compared by a figure relative to the reference, that is its blocks.
    """
    for measurement, name in sides:
        if len(sides) > 1 and query.relative:
            if not block_ratios(measurement, *query.relative):
                return f"{name} is not whole: it has no blocks of {query.text} that can be read"
        elif query.interval(dict(measurement)) is None:
            return f"{name} is not whole: it has no interval for {query.text}"
    return f"nothing says how certain {query.text} is"


def same_reason(query: Query, here: Measurement, before: Measurement | None) -> bool:
    """Neither measurement could have the metric, and for the same reason: the change has no part in it."""
    reasons = _reasons(query, here)
    return bool(reasons) and before is not None and reasons == _reasons(query, before)


def _reasons(query: Query, measurement: Measurement) -> dict[str, str]:
    not_measured = measurement.get("not_measured")
    if not isinstance(not_measured, Mapping):
        return {}
    return {metric: str(not_measured[metric]) for metric in query.metrics if metric in not_measured}


def _cut(query: Query, measurement: Measurement) -> str:
    """What is not there of the metrics that the query reads. A metric that was given up is not among them."""
    known = _reasons(query, measurement)
    metrics = [metric for metric in query.metrics if metric not in known]
    for metric in metrics:
        if not _whole_number(measurement, metric, "count"):
            return f"it does not say how many samples {metric} stands on"
    samples, runs = _whole_number(measurement, "samples"), _whole_number(measurement, "runs")
    if metrics and not (samples and runs):
        return "it does not say how many samples and runs were asked for"
    for metric in metrics:
        count = _whole_number(measurement, metric, "count")
        # The server counts its own, the untimed ones among them.
        if metric in (REFERENCE, *CLIENT_METRICS) and count != samples * runs:
            return f"{metric} stands on {count} samples of {samples * runs}"
    by_run = measurement.get("by_run")
    if metrics and (not isinstance(by_run, Sequence) or len(by_run) != runs):
        return f"it has {len(by_run) if isinstance(by_run, Sequence) else 'no'} runs of {runs}"
    for metric in metrics if "by_run" in query.text else ():
        there = sum(_has_run(run, metric) for run in by_run or ())
        if there != runs:
            return f"{there} of its {runs} runs have {metric}"
    if REFERENCE in metrics:
        return _cut_blocks(query, measurement, [metric for metric in metrics if metric in CLIENT_METRICS])
    return ""


def _has_run(run: Any, metric: str) -> bool:
    figures = run.get(metric) if isinstance(run, Mapping) else None
    return isinstance(figures, Mapping) and all(figures.get(name) is not None for name in ("p50", "p99", "jitter"))


def _cut_blocks(query: Query, measurement: Measurement, metrics: Sequence[str]) -> str:
    """That the blocks of these metrics and those of the reference, round by round, are not as many as there were."""
    facts = Facts(measurement)
    for metric in metrics:
        rounds = _whole_number(measurement, "relative", metric, "blocks")
        if not rounds:
            return f"it does not say how many blocks relative.{metric} stands on"
        for name in (metric, REFERENCE):
            blocks = max(len(facts.blocks(f"{name}.{figure}")) for figure in ("p50", "p90", "p99"))
            if not blocks:
                return f"it has no blocks of {query.text} that can be read"
            if blocks != rounds:
                return f"it has {blocks} blocks of {name} where relative.{metric} stands on {rounds}"
    return ""


def _whole_number(measurement: Any, *path: str) -> int:
    """A positive one at the end of the path, or 0."""
    for name in path:
        measurement = measurement.get(name) if isinstance(measurement, Mapping) else None
    found = isinstance(measurement, int) and not isinstance(measurement, bool) and measurement > 0
    return int(measurement) if found else 0
