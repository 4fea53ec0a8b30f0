# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else starts a server again when it has ended: a program other than the host's systemd that looks after it.

Beside its own start ours would make two processes on one data directory.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

from .._errors import ChangeError
from .._host import systemd
from .._libraries import psutil
from .instance import unit_in_cgroup
from .process import Process

#: The kernel keeps so much of a process' name.
_COMM = 15
#: Parents that start their children again, by their names, with what restarts one.
PARENTS = {
    "runsv": "sv restart",
    "supervise": "svc -t",
    "s6-supervise": "s6-svc -r",
    "perpd": "perpctl t",
    "supervisord": "supervisorctl restart",
    "circusd": "circusctl restart",
    "monit": "monit restart",
    "god": "god restart",
    "dinit": "dinitctl restart",
    "nitro": "nitroctl restart",
    "supervise-daemon": "rc-service ... restart",
    "daemon": "daemon --restart",
    "nomad": "nomad alloc restart",
    "containerd-shim": "a restart of its container",
    "docker-containerd-shim": "a restart of its container",
    "conmon": "a restart of its container",
}
#: The first process of a container, which ends with its oldest child, and the container with it.
INITS = frozenset({"tini", "tini-static", "docker-init", "dumb-init", "catatonit", "podman-init"})
#: Services of systemd that start their programs again, which may be nobody's children.
SERVICES = {
    "pacemaker.service": "pcs resource restart",
    "monit.service": "monit restart",
    "supervisor.service": "supervisorctl restart",
    "supervisord.service": "supervisorctl restart",
    "circus.service": "circusctl restart",
    "runit.service": "sv restart",
    "runsvdir.service": "sv restart",
    "daemontools.service": "svc -t",
    "svscan.service": "svc -t",
    "s6.service": "s6-svc -r",
    "nomad.service": "nomad alloc restart",
}
#: What stands between a supervisor and its server, and ends with that.
_BETWEEN = frozenset(
    {"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox", "su", "sudo", "runuser", "setpriv", "gosu", "env", "timeout"}
)


@dataclass(frozen=True)
class Supervisor:
    """``means`` is what restarts the server by it."""

    name: str
    means: str

    def __str__(self) -> str:
        return f"{self.name} ({self.means})"


def of(pid: int) -> Supervisor | None:
    """Of a server that no unit of systemd has as its main process; None where nobody is known to look after it."""
    if pid == 1:
        return Supervisor("its container", "a restart of its container")  # which ends with its first process
    with contextlib.suppress(psutil.NoSuchProcess, OSError):
        own = Process.of(pid)
        return _among_parents(pid, own) or _by_service(own)
    return None


def _among_parents(pid: int, own: Process) -> Supervisor | None:
    process = psutil.Process(pid)
    parent = process.parent()
    if parent is not None and _names(parent) & {name[:_COMM] for name in INITS}:
        # It has adopted all the others.
        oldest = min(parent.children(), key=lambda child: (child.create_time(), child.pid), default=process)
        return Supervisor(parent.name(), "a restart of its container") if oldest.pid == pid else None
    while parent is not None and parent.pid != 1:
        found = _known(parent) or _user_manager(parent, own)
        if found or not _names(parent) & _BETWEEN:
            return found
        unit = unit_in_cgroup(own.cgroup)
        if unit and _main_process(unit) == parent.pid:
            return Supervisor(unit, f"systemctl restart {unit}")
        parent = parent.parent()
    return None


def _known(process: psutil.Process) -> Supervisor | None:
    names = _names(process)
    return next((Supervisor(name, means) for name, means in PARENTS.items() if name[:_COMM] in names), None)


def _names(process: psutil.Process) -> set[str]:
    """What a process goes by, as the kernel keeps it; of a program in Python its script's name as well."""
    found = {process.name()[:_COMM]}
    if process.name().startswith("python"):
        with contextlib.suppress(psutil.AccessDenied):
            words = (os.path.basename(word).rpartition(".")[2] for word in process.cmdline()[1:3])
            found.update(word[:_COMM] for word in words)
    return found


def _user_manager(parent: psutil.Process, own: Process) -> Supervisor | None:
    """The systemd of a user: it starts its services again, and has adopted what was started in a session."""
    group = own.cgroup.strip().rpartition("\n")[2].rpartition("/")[2]
    if parent.name() == "systemd" and group.endswith(".service") and not group.startswith("user@"):
        return Supervisor(f"systemd --user, {group}", f"systemctl --user restart {group}")
    return None


def _by_service(own: Process) -> Supervisor | None:
    unit = unit_in_cgroup(own.cgroup)
    return Supervisor(unit, SERVICES[unit]) if unit in SERVICES else None


def _main_process(unit: str) -> int | None:
    if not systemd.available():
        return None
    with contextlib.suppress(ChangeError, ValueError):
        return int(systemd.show(unit, ["MainPID"]).get("MainPID", ""))
    return None
