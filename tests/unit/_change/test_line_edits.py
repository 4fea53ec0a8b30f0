# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our lines go out of a file that others have edited, and everything else stays to the byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._change.line_edits import between, take_out

BEFORE = b"# Redis\nport 6379\n\nhz 10\ntimeout 0\nsave 900 1\nsave 300 10\n\n# end\n"
OURS = b"# Redis\nport 6379\n\nhz 8\ntimeout 5\nsave 60 1\n\n# end\nmaxmemory 1gb\n"


def undone(before: bytes, ours: bytes, current: bytes) -> bytes:
    return take_out(json.loads(json.dumps(between(before, ours))), before, current)


def test_what_nobody_has_edited_is_as_it_was() -> None:
    assert undone(BEFORE, OURS, OURS) == BEFORE


@pytest.mark.parametrize(
    ("theirs", "stays"),
    [
        ((b"# end\n", b"# end\nappendonly yes\n"), (b"# end\n", b"# end\nappendonly yes\n")),
        ((b"# Redis\n", b"# mine\n# Redis\r\n"), (b"# Redis\n", b"# mine\n# Redis\r\n")),
        ((b"port 6379", b"port 7000"), (b"port 6379", b"port 7000")),
        ((b"hz 8", b"hz 20"), (b"hz 10", b"hz 20")),
        ((b"timeout 5\n", b""), (b"timeout 0\n", b"")),
        ((b"maxmemory 1gb", b"maxmemory 2gb"), (b"# end\n", b"# end\nmaxmemory 2gb\n")),
        ((b"hz 8\ntimeout 5", b"hz 8\n# between\ntimeout 5"), (b"hz 10\n", b"hz 10\n# between\n")),
    ],
)
def test_what_others_wrote_stays(theirs: tuple[bytes, bytes], stays: tuple[bytes, bytes]) -> None:
    assert undone(BEFORE, OURS, OURS.replace(*theirs)) == BEFORE.replace(*stays)


def test_below_the_header_of_a_file_of_ours_their_line_stays_in_its_section() -> None:
    ours = b"# Written by lowlat.redis.\n[Service]\nCPUAffinity=\nCPUAffinity=4\n"
    assert undone(b"", ours, ours + b"Nice=5\n") == b"# Written by lowlat.redis.\n[Service]\nNice=5\n"


def test_the_lines_themselves_are_not_remembered() -> None:
    assert "s3cret" not in json.dumps(between(BEFORE, OURS + b"masterauth s3cret\n"))


def test_what_was_taken_out_is_taken_out_once() -> None:
    edited = OURS.replace(b"timeout 5\n", b"timeout 5\nappendonly yes\n").replace(b"hz 8", b"hz 20")
    once = undone(BEFORE, OURS, edited)
    assert undone(BEFORE, OURS, once) == once and b"save 900 1\nsave 300 10\n" in once


def test_a_line_that_was_moved_is_still_ours() -> None:
    """A server that writes its file anew appends what is new to it in an order of its own."""
    before, ours = b"port 6379\n", b"port 6379\nhz 20\nappendonly yes\n"
    theirs = b"port 6379\nappendonly yes\nreplicaof 127.0.0.1 7000\nhz 20\n"
    assert undone(before, ours, theirs) == b"port 6379\nreplicaof 127.0.0.1 7000\n"


texts = st.lists(st.sampled_from([b"hz 1", b"hz 2", b"", b"#", b"a", b"b\r"]), max_size=8).map(b"\n".join)


@settings(deadline=None)
@given(texts, texts)
def test_any_edit_is_undone(before: bytes, ours: bytes) -> None:
    if before:
        assert undone(before, ours, ours) == before


@settings(deadline=None)
@given(texts, texts, texts)
def test_nothing_is_left_of_a_file_that_is_theirs_alone(before: bytes, ours: bytes, theirs: bytes) -> None:
    mine = b"\n".join(line + b" theirs" for line in theirs.split(b"\n"))
    assert all(line in undone(before, ours, mine).split(b"\n") for line in mine.split(b"\n"))


def test_each_line_takes_the_place_of_its_own() -> None:
    """Also beside others of which there are more or fewer now."""
    before = b"save 3600 1\nsave 300 100\nmaxmemory 1gb\nhz 10\n"
    ours = b"save 60 1\nmaxmemory 2gb\nhz 20\ntimeout 5\n"
    rewritten = b"save 60 1\nmaxmemory 2048mb\nhz 20\ntimeout 5\n"
    assert undone(before, ours, ours) == before
    assert undone(before, ours, rewritten) == b"save 3600 1\nsave 300 100\nmaxmemory 2048mb\nhz 10\n"
