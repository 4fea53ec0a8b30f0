# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes of a rollback while it goes on past steps that fail."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import Any, Callable

from .._errors import LowlatError
from .._libraries import psutil, redis
from .store import Change


@dataclass
class Undone:
    """What came of a rollback. ``left`` is what remains to be done by hand.

    ``policy`` is what becomes of values that somebody else has set since the change: restore, keep or fail;
    ``foreign`` are the journal's entries of them, as ``foreign`` writes them.
    """

    change: Change
    changed: bool = True
    restarted: bool = False
    left: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    policy: str = "restore"
    foreign: list[dict[str, Any]] = field(default_factory=list)
    unlooked: set[str] = field(default_factory=set)  #: files with an edit of which no copy could be made
    hurting: frozenset[str] = frozenset()  #: directives that the old value of would destroy something by now
    data_missing: bool = False  #: its keys are gone, and nobody has said yet that they may be
    accepts_lost_data: bool = False  #: who asks has looked at the data, and takes it as it is
    blocked: bool = False  #: a step failed because the server did not answer in time
    stopped: bool = False  #: somebody has shut the server down on purpose, and it was left so
    pending: list[str] = field(default_factory=list)  #: what others have written and only a start brings
    unheard: bool = False  #: in the end the server let nobody in, though it runs

    @property
    def held_back(self) -> frozenset[str]:
        """An AOF that is turned on is written anew, over what may still hold data that is missing."""
        return frozenset({"appendonly"} if self.data_missing else ())


def note(change: Change, result: Undone, entry: str, **facts: Any) -> None:
    """Journal a step; a journal that cannot be written stops no rollback."""
    with collecting(result, "write the journal"):
        change.journal.append(entry, **facts)


class collecting:
    """Go on past a failing step; what it was to do is left to do by hand."""

    def __init__(self, result: Undone, step: str) -> None:
        self._result, self._step = result, step

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, expected()):
            self._result.blocked |= timed_out(error)
            self._result.left.append(f"{self._step}: {error}")
            return True
        return False


def answer(result: Undone, question: str, ask: Callable[[], bool], otherwise: bool) -> bool:
    """What ``ask`` tells, or ``otherwise`` and a warning where it fails: nothing that is to go back waits for it."""
    try:
        return ask()
    except expected() as error:
        warning = f"it could not be told whether {question}: {error}"
        if warning not in result.warnings:
            result.warnings.append(warning)
        return otherwise


def timed_out(error: BaseException) -> bool:
    return isinstance(error, LowlatError) and error.details.get("code") == "timeout"


def expected() -> tuple[type[Exception], ...]:
    """What a failing step may raise; anything else is a fault of the program and is not hidden."""
    return (LowlatError, OSError, subprocess.SubprocessError, redis.RedisError, psutil.Error)
