# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe and judge together: gates are checked first, then it is measured, then judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._errors import LowlatError
from ._judge.decision import decide
from ._judge.gates import judge, parse
from ._probe.measurement import measure
from ._probe.plan import Plan
from ._server.connection import Address


def run(params: Mapping[str, Any]) -> dict[str, Any]:
    """``{changed, measurement, gates, decision}`` for the parameters of latency_probe.

    LowlatError where a hard gate failed, with all of that in its details. BadInput comes before the measurement.
    """
    gates = parse(params["gates"])
    plan = Plan(
        samples=params["samples"],
        runs=params["runs"],
        duty=params["duty"],
        rate=params["rate"],
        commands=tuple(params["commands"]),
        cpu=params["cpu"],
    )
    address = Address.from_options(dict(params))
    measurement = measure(address, plan)
    outcomes = judge(gates, measurement, params["baseline"])
    decision = decide(outcomes, params["on_inconclusive"])
    result: dict[str, Any] = {"changed": False, "measurement": measurement, "gates": outcomes, "decision": decision}
    if decision["failed"]:
        count = len(decision["failed"])
        raise LowlatError(
            f"{count} hard {'gate' if count == 1 else 'gates'} failed",
            where=str(address),
            why=decision["reason"],
            **result,
        )
    return result
