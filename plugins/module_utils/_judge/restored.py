# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback is a claim too: whether the latency of the restored host is what it was before the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .cause import ARTIFACT
from .comparison import EQUIVALENT, IMPROVEMENT, REGRESSION
from .outcome import FAIL, INCONCLUSIVE, PASS, SOFT_FAIL

AT_BASELINE, SLOWER, NOT_PROVEN, NOT_MEASURED = "at_baseline", "slower", "not_proven", "not_measured"


def judge_restored(result: Mapping[str, Any], events: Sequence[str] = ()) -> dict[str, str]:
    """``{latency, reason}`` of what latency_probe returned on the restored host, held against the old baseline.

    Only gates against the baseline and the comparison itself count: an absolute gate may have failed before the change.
    What a disturbance may have done is no more proof here than where a change is judged, nor what the server had to do
    beside it that the baseline did not have (``events``, as ``passing`` has them).
    """
    if not result.get("measurement"):
        return {"latency": NOT_MEASURED, "reason": str(result.get("msg") or "nobody measured it")}
    gates = [gate for gate in result.get("gates", []) if gate["severity"] == "hard" and gate["against"] == "baseline"]
    comparisons: Mapping[str, Mapping[str, Any]] = result.get("comparisons") or {}
    worse = [f"gate {gate['name']}: {gate['reason']}" for gate in gates if gate["outcome"] == FAIL]
    slower = [f"{name} is slower" for name, found in comparisons.items() if found["verdict"] == REGRESSION]
    disturbance = f"a disturbance that may be all of it ({ARTIFACT})" if result.get("cause") == ARTIFACT else ""
    beside = disturbance or ", ".join(events)
    if worse or (slower and not beside):
        return {"latency": SLOWER, "reason": "; ".join([*worse, *slower])}
    open_ = [f"{told} beside {beside}" for told in slower]
    open_ += [
        f"gate {gate['name']} is inconclusive: {gate['reason']}"
        for gate in gates
        if gate["outcome"] == INCONCLUSIVE and not gate.get("excused")
    ]
    if open_:
        return {"latency": NOT_PROVEN, "reason": "; ".join(open_)}
    held = [gate for gate in gates if gate["outcome"] in (PASS, SOFT_FAIL)]
    if held:
        return {"latency": AT_BASELINE, "reason": f"{len(held)} of the gates against it hold"}
    same = [name for name, found in comparisons.items() if found["verdict"] in (EQUIVALENT, IMPROVEMENT)]
    if comparisons and len(same) == len(comparisons):
        return {"latency": AT_BASELINE, "reason": f"{', '.join(same)} did not grow"}
    return {"latency": NOT_PROVEN, "reason": "no gate compares it with its baseline, and the samples prove nothing"}
