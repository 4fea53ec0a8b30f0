# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of CPUs as text: the strict grammar that both Redis and the kernel take."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .._errors import BadInput

_PART = re.compile(r"(\d{1,7})(?:-(\d{1,7})(?::(\d{1,7}))?)?\Z", re.ASCII)
# The kernel knows no more CPUs than this; a larger number is a typing mistake, not a range to expand.
_MOST = 8192


def parse_cpu_list(text: str) -> frozenset[int]:
    """``0,2-3,8-12:2`` as a set. BadInput for whatever Redis would silently ignore (blanks, words, backward ranges)."""

    def bad(why: str) -> BadInput:
        return BadInput(f"{text!r} is no list of CPUs", why=why, remedy="Write it like 0, 2-3 or 0,4-7 without blanks")

    if not text:
        raise bad("it is empty")
    if re.search(r"\s", text):
        raise bad("it contains a blank")
    cpus: set[int] = set()
    for part in text.split(","):
        match = _PART.match(part)
        if not match:
            raise bad(f"{part!r} is neither a number nor a range" if part else "two commas leave an empty place")
        first = int(match.group(1))
        last = int(match.group(2) or first)
        step = int(match.group(3) or 1)
        if last < first:
            raise bad(f"the range {part} runs backwards")
        if step == 0:
            raise bad(f"the stride of {part} is 0")
        if last >= _MOST:
            raise bad(f"no machine has a CPU {last}")
        cpus.update(range(first, last + 1, step))
    return frozenset(cpus)


def format_cpu_list(cpus: Iterable[int]) -> str:
    """The shortest list in the kernel's own notation, such as ``0,2-5``; an empty set is an empty string."""
    parts: list[str] = []
    run: list[int] = []
    for cpu in sorted(cpus):
        if run and cpu != run[-1] + 1:
            parts.append(_run(run))
            run = []
        run.append(cpu)
    if run:
        parts.append(_run(run))
    return ",".join(parts)


def _run(cpus: list[int]) -> str:
    return str(cpus[0]) if len(cpus) == 1 else f"{cpus[0]}-{cpus[-1]}"
