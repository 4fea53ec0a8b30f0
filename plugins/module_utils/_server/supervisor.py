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
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
#: What stands between a supervisor and its server, and ends with that.
_BETWEEN = _SHELLS | {"busybox", "su", "sudo", "runuser", "setpriv", "gosu", "env", "timeout"}
#: Services whose children are sessions and jobs of others, which end and start as they like.
_SESSIONS = frozenset(
    {
        "ssh.service",
        "sshd.service",
        "dropbear.service",
        "cron.service",
        "crond.service",
        "cronie.service",
        "atd.service",
    }
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
        return _among_parents(pid, own) or _by_service(own) or _by_main_process(pid, own)
    return None


def _among_parents(pid: int, own: Process) -> Supervisor | None:
    child = psutil.Process(pid)
    parent = child.parent()
    while parent is not None:
        names = _names(parent)
        if names & {name[:_COMM] for name in INITS}:
            return _container(parent) if _oldest(parent) == child else None
        if parent.pid == 1:
            # A shell waits for what it has started, and has adopted what is in a session of its own.
            waits = bool(names & _SHELLS) and (_oldest(parent) == child or os.getsid(child.pid) == os.getsid(1))
            return _container(parent) if waits else None
        found = _known(names) or _user_manager(parent, own)
        if found or not names & _BETWEEN:
            return found
        child, parent = parent, parent.parent()
    return None


def _container(first: psutil.Process) -> Supervisor:
    return Supervisor(first.name(), "a restart of its container")


def _oldest(parent: psutil.Process) -> psutil.Process | None:
    return min(parent.children(), key=lambda child: (child.create_time(), child.pid), default=None)


def _known(names: set[str]) -> Supervisor | None:
    return next((Supervisor(name, means) for name, means in PARENTS.items() if name[:_COMM] in names), None)


def _names(process: psutil.Process) -> set[str]:
    """What a process goes by, as the kernel keeps it: a script is called by its file there, so its program as well.

    Of a program in Python its script's name too, and of busybox what it is called as.
    """
    found = {process.name()[:_COMM]}
    with contextlib.suppress(OSError):
        program = os.path.basename(os.readlink(f"/proc/{process.pid}/exe")).replace(" (deleted)", "")
        found.add(_called_as(process) if program == "busybox" else program[:_COMM])
    if any(name.startswith("python") for name in found):
        with contextlib.suppress(psutil.AccessDenied):
            words = (os.path.basename(word).rpartition(".")[2] for word in process.cmdline()[1:3])
            found.update(word[:_COMM] for word in words)
    return found


def _called_as(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.AccessDenied, IndexError):
        return os.path.basename(process.cmdline()[0]).lstrip("-")[:_COMM]
    return "busybox"


def _user_manager(parent: psutil.Process, own: Process) -> Supervisor | None:
    """The systemd of a user: it starts its services again, and has adopted what was started in a session."""
    group = own.cgroup.strip().rpartition("\n")[2].rpartition("/")[2]
    if parent.name() == "systemd" and group.endswith(".service") and not group.startswith("user@"):
        return Supervisor(f"systemd --user, {group}", f"systemctl --user restart {group}")
    return None


def _by_service(own: Process) -> Supervisor | None:
    unit = unit_in_cgroup(own.cgroup)
    return Supervisor(unit, SERVICES[unit]) if unit in SERVICES else None


def _by_main_process(pid: int, own: Process) -> Supervisor | None:
    """A unit whose main process has started the server, whatever that is called, ends and begins with it."""
    unit = unit_in_cgroup(own.cgroup)
    if unit is None or unit in _SESSIONS:
        return None
    main = _main_process(unit)
    parents = {parent.pid for parent in psutil.Process(pid).parents()}
    return Supervisor(unit, f"systemctl restart {unit}") if main in parents - {1} else None


def _main_process(unit: str) -> int | None:
    if not systemd.available():
        return None
    with contextlib.suppress(ChangeError, ValueError):
        return int(systemd.show(unit, ["MainPID"]).get("MainPID", ""))
    return None
