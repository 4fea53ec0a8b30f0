# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody left who was killed before his change was opened goes; nothing else does."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import deadline, deadline_units, unopened
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store


def test_only_what_was_never_opened_goes(tmp_path: Path) -> None:
    kept = Store(str(tmp_path)).open("kept").directory
    left = tmp_path / "changes" / "20260101T000000Z-trial-0000"
    left.mkdir()
    for name in ("armed", ".lowlat-armed-abcdefgh", "journal.new"):
        (left / name).write_text("secret")
    unopened.clear_all(tmp_path)
    assert list((tmp_path / "changes").iterdir()) == [kept] and (kept / "journal").exists()


def test_there_was_no_change_at_all(tmp_path: Path) -> None:
    unopened.clear_all(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_what_is_not_there_need_not_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel refuses to remove even a file that is not there, from a file system that is mounted read-only."""
    unlink = os.unlink

    def refuse(path: Any, **options: Any) -> None:
        if str(path).startswith(str(tmp_path / "units")):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        unlink(path, **options)

    monkeypatch.setattr(deadline_units, "UNITS", tmp_path / "units")
    monkeypatch.setattr(os, "unlink", refuse)
    (tmp_path / "armed").touch()
    assert deadline.disarm(tmp_path) == [] and not (tmp_path / "armed").exists()
