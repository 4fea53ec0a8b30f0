# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host knows of a deadline: as it was written, or so damaged that the deadline counts as passed."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import armed, boot, deadline
from ansible_collections.lowlat.redis.plugins.module_utils._change.armed import Deadline
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

LOGIN = {"login_host": "127.0.0.1", "login_port": 6379, "login_password": "s3cret"}


@pytest.fixture
def open_one() -> Deadline:
    later = boot.seconds() + 600
    return Deadline(600, 1767323045.0, later, boot.identity(), "process", "/r.pyz", "/python", LOGIN, "redis.service")


def former(one: Deadline) -> bytes:
    """As releases before wrote it."""
    facts = asdict(one)
    del facts["damage"]
    return json.dumps(facts).encode()


def flipped(whole: bytes) -> Iterator[bytes]:
    """One in every byte."""
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        yield bytes(damaged)


def loaded(directory: Path, data: bytes) -> Deadline:
    (directory / "armed").write_bytes(data)
    found = deadline.load(directory)
    assert found is not None
    return found


def test_no_flipped_bit_makes_it_another_one(open_one: Deadline) -> None:
    facts = asdict(open_one)
    for damaged in flipped(armed.encode(facts)):
        assert armed.decode(damaged) == facts


def test_one_copy_is_enough(open_one: Deadline) -> None:
    facts = asdict(open_one)
    copy = armed.encode(facts).splitlines(keepends=True)[0]
    for damaged in (b"#" * len(copy) + copy, copy, copy[:-1], b"\0" * (len(copy) - 1) + b"\n" + copy):
        assert armed.decode(damaged) == facts


@pytest.mark.slow
def test_cut_at_any_byte_it_is_whole_or_has_passed(tmp_path: Path, open_one: Deadline) -> None:
    whole = armed.encode(asdict(open_one))
    for length in range(len(whole)):
        found = loaded(tmp_path, whole[:length])
        assert found == open_one or (found.damage and found.is_over() and found.is_other_boot() and not found.login)
    assert loaded(tmp_path, whole) == open_one


def test_the_former_format_is_read(tmp_path: Path, open_one: Deadline) -> None:
    assert loaded(tmp_path, former(open_one)) == open_one


def test_of_the_former_format_no_damage_stops_anybody(tmp_path: Path, open_one: Deadline) -> None:
    whole = former(open_one)
    for damaged in (*flipped(whole), *(whole[:length] for length in range(len(whole)))):
        found = loaded(tmp_path, damaged)
        assert found.is_over() in (True, False) and found.shown()


def test_one_that_the_disk_does_not_give_back_has_passed(
    tmp_path: Path, open_one: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not loaded(tmp_path, armed.encode(asdict(open_one))).is_over()

    read = Path.read_bytes

    def fails(path: Path) -> bytes:
        if path.name != "armed":
            return read(path)
        raise OSError(errno.EIO, os.strerror(errno.EIO), os.fspath(path))

    monkeypatch.setattr(Path, "read_bytes", fails)
    found = deadline.load(tmp_path)
    assert found is not None and found.is_over() and os.strerror(errno.EIO) in found.damage


def test_one_that_is_damaged_hides_no_other(tmp_path: Path, open_one: Deadline) -> None:
    for name, data in (("a", b"#"), ("b", armed.encode(asdict(open_one)))):
        (tmp_path / "changes" / name).mkdir(parents=True)
        (tmp_path / "changes" / name / "armed").write_bytes(data)
    assert [bool(one.damage) for one in deadline.all_armed(tmp_path)] == [True, False]


def test_nobody_confirms_what_has_a_damaged_one(tmp_path: Path) -> None:
    change = Store(str(tmp_path)).open("phase2", owner="me")
    (change.directory / "armed").write_bytes(b"")
    with pytest.raises(ChangeError, match="damaged, so it was not confirmed") as caught:
        deadline.refuse_late(change)
    facts: Any = caught.value
    assert facts.where and facts.why and facts.remedy
