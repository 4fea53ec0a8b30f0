# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that counts the modules run on the hosts of a play, not those on the controller."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: module_calls
type: aggregate
short_description: Count module calls on the target
description: Writes the number of module calls on the targets and of changed tasks to the file LOWLAT_CALLS names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "module_calls"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.calls: list[str] = []

    def v2_runner_on_ok(self, result: Any) -> None:
        self._count(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._count(result)

    def _count(self, result: Any) -> None:
        """Only what a module returned carries its invocation; a delegated task ran elsewhere."""
        if "invocation" in result._result and not result._task.delegate_to:
            self.calls.append(result._task.get_name())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        with open(os.environ["LOWLAT_CALLS"], "w", encoding="utf-8") as file:
            json.dump({"calls": self.calls, "changed": sum(stats.changed.values())}, file)
