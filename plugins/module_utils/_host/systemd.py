# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to systemd through systemctl, with a time limit on every call."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from .._errors import ChangeError

_QUICK = 30.0
#: A reload reads every unit there is, which takes minutes where the CPUs are short, and must not fail a rollback.
_RESTART = _RELOAD = 180.0


def available() -> bool:
    """Whether systemd runs this host and can be talked to."""
    return os.path.isdir("/run/systemd/system") and shutil.which("systemctl") is not None


def systemctl(*arguments: str, timeout: float = _QUICK) -> str:
    """Standard output of ``systemctl ARGUMENTS``. ChangeError with the tail of its standard error."""
    command = ["systemctl", "--no-pager", "--no-ask-password", *arguments]
    shown = " ".join(["systemctl", *arguments])
    environment = dict(os.environ, LC_ALL="C", SYSTEMD_COLORS="0")
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ChangeError(f"{shown} did not end within {timeout:.0f} s") from error
    except OSError as error:
        raise ChangeError(f"{shown} cannot be run", why=error.strerror or str(error)) from error
    if done.returncode != 0:
        tail = done.stderr.decode("utf-8", "replace").strip()[-800:]
        raise ChangeError(f"{shown} failed with {done.returncode}", why=tail or "it gave no reason")
    return done.stdout.decode("utf-8", "replace")


def daemon_reload() -> None:
    """Make systemd read its unit files again; no unit is restarted."""
    systemctl("daemon-reload", timeout=_RELOAD)


def restart(unit: str) -> None:
    """Restart a unit and wait for its job. A return says little about the server's health: look at its PID too."""
    systemctl("restart", "--", unit, timeout=_RESTART)


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
