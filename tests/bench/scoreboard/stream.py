# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded rounds of blocks, kept small: of each block some quantiles, and the ledger per operation.

A round is a block of round trips to Redis and one to the reference, right after one another. Times are microseconds.
"""

from __future__ import annotations

import base64
import json
import math
import os
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

BLOCK = 500
# Denser towards the tail; the last one is the block's slowest round trip.
FRACTIONS = (
    0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.984, 0.988, 0.99,
    0.992, 0.994, 0.996, 0.998, 1.0,
)  # fmt: skip
P50, P90, P99 = FRACTIONS.index(0.5), FRACTIONS.index(0.9), FRACTIONS.index(0.99)
TERMS = ("wall", "probe", "server", "idle", "foreign")
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "streams")
# Steps of a 5000th: 0.02 %.
_STEPS = 5000.0
_LEDGER_STEPS = 100.0

# The directory that streams are read from.
_in_use = [HERE]

# The quantiles of one block in microseconds, by FRACTIONS.
Block = tuple[float, ...]


@dataclass
class Stream:
    """``ledger`` holds, by arm ("redis", "reference"), the TERMS of each block in microseconds per operation."""

    name: str
    redis: list[Block]
    reference: list[Block]
    ledger: dict[str, list[tuple[float, ...]]]
    evidence: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.redis)


def sketch(times_ns: Sequence[int]) -> Block:
    """The quantiles of a block's times (nearest rank)."""
    ordered = sorted(times_ns)
    count = len(ordered)
    return tuple(ordered[max(0, math.ceil(count * fraction - 1e-9) - 1)] / 1000.0 for fraction in FRACTIONS)


def save(stream: Stream, directory: str = HERE) -> None:
    content = {
        "name": stream.name,
        "block": BLOCK,
        "redis": _pack_blocks(stream.redis),
        "reference": _pack_blocks(stream.reference),
        "ledger": {arm: _pack_ledger(rows) for arm, rows in stream.ledger.items()},
        "evidence": stream.evidence,
    }
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, f"{stream.name}.json"), "w", encoding="ascii") as file:
        json.dump(content, file, indent=0, sort_keys=True)
        file.write("\n")


def load(name: str, directory: str | None = None) -> Stream:
    """A stream of this directory, or of the one in use."""
    with open(os.path.join(directory or _in_use[0], f"{name}.json"), encoding="ascii") as file:
        content = json.load(file)
    ledger = {arm: _unpack_ledger(text) for arm, text in content["ledger"].items()}
    return Stream(
        content["name"],
        _unpack_blocks(content["redis"]),
        _unpack_blocks(content["reference"]),
        ledger,
        content["evidence"],
    )


def use(directory: str) -> None:
    """Read streams from there: a path, or the name of a directory beside the usual ones. Before any is read."""
    _in_use[0] = directory if os.path.isdir(directory) else os.path.join(HERE, directory)
    missing = sorted(set(names(HERE)) - set(names(_in_use[0])))
    if missing:
        raise FileNotFoundError(f"{_in_use[0]} has no stream called {missing[0]}")


def names(directory: str) -> list[str]:
    return sorted(file[:-5] for file in os.listdir(directory) if file.endswith(".json"))


def _pack_blocks(blocks: Sequence[Block]) -> str:
    """Column by column, each as differences to the block before: neighbours are alike, so that packs well."""
    codes = [[round(math.log(value) * _STEPS) for value in column] for column in zip(*blocks)]
    return _pack(codes)


def _unpack_blocks(text: str) -> list[Block]:
    columns = _unpack(text, len(FRACTIONS))
    return [tuple(math.exp(code / _STEPS) for code in row) for row in zip(*columns)]


def _pack_ledger(rows: Sequence[tuple[float, ...]]) -> str:
    return _pack([[round(value * _LEDGER_STEPS) for value in column] for column in zip(*rows)])


def _unpack_ledger(text: str) -> list[tuple[float, ...]]:
    return [tuple(code / _LEDGER_STEPS for code in row) for row in zip(*_unpack(text, len(TERMS)))]


def _pack(columns: Sequence[Sequence[int]]) -> str:
    # Low and high bytes apart: the high ones hardly change.
    raw = b""
    for column in columns:
        values = array("i", column).tobytes()
        raw += b"".join(values[place::4] for place in range(4))
    return base64.b85encode(zlib.compress(raw, 9)).decode()


def _unpack(text: str, columns: int) -> list[array[int]]:
    raw = zlib.decompress(base64.b85decode(text))
    size = len(raw) // columns
    found = []
    for start in range(0, len(raw), size):
        part = raw[start : start + size]
        quarter = size // 4
        values = bytearray(size)
        for place in range(4):
            values[place::4] = part[place * quarter : (place + 1) * quarter]
        found.append(array("i", bytes(values)))
    return found
