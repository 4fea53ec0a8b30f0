# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of the files that a change edits."""

from __future__ import annotations

from collections.abc import Iterator

from .._errors import LowlatError
from .._host import files
from .._settings.setting import Host
from .guard import Hazard, RestartMode
from .plan import Plan


def not_writable(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A file that cannot be replaced in its directory would leave runtime and file apart."""
    for path in plan.files(host):
        try:
            files.check_replaceable(path)
        except LowlatError as error:
            yield Hazard("file_not_writable", path, error.why or error.message, error.remedy)


def no_config_file(plan: Plan, host: Host, restart: RestartMode) -> Iterator[Hazard]:
    """A server without a config file forgets every directive at its next start."""
    keys = [item.setting.key for item in plan.to_change if item.setting.kind == "redis"]
    if keys and host.instance.config_file is None:
        yield Hazard(
            "no_config_file",
            ", ".join(keys),
            "the server runs without a config file, so the values would be gone after its next start",
            "start the server from a config file",
        )
