# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several changes as a table that fits on a terminal."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
short_description: Show several changes as a table that fits on a terminal
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - One line for each change with the figure that tells most of it, before and after, the limit of its gate, its outcome
    and the decision. That is the figure of the hard gate that did worst. One that failed is worse than one that stayed
    open, and that than one that held; among equals the one counts that is furthest past its limit, or nearest to it.
  - Figures and limits are in microseconds. The limit of a gate that is relative to the reference is what it comes to on
    a host that costs the same as before.
positional: _input
options:
  _input:
    description: Records as P(lowlat.redis.record#filter) gives them.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Keep the table
  ansible.builtin.copy:
    content: "{{ gated_change_results | lowlat.redis.summary }}"
    dest: summary.txt
    mode: "0644"
"""

RETURN = r"""
_value:
  description: Lines of at most 100 columns.
  type: str
"""

import textwrap
from typing import Any

from ansible_collections.lowlat.redis.plugins.filter.record import limit_of

HEAD = ("change", "metric", "before", "after", "limit", "put back", "gate", "end", "decision")
NUMBERS = (2, 3, 4, 5)
LEGEND = "In us, of the hard gate that did worst: by its outcome, then by how near its limit it came."


def summary(records: list[dict[str, Any]]) -> str:
    """The table, what its metric is, and a line of explanation for every change that was not kept."""
    rows = [HEAD, *(_row(record) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    told = (record["message"] for record in records if record["state"] != "confirmed")
    notes = [textwrap.fill(note, 96, subsequent_indent="  ", break_long_words=False) for note in told]
    return "\n".join([*lines, *(["", LEGEND] if records else []), *notes]) + "\n"


def _row(record: dict[str, Any]) -> tuple[str, ...]:
    gate = telling_gate(record["gates"])
    figure = gate["query"].replace("relative.", "") if gate else "rtt.p50"
    metric, _dot, name = figure.partition(".")
    shown = next(
        (row for row in record["metrics"] if (row["metric"], row["figure"]) == (metric, name)),
        None,
    )
    before, after, again = (shown[side] if shown else None for side in ("before", "after", "restored"))
    return (
        record["name"],
        f"{metric} {name}",
        _us(before),
        _us(after),
        _us(limit_of(gate, before) if gate and shown else None),
        _us(again),
        gate["outcome"] if gate else "-",
        record["state"].replace("_", " "),
        str(record["decision"].get("decision", "-")).replace("_", " "),
    )


def telling_gate(gates: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The hard gate that says most: a failed one, and among equals the one furthest past its limit."""
    order = {"fail": 3, "inconclusive": 2, "soft_fail": 1, "pass": 0}
    hard = [gate for gate in gates if gate["severity"] == "hard"]
    return max(hard, key=lambda gate: (order.get(gate["outcome"], 0), _strain(gate)), default=None)


def _strain(gate: dict[str, Any]) -> float:
    value, limit = gate.get("value"), gate.get("limit")
    return float(value) / float(limit) if value is not None and limit else 0.0


def _us(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        text.rjust(width) if column in NUMBERS else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths))
    ]
    return "  ".join(cells).rstrip()


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"summary": summary}
