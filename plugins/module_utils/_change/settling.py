# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a start: waiting until the server answers, and the proof that it stays."""

from __future__ import annotations

import time

from .._errors import ChangeError, ServerError
from .._host import systemd
from .._server.connection import refusal
from .._settings.setting import Host
from .launch import is_running
from .waiting import until

#: A server that dies of its start (hazard 8: after READY=1) has done so within this time after its first answer, and
#: systemd, which waits 0.1 s by default, has started it again many times over. Seconds.
SETTLE = 1.5
#: Most have died by then. Whoever looks again at SETTLE need not wait for it here. Seconds.
FIRST_LOOK = 0.3
#: A server listens before it loads its data: one that nobody hears for so long has not started. Seconds.
DEAD_AFTER = 30.0


def await_server(host: Host) -> None:
    """Wait while it loads its data, however long; not when nobody listens or its unit has failed."""
    silent_since = time.monotonic()
    while True:
        error = refusal(host.client, host.address)
        if error is None:
            return
        code = error.details["code"]
        if code in ("loading", "busy"):
            silent_since = time.monotonic()
        elif code not in ("unreachable", "timeout", "tls"):
            raise ChangeError(
                "The restarted server does not let us in",
                where=str(host.address),
                why=error.why,
                remedy="It runs; correct its password or ACL",
            ) from error
        unit = host.instance.unit
        failed = unit and systemd.show(unit, ["ActiveState"]).get("ActiveState") == "failed"
        if failed or time.monotonic() - silent_since > DEAD_AFTER:
            raise ChangeError(
                "The server did not start",
                where=unit or str(host.address),
                why="its unit has failed" if failed else f"nobody listens there since {DEAD_AFTER:.0f} s",
                remedy="See its log or journalctl; a death by SIGSYS is systemd's SystemCallFilter",
            )
        time.sleep(0.05)


def prove_settled(host: Host, seconds: float) -> None:
    """ChangeError unless the process lives and answers for so long, and systemd never had to start it again."""
    pid, unit = host.instance.pid, host.instance.unit
    end = time.monotonic() + seconds
    while True:
        restarts = int(systemd.show(unit, ["NRestarts"]).get("NRestarts") or 0) if unit else 0
        if restarts:
            raise not_up(host, f"systemd had to start it again, {restarts} times by now")
        error = refusal(host.client, host.address)
        if not is_running(pid) or (error and _code(error) == "unreachable" and _ends(pid)):
            raise not_up(host, f"process {pid} is gone")
        # A replica loads what its master sends it, and a script keeps the server busy: both live.
        if error and _code(error) not in ("loading", "busy"):
            raise ChangeError(
                "The restarted server runs and does not answer",
                where=unit or str(host.address),
                why=f"process {pid}: {error.what}: {error.why}",
                remedy=error.remedy,
            ) from error
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 0.2))


def _code(error: ServerError) -> str:
    return str(error.details["code"])


def _ends(pid: int) -> bool:
    """Whether a process that has closed its sockets is about to be gone."""
    try:
        until(lambda: not is_running(pid), f"process {pid} to end", "", 1.0)
    except ChangeError:
        return False
    return True


def left_to_settle(up_since: float) -> float:
    """Seconds until a server that answered at ``up_since`` (``uptime()`` of then) has settled."""
    # After a reboot in between, that is a time to come.
    return min(SETTLE, max(0.0, up_since + SETTLE - uptime()))


def uptime() -> float:
    """Seconds since the host was booted, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def not_up(host: Host, why: str) -> ChangeError:
    return ChangeError(
        "The server did not stay up after its restart",
        where=host.instance.unit or str(host.address),
        why=why,
        remedy="See its log or journalctl; a death by SIGSYS is systemd's SystemCallFilter",
    )
