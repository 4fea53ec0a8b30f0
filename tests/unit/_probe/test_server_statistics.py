# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.lowlat.redis.plugins.module_utils._probe.server_statistics import (
    Reading,
    metric,
    parse_histogram,
    parse_info,
)

INFO = """# Commandstats\r
cmdstat_set:calls=1000,usec=1500,usec_per_call=1.50,rejected_calls=0,failed_calls=0\r
cmdstat_config|get:calls=1,usec=9,usec_per_call=9.00,rejected_calls=0,failed_calls=0\r
# Latencystats\r
latency_percentiles_usec_set:p50=1.003,p99=5.023,p99.9=12.031\r
"""
POINTS = ((0.5, 1.003), (0.99, 5.023), (0.999, 12.031))
ALL = ((1.0, 600), (2.0, 900), (4.0, 960), (8.0, 995), (16.0, 1000))


def test_info_is_read() -> None:
    found = parse_info(INFO)
    assert found["set"] == Reading(1000, 1500, POINTS)
    assert found["config|get"].calls == 1


def test_the_old_format_without_rejected_calls_is_read() -> None:
    assert parse_info("cmdstat_xadd:calls=7,usec=21,usec_per_call=3.00\r\n") == {"xadd": Reading(7, 21)}


def test_a_histogram_is_read() -> None:
    reply = [b"set", [b"calls", 3, b"histogram_usec", [1, 2, 4, 3]], b"xadd", [b"calls", 0, b"histogram_usec", []]]
    assert parse_histogram(reply) == {"set": ((1.0, 2), (4.0, 3)), "xadd": ()}


def test_when_all_calls_are_ours_the_percentiles_are_those_of_the_server() -> None:
    figures, lacking = metric(Reading(), Reading(1000, 1500, POINTS, ALL), 1000)
    assert not lacking
    assert (figures["p50"], figures["p99"], figures["p999"]) == (1, 5, 12)
    assert figures["source"] == "latencystats"
    assert figures["mean"] == 1.5
    assert figures["jitter"] == 4
    assert figures["max"] == 16
    assert (figures["count"], figures["foreign_calls"]) == (1000, 0)
    assert 1 <= figures["p90"] <= 2
    low, high = figures["p99_interval"]
    assert low <= 5 <= high


def test_a_second_measurement_of_the_same_shape_gives_the_same_percentiles() -> None:
    before = Reading(1000, 1500, POINTS, ALL)
    after = Reading(2000, 3000, POINTS, tuple((us, 2 * count) for us, count in ALL))
    first, _lacking = metric(Reading(), before, 1000)
    second, _lacking = metric(before, after, 1000)
    assert second["source"] == "latency_histogram"
    assert {name: second[name] for name in ("p50", "p90", "p99", "p999", "max", "mean")} == {
        name: first[name] for name in ("p50", "p90", "p99", "p999", "max", "mean")
    }


def test_a_slower_second_measurement_is_seen_through_a_long_fast_past() -> None:
    before = Reading(1_000_000, 1_000_000, (), ((1.0, 1_000_000),))
    after = Reading(
        1_001_000, 1_100_000, ((0.5, 1.003), (0.99, 1.003), (0.999, 66.047)), ((1.0, 1_000_000), (132.0, 1_001_000))
    )
    figures, _lacking = metric(before, after, 1000)
    assert figures["mean"] == 100
    assert 66 <= figures["p50"] <= 132
    assert figures["p99"] <= 132


def test_buckets_that_the_server_leaves_out_are_empty() -> None:
    before = Reading(10, 10, (), ((1.0, 10),))
    after = Reading(20, 100, (), ((1.0, 10), (8.0, 20)))
    figures, _lacking = metric(before, after, 10)
    assert figures["p50"] == 6


def test_calls_of_others_are_told() -> None:
    figures, _lacking = metric(Reading(), Reading(1000, 1500, POINTS, ALL), 400)
    assert figures["foreign_calls"] == 600
    assert figures["source"] == "latency_histogram"


def test_before_redis_7_there_is_the_mean_and_a_reason() -> None:
    figures, lacking = metric(Reading(5, 5), Reading(105, 305), 100)
    assert figures == {"count": 100, "mean": 3.0, "foreign_calls": 0, "source": "commandstats"}
    assert "Redis 7" in lacking


def test_statistics_that_were_reset_meanwhile_give_nothing() -> None:
    figures, lacking = metric(Reading(1000, 1500, POINTS, ALL), Reading(50, 60, POINTS, ((1.0, 50),)), 1000)
    assert figures == {}
    assert "reset" in lacking


def test_fewer_calls_than_were_sent_means_a_reset_too() -> None:
    figures, lacking = metric(Reading(10, 10), Reading(150, 150), 200)
    assert figures == {}
    assert "reset" in lacking
