# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units that watch over one change: a timer with its service, and a service for the next boot.

They are there as long as the change is open, and nothing of them is left afterwards. Their names are new for every
change, so systemd reads them without a reload of all its units.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .._errors import ChangeError
from .._host import files, systemd
from . import boot, watching, whole_copy
from .armed import Deadline

#: Where the administrator's units are.
UNITS = Path("/etc/systemd/system")

# Both times of the timer are absolute. The first is right whatever a reload does, the second also if the clock is set;
# the service looks itself whether the time has come.
_TIMER = """\
# Made by lowlat.redis, which removes it when the change has ended.
[Unit]
Description=Deadline of change {change}

[Timer]
OnCalendar={calendar}
OnBootSec={since_boot}s
AccuracySec=1s
RandomizedDelaySec=0
Unit={name}.service

[Install]
WantedBy=timers.target
"""

# Not oneshot: older versions of systemd restart no such service, and this one must go on until it has succeeded.
# KillMode: a server without a unit that it has started must outlive it.
_SERVICE = """\
# Made by lowlat.redis, which removes it when the change has ended.
[Unit]
Description=Take back change {change}, which nobody confirmed
StartLimitIntervalSec=0
{after}
[Service]
Type=simple
ExecStart={expire}
Restart=on-failure
RestartSec=5
RestartPreventExitStatus={by_hand}
KillMode=process
OOMScoreAdjust=-1000
"""

# ExecStopPost runs also where ExecStart has failed: after a deadline that has passed nothing else starts the service.
_BOOT = """\
# Made by lowlat.redis, which removes it when the change has ended.
[Unit]
Description=Put back files of change {change} before the server starts
RequiresMountsFor={mounts}
After=local-fs.target systemd-sysctl.service systemd-tmpfiles-setup.service
{before}
[Service]
Type=oneshot
ExecStart={boot}
ExecStopPost=-systemctl --no-block start {name}.service

[Install]
WantedBy=multi-user.target
"""

_EXPIRES = re.compile(r'^ExecStart=.*"expire" "((?:[^"\\]|\\.)*)"$', re.MULTILINE)


def start(directory: Path, deadline: Deadline, changed: Iterable[str] = ()) -> None:
    """Write the units durably and start the timer; at boot the files ``changed`` are needed. ChangeError, OSError."""
    name = _name(directory)
    target = os.fspath(directory)
    words = {
        each: _quoted(whole_copy.command(deadline.python, deadline.runner, deadline.runner_digest, each, target))
        for each in ("expire", "boot")
    }
    values = {
        "change": directory.name,
        "name": name,
        "by_hand": watching.BY_HAND,
        "calendar": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(math.ceil(deadline.at))),
        "since_boot": math.ceil(deadline.boot_at - _manager_started()),
        "mounts": _quoted([target, *sorted(_places(changed))]),
        **words,
        "after": f"After={deadline.unit}\n" if deadline.unit else "",
        "before": f"Before={deadline.unit}\n" if deadline.unit else "",
    }
    for path, text in zip(_files(directory), (_TIMER, _SERVICE, _BOOT)):
        files.replace_bytes(os.fspath(path), text.format(**values).encode(), 0o644)
    for link, unit in _links(directory):
        link.parent.mkdir(mode=0o755, exist_ok=True)
        os.symlink(unit, link)
        files.sync_directory(link.parent)
    systemd.systemctl("start", f"{name}.timer")
    if systemd.show(f"{name}.timer", ["ActiveState"]).get("ActiveState") != "active":
        raise ChangeError("The deadline could not be armed", where=f"{name}.timer", why="systemd did not start it")


def remove(directory: Path) -> None:
    """Stop the timer and remove whatever there is of the units. The service may be the one that calls."""
    name = _name(directory)
    timer = _files(directory)[0]
    if timer.exists():
        # Gone with its file if systemd has never heard of it.
        with contextlib.suppress(ChangeError):
            systemd.systemctl("stop", f"{name}.timer")
    elif systemd.available():
        # They went when a rollback failed; that it did is no news any more once somebody has mended it.
        with contextlib.suppress(ChangeError):
            systemd.systemctl("reset-failed", f"{name}.service")
    for path in (*(link for link, _unit in _links(directory)), *reversed(_files(directory))):
        # Where nothing can be written, what is not there cannot be removed either.
        if os.path.lexists(path):
            os.unlink(path)
            files.sync_directory(path.parent)
    for path in _files(directory):
        files.remove_leftovers(os.fspath(path), os.geteuid())  # of who was killed while writing them


def directories() -> Iterator[Path]:
    """Of the changes that units of this host watch over, in any state directory."""
    for path in sorted(UNITS.glob("lowlat-*.service")):
        with contextlib.suppress(FileNotFoundError):  # its change has ended in this moment
            found = _EXPIRES.search(path.read_text(encoding="utf-8", errors="surrogateescape"))
            if found:
                yield Path(_unquoted(found[1]))


def _name(directory: Path) -> str:
    return f"lowlat-{directory.name}"


def _files(directory: Path) -> tuple[Path, Path, Path]:
    """Of the timer, its service, and the service of the next boot. The timer comes first and goes last."""
    name = _name(directory)
    return UNITS / f"{name}.timer", UNITS / f"{name}.service", UNITS / f"{name}-boot.service"


def _links(directory: Path) -> Sequence[tuple[Path, str]]:
    """What makes the next boot start them: a link each, and what it points to."""
    timer, _service, at_boot = _files(directory)
    wants = ((UNITS / "timers.target.wants", timer), (UNITS / "multi-user.target.wants", at_boot))
    return [(place / path.name, os.fspath(path)) for place, path in wants]


def _manager_started() -> float:
    """What OnBootSec counts from: the boot, but in a container the start of its systemd."""
    if not Path("/run/systemd/container").exists():
        return 0.0
    ticks = int(boot.identity().rpartition("/")[2])
    return ticks / os.sysconf("SC_CLK_TCK")


def _places(paths: Iterable[str]) -> set[str]:
    """Where files are; those that a link leads to, too."""
    return {os.path.dirname(path) for each in paths for path in (each, os.path.realpath(each))}


def _quoted(words: Sequence[str]) -> str:
    """As a unit file takes words that may hold blanks, quotes, per cent and dollar signs."""
    escaped = (word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") for word in words)
    return " ".join(f'"{word}"' for word in escaped)


def _unquoted(word: str) -> str:
    """What ``_quoted`` has made of one word, back again."""
    return re.sub(r"\\(.)", r"\1", word.replace("%%", "%").replace("$$", "$"))
