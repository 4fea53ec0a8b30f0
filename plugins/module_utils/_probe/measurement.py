# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an address and a plan to a measurement: the mapping that gates query and records keep."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import ServerError
from .._judge.statistics import quantile, quantile_interval
from .._server.connection import Address, control, raw, socket_of
from .commands import WRITES, Command, ping
from .guard import Interrupted, Stalled, no_garbage_collection, signals_raise
from .histogram import Histogram
from .loop import Channel, Desynchronised, Disconnected
from .placement import Placement, last_cpu, pinned, place
from .plan import Plan
from .sampling import Run, Sampler
from .server import Server, no_writes, process_of, remove_keys
from .server_statistics import FRACTIONS, Reading, metric

SCHEMA = 1
_NOT_ASKED = "it was not asked for"


@dataclass
class _Taken:
    """What the runs yielded: client side by run, server readings around and between the runs."""

    runs: list[Run] = field(default_factory=list)
    readings: list[dict[str, Reading]] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def measure(address: Address, plan: Plan) -> dict[str, Any]:
    """Measure the server at ``address`` and return the measurement (JSON-ready, microseconds).

    BadInput for a CPU that is not there, ServerError for a server that is not there, does not let the probe in, or
    fails while it is measured. The probe's keys are removed and its affinity is put back whatever happens.
    """
    started_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    start = time.monotonic()
    with signals_raise():
        client = control(address)
        try:
            pid = process_of(client, address)
        finally:
            client.close()
        placement = place(plan.cpu, pid)
        taken = _take(address, plan, placement, pid)
    return {
        "schema": SCHEMA,
        "started_at": started_at,
        "seconds": round(time.monotonic() - start, 3),
        "cpu": placement.to_dict(),
        "transport": address.transport,
        "samples": plan.samples,
        "runs": plan.runs,
        "duty": plan.duty,
        "rate": plan.rate,
        **_metrics(taken),
        "not_measured": taken.not_measured,
        "warnings": placement.warnings + taken.warnings,
    }


def _take(address: Address, plan: Plan, placement: Placement, pid: int) -> _Taken:
    taken = _Taken()
    server = Server(address)
    try:
        commands = _choose(server, plan, taken.not_measured)
        with pinned(placement.probe), no_garbage_collection():
            _run(address, plan, server, commands, taken)
        if last_cpu(pid) != placement.probe and placement.requested == "same":
            taken.warnings.append("The server ran on another CPU at the end than at the beginning")
    except (Disconnected, Desynchronised, Stalled, OSError) as error:
        raise ServerError(
            "The server failed while it was measured",
            where=str(address),
            why=str(error) or type(error).__name__,
            remedy="See its log; nothing can be said of its latency",
        ) from error
    finally:
        server.close()
        left = _clean(address, list(server.keys.values()))
        if left:
            taken.warnings.append(left)
    return taken


def _clean(address: Address, keys: Sequence[str]) -> str:
    try:
        return remove_keys(address, keys)
    except Interrupted:
        # It came in the middle of the removal. No second one can: from now on signals are ignored.
        remove_keys(address, keys)
        raise


def _choose(server: Server, plan: Plan, not_measured: dict[str, str]) -> list[Command]:
    """The commands that can be measured here; for the others the reason goes to ``not_measured``."""
    if "ping" not in plan.commands:
        not_measured["rtt"] = _NOT_ASKED
    commands = [ping()] if "ping" in plan.commands else []
    wanted = [name for name in WRITES if name in plan.commands]
    unwise = ""
    if wanted:
        info = server.info()
        unwise = no_writes(info) or server.choose_keys(wanted, info.get("cluster_enabled") == "1")
    for name in WRITES:
        if name not in wanted:
            _give_up(name, _NOT_ASKED, not_measured)
            continue
        reason = unwise or server.try_write(server.command(name))
        if reason:
            _give_up(name, reason, not_measured)
        else:
            commands.append(server.command(name))
    return commands


def _give_up(name: str, reason: str, not_measured: dict[str, str]) -> None:
    """Neither side of this command is measured."""
    if name == "ping":
        not_measured["rtt"] = reason
    else:
        not_measured[f"{name}_rtt"] = not_measured[name] = reason


def _run(address: Address, plan: Plan, server: Server, commands: list[Command], taken: _Taken) -> None:
    connection: Any = raw(address)
    try:
        sampler = Sampler(Channel(socket_of(connection)), plan, commands, server, address.timeout)
        writes = [command.name for command in commands if command.name in WRITES]
        sampler.warm_up()
        reason = _read(server, writes, taken)
        for _number in range(plan.runs):
            taken.runs.append(sampler.run())
            reason = _read(server, writes, taken) or reason
    finally:
        connection.disconnect()
    for name in writes:
        if reason:
            taken.not_measured[name] = reason
    for name, refusal in sampler.refused.items():
        _give_up(name, refusal, taken.not_measured)
    if sampler.late_blocks:
        taken.warnings.append(
            f"In {sampler.late_blocks} blocks the server could not keep up with {plan.rate:g} requests a second: "
            "the times contain the wait"
        )


def _read(server: Server, names: Sequence[str], taken: _Taken) -> str:
    if not names:
        return ""
    readings, reason = server.readings(names)
    taken.readings.append(readings)
    return reason


def _metrics(taken: _Taken) -> dict[str, Any]:
    """Every metric over all runs, and p50, p99 and jitter of each by run."""
    found: dict[str, Any] = {}
    by_run: list[dict[str, Any]] = [{} for _run in taken.runs]
    for name in ("rtt", "set_rtt", "xadd_rtt"):
        if name in taken.not_measured:
            continue
        whole = Histogram()
        for summary, run in zip(by_run, taken.runs):
            whole.merge(run.histograms[name])
            summary[name] = _summary(client_metric(run.histograms[name]))
        found[name] = {**client_metric(whole), "histogram": whole.encode()}
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
    return {**found, "by_run": by_run}


def client_metric(histogram: Histogram) -> dict[str, Any]:
    """The figures of a client metric, in microseconds, without its histogram."""
    counts = histogram.counts()
    figures: dict[str, Any] = {name: round(quantile(counts, fraction), 3) for name, fraction in FRACTIONS.items()}
    figures["max"] = round(histogram.max_ns / 1000, 3)
    figures["mean"] = round(histogram.total_ns / histogram.count / 1000, 3)
    figures["jitter"] = round(figures["p99"] - figures["p50"], 3)
    figures["count"] = histogram.count
    figures["p99_interval"] = [None if end is None else round(end, 3) for end in quantile_interval(counts, 0.99)]
    return figures


def _summary(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("p50", "p99", "jitter")}
