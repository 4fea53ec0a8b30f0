# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the services of this host run: asked in one call, however many there are."""

from __future__ import annotations

from dataclasses import dataclass

from . import cpus, systemd, threads

#: More than any host has; what a change remembers of them stays small.
MOST = 500
_PROPERTIES = ("Id", "Type", "ActiveState", "NRestarts", "MainPID", "ExecMainStartTimestampMonotonic")
_PATIENCE = 10.0
#: They come and go with a connection, a login or a crash.
_PASSING = ("user@", "user-runtime-dir@", "ssh@", "sshd@", "run-", "systemd-coredump@")


@dataclass(frozen=True)
class Service:
    """``started`` is when its main process did, in microseconds after the boot; ``cpus`` are those of that process.

    ``restarts`` counts what systemd did by itself.
    """

    state: str
    restarts: int
    started: int
    cpus: str


def services() -> dict[str, Service]:
    """Every loaded service that runs or has failed, by name. ChangeError where systemd does not answer."""
    wanted = [f"--property={name}" for name in _PROPERTIES]
    return read(systemd.systemctl("show", *wanted, "--", "*.service", timeout=_PATIENCE))


def read(shown: str) -> dict[str, Service]:
    """From what ``systemctl show`` prints: a paragraph for each."""
    found: dict[str, Service] = {}
    for paragraph in shown.split("\n\n"):
        facts = systemd.parse_show(paragraph)
        name, pid = facts.get("Id", ""), _number(facts.get("MainPID"))
        if facts.get("Type") == "oneshot" or name.startswith(_PASSING) or len(found) >= MOST:
            continue
        if name and (pid or facts.get("ActiveState") == "failed"):
            found[name] = Service(
                facts.get("ActiveState", ""),
                _number(facts.get("NRestarts")),
                _number(facts.get("ExecMainStartTimestampMonotonic")),
                _cpus(pid),
            )
    return found


def _cpus(pid: int) -> str:
    """Empty where the process is gone."""
    here = threads.affinity_of(pid) if pid else None
    return cpus.format_cpu_list(here) if here else ""


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
