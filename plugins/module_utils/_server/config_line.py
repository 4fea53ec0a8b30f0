# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of a Redis config file: taken apart and written as Redis itself does it, byte by byte."""

from __future__ import annotations

import re

_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}
_SPACE = b" \t\n\r\v\f"
_WORD_ENDS = b" \t\n\r\0"
_HEX = re.compile(rb"x([0-9a-fA-F]{2})")
_PLAIN = re.compile(r"[\w.,:;/@%+=*<>|!?~^&(){}\[\]$#-]+\Z", re.ASCII)


def split(line: bytes) -> list[str] | None:
    """The words of a line; None if a quote has no end, or more than a blank follows a closing quote."""
    words: list[str] = []
    at = 0
    while True:
        while line[at : at + 1] and line[at] in _SPACE:
            at += 1
        if at >= len(line) or line[at] == 0:
            return words
        taken = _word(line, at)
        if taken is None:
            return None
        word, at = taken
        words.append(word.decode("utf-8", "surrogateescape"))


def _word(line: bytes, at: int) -> tuple[bytes, int] | None:
    """A word, the last piece of which may be quoted, and the place after it."""
    start = at
    while at < len(line) and line[at] not in _WORD_ENDS:
        if line[at] in b"\"'":
            taken = _quoted(line, at + 1, line[at : at + 1])
            if taken is None:
                return None
            piece, end = taken
            if end < len(line) and line[end] not in _SPACE and line[end] != 0:
                return None
            return line[start:at] + piece, end
        at += 1
    return line[start:at], at


def _quoted(line: bytes, at: int, quote_mark: bytes) -> tuple[bytes, int] | None:
    piece = bytearray()
    while at < len(line):
        here, following = line[at : at + 1], line[at + 1 : at + 2]
        if here == quote_mark:
            return bytes(piece), at + 1
        code = _HEX.match(line, at + 1)
        if here == b"\\" and quote_mark == b'"' and code:
            piece += bytes.fromhex(code.group(1).decode("ascii"))
            at += 4
        elif here == b"\\" and following and (quote_mark == b'"' or following == b"'"):
            piece += _ESCAPES.get(following, following) if quote_mark == b'"' else following
            at += 2
        else:
            piece += here
            at += 1
    return None


def quote(word: str) -> bytes:
    """A word as it must stand in the file: bare where that is safe, otherwise in double quotes."""
    if _PLAIN.match(word):
        return word.encode("ascii")
    quoted = bytearray(b'"')
    for byte in word.encode("utf-8", "surrogateescape"):
        if byte in b'"\\':
            quoted += b"\\" + bytes([byte])
        elif 0x20 <= byte < 0x7F:
            quoted.append(byte)
        else:
            quoted += b"\\x%02x" % byte
    return bytes(quoted + b'"')
