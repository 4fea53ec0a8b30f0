# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an address and a plan to a measurement: the mapping that gates query and records keep."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Any

from .._errors import ServerError
from .._server.connection import Address, control, raw, socket_of
from .commands import WRITES, Command, ping
from .echo import METRIC as REFERENCE
from .echo import Responder, responder
from .evidence import Evidence
from .figures import Taken, block_figures, metrics
from .guard import Interrupted, Stalled, no_garbage_collection, signals_raise
from .ledger import Ledger, Party
from .loop import Channel, Desynchronised, Disconnected
from .placement import Placement, last_cpu, pinned, place, reference_cpu, works_elsewhere
from .plan import Plan
from .sampling import Sampler
from .server import Server, no_writes, process_of, remove_keys

SCHEMA = 3
_NOT_ASKED = "it was not asked for"
#: A server that answered at first and is refused with one of these codes has failed.
_GONE = frozenset({"unreachable", "timeout"})


def measure(address: Address, plan: Plan) -> dict[str, Any]:
    """Measure the server at ``address`` and return the measurement (JSON-ready, microseconds).

    BadInput for a CPU that is not there, ServerError for a server that is not there, does not let the probe in, or
    fails while it is measured. The probe's keys are removed, its affinity is put back and the responder has ended
    whatever happens, so that it can be called again and again.
    """
    started_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    start = time.monotonic()
    with signals_raise():
        client = control(address)
        try:
            pid = process_of(client, address)
        finally:
            client.connection_pool.disconnect()  # close() leaves a pool of our own open
        placement = place(plan.cpu, pid)
        taken = Taken()
        found = _take(address, plan, placement, pid, taken)
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
        **found,
        "evidence": taken.evidence,
        "not_measured": taken.not_measured,
        "warnings": placement.warnings + taken.warnings,
    }


def _take(address: Address, plan: Plan, placement: Placement, pid: int, taken: Taken) -> dict[str, Any]:
    """All metrics and what goes with them."""
    server = Server(address)
    try:
        commands = _choose(server, plan, taken)
        with pinned(placement.probe), no_garbage_collection():
            found = _run(address, plan, server, commands, placement, pid, taken)
        if last_cpu(pid) != placement.probe and placement.requested == "same":
            taken.warnings.append("The server ran on another CPU at the end than at the beginning")
        return found
    except ServerError as error:
        # It was there when it was asked first.
        raise (_failed(error.why, address, error.details) if error.details.get("code") in _GONE else error) from error
    except (Disconnected, Desynchronised, Stalled, OSError) as error:
        raise _failed(str(error) or type(error).__name__, address, {}) from error
    finally:
        server.close()
        left = _clean(address, list(server.keys.values()))
        if left:
            taken.warnings.append(left)


def _failed(why: str, address: Address, details: Mapping[str, Any]) -> ServerError:
    return ServerError(
        "The server failed while it was measured",
        where=str(address),
        why=why,
        remedy="See its log; nothing can be said of its latency",
        **details,
    )


def _clean(address: Address, keys: Sequence[str]) -> str:
    try:
        return remove_keys(address, keys)
    except Interrupted:
        # It came in the middle of the removal. No second one can: from now on signals are ignored.
        remove_keys(address, keys)
        raise


def _choose(server: Server, plan: Plan, taken: Taken) -> list[Command]:
    """The commands that can be measured here; for the others the reason goes to ``not_measured``."""
    if "ping" not in plan.commands:
        taken.give_up("ping", _NOT_ASKED)
    commands = [ping()] if "ping" in plan.commands else []
    wanted = [name for name in WRITES if name in plan.commands]
    unwise = ""
    if wanted:
        info = server.info()
        unwise = no_writes(info) or server.choose_keys(wanted, info.get("cluster_enabled") == "1")
    for name in WRITES:
        if name not in wanted:
            taken.give_up(name, _NOT_ASKED)
            continue
        reason = unwise or server.try_write(server.command(name))
        if reason:
            taken.give_up(name, reason)
        else:
            commands.append(server.command(name))
    return commands


def _run(
    address: Address,
    plan: Plan,
    server: Server,
    commands: list[Command],
    placement: Placement,
    pid: int,
    taken: Taken,
) -> dict[str, Any]:
    connection: Any = raw(address)
    with ExitStack() as stack:
        stack.callback(connection.disconnect)
        channel = Channel(socket_of(connection))
        reference = _responder(stack, plan, channel, placement, taken)
        ledger = stack.enter_context(closing(_ledger(placement, pid, reference, taken)))
        sampler = Sampler(channel, plan, commands, server, address.timeout, reference=reference, meter=ledger)
        _sample(sampler, server, Evidence(server, placement, pid), taken)
        transport = reference.transport if reference else ""
        return {**metrics(taken, transport), **block_figures(taken, ledger)}


def _responder(stack: ExitStack, plan: Plan, channel: Channel, placement: Placement, taken: Taken) -> Responder | None:
    if not plan.reference:
        taken.give_up(REFERENCE, _NOT_ASKED)
        return None
    try:
        return stack.enter_context(responder(channel, reference_cpu(placement)))
    except OSError as error:
        taken.give_up(REFERENCE, f"there can be no responder: {error.strerror or error}")
        return None


def _ledger(placement: Placement, pid: int, reference: Responder | None, taken: Taken) -> Ledger:
    elsewhere = works_elsewhere(pid, placement.probe)
    if elsewhere:
        taken.warnings.append(
            f"Threads of the server may work on other CPUs ({elsewhere}): the ledger has its main thread alone"
        )
    party = Party(pid, frozenset(placement.server), bool(elsewhere))
    beside = Party(reference.pid, frozenset([reference_cpu(placement)])) if reference else None
    return Ledger(placement.probe, party, beside)


def _sample(sampler: Sampler, server: Server, evidence: Evidence, taken: Taken) -> None:
    writes = [command.name for command in sampler.commands if command.name in WRITES]
    sampler.warm_up()
    reason = _read(server, writes, taken)
    evidence.begin()
    for _number in range(sampler.plan.runs):
        taken.runs.append(sampler.run())
        reason = _read(server, writes, taken) or reason
    taken.evidence = evidence.end()
    for name in writes:
        if reason:
            taken.not_measured[name] = reason
    for name, refusal in sampler.refused.items():
        taken.give_up(name, refusal)
    if sampler.late_blocks:
        taken.warnings.append(
            f"In {sampler.late_blocks} blocks the server could not keep up with {sampler.plan.rate:g} requests a "
            "second: the times contain the wait"
        )


def _read(server: Server, names: Sequence[str], taken: Taken) -> str:
    if not names:
        return ""
    readings, reason = server.readings(names)
    taken.readings.append(readings)
    return reason
