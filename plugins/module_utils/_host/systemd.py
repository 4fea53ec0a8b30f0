# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to systemd through systemctl, with a time limit on every call."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence

from .._errors import ChangeError

_QUICK = 30.0
#: How systemctl tells that systemd went away under it: it starts itself anew, as it does when it is upgraded.
_AWAY = (
    "disconnected from message bus",
    "Connection reset by peer",
    "Connection refused",
    "Transport endpoint is not connected",
)
#: It is back in a moment. Seconds.
_PATIENCE = 10.0
#: A reload reads every unit there is, which takes minutes where the CPUs are short, and must not fail a rollback.
_RELOAD = 180.0


def available() -> bool:
    """Whether systemd runs this host and can be talked to."""
    return os.path.isdir("/run/systemd/system") and shutil.which("systemctl") is not None


def systemctl(*arguments: str, timeout: float = _QUICK) -> str:
    """Standard output of ``systemctl ARGUMENTS``. ChangeError with the tail of its standard error.

    It may be run twice: what was asked of a systemd that then started itself anew may have been done or not.
    """
    shown = " ".join(["systemctl", *arguments])
    end = time.monotonic() + _PATIENCE
    while True:
        done = _run(arguments, shown, timeout)
        if done.returncode == 0:
            return done.stdout.decode("utf-8", "replace")
        tail = done.stderr.decode("utf-8", "replace").strip()[-800:]
        if time.monotonic() >= end or not any(words in tail for words in _AWAY):
            raise ChangeError(f"{shown} failed with {done.returncode}", why=tail or "it gave no reason")
        time.sleep(0.2)


def _run(arguments: Sequence[str], shown: str, timeout: float) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["systemctl", "--no-pager", "--no-ask-password", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=dict(os.environ, LC_ALL="C", SYSTEMD_COLORS="0"),
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ChangeError(f"{shown} did not end within {timeout:.0f} s") from error
    except OSError as error:
        raise ChangeError(f"{shown} cannot be run", why=error.strerror or str(error)) from error


def daemon_reload() -> None:
    """Make systemd read its unit files again; no unit is restarted."""
    systemctl("daemon-reload", timeout=_RELOAD)


def restart(unit: str, patience: float) -> None:
    """Restart a unit and wait for its job. A return says little about the server's health: look at its PID too.

    That job ends when the server has saved all, and with Type=notify only when it has loaded all: ``patience`` seconds.
    """
    systemctl("restart", "--", unit, timeout=patience)


def show(unit: str, properties: Sequence[str]) -> dict[str, str]:
    """The named properties of a unit; systemd leaves out those that its version does not know."""
    wanted = [f"--property={name}" for name in properties]
    return parse_show(systemctl("show", *wanted, "--", unit))


def parse_show(text: str) -> dict[str, str]:
    """``Name=value`` lines; a value that comes in several lines of the same name is joined by newlines."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


#: Seconds of a unit of time, as systemctl shows spans of it.
_SPANS = dict(
    zip(
        ["us", "ms", "s", "min", "h", "d", "w", "month", "y"],
        (1e-6, 1e-3, 1.0, 60.0, 3600.0, 86400.0, 604800.0, 2629800.0, 31557600.0),
    )
)


def seconds(span: str) -> float:
    """Of a span like ``1min 30s``; infinite where it is ``infinity``, or nothing that we know."""
    words = re.findall(r"([\d.]+)([a-z]+)", span)
    known = bool(words) and all(unit in _SPANS for _number, unit in words)
    return sum(float(number) * _SPANS[unit] for number, unit in words) if known else math.inf
