# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Round-trip times as a log-linear histogram: any number of samples in a few kilobytes, to 0.1 %."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections import Counter
from collections.abc import Iterable

from .._errors import BadInput
from .._judge.statistics import Counts, quantile

# 512 buckets for every doubling: the middle of a bucket is at most 1/1024 away from all values in it.
_BITS = 10
_FIRST = 1 << _BITS
_HALF = _FIRST >> 1
_PREFIX = "lh1:"
# Far beyond any honest text, so that a forged one cannot fill the memory.
_MOST_BYTES = 1 << 20


def bucket_of(nanoseconds: int) -> int:
    """Number of the bucket; below 1024 ns every nanosecond has its own."""
    if nanoseconds < _FIRST:
        return max(nanoseconds, 0)
    shift = nanoseconds.bit_length() - _BITS
    return shift * _HALF + (nanoseconds >> shift)


def middle_of(bucket: int) -> float:
    """The value in nanoseconds that stands for all in the bucket."""
    if bucket < _FIRST:
        return float(bucket)
    shift = bucket // _HALF - 1
    return ((bucket - shift * _HALF) << shift) + ((1 << shift) - 1) / 2


class Histogram:
    """Counts per bucket; count, sum and maximum are exact."""

    def __init__(self) -> None:
        self.buckets: Counter[int] = Counter()
        self.count = 0
        self.total_ns = 0
        self.max_ns = 0

    def add(self, nanoseconds: Iterable[int]) -> None:
        """Take in a block of samples."""
        for value, number in Counter(nanoseconds).items():
            self.buckets[bucket_of(value)] += number
            self.count += number
            self.total_ns += value * number
            if value > self.max_ns:
                self.max_ns = value

    def merge(self, other: Histogram) -> None:
        """Take in all samples of another histogram."""
        self.buckets.update(other.buckets)
        self.count += other.count
        self.total_ns += other.total_ns
        self.max_ns = max(self.max_ns, other.max_ns)

    def counts(self) -> list[tuple[float, int]]:
        """(microseconds, number) pairs in rising order. None stands above the exact maximum."""
        return [(self.microseconds(bucket), number) for bucket, number in sorted(self.buckets.items())]

    def microseconds(self, bucket: int) -> float:
        """What stands for all in the bucket."""
        return min(middle_of(bucket), self.max_ns or middle_of(bucket)) / 1000

    def quantile(self, fraction: float) -> float:
        """In microseconds, by nearest rank."""
        return quantile(self.counts(), fraction)

    def encode(self) -> str:
        """Compact text of the buckets, for results and records."""
        return encode(self.buckets)


def encode(buckets: dict[int, int]) -> str:
    """Sparse: the distance to the next bucket and its count as variable-length numbers, deflated, as text."""
    raw = bytearray()
    previous = 0
    for bucket, number in sorted(buckets.items()):
        if number:
            _append(raw, bucket - previous)
            _append(raw, number)
            previous = bucket
    return _PREFIX + base64.b64encode(zlib.compress(bytes(raw), 9)).decode("ascii")


def decode(text: str) -> Counts:
    """(microseconds, number) pairs of an encoded histogram, in rising order. BadInput if it is none."""
    try:
        if not text.startswith(_PREFIX):
            raise ValueError(f"it does not begin with {_PREFIX}")
        inflater = zlib.decompressobj()
        raw = inflater.decompress(base64.b64decode(text[len(_PREFIX) :], validate=True), _MOST_BYTES)
        if not inflater.eof:
            raise ValueError("it is cut off or too long")
        numbers = _numbers(raw)
        if len(numbers) % 2:
            raise ValueError("a count is missing")
    except (ValueError, binascii.Error, zlib.error) as error:
        remedy = "Take it from a measurement as it came"
        raise BadInput(
            "This is no histogram of a measurement", where="histogram", why=str(error), remedy=remedy
        ) from error
    found: list[tuple[float, int]] = []
    bucket = 0
    for distance, number in zip(numbers[::2], numbers[1::2]):
        bucket += distance
        found.append((middle_of(bucket) / 1000, number))
    return found


def _append(raw: bytearray, number: int) -> None:
    while number > 127:
        raw.append(number & 127 | 128)
        number >>= 7
    raw.append(number)


def _numbers(raw: bytes) -> list[int]:
    found: list[int] = []
    number = shift = 0
    for byte in raw:
        number |= (byte & 127) << shift
        shift += 7
        if shift > 70:
            raise ValueError("a number is too long")
        if byte < 128:
            found.append(number)
            number = shift = 0
    if shift:
        raise ValueError("a number is cut off")
    return found
