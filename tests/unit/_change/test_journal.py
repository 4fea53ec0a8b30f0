# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal says what is certain, and says so when it cannot."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.journal import Journal
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal = Journal.create(tmp_path / "journal")
    journal.append("opened", name="phase2")
    journal.append("applied", written={})
    return journal.path


def test_entries_come_back_in_order(path: Path) -> None:
    entries = Journal.load(path).entries
    assert [entry["entry"] for entry in entries] == ["opened", "applied"]
    assert entries[0]["name"] == "phase2"


def test_only_its_owner_may_read_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_journal_cut_at_any_byte_keeps_the_whole_entries_before_the_cut(path: Path) -> None:
    whole = path.read_bytes()
    ends = [number + 1 for number, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert len(Journal.load(path).entries) == sum(end <= cut for end in ends)


def test_appending_after_a_cut_writes_a_sound_journal(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])
    Journal.load(path).append("rolling_back")
    assert [entry["entry"] for entry in Journal.load(path).entries] == ["opened", "rolling_back"]


def test_every_flipped_bit_is_found(path: Path) -> None:
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        try:
            entries = Journal.load(path).entries
        except ChangeError as error:
            assert str(path) in error.where
        else:  # a lost newline makes the last line one that a crash cut short
            assert len(entries) == 1 and place == len(whole) - 1


def test_a_line_that_is_missing_in_the_middle_is_found(path: Path) -> None:
    Journal.load(path).append("confirmed")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(ChangeError, match="line 2"):
        Journal.load(path)


def test_a_full_disk_is_told_with_the_path(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.load(path)

    def full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left on device.*/journal") as caught:
        journal.append("confirmed")
    assert caught.value.filename == str(path)
