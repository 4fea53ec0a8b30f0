# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else had set is told in whatever a rollback is written down in, with all three values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest

from ansible_collections.lowlat.redis.plugins.filter.afterwards import afterwards
from ansible_collections.lowlat.redis.plugins.filter.journalled import journalled
from ansible_collections.lowlat.redis.plugins.filter.record import record
from ansible_collections.lowlat.redis.plugins.module_utils._change.foreign_words import sentence

TEMPLATES = Path(__file__).parents[2] / "roles" / "report" / "templates"
LIVE = {"where": "live", "kind": "redis", "key": "hz", "unit": "", "before": "10", "set": "8", "found": "77"}
STORED = {**LIVE, "where": "stored", "kind": "systemd", "key": "Nice", "unit": "a.service", "before": "", "found": None}
FILE = {"where": "file", "kind": "file", "key": "/etc/redis.conf", "unit": "", "before": None, "set": None}
FOREIGN = [
    {**LIVE, "done": "restored", "copy": ""},
    {**STORED, "done": "left", "copy": ""},
    {**FILE, "found": "content, mode", "done": "kept", "copy": "/var/lib/lowlat/foreign-0"},
    {**FILE, "found": "existence", "done": "restored", "copy": ""},
    {**FILE, "found": "existence", "done": "kept", "copy": ""},
]
LINES = """
- Set by somebody else after the change: redis `hz`, live 77 (before 10, by the change 8): restored
- Set by somebody else after the change: systemd `Nice` of a.service, stored nothing (before '', by the change 8): left
- By somebody else after the change: `/etc/redis.conf` was edited (content, mode): kept, a copy is in \
/var/lib/lowlat/foreign-0
- By somebody else after the change: `/etc/redis.conf` was removed: made again
- By somebody else after the change: `/etc/redis.conf` was removed: not made again
"""
CHANGE = {"change_id": "20260102T030405Z-phase2-1a2b", "state": "rolled_back", "foreign": FOREIGN}
# As the module returns them: each is a warning as well, for who runs Ansible.
CHANGE.update(left=["start the server"], settings=[], warnings=["the server is busy", *map(sentence, FOREIGN)])


def result() -> dict[str, Any]:
    measured = {"decision": {"decision": "roll_back", "failed": [], "inconclusive": [], "reason": "past"}}
    steps = {"plan": {}, "baseline": {}, "measured": measured, "confirmed": {}, "restored": {}, "rolled_back": CHANGE}
    return record(
        {"host": "h", "name": "phase2", "error": "", "ansible": "2.19.0", "applied": {"change_id": "c1"}, **steps}
    )


@pytest.mark.parametrize(
    ("template", "variables"),
    [
        ("record.md.j2", {"report_record": result()}),
        ("afterwards.md.j2", {"report_record": afterwards(CHANGE, "h", "the host, at its deadline", "2026")}),
        ("journal.md.j2", {"__report_first": journalled({**CHANGE, "warnings": ["the server is busy"]}, "h")}),
    ],
)
def test_what_others_have_set_is_told_with_all_three_values(template: str, variables: dict[str, Any]) -> None:
    # As Ansible's template renders it.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["dict2items"] = lambda given: [{"key": key, "value": given[key]} for key in given]
    text = environment.get_template(template).render(variables)
    assert f"{LINES}- Left to do by hand: start the server\n" in text, text
    assert "- the server is busy\n" in text
    assert (text.count("hz"), text.count("/etc/redis.conf")) == (1, 3), text
