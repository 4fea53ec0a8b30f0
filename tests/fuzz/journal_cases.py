# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals that a disk, a crash or a hand has garbled: read, told about, and rolled back on a real server.

Whatever the bytes are, nothing but an old value comes back, and what does not come back is named.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._change import history, request
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError

from . import hostile
from .settings_cases import Target

BEFORE = {"hz": "10", "timeout": "0", "maxmemory": "0"}
AFTER = {"hz": "8", "timeout": "5", "maxmemory": str(100 * 1024**2)}


@dataclass
class Applied:
    """A server under an applied change, and everything that is needed to bring it there again."""

    target: Target
    name: str
    journal: bytes
    file_before: bytes
    file_after: bytes

    @classmethod
    def make(cls, target: Target) -> Applied:
        before = Path(target.config).read_bytes()
        settings = [{"kind": "redis", "key": key, "value": value} for key, value in AFTER.items()]
        made = request.run(target.options(Random(0), settings=settings), check=False)
        path = Path(target.state_directory) / "changes" / made["change_id"] / "journal"
        return cls(target, made["change_id"], path.read_bytes(), before, Path(target.config).read_bytes())

    def again(self, journal: bytes) -> None:
        """The host as the change has left it, with this journal."""
        shutil.rmtree(self.target.state_directory, ignore_errors=True)
        directory = Path(self.target.state_directory) / "changes" / self.name
        directory.mkdir(parents=True, mode=0o700)
        (directory / "journal").write_bytes(journal)
        Path(self.target.config).write_bytes(self.file_after)
        for key, value in AFTER.items():
            self.target.client.config_set(key, value)

    def restored(self) -> dict[str, bool]:
        """What is as it was before, and what as the change left it; anything else is told as a KeyError."""
        shown: Any = self.target.client.config_get(*BEFORE)
        now = {f"redis {key}": (shown[key], BEFORE[key], AFTER[key]) for key in BEFORE}
        file = (Path(self.target.config).read_bytes(), self.file_before, self.file_after)
        both: dict[str, tuple[Any, Any, Any]] = {**now, f"file {self.target.config}": file}
        return {what: {before: True, after: False}[here] for what, (here, before, after) in both.items()}


def garbled(random: Random, whole: bytes) -> bytes:
    """The journal with something wrong: bits, bytes, lines, its end, or all of it."""
    made = whole
    for _time in range(random.choice((1, 1, 1, 2, 3))):
        made = random.choice((_bits, _bytes, _cut, _lines, _lines, _other))(random, made)
    return made


def _bits(random: Random, whole: bytes) -> bytes:
    made = bytearray(whole)
    for _bit in range(random.choice((1, 1, 2, 20)) if made else 0):
        made[random.randrange(len(made))] ^= 1 << random.randrange(8)
    return bytes(made)


def _bytes(random: Random, whole: bytes) -> bytes:
    """Some taken out, some put in: zeros as a lost block has them, text, line ends."""
    at = random.randint(0, len(whole))
    new = random.choice(
        (b"", b"\0" * random.randrange(600), random.randbytes(random.randrange(40)), b"\n", b"\r\n", b" ")
    )
    return whole[:at] + new + whole[at + random.choice((0, 1, 5, 512)) :]


def _cut(random: Random, whole: bytes) -> bytes:
    at = random.randint(0, len(whole))
    return random.choice((whole[:at], whole[:at], whole[at:]))


def _lines(random: Random, whole: bytes) -> bytes:
    """Twice, in another order, or gone."""
    lines = whole.splitlines(keepends=True)
    if not lines:
        return whole
    how = random.randrange(4)
    at = random.randrange(len(lines))
    if how == 0:
        lines.insert(random.randint(0, len(lines)), lines[at])
    elif how == 1:
        random.shuffle(lines)
    elif how == 2:
        del lines[at]
    else:
        lines += lines
    return b"".join(lines)


def _other(random: Random, whole: bytes) -> bytes:
    """Something else altogether."""
    return random.choice(
        (
            b"",
            b"\n",
            b"\0" * 4096,
            b"{}\n",
            b"[" * 9000 + b"\n",
            random.randbytes(random.randrange(3000)),
            whole[::-1],
            whole * 3,
        )
    )


def read(applied: Applied, random: Random) -> str:
    """Everything that only looks at a journal."""
    journal = garbled(random, applied.journal)
    applied.again(journal)
    state = applied.target.state_directory

    def look() -> Any:
        store = Store(state)
        told = [(change.state, change.name, change.age, change.lost, change.describe()) for change in store.all()]
        return told, store.find().change_id, [history.tell(state, each) for each in (None, applied.name)]

    found = hostile.answer(look)
    crash = found.crash or hostile.shown(found.result)
    return f"{crash} of {journal!r:.200}" if crash else ""


def rolled_back(applied: Applied, random: Random) -> str:
    """Taken back with what the journal still tells."""
    journal = garbled(random, applied.journal)
    applied.again(journal)
    left: Sequence[str] = ()

    def roll_back() -> None:
        nonlocal left
        try:
            request.run(applied.target.options(random, state="rolled_back", name=None), check=False)
        except LowlatError as error:
            left = error.details.get("left") or [error.message]
            raise

    found = hostile.answer(roll_back)
    named = "; ".join(left)
    wrong = [found.crash] if found.crash else []
    try:
        missing = [what for what, done in applied.restored().items() if not done]
    except KeyError as error:
        return f"a value that never was: {error!s:.200} of {journal!r:.300}"
    if missing and not found.refused:
        wrong.append(f"{', '.join(missing)} did not come back, and the rollback says it is done")
    elif missing and not all(what in named or "all that it wrote" in named for what in missing):
        wrong.append(f"{', '.join(missing)} did not come back, and that is not said: {named[:200]}")
    return f"{'; '.join(wrong)} of {journal!r:.300}" if wrong else ""


def clean(applied: Applied) -> None:
    """Nothing of it is left in the state directory."""
    shutil.rmtree(applied.target.state_directory, ignore_errors=True)
    Path(applied.target.config).write_bytes(applied.file_before)
    for key, value in BEFORE.items():
        applied.target.client.config_set(key, value)
    assert not os.path.exists(applied.target.state_directory)
