# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal says what is certain, and says which lines are not."""

from __future__ import annotations

import errno
import os
import random
import stat
from pathlib import Path

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.chain import read
from ansible_collections.lowlat.redis.plugins.module_utils._change.journal import Journal
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

ENTRIES = ["opened", "ready", "applied", "confirmed"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal = Journal.create(
        tmp_path / "journal", [{"entry": "opened", "name": 'phase2 {"J*'}, {"entry": "ready", "images": ["J" * 40]}]
    )
    journal.append("applied", written={})
    journal.append("confirmed")
    return journal.path


def names(journal: Journal) -> list[str]:
    return [entry["entry"] for entry in journal.entries]


def flipped(data: bytes, place: int, bit: int) -> bytes:
    damaged = bytearray(data)
    damaged[place] ^= 1 << bit
    return bytes(damaged)


def test_entries_come_back_in_order(path: Path) -> None:
    journal = Journal.load(path)
    assert names(journal) == ENTRIES and journal.lost == []
    assert journal.entries[0]["name"] == 'phase2 {"J*'


def test_only_its_owner_may_read_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        Journal.create(tmp_path / "journal", [{"entry": "opened"}])
    assert not (tmp_path / "journal").exists()


def test_a_journal_cut_at_any_byte_keeps_the_whole_entries_before_the_cut(path: Path) -> None:
    whole = path.read_bytes()
    # What lacks its newline alone is whole.
    ends = [number for number, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        journal = Journal.load(path)
        assert names(journal) == ENTRIES[: sum(end <= cut for end in ends)] and journal.lost == []


@pytest.mark.parametrize("cut", [1, 5])
def test_appending_after_a_cut_writes_a_sound_journal(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:-cut])
    Journal.load(path).append("rolling_back")
    assert names(Journal.load(path)) == [*(ENTRIES if cut == 1 else ENTRIES[:-1]), "rolling_back"]
    assert read(path.read_bytes()).sound


def test_every_flipped_bit_is_found_and_costs_at_most_its_own_line(path: Path) -> None:
    whole = path.read_bytes()
    sound = Journal.load(path).entries
    for place in range(len(whole)):
        for bit in range(8):
            damaged = flipped(whole, place, bit)
            content = read(damaged)
            assert not content.sound
            lost = [entry for entry in sound if entry not in content.entries]
            line = whole.count(b"\n", 0, place)
            assert lost in ([], [sound[line]]), (place, bit)
            assert [entry for entry in sound if entry in content.entries] == content.entries
            # The lines are named; one of them may have become two.
            assert bool(lost) == bool(content.lost)
            assert all(one.line in (line + 1, line + 2) and one.after == line for one in content.lost)


def test_a_flipped_bit_in_a_digest_or_between_lines_costs_nothing(path: Path) -> None:
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for place in [*range(start - 1, start + 33), len(whole) - 1]:
        assert len(read(flipped(whole, place, 0)).entries) == len(ENTRIES)


def test_appending_to_a_damaged_journal_keeps_it_and_names_the_line(path: Path) -> None:
    damaged = path.read_bytes().replace(b'"written":', b'"written"#')
    path.write_bytes(damaged)
    journal = Journal.load(path)
    assert [lost.line for lost in journal.lost] == [3]
    journal.append("rolling_back")
    journal.append("rolled_back")
    again = Journal.load(path)
    assert names(again) == ["opened", "ready", "confirmed", "rolling_back", "rolled_back"]
    assert again.lost == journal.lost and again.lost[0].after == 2
    assert path.with_name("journal.damaged").read_bytes() == damaged
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and read(path.read_bytes()).sound


def test_a_journal_that_is_damaged_twice_names_both_lines(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"images"', b'"imagos"'))
    Journal.load(path).append("rolling_back")
    path.write_bytes(path.read_bytes().replace(b'"confirmed"', b'"confirmee"'))
    journal = Journal.load(path)
    assert names(journal) == ["opened", "applied", "rolling_back"]
    assert [(lost.line, lost.after) for lost in journal.lost] == [(2, 1), (4, 2)]
    assert journal.lost_since(journal.entries[1]) == [4]


@pytest.mark.parametrize("order", [(0, 2, 3), (0, 2, 1, 3), (0, 1, 1, 2, 3), (1, 2, 3)])
def test_lines_that_are_missing_moved_or_doubled_are_found(path: Path, order: tuple[int, ...]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    content = read(b"".join(lines[number] for number in order))
    assert not content.sound and content.lost


def test_random_damage_never_yields_an_entry_that_was_not_written(path: Path) -> None:
    whole = path.read_bytes()
    sound = Journal.load(path).entries
    draw = random.Random(4)
    for _case in range(2000):
        damaged = bytearray(whole)
        for _hit in range(draw.randrange(1, 6)):
            place = draw.randrange(len(damaged))
            length = draw.randrange(0, 60)
            damaged[place : place + length] = draw.randbytes(draw.randrange(0, 60))
        content = read(bytes(damaged))
        assert all(entry in sound for entry in content.entries)


def test_a_full_disk_is_told_with_the_path(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.load(path)

    def full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left on device.*/journal") as caught:
        journal.append("confirmed")
    assert caught.value.filename == str(path)


def test_what_is_not_on_the_disk_was_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked is told that it failed, and the next reader must not believe that it was done."""
    before = path.read_bytes()

    def fails(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    journal = Journal.load(path)
    with monkeypatch.context() as patched, pytest.raises(OSError, match="Input/output"):
        patched.setattr(os, "fsync", fails)
        journal.append("rolled_back")
    assert path.read_bytes() == before
    journal.append("rolled_back")
    assert names(Journal.load(path)) == [*ENTRIES, "rolled_back"]


def test_one_of_a_newer_release_is_left_to_that(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entries may mean what nobody knows here."""
    with monkeypatch.context() as newer:
        newer.setattr("ansible_collections.lowlat.redis.plugins.module_utils._change.journal.VERSION", 3)
        Journal.load(path).append("rolling_back")
    with pytest.raises(ChangeError, match=r"rolling_back.* version 3.*newer release") as caught:
        Journal.load(path)
    assert caught.value.where == str(path)
