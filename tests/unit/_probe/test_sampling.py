# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tracemalloc
from array import array
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._probe.commands import Command, ping, set_, xadd
from ansible_collections.lowlat.redis.plugins.module_utils._probe.guard import Stalled
from ansible_collections.lowlat.redis.plugins.module_utils._probe.loop import Disconnected, ErrorReply
from ansible_collections.lowlat.redis.plugins.module_utils._probe.plan import Plan
from ansible_collections.lowlat.redis.plugins.module_utils._probe.sampling import Sampler

COMMANDS = (ping(), set_("s"), xadd("x"))


class Server:
    """Answers every request after 20 us; ``refuse`` maps a command to the number of the block it refuses."""

    def __init__(self, **refuse: int) -> None:
        self.log: list[tuple[str, int]] = []
        self.renewed: list[str] = []
        self.slept: list[float] = []
        self.now = 0.0
        self.refuse = refuse

    def renew(self, name: str) -> None:
        self.renewed.append(name)

    def block(self, channel: Any, command: Command, times: array[int], count: int) -> None:
        assert (channel == "responder") == (command.metric == "reference")
        self.log.append((command.name, count))
        if [name for name, _size in self.log].count(command.name) == self.refuse.get(command.name):
            times[0] = 1
            raise ErrorReply("OOM command not allowed")
        for i in range(count):
            times[i] = 20_000
        self.now += count * 20e-6

    def sampler(self, plan: Plan, reference: Any = None, meter: Any = None) -> Sampler:
        channel: Any = "server"
        hooks: Any = {"sleep": self.slept.append, "clock": lambda: self.now, "block": self.block}
        return Sampler(channel, plan, COMMANDS, self, 60.0, reference=reference, meter=meter, **hooks)

    def timed(self) -> list[str]:
        return [name for name, size in self.log if size > 10]


def test_commands_take_turns_block_by_block() -> None:
    server = Server()
    run = server.sampler(Plan(samples=700)).run()
    timed = [(name, size) for name, size in server.log if size > 10]
    assert timed == [(c, 350) for c in ("ping", "set", "xadd", "xadd", "set", "ping")]
    assert {name: h.count for name, h in run.histograms.items()} == {"rtt": 700, "set_rtt": 700, "xadd_rtt": 700}
    assert {h.max_ns for h in run.histograms.values()} == {20_000}


def test_every_round_has_a_reference_block_on_a_channel_of_its_own() -> None:
    server = Server()
    run = server.sampler(Plan(samples=1500), reference="responder").run()
    there = ["reference", "ping", "set", "xadd"]
    assert server.timed() == there + there[::-1] + there
    assert {name: h.count for name, h in run.histograms.items()}["reference"] == 1500
    assert run.series["reference.p50"] == run.series["rtt.p99"] == [20.0] * 3


def test_the_alternation_goes_on_over_the_runs() -> None:
    server = Server()
    sampler = server.sampler(Plan(samples=500), reference="responder")
    sampler.run()
    sampler.run()
    assert server.timed()[4:] == ["xadd", "set", "ping", "reference"]


def test_the_time_of_the_reference_counts_as_busy() -> None:
    server = Server()
    server.sampler(Plan(samples=500, duty=0.25), reference="responder").run()
    assert server.slept == pytest.approx([3 * 4 * 510 * 20e-6])


@pytest.mark.parametrize("error", [Disconnected("it closed"), Stalled("no answer"), OSError("broken pipe")])
def test_a_responder_that_fails_ends_the_reference_alone(error: Exception) -> None:
    server = Server()
    block = server.block

    def failing(channel: Any, command: Command, times: array[int], count: int) -> None:
        block(channel, command, times, count)
        if command.metric == "reference" and server.timed().count("reference") == 2:
            raise error

    server.block = failing  # type: ignore[method-assign]
    sampler = server.sampler(Plan(samples=1500), reference="responder")
    run = sampler.run()
    assert sampler.refused == {"reference": f"the responder failed: {error}"}
    assert set(run.histograms) == {"rtt", "set_rtt", "xadd_rtt"}
    assert "reference.p50" not in run.series
    assert len(run.series["rtt.p50"]) == 3


class Meter:
    """A reading is how many round trips were made before it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.readings = 0

    def begin(self, metric: str, last: Any) -> Any:
        return self.end(metric, None) if last is None else last

    def end(self, metric: str, before: Any) -> int:
        self.readings += 1
        return sum(size for _name, size in self.server.log)

    def terms(self, metric: str, before: int, after: int, operations: int) -> dict[str, float]:
        return {"round_trips": after - before, "operations": operations}


def test_one_reading_ends_a_block_and_begins_the_next() -> None:
    server = Server()
    meter = Meter(server)
    run = server.sampler(Plan(samples=1000), reference="responder", meter=meter).run()
    # The first block of a round begins after its warm-up, the others with it.
    assert run.series["reference.operations"] == run.series["xadd_rtt.operations"][::-1] == [500, 510]
    assert run.series["rtt.operations"] == run.series["set_rtt.operations"] == [510, 510]
    for metric in ("reference", "rtt", "set_rtt", "xadd_rtt"):
        assert run.series[f"{metric}.round_trips"] == run.series[f"{metric}.operations"]
    assert meter.readings == 2 * 5


def test_after_a_refusal_the_readings_begin_anew() -> None:
    server = Server(ping=2)
    meter = Meter(server)
    run = server.sampler(Plan(samples=500), reference="responder", meter=meter).run()
    assert run.series["set_rtt.round_trips"] == run.series["set_rtt.operations"] == [500]
    assert run.series["reference.round_trips"] == [500]


def test_what_was_sent_counts_the_untimed_round_trips_too() -> None:
    assert Server().sampler(Plan(samples=700)).run().sent == {"ping": 720, "set": 720, "xadd": 720}


def test_the_pause_follows_the_duty() -> None:
    server = Server()
    server.sampler(Plan(samples=500, duty=0.25)).run()
    assert server.slept == pytest.approx([3 * 3 * 510 * 20e-6])


def test_every_block_pushes_on_the_expiry_first() -> None:
    server = Server()
    server.sampler(Plan(samples=1000)).run()
    assert server.renewed == ["ping", "set", "xadd", "xadd", "set", "ping"]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_refused_command_ends_and_leaves_no_sample(number: int) -> None:
    server = Server(set=number)
    sampler = server.sampler(Plan(samples=1000))
    run = sampler.run()
    assert set(run.histograms) == {"rtt", "xadd_rtt"}
    assert sampler.refused == {"set": "the server answered SET with: OOM command not allowed"}
    assert set(sampler.run().histograms) == {"rtt", "xadd_rtt"}
    assert {h.count for h in run.histograms.values()} == {1000}
    assert {name.partition(".")[0] for name in run.series} == {"rtt", "xadd_rtt"}


def test_a_refusal_between_two_blocks_ends_the_command_alone() -> None:
    server = Server()

    def refuse(name: str) -> None:
        if name == "xadd" and server.log:
            raise ServerError("The server refuses", why="NOREPLICAS", code="refused")

    server.renew = refuse  # type: ignore[method-assign]
    sampler = server.sampler(Plan(samples=1000))
    assert set(sampler.run().histograms) == {"rtt", "set_rtt"}
    assert "NOREPLICAS" in sampler.refused["xadd"]


def test_a_command_refused_while_warming_up_is_never_timed() -> None:
    server = Server(xadd=1)
    sampler = server.sampler(Plan(samples=100))
    sampler.warm_up()
    assert set(sampler.run().histograms) == {"rtt", "set_rtt"}


def test_a_lost_connection_ends_everything() -> None:
    server = Server()

    def block(*_arguments: Any) -> None:
        raise Disconnected("it closed the connection")

    sampler = server.sampler(Plan())
    sampler.block = block
    with pytest.raises(Disconnected):
        sampler.run()


@pytest.mark.slow
def test_many_samples_need_no_more_memory_than_few() -> None:
    # Three commands, eight bytes a round trip: kept whole, the many would take 456 kB more.
    assert peak_memory(20_000) - peak_memory(1_000) < 1 << 18


def peak_memory(samples: int) -> int:
    """Bytes, those of other threads of the test runner included: two peaks differ by some of them."""
    server = Server()

    def block(_channel: Any, _command: Command, times: array[int], count: int) -> None:
        for i in range(count):
            times[i] = 15_000 + 7 * i

    sampler = server.sampler(Plan(samples=samples, runs=1))
    sampler.block = block
    tracemalloc.start()
    try:
        sampler.run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
