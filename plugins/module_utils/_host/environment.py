# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of a process, also of one that has overwritten it with its title, as Redis does.

Such a program keeps a copy, and the C library's variable ``environ`` points to that.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass

_NAMES = frozenset({b"environ", b"__environ", b"_environ"})
_DYNAMIC_SYMBOLS, _FIXED_ADDRESS = 11, 2
_SECTION, _SYMBOL = struct.Struct("=IIQQQQIIQQ"), struct.Struct("=IBBHQQ")
_POINTER = struct.Struct("=Q")
#: No environment is larger: the kernel takes no longer word, and a loop must have an end.
_MOST, _LONGEST = 4096, 1 << 17
_PAGE = 4096


def of(pid: int) -> dict[str, str] | None:
    """None where nobody can tell it: the process is another user's, or keeps it in a way that is not known here."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            words = file.read().split(b"\0")
        found = _parsed(words)
        return found if found is not None else _parsed(_kept_copy(pid))
    except (OSError, ValueError, IndexError, OverflowError, struct.error):
        return None


def _parsed(words: Iterable[bytes]) -> dict[str, str] | None:
    """None where it is none: what a title has overwritten is empty, or has no equals sign."""
    found = {}
    for word in filter(None, words):
        name, equals, value = word.partition(b"=")
        if not equals:
            return None
        found[os.fsdecode(name)] = os.fsdecode(value)
    return found or None


@dataclass(frozen=True)
class _Mapped:
    """A program or library in the memory of a process."""

    start: int
    path: str


def _kept_copy(pid: int) -> list[bytes]:
    """The words that ``environ`` points to. OSError, ValueError, struct.error where it is not found."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for mapped in _mapped(pid):
            address = _address(mapped)
            # A program that uses the variable has it itself; otherwise it is the library's.
            if address:
                return _words(memory.fileno(), address)
    raise ValueError("no environ")


def _mapped(pid: int) -> list[_Mapped]:
    """The program, then the C library; through /proc, where both are still if another version was installed since."""
    program, library = os.readlink(f"/proc/{pid}/exe"), []
    found: list[_Mapped] = []
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            fields = line.rstrip("\n").split(maxsplit=5)
            if len(fields) < 6 or int(fields[2], 16):
                continue  # not the beginning of a file
            start, end = fields[0].split("-")
            if fields[5] == program:
                found.append(_Mapped(int(start, 16), f"/proc/{pid}/exe"))
            elif os.path.basename(fields[5]).startswith(("libc.so", "libc-", "ld-musl")):
                library.append(_Mapped(int(start, 16), f"/proc/{pid}/map_files/{start}-{end}"))
    return found[:1] + library[:1]


def _address(mapped: _Mapped) -> int:
    """Of the variable in the process' memory; 0 where this file has none. Of programs of 64 bits only."""
    with open(mapped.path, "rb") as file:
        header = file.read(64)
        if header[:5] != b"\x7fELF\x02":
            return 0
        (kind,) = struct.unpack_from("=H", header, 16)
        (table,) = struct.unpack_from("=Q", header, 40)
        size, count = struct.unpack_from("=HH", header, 58)
        file.seek(table)
        raw = file.read(size * count)
        sections = [_SECTION.unpack_from(raw, size * number) for number in range(count)]
        for _name, what, _flags, _addr, offset, length, link, *_rest in sections:
            if what != _DYNAMIC_SYMBOLS:
                continue
            file.seek(sections[link][4])
            names = file.read(sections[link][5])
            file.seek(offset)
            for name, _info, _other, section, value, _size in _SYMBOL.iter_unpack(file.read(length)):
                if section and value and names[name : names.index(b"\0", name)] in _NAMES:
                    return int(value) + (0 if kind == _FIXED_ADDRESS else mapped.start)
    return 0


def _words(memory: int, address: int) -> list[bytes]:
    (place,) = _POINTER.unpack(os.pread(memory, 8, address))
    found: list[bytes] = []
    while place and len(found) < _MOST:
        (word,) = _POINTER.unpack(os.pread(memory, 8, place))
        if not word:
            break
        found.append(_word(memory, word))
        place += 8
    return found


def _word(memory: int, place: int) -> bytes:
    """Up to its NUL, and not beyond the pages that it is in: the next one may be nobody's."""
    found = b""
    while b"\0" not in found and len(found) < _LONGEST:
        part = os.pread(memory, _PAGE - place % _PAGE, place)
        if not part:
            raise ValueError("a word without an end")
        found += part
        place += len(part)
    return found.partition(b"\0")[0]
