# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened around a measurement on the host: counters read before and after, once."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from typing import Any

from .._errors import LowlatError
from .._host import interference
from .._host.cpu_list import format_cpu_list
from .._host.interference import Uncounted
from .._host.threads import names
from .._host.throttling import statistics_of, throttled_seconds
from .placement import Placement
from .server import Server
from .server_evidence import ServerEvidence

_MORE_THAN_ALL = 1.0


class Evidence:
    """``begin`` and ``end`` around the runs."""

    def __init__(self, server: Server, placement: Placement, pid: int, root: str = "/") -> None:
        self.placement = placement
        self.pid = pid
        self.root = root
        self.lacking: dict[str, str] = {}
        self._of_server = ServerEvidence(server.ask_all, self.lacking)
        self._groups = {"probe": self._try("throttled", lambda: statistics_of("self", root)) or []}
        self._groups["server"] = self._try("throttled", lambda: statistics_of(pid, root)) or []
        if not any(self._groups.values()):
            self.lacking.setdefault("throttled", "no cgroup of the CPU controller is visible")
        self._names: dict[int, str] = self._try("threads", lambda: names(pid, root)) or {}
        self._before: dict[str, Any] = {}
        self._start = 0.0

    def begin(self) -> None:
        self._of_server.begin()
        self._before = self._counters()
        self._start = time.monotonic()

    def end(self) -> dict[str, Any]:
        """All of it, JSON-ready. What could not be read is None and has its reason in ``lacking``."""
        seconds = max(time.monotonic() - self._start, 1e-9)
        changes = self._changes(self._counters())
        throttled = {who: _share(changes[f"throttled {who}"], seconds) for who in ("probe", "server")}
        return {
            "same_cpu": self.placement.same,
            "pinned": len(self.placement.server) == 1,
            "affinity": {"probe": format_cpu_list(os.sched_getaffinity(0))},
            "migrations": {who: changes[f"migrations {who}"] for who in ("probe", "server")},
            "involuntary": {"probe": changes["involuntary"]},
            "steal": _share(changes["steal"], seconds),
            "throttled": max((share for share in throttled.values() if share is not None), default=None),
            "throttled_by": throttled,
            "pressure": _share(changes["pressure"], seconds),
            "interrupts": None if changes["interrupts"] is None else round(changes["interrupts"] / seconds, 1),
            "frequency": self._frequency(),
            "threads": self._threads() if self._names else None,
            "server_pid": self.pid,
            **self._of_server.end(),
            "lacking": self.lacking,
        }

    def _counters(self) -> dict[str, Any]:
        cpu, root = self.placement.probe, self.root
        return {
            "migrations probe": self._try("migrations", lambda: interference.migrations("self", root)),
            "migrations server": self._try("migrations", lambda: interference.migrations(self.pid, root)),
            "involuntary": resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw,
            "steal": self._try("steal", lambda: interference.stolen_seconds(cpu, root)),
            "throttled probe": self._throttled("probe"),
            "throttled server": self._throttled("server"),
            "pressure": self._try("pressure", lambda: interference.pressure_seconds(root)),
            "interrupts": self._try("interrupts", lambda: interference.interrupts(cpu, root)),
            "frequency": self._try("frequency", lambda: interference.frequency(cpu, root)),
        }

    def _throttled(self, who: str) -> float | None:
        groups = self._groups[who]
        return self._try("throttled", lambda: throttled_seconds(groups)) if groups else None

    def _changes(self, after: dict[str, Any]) -> dict[str, Any]:
        """The differences of the counters; None for one that is not there or ran backwards."""
        found: dict[str, Any] = {}
        for name, now in after.items():
            then = self._before.get(name)
            if name == "frequency" or now is None or then is None:
                found[name] = None
            elif now < then:
                self.lacking.setdefault(name.partition(" ")[0], "its counter ran backwards")
                found[name] = None
            else:
                found[name] = now - then
        self._before["frequency after"] = after["frequency"]
        return found

    def _frequency(self) -> dict[str, Any] | None:
        before, after = self._before["frequency"], self._before["frequency after"]
        if before is None or after is None:
            return None
        return {"before": before[0], "after": after[0], "governor": after[1]}

    def _threads(self) -> dict[str, str]:
        found = {}
        for tid, name in self._names.items():
            # Of any process, and without a file; one that has ended meanwhile is none.
            try:
                found[name] = format_cpu_list(os.sched_getaffinity(tid))
            except ProcessLookupError:
                continue
        return found

    def _try(self, name: str, read: Callable[[], Any]) -> Any:
        """What ``read`` returns, or None and the reason in ``lacking``."""
        try:
            return read()
        except OSError as error:
            self.lacking.setdefault(name, f"{error.filename}: {error.strerror}" if error.filename else str(error))
        except (Uncounted, ValueError) as error:
            self.lacking.setdefault(name, str(error))
        except LowlatError as error:
            self.lacking.setdefault(name, error.why or error.what)
        return None


def _share(seconds: float | None, of: float) -> float | None:
    """Counters of several CPUs may add up to more than the time that has passed."""
    return None if seconds is None else round(min(seconds / of, _MORE_THAN_ALL), 4)
