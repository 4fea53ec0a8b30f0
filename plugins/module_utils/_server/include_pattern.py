# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that ``include`` with a pattern means: as the C library's glob finds and sorts them for Redis."""

from __future__ import annotations

import glob
import os
import re

from .._errors import BadInput

_CLASS = re.compile(r"\[[:.=]")


def is_pattern(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def matches(pattern: str, where: str) -> list[str]:
    """The files, sorted as in the locale C. A pattern that matches nothing includes nothing."""
    if _CLASS.search(pattern):
        raise BadInput(
            f"The include {pattern!r} names a class of characters",
            where=where,
            why="what is in it depends on the locale of the server",
            remedy="Write it with * or with the characters themselves",
        )
    # [^a] is [!a] to the C library, and a backslash makes the next character an ordinary one.
    translated = re.sub(r"\\(.)", lambda found: glob.escape(found[1]), pattern).replace("[^", "[!")
    # Redis reads a directory as an empty file.
    return [path for path in sorted(glob.glob(translated)) if not os.path.isdir(path)]


def other_orders(paths: list[str]) -> list[list[str]]:
    """The same files as other locales sort them, where that differs: letters alike in both cases, marks before them
    (as glibc has it from 2.28 on) or of no account (as before).
    """
    orders = [sorted(paths, key=_marks_first), sorted(paths, key=_letters_alone)]
    return [order for order in orders if order != paths]


def _marks_first(path: str) -> list[tuple[bool, bool, str]]:
    return [(mark.isalnum(), mark != "_", mark.casefold()) for mark in path]


def _letters_alone(path: str) -> tuple[str, str]:
    return "".join(mark for mark in path.casefold() if mark.isalnum()), path
