# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the latency of a restored host is back at its baseline."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._judge.restored import judge_restored


def gate(outcome: str, against: str = "baseline", **more: Any) -> dict[str, Any]:
    return {"name": "g", "severity": "hard", "against": against, "outcome": outcome, "reason": "so", **more}


def judged(gates: list[dict[str, Any]], **verdicts: str) -> str:
    comparisons = {f"{name}.p50": {"verdict": verdict} for name, verdict in verdicts.items()}
    return judge_restored({"measurement": {"rtt": {}}, "gates": gates, "comparisons": comparisons})["latency"]


@pytest.mark.parametrize(
    ("gates", "verdicts", "latency"),
    [
        ([gate("pass"), gate("soft_fail")], {}, "at_baseline"),
        ([gate("pass"), gate("fail")], {}, "slower"),
        ([gate("pass")], {"rtt": "regression"}, "slower"),
        ([gate("pass"), gate("inconclusive")], {}, "not_proven"),
        ([gate("pass"), gate("inconclusive", excused=True)], {}, "at_baseline"),
        ([gate("fail", severity="soft"), gate("pass")], {}, "at_baseline"),
        # A host that missed an absolute gate before the change may miss it after the rollback.
        ([gate("fail", "absolute")], {"rtt": "equivalent"}, "at_baseline"),
        ([gate("fail", "absolute")], {"rtt": "undecided"}, "not_proven"),
        ([], {}, "not_proven"),
    ],
)
def test_the_verdict(gates: list[dict[str, Any]], verdicts: dict[str, str], latency: str) -> None:
    assert judged(gates, **verdicts) == latency


def test_what_a_disturbance_may_have_done_is_not_proven() -> None:
    slower = {"rtt.p50": {"verdict": "regression"}}
    result = {"measurement": {"rtt": {}}, "cause": "artifact", "comparisons": slower}
    for gates in ([gate("pass")], [gate("inconclusive")], []):
        found = judge_restored({**result, "gates": gates})
        assert found["latency"] == "not_proven"
        assert "rtt.p50 is slower beside a disturbance that may be all of it (artifact)" in found["reason"]
    # A gate that failed all the same is proof, and so is a harm that is the server's own.
    assert judge_restored({**result, "gates": [gate("fail")]})["latency"] == "slower"
    assert judge_restored({**result, "gates": [gate("pass")], "cause": "genuine"})["latency"] == "slower"


def test_what_the_server_had_to_do_beside_it_is_no_proof_either() -> None:
    """Where a change is judged, gates that fail beside a save of the server's are open, and so is the comparison."""
    result = {"measurement": {"rtt": {}}, "cause": "genuine", "comparisons": {"rtt.p50": {"verdict": "regression"}}}
    found = judge_restored({**result, "gates": [gate("inconclusive")]}, ["a BGSAVE"])
    assert found["latency"] == "not_proven"
    assert "rtt.p50 is slower beside a BGSAVE" in found["reason"]
    assert judge_restored({**result, "gates": [gate("fail")]}, ["a BGSAVE"])["latency"] == "slower"


def test_what_nobody_measured_is_said_to_be_so() -> None:
    assert judge_restored({})["latency"] == "not_measured"
    assert judge_restored({"msg": "nobody listens"}) == {"latency": "not_measured", "reason": "nobody listens"}
