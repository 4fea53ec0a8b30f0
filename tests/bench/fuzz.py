# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Input that nobody meant, by the thousand: settings, gates, block series, journals and config files.

Whatever it is, the answer is a result or an error that says what, where and why; after bad input the host is as it
was; a fresh server reads from a config file what we read from it. --only AREA:NUMBER shows one case again.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(os.path.dirname(HERE))]
from _table import Figure, arguments, at_least, report  # noqa: E402

from tests.fuzz.areas import NAMES, Fuzz  # noqa: E402

#: Parts in a hundred. What writes to a disk or starts servers takes longest.
SHARES = {
    "parsed": 15,
    "judged": 18,
    "measured": 3,
    "decoded": 8,
    "planned": 20,
    "toggled": 10,
    "applied": 3,
    "journal_read": 12,
    "journal_rolled_back": 5,
    "config": 5,
    "start": 1,
}


def numbers(area: str, cases: int, seed: int) -> range:
    first = seed * 1_000_000
    return range(first, first + max(1, cases * SHARES[area] // 100))


def show(only: str) -> int:
    """One case again, with all that it says."""
    area, _colon, number = only.partition(":")
    if area not in NAMES or not number.isdigit():
        raise SystemExit(f"--only takes AREA:NUMBER; the areas are {', '.join(NAMES)}")
    with Fuzz() as fuzz:
        wrong = fuzz.run(area, [int(number)])
    print("\n".join(map(_printable, wrong)) or "nothing is wrong with it")
    return bool(wrong)


def main(options: Sequence[str] | None = None) -> int:
    parser = arguments(__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="how many (default 20000)")
    parser.add_argument("--seed", type=int, default=1, help="other cases with every number (default 1)")
    parser.add_argument("--only", metavar="AREA:NUMBER", help="this case alone")
    chosen = parser.parse_args(options)
    if chosen.only:
        return show(chosen.only)
    begin = time.monotonic()
    done, wrong = 0, []
    with Fuzz() as fuzz:
        for area in NAMES:
            asked = numbers(area, chosen.cases, chosen.seed)
            start = time.monotonic()
            found = fuzz.run(area, asked)
            print(
                f"{area:<20}{len(asked):>7} cases  {time.monotonic() - start:>6.1f} s  {len(found):>4} wrong",
                flush=True,
            )
            for line in found[:10]:
                print(f"  {_printable(line)[:400]}")
            done += len(asked)
            wrong += found
    figures = [
        at_least("fuzz_cases", done, 10_000, "inputs tried"),
        Figure("crashes", len(wrong), 0, "answered by a traceback, by a wrong answer or by a change of the host"),
        Figure("seconds", time.monotonic() - begin, 900, "for all of them"),
    ]
    return report("fuzz", figures, chosen.json, {"seed": str(chosen.seed)})


def _printable(line: str) -> str:
    return line.encode("ascii", "backslashreplace").decode("ascii")


if __name__ == "__main__":
    sys.exit(main())
