# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every bench has in common: --json FILE, and a table of figure, goal and whether it holds."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A measured number; ``goal`` is the most it may be (inf: no goal), ``least`` the least.

    ``note`` says how sure it is.
    """

    name: str
    value: float
    goal: float
    meaning: str
    least: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        return self.value <= self.goal and (self.least is None or self.value >= self.least)

    @property
    def wanted(self) -> str:
        """The goal as it is printed."""
        if self.least is None:
            return "none" if math.isinf(self.goal) else f"<= {self.goal:g}"
        return f">= {self.least:g}" if math.isinf(self.goal) else f"{self.least:g}..{self.goal:g}"

    @property
    def written(self) -> float | None:
        """The goal as a number, None where there is none. Of a range it is the most; the least stands beside it."""
        if math.isinf(self.goal):
            return self.least
        return self.goal


def at_least(name: str, value: float, goal: float, meaning: str, note: str = "") -> Figure:
    """A figure that may be as large as it likes."""
    return Figure(name, value, math.inf, meaning, goal, note)


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    return parser


def content_of(bench: str, figures: list[Figure]) -> dict[str, Any]:
    """What --json writes. A goal is the most that a figure may be; in ``at_least`` are those of which it is the least,
    and ``least`` has the lower end of those that have both.
    """
    return {
        "bench": bench,
        "figures": {figure.name: round(figure.value, 4) for figure in figures},
        "goals": {figure.name: figure.written for figure in figures if figure.written is not None},
        "at_least": [figure.name for figure in figures if figure.least is not None and math.isinf(figure.goal)],
        "least": {
            figure.name: figure.least for figure in figures if figure.least is not None and not math.isinf(figure.goal)
        },
    }


def report(bench: str, figures: list[Figure], file: str | None, context: Mapping[str, str]) -> int:
    """Print the table, write the file, and return the exit code: 1 if a goal is missed."""
    for name, text in context.items():
        print(f"{name}: {text}")
    width = max(len(figure.meaning) for figure in figures)
    names = max(18, *(len(figure.name) for figure in figures))
    print(f"\n{'figure':<{names}} {'':<{width}} {'measured':>10} {'goal':>10}  holds")
    for figure in figures:
        holds = ("yes" if figure.holds else "NO") + (f"  {figure.note}" if figure.note else "")
        print(f"{figure.name:<{names}} {figure.meaning:<{width}} {figure.value:>10.3f} {figure.wanted:>10}  {holds}")
    if file:
        content = content_of(bench, figures)
        with open(file, "w", encoding="utf-8") as out:
            json.dump(content, out, indent=2)
            out.write("\n")
    return 0 if all(figure.holds for figure in figures) else 1
