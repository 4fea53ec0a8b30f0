# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a change in a few sentences for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._judge.culprits import disturbed
from ._judge.restored import AT_BASELINE, NOT_MEASURED, NOT_PROVEN, SLOWER


def message(facts: Mapping[str, Any]) -> str:
    """What people are told at its end; ``facts`` are those of the record."""
    head, reason = f"{facts['name']} on {facts['host']}", facts["decision"].get("reason", "")
    if facts["state"] == "confirmed":
        pending = facts["pending_restart"]
        later = f" These wait for a restart: {', '.join(pending)}." if pending else ""
        without = "".join(f", without {named(culprit)}" for culprit in facts["without"])
        return f"{head} was kept{without}: {reason}.{later}"
    if facts["state"] == "not_applied":
        return f"{head} was not applied, and nothing was changed: {reason}"
    why = f"{reason}.{_before(facts['failed_before'])}"
    if facts["state"] == "rolled_back" and disturbed(facts["effects"]):
        return f"{head} was rolled back: {why} {disturbed(facts['effects'])}"
    if facts["state"] == "unknown":
        return (
            f"{head} broke off, and it is not known what was changed: {reason}. "
            "See the change with lowlat.redis.status, then take it back with lowlat.redis.rollback"
        )
    latency = _latency(facts["restored"])
    if facts["decision"]["decision"] == "roll_back_settings":
        return f"{head} was rolled back, to be applied again without what did the harm: {why} {latency}"
    if facts["state"] == "rolled_back":
        how = ", but for the server: it was stopped by somebody and left so" if facts["left_stopped"] else ""
        return f"{head} was rolled back, and the host is as it was{how}: {why} {latency}"
    left = "; ".join(facts["left"]) or "see the change with lowlat.redis.status, then roll it back again"
    told = f" {latency}" if facts["restored"]["latency"] == SLOWER else ""
    return f"{head}: ROLLBACK FAILED after: {why}{told} Left to do by hand: {left}"


def named(setting: Mapping[str, Any]) -> str:
    """A setting by its kind and key."""
    return f"{setting['kind']} {setting['key']}"


def _before(gates: Sequence[Mapping[str, Any]]) -> str:
    """A sentence about each gate that the host had failed already."""
    return "".join(
        f" This host failed gate {gate['name']} before the change as well: {gate['reason']}." for gate in gates
    )


def _latency(restored: Mapping[str, Any]) -> str:
    """A sentence about the restored host."""
    reason = restored["reason"]
    return {
        AT_BASELINE: "Measured again, its latency is back at baseline.",
        SLOWER: f"BUT THE RESTORED HOST IS SLOWER THAN ITS BASELINE: {reason}.",
        NOT_PROVEN: f"It is not proven that its latency is back at baseline: {reason}.",
        NOT_MEASURED: f"Its latency was not measured again: {reason}.",
    }[restored["latency"]]
