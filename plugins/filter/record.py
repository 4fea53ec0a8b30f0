# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of one change, put together from what its tasks returned."""

from __future__ import annotations

DOCUMENTATION = r"""
name: record
short_description: Put the facts of one change together
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Takes what the tasks of a gated change returned and gives the record that is written down.
positional: _input
options:
  _input:
    description:
      - C(host), C(name), C(error), C(ansible) and the results C(plan), C(baseline), C(applied), C(measured),
        C(confirmed), C(rolled_back), C(restored) and C(effects). A result that did not come to be is an empty mapping.
      - C(settings) as they were written, and C(without), the culprits that were left out of them.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Put the facts of a change together
  ansible.builtin.set_fact:
    facts: "{{ results | lowlat.redis.record }}"
"""

RETURN = r"""
_value:
  description:
    - C(state) (V(confirmed), V(rolled_back), V(rollback_failed), V(not_applied) or V(unknown)), C(decision),
      C(message) for people, C(cause) with its C(evidence), C(verification), C(comparisons), C(effects), C(culprits),
      C(recommendations), C(settings), C(hazards), C(gates), C(metrics), and the measurements C(baseline),
      C(measurement) and C(restored) with all their figures in microseconds.
    - C(restored.latency) says whether the restored host was proven to be what it was before the change (V(at_baseline),
      V(slower), V(not_proven) or V(not_measured)), and C(restored.reason) why. C(foreign) is what the rollback found
      that somebody else had set, as in M(lowlat.redis.change). C(left_stopped) says that it left a server stopped that
      somebody had shut down.
  type: dict
"""

from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._change.foreign_words import others
from ansible_collections.lowlat.redis.plugins.module_utils._judge.accounted import unaccounted
from ansible_collections.lowlat.redis.plugins.module_utils._judge.blame import (
    KEEP,
    ROLL_BACK,
    ROLL_BACK_SETTINGS,
    blame,
)
from ansible_collections.lowlat.redis.plugins.module_utils._judge.culprits import again, toggled
from ansible_collections.lowlat.redis.plugins.module_utils._judge.passing import events
from ansible_collections.lowlat.redis.plugins.module_utils._judge.recommend import recommend
from ansible_collections.lowlat.redis.plugins.module_utils._judge.restored import judge_restored
from ansible_collections.lowlat.redis.plugins.module_utils._message import message, named

RELATIVE = "relative."
FIRST = "first"
METRICS = ("rtt", "set_rtt", "xadd_rtt", "set", "xadd")
FIGURES = ("p50", "p99", "jitter")


def record(results: dict[str, Any]) -> dict[str, Any]:
    """Everything about one change that is worth keeping; JSON-ready."""
    applied, measured = results["applied"], results["measured"]
    state = _state(results)
    facts = {
        "schema": 2,
        "host": results["host"],
        "name": results["name"],
        "change_id": applied.get("change_id", ""),
        "started_at": _measurement(results["baseline"]).get("started_at", ""),
        "state": state,
        "decision": _decision(results, state),
        "error": results["error"] if state != "confirmed" else "",
        "left": results["rolled_back"].get("left", []),
        "foreign": results["rolled_back"].get("foreign", []),
        "settings": applied.get("settings") or results["plan"].get("settings", []),
        "hazards": applied.get("hazards", []),
        "warnings": _warnings(results),
        "left_stopped": bool(results["rolled_back"].get("left_stopped", False)),
        "restarted": any(results[step].get("restarted", False) for step in ("applied", "rolled_back")),
        "pending_restart": results["confirmed"].get("pending_restart", []),
        "reboot_required": bool(results["confirmed"].get("reboot_required", False)),
        "sampling_seconds": round(
            sum(float(results[step].get("sampling_seconds", 0)) for step in ("baseline", "measured")), 3
        ),
        "gates": measured.get("gates", []),
        "judged_by": _judged_by(measured),
        **_cause(results),
        "verification": measured.get("verification", {}),
        "comparisons": measured.get("comparisons", {}),
        "effects": toggled(results.get("effects") or {}),
        "culprits": _culprits(results),
        "without": results.get("without", []),
        "metrics": metrics(results["baseline"], measured, results["restored"]),
        "baseline": _measurement(results["baseline"]),
        "measurement": _measurement(measured),
        "restored": {
            "measurement": _measurement(results["restored"]),
            "gates": results["restored"].get("gates", []),
            **judge_restored(
                results["restored"], events(_measurement(results["baseline"]), _judged(results["restored"]))
            ),
        },
        "versions": {"ansible": results["ansible"]},
    }
    facts["left"] = [*facts["left"], *facts["effects"].get("left", [])]
    facts["failed_before"] = _failed_before(results["baseline"], facts["decision"])
    facts["recommendations"] = recommend(
        facts["measurement"],
        _first(measured),
        facts["cause"],
        [named(culprit) for culprit in facts["culprits"]],
        facts["gates"],
        [gate["name"] for gate in facts["failed_before"]],
    )
    facts["message"] = message(facts)
    return facts


def metrics(baseline: dict[str, Any], measured: dict[str, Any], restored: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each figure that was measured: before, after, after the rollback, ratio and what its gates say.

    The two after the change are of the look that the gates were judged by, so that row and gate tell the same.
    """
    rows = []
    sides = (_measurement(baseline), _judged(measured), _judged(restored))
    for metric in METRICS:
        for figure in FIGURES:
            before, after, again = ((side.get(metric) or {}).get(figure) for side in sides)
            if before is None and after is None:
                continue
            gates = [gate for gate in measured.get("gates", []) if _shown(gate["query"]) == f"{metric}.{figure}"]
            rows.append(
                {
                    "metric": metric,
                    "figure": figure,
                    "before": before,
                    "after": after,
                    "restored": again,
                    "ratio": round(after / before, 3) if before and after is not None else None,
                    "status": ", ".join(gate["outcome"] for gate in gates),
                    "expected": min(
                        (limit for limit in map(limit_of, gates, [before] * len(gates)) if limit), default=None
                    ),
                }
            )
    return rows


def _shown(query: str) -> str:
    """The figure that a gate is about, whether it is judged raw or relative to the reference."""
    return query[len(RELATIVE) :] if query.startswith(RELATIVE) else query


def limit_of(gate: dict[str, Any], before: float | None) -> float | None:
    """In microseconds; for a gate that is relative to the reference, what it comes to on a host that costs the same."""
    if not gate["query"].startswith(RELATIVE):
        return gate.get("limit")
    return None if before is None or gate.get("against") != "baseline" else round(before * float(gate["max"]), 3)


def _judged_by(result: dict[str, Any]) -> str:
    """The name of the measurement that the gates were judged by."""
    return next((str(gate["look"]) for gate in result.get("gates", []) if "look" in gate), FIRST)


def _judged(result: dict[str, Any]) -> dict[str, Any]:
    """The measurement that the gates were judged by: the first, or one of the looks at a breach."""
    looks = (result.get("verification") or {}).get("looks") or []
    found = next((look["measurement"] for look in looks if look["name"] == _judged_by(result)), None)
    return dict(found) if found else _measurement(result)


def _failed_before(baseline: dict[str, Any], decision: dict[str, Any]) -> list[dict[str, str]]:
    """The absolute gates that decided against the change though the host had failed them already."""
    against = (*decision.get("failed", []), *decision.get("inconclusive", []))
    return [
        {"name": gate["name"], "reason": gate["reason"]}
        for gate in baseline.get("gates", [])
        if decision["decision"] != KEEP
        and (gate["name"], gate.get("against")) in [(name, "absolute") for name in against]
        and gate["outcome"] == "fail"
    ]


def _first(measured: dict[str, Any]) -> list[dict[str, Any]]:
    """The outcomes before anybody looked twice."""
    found: list[dict[str, Any]] = measured.get("verification", {}).get("first") or measured.get("gates", [])
    return found


def _cause(results: dict[str, Any]) -> dict[str, Any]:
    """What was told of the cause; a setting that slows the server down whenever it is toggled is the best proof."""
    measured, culprits = results["measured"], _culprits(results)
    evidence = list(measured.get("evidence", []))
    if not culprits:
        return {"cause": measured.get("cause", ""), "evidence": evidence}
    toggled = f"toggling {', '.join(map(named, culprits))} slows the server down, and back"
    return {"cause": "genuine", "evidence": [toggled, *evidence]}


def _culprits(results: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = toggled(results.get("effects") or {}).get("culprits") or []
    return found


def _measurement(result: dict[str, Any]) -> dict[str, Any]:
    found = result.get("measurement") or {}
    return dict(found)


def _state(results: dict[str, Any]) -> str:
    if results["confirmed"].get("state") == "confirmed":
        return "confirmed"
    if not results["applied"].get("change_id"):
        # A module that fails in its own words says whether it opened a change. One that was killed says nothing.
        said = not results["applied"] or "error" in results["applied"]
        return "not_applied" if said else "unknown"
    if results["rolled_back"].get("state") == "rolled_back":
        return "rolled_back"
    return "rollback_failed"


def _decision(results: dict[str, Any], state: str) -> dict[str, Any]:
    judged = results["measured"].get("decision") or {}
    if state == "rolled_back":
        judged = blame(judged, _culprits(results), _changed(results))
        applied = results["applied"].get("settings", [])
        failed = [gate for gate in results["measured"].get("gates", []) if gate["name"] in judged.get("failed", [])]
        effects = toggled(results.get("effects") or {})
        unknown = unaccounted(effects, failed, _changed(results))
        judged = again(judged, results.get("settings", []), applied, results.get("without", []), unknown)
    if state == "confirmed" or judged.get("decision") in (ROLL_BACK, ROLL_BACK_SETTINGS):
        return dict(judged)
    return {"decision": "roll_back", "failed": [], "inconclusive": [], "reason": results["error"]}


def _changed(results: dict[str, Any]) -> list[dict[str, Any]]:
    return [setting for setting in results["applied"].get("settings", []) if setting.get("changed")]


def _warnings(results: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for step in ("baseline", "measured", "restored"):
        found.extend(_measurement(results[step]).get("warnings", []))
    back = results["rolled_back"]
    found.extend(others(back.get("warnings", []), back.get("foreign", [])))
    return list(dict.fromkeys(found))


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"record": record}
