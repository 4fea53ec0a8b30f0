# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a bundle that regresses to the settings that are at fault. Pure: whoever asks brings the tester.

A tester is told which settings have their new values, all others having the old ones, and answers with a verdict:
``regression``, ``improvement``, ``equivalent`` or ``undecided``. It is told as well whether that is all that is not
accused yet (then any harm counts), or a part of something that regresses (then its share of that harm is looked for).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable

#: Positions of settings in the bundle, in rising order.
Subset = tuple[int, ...]
Tester = Callable[[Subset, bool], str]


@dataclass
class Search:
    """What came of a search.

    ``groups``: each is at fault as a whole: one setting, or several that do harm only together. ``suspects``: the harm
    is in there, but a test that could not be decided kept the search from going on. ``rest``: verdict on everything
    that is not accused, empty where nothing is left. ``tests``: what the tester was asked, and said.
    """

    groups: list[Subset] = field(default_factory=list)
    suspects: Subset = ()
    rest: str = ""
    tests: list[tuple[Subset, bool, str]] = field(default_factory=list)

    @property
    def culprits(self) -> Subset:
        return tuple(sorted(number for group in self.groups for number in group))


def search(count: int, tester: Tester) -> Search:
    """Test the bundle of ``count`` settings; if it regresses, narrow that down, and again for what remains of it.

    One culprit among n costs about 1.5 log2(n) + 2 tests. A culprit that another setting's gain makes up for in the
    whole bundle is not looked for.
    """
    found = Search()
    left: Subset = tuple(range(count))
    while left:
        found.rest = tester(left, True)
        found.tests.append((left, True, found.rest))
        if found.rest != "regression":
            return found
        try:
            group = _narrow(left, (), _remembering(tester, found))
        except _Undecided as stop:
            found.suspects = stop.suspects
            return found
        found.groups.append(group)
        left = tuple(number for number in left if number not in group)
    found.rest = ""
    return found


class _Undecided(Exception):
    def __init__(self, suspects: Subset) -> None:
        super().__init__()
        self.suspects = suspects


def _remembering(tester: Tester, found: Search) -> Callable[[Subset], str]:
    """Tests of parts of one whole: no part is tested twice. What counts as its share differs from whole to whole."""
    answers: dict[Subset, str] = {}

    def test(subset: Subset) -> str:
        if subset not in answers:
            answers[subset] = tester(subset, False)
            found.tests.append((subset, False, answers[subset]))
        return answers[subset]

    return test


def _narrow(suspects: Subset, beside: Subset, test: Callable[[Subset], str]) -> Subset:
    """The part of ``suspects`` that does the harm. Together with ``beside`` they regress, ``beside`` alone does not."""
    if len(suspects) == 1:
        return suspects
    middle = len(suspects) // 2
    halves = (suspects[:middle], suspects[middle:])
    verdicts = []
    for half in halves:
        verdict = test(_joined(half, beside))
        if verdict == "regression":
            return _narrow(half, beside, test)
        verdicts.append(verdict)
    if "undecided" in verdicts:
        raise _Undecided(suspects)
    # Neither half does it alone: something of each is needed. Hold one half while the other is narrowed down.
    first = _narrow(halves[0], _joined(halves[1], beside), test)
    second = _narrow(halves[1], _joined(first, beside), test)
    return _joined(first, second)


def _joined(one: Subset, other: Subset) -> Subset:
    return tuple(sorted({*one, *other}))
