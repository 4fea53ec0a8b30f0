# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the modules: answers as the script of its host says, and writes down that it was asked.

The script is the host's variable ``script``: what a call answers instead of success, by the name of the call; a list
of answers where it is called several times.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

SUCCESS: dict[str, dict[str, Any]] = {
    "plan": {"state": "applied", "changed": True, "settings": []},
    "baseline": {"measurement": {"rtt": {"p50": 20.0}}},
    "verified": {"measurement": {"rtt": {"p50": 20.0}}},
    "applied": {"state": "applied", "changed": True, "change_id": "c1", "settings": []},
    "measured": {"measurement": {"rtt": {"p50": 21.0}}, "decision": {"decision": "keep", "reason": "all held"}},
    "confirmed": {"state": "confirmed", "changed": True, "change_id": "c1"},
    "effects": {"culprits": [], "effects": {"rtt": {}}},
    "rolled_back": {"state": "rolled_back", "changed": True, "change_id": "c1"},
    "history": {"changes": []},
}


class ActionModule(ActionBase):
    """All of change, change_info, latency_probe and setting_effect."""

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        arguments = self._task.args
        call = self._call(arguments)
        with Path(task_vars["calls"]).open("a", encoding="utf-8") as calls:
            calls.write(f"{call} {arguments.get('login_port')} {arguments.get('change_id', '')}".strip() + "\n")
        scripted = task_vars["script"].get(call, {})
        if isinstance(scripted, list):  # one answer for each time that it is asked, the last for all times after
            asked = [line.split()[0] for line in Path(task_vars["calls"]).read_text(encoding="utf-8").splitlines()]
            scripted = scripted[min(asked.count(call), len(scripted)) - 1]
        answer = {**SUCCESS[call], **scripted}
        return {key: value for key, value in answer.items() if value is not None}

    def _call(self, arguments: dict[str, Any]) -> str:
        if self._task.action.endswith("setting_effect"):
            return "effects"
        if self._task.action.endswith("latency_probe"):
            if arguments.get("baseline"):
                return "measured"
            return "baseline" if arguments.get("on_inconclusive") == "keep" else "verified"
        if self._task.action.endswith("change_info"):
            return "history"
        state = str(arguments.get("state", "applied"))
        return "plan" if self._task.check_mode and state == "applied" else state
