# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's systemd unit lets it do."""

from __future__ import annotations

import subprocess

from .._host import systemd


def syscall_allowed(unit: str, syscall: str) -> bool:
    """Whether the unit's SystemCallFilter= lets its processes make this call."""
    return allows(systemd.show(unit, ["SystemCallFilter"]).get("SystemCallFilter", ""), syscall)


def filtered(unit: str) -> bool:
    """Whether the unit has a SystemCallFilter= at all."""
    return bool(systemd.show(unit, ["SystemCallFilter"]).get("SystemCallFilter", "").strip("~ "))


def allows(shown: str, syscall: str) -> bool:
    """Read the property as `systemctl show` prints it: names, after a `~` those that are forbidden.

    A name may carry what happens instead of a kill (``name:EPERM``); the call fails all the same.
    """
    forbidding = shown.startswith("~")
    names = {word.partition(":")[0] for word in shown.lstrip("~").split()}
    if not names:
        return True
    listed = syscall in names or any(syscall in _group(name) for name in names if name.startswith("@"))
    return listed is not forbidding


def _group(name: str) -> set[str]:
    """The calls of a group such as @resources; systemd prints groups expanded from version 248 on."""
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter", name],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    words = {word for line in done.stdout.splitlines()[1:] for word in line.split() if not line.strip().startswith("#")}
    return {call for word in words for call in (_group(word) if word.startswith("@") else {word})}
