# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._probe.histogram import (
    Histogram,
    bucket_of,
    decode,
    middle_of,
)


@given(st.integers(min_value=0, max_value=10**12))
def test_the_middle_of_a_bucket_is_within_a_tenth_of_a_percent(nanoseconds: int) -> None:
    assert abs(middle_of(bucket_of(nanoseconds)) - nanoseconds) <= nanoseconds / 1000


@given(st.integers(min_value=0, max_value=10**9))
def test_buckets_rise_with_the_values(nanoseconds: int) -> None:
    assert bucket_of(nanoseconds) <= bucket_of(nanoseconds + 1) <= bucket_of(nanoseconds) + 1


@given(st.lists(st.integers(min_value=1, max_value=10**10), min_size=1, max_size=200))
def test_what_is_encoded_comes_back(samples: list[int]) -> None:
    histogram = Histogram()
    histogram.add(samples)
    decoded = decode(histogram.encode())
    assert sum(number for _value, number in decoded) == len(samples)
    assert [number for _value, number in decoded] == [number for _value, number in histogram.counts()]
    assert histogram.max_ns == max(samples)
    assert histogram.total_ns == sum(samples)
    assert histogram.quantile(1.0) <= max(samples) / 1000


def test_quantiles_are_those_of_the_samples_to_a_tenth_of_a_percent() -> None:
    random = Random(7)
    samples = [int(random.lognormvariate(9.9, 0.5)) for _sample in range(20_000)]
    histogram = Histogram()
    histogram.add(samples)
    samples.sort()
    for fraction, rank in ((0.5, 10_000), (0.9, 18_000), (0.99, 19_800), (0.999, 19_980)):
        assert histogram.quantile(fraction) == pytest.approx(samples[rank - 1] / 1000, rel=0.001)


def test_a_measurement_of_usual_size_takes_a_few_kilobytes() -> None:
    random = Random(7)
    histogram = Histogram()
    histogram.add(int(random.lognormvariate(9.9, 0.5)) for _sample in range(20_000))
    assert len(histogram.encode()) < 4096


def test_merging_is_adding_all() -> None:
    one, two, both = Histogram(), Histogram(), Histogram()
    one.add([5, 5000, 70_000])
    two.add([5, 123_456_789])
    both.add([5, 5000, 70_000, 5, 123_456_789])
    one.merge(two)
    assert (one.buckets, one.count, one.total_ns, one.max_ns) == (both.buckets, 5, both.total_ns, 123_456_789)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "lh1:",
        "lh1:!!!!",
        "lh1:" + base64.b64encode(b"no deflate").decode(),
        "lh1:" + base64.b64encode(zlib.compress(b"\x05")).decode(),
        "lh1:" + base64.b64encode(zlib.compress(b"\x85")).decode(),
        "lh1:" + base64.b64encode(zlib.compress(b"\xff" * 12 + b"\x01\x01")).decode(),
        "lh1:" + base64.b64encode(zlib.compress(b"\x01" * (1 << 21))).decode(),
        "lh1:" + base64.b64encode(zlib.compress(b"\x01\x01")[:-5]).decode(),
    ],
)
def test_what_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no histogram"):
        decode(text)
