# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every bench has in common: --json FILE, and a table of figure, goal and whether it holds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured number; ``goal`` is the most it may be."""

    name: str
    value: float
    goal: float
    meaning: str

    @property
    def holds(self) -> bool:
        return self.value <= self.goal


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", metavar="FILE", help="write the figures there as well")
    return parser


def report(bench: str, figures: list[Figure], file: str | None, context: Mapping[str, str]) -> int:
    """Print the table, write the file, and return the exit code: 1 if a goal is missed."""
    for name, text in context.items():
        print(f"{name}: {text}")
    width = max(len(figure.meaning) for figure in figures)
    print(f"\n{'figure':<18} {'':<{width}} {'measured':>10} {'goal':>9}  holds")
    for figure in figures:
        goal = f"<= {figure.goal:g}"
        holds = "yes" if figure.holds else "NO"
        print(f"{figure.name:<18} {figure.meaning:<{width}} {figure.value:>10.3f} {goal:>9}  {holds}")
    if file:
        content = {
            "bench": bench,
            "figures": {figure.name: round(figure.value, 4) for figure in figures},
            "goals": {figure.name: figure.goal for figure in figures},
        }
        with open(file, "w", encoding="utf-8") as out:
            json.dump(content, out, indent=2)
            out.write("\n")
    return 0 if all(figure.holds for figure in figures) else 1
