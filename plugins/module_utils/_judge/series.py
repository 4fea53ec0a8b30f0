# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures block by block as compact text, so that a record can hold what a comparison needs."""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from .._errors import BadInput

_PREFIX = "ls1:"
# Far beyond any honest text, so that a forged one cannot fill the memory.
_MOST_BYTES = 1 << 22

_REMEDY = "Take it from a measurement as it came"


def encode(series: Mapping[str, Sequence[float]]) -> str:
    """Lists of numbers by name (``rtt.p50``), to five significant digits. The same input gives the same text.

    BadInput for a number that is none, and for lists of one metric (the name before the dot) that differ in length.
    """
    shortened = {name: [_short(name, value) for value in series[name]] for name in sorted(series)}
    try:
        _check_lengths(shortened)
    except ValueError as error:
        raise BadInput(
            "These block figures do not belong together", where="series", why=str(error), remedy=_REMEDY
        ) from error
    raw = json.dumps(shortened, separators=(",", ":")).encode("ascii")
    return _PREFIX + base64.b64encode(zlib.compress(raw, 9)).decode("ascii")


def decode(text: str) -> dict[str, list[float]]:
    """The lists by name of an encoded series. BadInput if it is none."""
    try:
        if not isinstance(text, str) or not text.startswith(_PREFIX):
            raise ValueError(f"it does not begin with {_PREFIX}")
        inflater = zlib.decompressobj()
        raw = inflater.decompress(base64.b64decode(text[len(_PREFIX) :], validate=True), _MOST_BYTES)
        if not inflater.eof:
            raise ValueError("it is cut off or too long")
        series = _checked(json.loads(raw, parse_constant=_no_number))
        _check_lengths(series)
    except (ValueError, OverflowError, RecursionError, binascii.Error, zlib.error) as error:
        raise BadInput("This is no series of a measurement", where="series", why=str(error), remedy=_REMEDY) from error
    return series


def _short(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadInput(f"{value!r} is no block figure", where=name, why="it is no finite number", remedy=_REMEDY)
    return float(f"{value:.5g}")


def _checked(content: Any) -> dict[str, list[float]]:
    if not isinstance(content, dict):
        raise ValueError("it is no mapping")
    found = {}
    for name, values in content.items():
        if not isinstance(values, list):
            raise ValueError(f"{name!r} is no list")
        if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in values):
            raise ValueError(f"{name!r} has something else than numbers")
        found[name] = [float(value) for value in values]
        if not all(map(math.isfinite, found[name])):
            raise ValueError(f"{name!r} has a number without end")
    return found


def _check_lengths(series: Mapping[str, Sequence[float]]) -> None:
    lengths: dict[str, int] = {}
    for name, values in series.items():
        metric = name.partition(".")[0]
        if lengths.setdefault(metric, len(values)) != len(values):
            raise ValueError(f"{name!r} has {len(values)} blocks where {metric!r} has {lengths[metric]}")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
