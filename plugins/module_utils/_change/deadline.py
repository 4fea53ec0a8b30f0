# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deadline of a change: the host itself takes back what nobody confirms in time.

It is armed before anything is written. Its file in the change's directory holds what the host needs for that without
Ansible; it is there exactly as long as somebody on the host watches over the change.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from .._errors import ChangeError
from .._host import files, systemd
from .._server.connection import ARGUMENTS
from . import armed, boot, deadline_process, deadline_units, other_places, whole_copy
from .armed import Deadline
from .store import Change

#: What is lost on the disk, and will not be there at another try: it does not read it, or finds it damaged itself.
_LOST = (errno.EIO, errno.EBADMSG, errno.EUCLEAN)


def arm(
    directory: Path,
    seconds: int,
    runner: Path,
    login: Mapping[str, Any],
    unit: str | None,
    changed: Iterable[str] = (),
) -> Deadline:
    """Have the host take back the change in this directory ``seconds`` from now. ChangeError, OSError if it cannot.

    ``unit`` is that of the server; ``changed`` are the files that taking back needs.
    """
    keeper = "systemd" if systemd.available() and os.geteuid() == 0 else "process"
    known = {name: login[name] for name in ARGUMENTS if login.get(name) is not None}
    deadline = Deadline(
        seconds,
        time.time() + seconds,
        boot.seconds() + seconds,
        boot.identity(),
        keeper,
        os.fspath(runner),
        sys.executable,
        known,
        unit,
        runner_digest=whole_copy.digest(os.fspath(runner)),
    )
    files.replace_bytes(os.fspath(directory / whole_copy.SPARE), runner.read_bytes(), 0o600)
    files.replace_bytes(os.fspath(directory / armed.FILE), armed.encode(asdict(deadline)), 0o600)
    try:
        if keeper == "systemd":
            deadline_units.start(directory, deadline, changed)
            other_places.refuse(directory.parents[1])  # by now whoever comes there at this moment sees this one, too
        else:
            deadline_process.start(directory, deadline)
    except BaseException:
        disarm(directory)
        raise
    return deadline


def load(directory: Path) -> Deadline | None:
    """The deadline of the change in this directory, None where nobody watches over it. OSError."""
    try:
        facts = armed.decode((directory / armed.FILE).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in _LOST:
            raise
        return _damaged(f"{directory / armed.FILE}: {error.strerror}")
    if facts is None:
        return _damaged(f"no sound copy is left in {directory / armed.FILE}")
    return Deadline(**{one.name: facts[one.name] for one in fields(Deadline) if one.name in facts})


def _damaged(why: str) -> Deadline:
    return Deadline(0, 0.0, 0.0, "", "", "", "", {}, None, why)


def is_armed(directory: Path) -> bool:
    """Whether anybody is left who watches, or would."""
    return os.path.lexists(directory / armed.FILE)


def all_armed(state_directory: Path) -> list[Deadline]:
    """Those of the changes of this host that somebody watches over, oldest first, the damaged ones too."""
    found = (_whatever(path.parent) for path in sorted(state_directory.glob(f"changes/*/{armed.FILE}")))
    return [one for one in found if one is not None]


def _whatever(directory: Path) -> Deadline | None:
    """One that cannot be read hides no other."""
    try:
        return load(directory)
    except OSError as error:
        return _damaged(str(error))


def disarm(directory: Path) -> list[str]:
    """Nobody watches over the change any more, and no secret of it is left. Returns what could not be removed."""
    left: list[str] = []
    try:
        deadline_units.remove(directory)
        for name in (whole_copy.SPARE, armed.FILE):  # without the latter a process that watches ends
            with contextlib.suppress(FileNotFoundError):
                os.unlink(directory / name)
                files.sync_directory(directory)
    except (ChangeError, OSError) as error:
        left.append(f"stop watching over {directory.name}: {error}")
    return left


def refuse_late(change: Change) -> None:
    """ChangeError once the deadline has passed: from then on the host alone decides, however late it is about it."""
    deadline = load(change.directory)
    if deadline is not None and deadline.damage:
        raise ChangeError(
            "What the host knows of this change's deadline is damaged, so it was not confirmed",
            where=change.describe(),
            why=f"{deadline.damage}; the deadline counts as passed, and the host takes the change back",
            remedy="Look at that disk, then apply it again",
        )
    if deadline is not None and deadline.is_over():
        raise ChangeError(
            "The deadline of this change has passed, so it was not confirmed",
            where=change.describe(),
            why=f"it was to be confirmed within {deadline.seconds} s, until {deadline.shown()}; the host takes it back",
            remedy="Apply it again, with a longer confirm_within if it takes that long to measure",
        )
