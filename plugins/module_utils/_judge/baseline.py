# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a baseline is there and whole, seen before a measurement is made only to be lost on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import BadInput
from . import series
from .outcome import Gate

_REMEDY = "Give the measurement of an earlier call as it was returned, or measure the baseline anew"


def check(baseline: Any, gates: Sequence[Gate], to_be: bool) -> None:
    """BadInput for a baseline that is damaged, and for gates against one that is not there.

    ``to_be``: this measurement is to be the baseline, so that gates against it need none yet.
    """
    if baseline is None:
        against = [gate.name for gate in gates if gate.against == "baseline"]
        if against and not to_be:
            raise BadInput(
                f"There is no baseline for {', '.join(against)}",
                where="baseline",
                why="a gate against the baseline compares with an earlier measurement",
                remedy="Give that as baseline, or on_inconclusive: keep where this measurement is to be the baseline",
            )
        return
    if not isinstance(baseline, Mapping) or not baseline:
        raise BadInput("The baseline is no measurement", where="baseline", why="there is nothing in it", remedy=_REMEDY)
    text = baseline.get("series")
    if text in (None, ""):
        return
    try:
        series.decode(text)
    except BadInput as error:
        raise BadInput("The baseline is damaged", where="baseline, series", why=error.why, remedy=_REMEDY) from error
