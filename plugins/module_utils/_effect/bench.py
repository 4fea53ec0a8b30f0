# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of round trips beside a block of the reference: what one side of a quad measures."""

from __future__ import annotations

import math
import statistics
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from .._errors import ChangeError, ServerError
from .._judge.interrupted import undisturbed
from .._judge.quads import FOREIGN
from .._judge.statistics import quantile_rank
from .._probe import echo
from .._probe.blocks import FIGURES, figures_of
from .._probe.commands import WRITES, Command, ping
from .._probe.guard import Stalled, Watchdog, no_garbage_collection
from .._probe.ledger import Ledger, Party
from .._probe.loop import Channel, Desynchronised, Disconnected, ErrorReply, run_block
from .._probe.placement import Placement, pinned, place, reference_cpu, works_elsewhere
from .._probe.server import Server, no_writes, remove_keys
from .._server.connection import Address, raw, socket_of
from .company import Company

BLOCK = 500
#: A block takes about this long at most, in nanoseconds, unless it would have fewer than ``LEAST_BLOCK`` round trips.
BLOCK_NS = 50_000_000
LEAST_BLOCK = 25
_WARM_UP_STEP = 10
#: Round trips that follow a toggle and are not counted.
AFTER_TOGGLE = 50


class Bench:
    """Measures sides. ``commands`` are those that can be measured here, ``not_measured`` says why others cannot."""

    def __init__(
        self,
        address: Address,
        server: Server,
        channels: tuple[Channel, Channel],
        commands: Sequence[Command],
        duty: float,
        placement: Placement,
        company: Company | None = None,
    ) -> None:
        self.commands = list(commands)
        self.not_measured: dict[str, str] = {}
        self.left = ""  #: known when it has ended: why its keys are still there
        self.placement = placement
        self._address = address
        self._server = server
        self._channel, self._reference = channels
        self._duty = duty
        self._company = company
        self._times = array("q", bytes(8 * BLOCK))
        self._watchdog = Watchdog(self._times, address.timeout)

    def side(self, metrics: Sequence[str]) -> dict[str, float]:
        """``{"rtt.p50": ln(Redis / reference), ...}`` of a block of each of these metrics' commands.

        ``foreign`` is the share of wall time that others took from probe and server, or at most may have taken.
        ServerError where the server fails, or refuses what it took before.
        """
        began = time.perf_counter()
        if self._company:
            self._company.reset()
        found: dict[str, float] = {}
        floor = self._block(self._reference, echo.reference())
        for command in self.commands:
            if command.metric not in metrics:
                continue
            self._server.renew(command.name)
            own = self._block(self._channel, command)
            for figure, value in own.items():
                found[f"{command.metric}.{figure}"] = math.log(value / floor[figure])
        share = self._company.share() if self._company else None
        if share is not None:
            found[FOREIGN] = share
        pause = (time.perf_counter() - began) * (1 / self._duty - 1)
        if pause > 0:
            time.sleep(pause)
        return found

    def _block(self, channel: Channel, command: Command) -> dict[str, float]:
        try:
            with self._watchdog.watching():
                size = _size(self._warmed_up(channel, command))
                before = self._company.begin(command.metric) if self._company else None
                run_block(channel, command, self._times, size)
                taken = self._company.end(command.metric, before, size) if self._company else 0.0
        except (Disconnected, Desynchronised, Stalled, ErrorReply, OSError) as error:
            if command.metric == echo.METRIC:
                raise ChangeError(
                    "The reference failed while settings were compared",
                    where=str(self._address),
                    why=str(error) or type(error).__name__,
                    remedy="The server has no part in it: see whether the host has memory left, and run it again",
                ) from error
            raise ServerError(
                "The server failed while its settings were compared",
                where=str(self._address),
                why=f"{command.name.upper()}: {str(error) or type(error).__name__}",
                remedy="See its log; nothing can be said of the settings",
            ) from error
        return block_figures(self._times[:size], taken)

    def _warmed_up(self, channel: Channel, command: Command) -> float:
        """Round trips that do not count, no longer than a block; their median in nanoseconds."""
        seen: list[int] = []
        while len(seen) < AFTER_TOGGLE and sum(seen) < BLOCK_NS:
            run_block(channel, command, self._times, _WARM_UP_STEP)
            seen.extend(self._times[:_WARM_UP_STEP])
        return statistics.median(seen)


def block_figures(times: Sequence[int], taken: float) -> dict[str, float]:
    """Of a block in which others took so many nanoseconds: the p99 is that of the round trips that they did not run in.

    That of all of them is ``p99_all``.
    """
    found = figures_of(times)
    ordered = sorted(times)
    kept = undisturbed(ordered, taken)
    return {**found, "p99": ordered[quantile_rank(kept, FIGURES["p99"]) - 1] / 1000, "p99_all": found["p99"]}


def _size(nanoseconds: float) -> int:
    """Round trips in a block. Where each waits for a disk, the whole number would only cost time."""
    return max(LEAST_BLOCK, min(BLOCK, int(BLOCK_NS / max(nanoseconds, 1))))


@contextmanager
def bench(
    address: Address, pid: int, cpu: str, commands: Sequence[str], duty: float, moves: bool = False
) -> Iterator[Bench]:
    """A bench on ``cpu`` (same, auto or a number) for the server ``pid``; its keys are removed afterwards.

    ``moves``: the server will be put on other CPUs meanwhile, so that no ledger of this one would close.
    BadInput for a CPU that is not there. ServerError where nothing of ``commands`` can be measured.
    """
    placement = place(cpu, pid)
    server = Server(address)
    found: Bench | None = None
    try:
        usable, not_measured = _choose(server, commands)
        if not usable:
            raise ServerError(
                "Nothing can be measured here",
                where=str(address),
                why="; ".join(f"{name}: {reason}" for name, reason in not_measured.items()),
                remedy="Add ping to commands",
            )
        with ExitStack() as stack:
            connection: Any = raw(address)
            stack.callback(connection.disconnect)
            channel = Channel(socket_of(connection))
            stack.enter_context(pinned(placement.probe))
            stack.enter_context(no_garbage_collection())
            floor = stack.enter_context(echo.responder(channel, reference_cpu(placement)))
            company = None if moves else stack.enter_context(closing(_company(placement, pid, floor.pid)))
            found = Bench(address, server, (channel, floor), usable, duty, placement, company)
            found.not_measured = not_measured
            yield found
    finally:
        server.close()
        left = remove_keys(address, list(server.keys.values()))
        if found:
            found.left = left


def _company(placement: Placement, pid: int, responder: int) -> Company:
    alone = bool(works_elsewhere(pid, placement.probe))
    server = Party(pid, frozenset(placement.server), alone)
    ledger = Ledger(placement.probe, server, Party(responder, frozenset([reference_cpu(placement)])))
    return Company(ledger, pid)


def _choose(server: Server, wanted: Sequence[str]) -> tuple[list[Command], dict[str, str]]:
    """The commands that can be measured here, and by metric why others cannot."""
    chosen = [ping()] if "ping" in wanted else []
    writes = [name for name in WRITES if name in wanted]
    info = server.info() if writes else {}
    unwise = writes and (no_writes(info) or server.choose_keys(writes, info.get("cluster_enabled") == "1"))
    reasons: dict[str, str] = {}
    for name in writes:
        reason = unwise or server.try_write(server.command(name))
        if reason:
            reasons[f"{name}_rtt"] = reason
        else:
            chosen.append(server.command(name))
    return chosen, reasons
